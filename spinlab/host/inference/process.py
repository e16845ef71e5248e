"""The process that holds a local model: questions come in as lines of JSON, answers go out as lines of JSON.

A process of its own, because a model takes gigabytes and seconds, a damaged file can end the process that reads it, and
a question that nobody waits for any more is best stopped by ending it.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

CONTEXT = 4096  # tokens, unless the model has less


def main() -> int:
    """Answer until the parent is gone."""
    # What the libraries print must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    models = _Models()
    for line in sys.stdin:
        try:
            answer = models.answer(json.loads(line))
        except Exception as error:  # noqa: BLE001 (told to the parent, who tells the guest)
            answer = {"error": str(error) or type(error).__name__}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


class _Models:
    """The one model that is loaded."""

    def __init__(self) -> None:
        self._key: tuple[str, str] | None = None
        self._model: Any = None

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """An inference or embeddings."""
        kind, path = question["kind"], question["path"]
        if self._key != (kind, path):
            self._key, self._model = None, None
            self._model = _llama(path) if kind == "infer" else _minilm(path)
            self._key = kind, path
        if kind == "embed":
            vectors, tokens = self._model.embed(question["texts"])
            return {"vectors": [base64.b64encode(v).decode() for v in vectors], "prompt_tokens": tokens}
        found = self._model.handle_completions(question["ask"])
        if "error" in found:
            return {"error": str(found["error"].get("message", found["error"]))}
        usage = found["usage"]
        return {
            "text": found["choices"][0]["text"],
            "prompt_tokens": usage["prompt_tokens"],
            "generated_tokens": usage["completion_tokens"],
        }


def _llama(path: str) -> Any:
    from xllamacpp import CommonParams, Server

    wanted = CommonParams()
    wanted.model.path = path
    wanted.n_ctx = CONTEXT
    wanted.n_parallel = 1
    wanted.warmup = False
    wanted.verbosity = 0
    wanted.endpoint_slots = False
    # The library listens on a free loopback port as well; nobody knows the key.
    wanted.api_keys = [secrets.token_hex(32)]
    wanted.port = 0
    return Server(wanted)


def _minilm(path: str) -> Any:
    from spinlab.host.inference.minilm import MiniLm

    return MiniLm(Path(path))
