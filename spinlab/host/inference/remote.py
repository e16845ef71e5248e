"""Models behind HTTP: ``[llm_compute] type = "remote_http"`` in both of its forms (Spin 4: crates/llm-remote-http).

``default`` is Spin's own protocol, ``open_ai`` that of any server with OpenAI's routes, such as llama.cpp's or Ollama.
"""

from __future__ import annotations

import json
import ssl
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import httpx

from spinlab.host.inference import MAX_RESULT, Embedded, Failed, Inferred, Parameters
from spinlab.host.runtime_config import LlmCompute

T = TypeVar("T")

_CONNECT = 10.0  # seconds; an answer may take as long as the request that waits for it


class Remote:
    """A server that computes.

    Parameters:
        compute: Where it is and what it wants to see.
    """

    def __init__(self, compute: LlmCompute) -> None:
        self._compute = compute
        self._open_ai = compute.api_type == "open_ai"

    async def infer(self, model: str, prompt: str, wanted: Parameters) -> Inferred:
        """Go on with a text.

        Raises:
            Failed: The server can't be reached, refuses, or answers something else.
        """
        if self._open_ai:
            answer = await self._ask(
                "/v1/chat/completions",
                {
                    "model": model,
                    "messages": [{"role": "user", "content": prompt}],
                    "max_completion_tokens": wanted.max_tokens,
                    "frequency_penalty": wanted.repeat_penalty,
                },
            )
            return _read(_chat, answer)
        options = {
            "maxTokens": wanted.max_tokens,
            "repeatPenalty": wanted.repeat_penalty,
            "repeatPenaltyLastNTokenCount": wanted.repeat_penalty_last_n_token_count,
            "temperature": wanted.temperature,
            "topK": wanted.top_k,
            "topP": wanted.top_p,
        }
        return _read(_inferred, await self._ask("/infer", {"model": model, "prompt": prompt, "options": options}))

    async def embed(self, model: str, texts: Sequence[str]) -> Embedded:
        """Embed texts.

        Raises:
            Failed: As for `infer`.
        """
        asked = {"model": model, "input": list(texts)}
        if self._open_ai:
            return _read(_open_ai_embedded, await self._ask("/v1/embeddings", {**asked, "encoding_format": "float"}))
        return _read(_embedded, await self._ask("/embed", asked))

    async def close(self) -> None:
        """Nothing is kept between two questions."""

    async def _ask(self, path: str, question: Mapping[str, Any]) -> Any:
        url = httpx.URL(self._compute.url).join(path)
        headers = {"authorization": f"bearer {self._compute.auth_token}"}
        body = bytearray()
        try:
            async with (
                httpx.AsyncClient(
                    timeout=httpx.Timeout(None, connect=_CONNECT), verify=_tls(), trust_env=False
                ) as client,
                client.stream("POST", url, json=question, headers=headers) as response,
            ):
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > MAX_RESULT:
                        raise Failed("runtime-error", f"query result exceeds limit of {MAX_RESULT} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise Failed("runtime-error", f"POST {path} request error: {reason}") from None
        if response.is_error and not self._open_ai:
            raise Failed("runtime-error", f"POST {path}: the model's server answered {response.status_code}")
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise Failed("runtime-error", f'Failed to deserialize response for "POST {path}"') from None
        if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
            raise Failed("runtime-error", str(answer["error"].get("message", "the model's server refused")))
        return answer


@cache
def _tls() -> ssl.SSLContext:
    """Trust in httpx's own roots; reading them takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


def _read(read: Callable[[Any], T], answer: Any) -> T:
    try:
        return read(answer)
    except (KeyError, IndexError, TypeError, ValueError, struct.error):
        raise Failed("runtime-error", "the model's server answered something that is no result") from None


def _inferred(answer: Any) -> Inferred:
    usage = answer["usage"]
    return Inferred(str(answer["text"]), int(usage["promptTokenCount"]), int(usage["generatedTokenCount"]))


def _chat(answer: Any) -> Inferred:
    choices, usage = answer["choices"], answer["usage"]
    text = str(choices[0]["message"]["content"]) if choices else ""
    return Inferred(text, int(usage["prompt_tokens"]), int(usage["completion_tokens"]))


def _embedded(answer: Any) -> Embedded:
    return Embedded(tuple(map(floats, answer["embeddings"])), int(answer["usage"]["promptTokenCount"]))


def _open_ai_embedded(answer: Any) -> Embedded:
    vectors = tuple(floats(one["embedding"]) for one in answer["data"])
    return Embedded(vectors, int(answer["usage"]["prompt_tokens"]))


def floats(numbers: Sequence[float]) -> bytes:
    """Numbers as little-endian 32-bit floats."""
    return struct.pack(f"<{len(numbers)}f", *numbers)
