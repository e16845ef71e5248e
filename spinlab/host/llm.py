"""Serverless AI: ``fermyon:spin/llm@2.0.0`` (Spin 4: crates/factor-llm).

A function may use the models that it lists. Where they are computed is the operator's choice: on this machine, which is
the default, or by a server (``[llm_compute]``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from spinlab.function import Function
from spinlab.host import denied
from spinlab.host.effect import Caller, Effect, Result
from spinlab.host.inference import MAX_RESULT, Embedded, Failed, Inferred, Parameters
from spinlab.host.inference.local import Local
from spinlab.host.loop import LOOP
from spinlab.host.pack import Item, pack, unpack
from spinlab.host.services import Services

if TYPE_CHECKING:
    from spinlab.host.inference.remote import Remote

MANIFEST = ("ai_models",)
RUNTIME = ("llm_compute",)
IMPORTS = ("fermyon:spin/llm",)

NAME = "AI model"
MOST_TEXTS = 1000
"""Texts that one question may have embedded."""


class Models:
    """The models of an app.

    Parameters:
        services: Whose they are.
    """

    def __init__(self, services: Services) -> None:
        compute = services.runtime.llm_compute
        self.engine: Local | Remote = Local(services.state_dir)
        if compute is not None and compute.type == "remote_http":
            from spinlab.host.inference.remote import Remote  # brings an HTTP client

            self.engine = Remote(compute)

    def why_not(self, model: str) -> tuple[str, str] | None:
        """Why a model can't be used, and what to do; None when it can, as far as can be known without asking it."""
        return self.engine.why_not(model) if isinstance(self.engine, Local) else None

    def close(self) -> None:
        """Give the memory of a local model back."""
        LOOP.wait(self.engine.close(), 5.0)


class Llm:
    """Serves ``llm.*`` for one function.

    Parameters:
        function: Whose grants hold.
        services: Whose models they are.
    """

    def __init__(self, function: Function, services: Services) -> None:
        self._granted = function.ai_models
        self._services = services

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin ``llm.infer`` or ``llm.embed``."""
        if args not in self._granted:
            return Result.refused(denied.refuse(op, args))
        asked = cast("list[Item]", unpack(data))
        explain = partial(_explain, call)
        engine = self._services.models.engine
        if op == "llm.infer":
            prompt, wanted = cast("tuple[str, list[float] | None]", tuple(asked))
            return LOOP.begin(_infer(engine, args, prompt, wanted), explain=explain)
        if len(asked) > MOST_TEXTS:
            return Result.error("invalid-input", f"{len(asked)} texts at once; {MOST_TEXTS} is the most")
        return LOOP.begin(_embed(engine, args, cast("list[str]", asked)), explain=explain)

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str]:
        """Tell of the model."""
        return NAME, op.partition(".")[2], args


def problems(function: Function, services: Services) -> tuple[str, ...]:
    """Which of a function's models can't be used yet, and what to do. It may go live without them, as in Spin."""
    found = ((model, services.models.why_not(model)) for model in function.ai_models)
    return tuple(f"{why[0]}: {why[1]}" for _, why in found if why is not None)


async def _infer(engine: Local | Remote, model: str, prompt: str, wanted: Sequence[float] | None) -> Result:
    parameters = Parameters()
    if wanted is not None:
        most, penalty, last, temperature, top_k, top_p = wanted
        parameters = Parameters(int(most), float(penalty), int(last), float(temperature), int(top_k), float(top_p))
    found: Inferred = await engine.infer(model, prompt, parameters)
    if len(found.text) > MAX_RESULT:
        return Result.error("runtime-error", f"query result exceeds limit of {MAX_RESULT} bytes")
    return Result(data=pack([found.text, found.prompt_tokens, found.generated_tokens]))


async def _embed(engine: Local | Remote, model: str, texts: Sequence[str]) -> Result:
    found: Embedded = await engine.embed(model, texts)
    return Result(data=pack([list(found.vectors), found.prompt_tokens]))


def _explain(call: Caller, error: Exception) -> Result:
    message = str(error) or type(error).__name__
    call.note(f"AI model: {message}")
    return Result.error(error.case if isinstance(error, Failed) else "runtime-error", message)
