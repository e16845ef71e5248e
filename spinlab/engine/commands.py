"""A command on its way through the engine: behind HTTP, where the whole request is there before it runs and its whole
output is read as the answer; or run by itself, where its output is passed on as it comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from spinlab.engine.effects import NEVER, Context, before_nul
from spinlab.engine.exchange import HEAD, Exchange, Receiver
from spinlab.errors import CallError, GuestError
from spinlab.host import END, ERROR, PENDING, Result
from spinlab.http import Body, Headers, Request


class Answer(NamedTuple):
    """What a command's output says, and remarks for its author."""

    status: int
    headers: Headers
    body: bytes
    notes: tuple[str, ...] = ()


class Gateway(Protocol):
    """How a request becomes a command's environment and arguments, and its output an answer.

    Attributes:
        arguments: The name of the command first.
    """

    @property
    def arguments(self) -> tuple[str, ...]:
        """See the class."""
        ...

    def variables(self, length: int) -> Iterable[tuple[str, str]]:
        """What the environment says of a request whose body has `length` bytes."""
        ...

    def answer(self, output: bytes) -> Answer:
        """Read what was written to stdout.

        Raises:
            GuestError: It is no answer at all.
        """
        ...


class CommandExchange(Exchange):
    """Serves the operations ``request-body`` and ``stdout``.

    Parameters:
        context: What the guest may use; its environment is completed.
        request: The request.
        receiver: Where the response goes.
        gateway: What stands between HTTP and the command.
    """

    def __init__(self, context: Context, request: Request, receiver: Receiver, gateway: Gateway) -> None:
        super().__init__(context, request, receiver)
        self.local = {"request-body": self._request_body, "stdout": self._stdout}
        self._gateway = gateway
        self._output: list[bytes] = []
        self._written = 0

    def first(self) -> tuple[str, bytes]:
        """How much of the body is there, the arguments, and the bytes."""
        if isinstance(self.request.body, Body):
            self.request = replace(self.request, body=self._arrived_whole(self.request.body))
        assert isinstance(self.request.body, bytes)
        self.context.extend_environment(self._gateway.variables(len(self.request.body)))
        data, whole = self._first_piece(self.request.body)
        arguments = (before_nul(argument) for argument in self._gateway.arguments)
        return "\0".join(("whole" if whole else "more", *arguments)), data

    def _arrived_whole(self, body: Body) -> bytes:
        """All of the body. Waits for it, but not for a guest that was told to stop."""
        data, whole = self._first_piece(body)
        pieces = [data]
        while not whole and not self.context.stopping:
            number, status, _, data = self.context.start("request-body", "", b"")
            if status == PENDING:
                if not self.context.wait(str(number), NEVER):
                    break
                status, _, data = self.context.take(number)
            if status == ERROR:
                self.context.stop(GuestError("the request's body did not arrive whole", details=data.decode()))
            whole = status in (END, ERROR)
            pieces.append(data)
        self._received = 0
        return b"".join(pieces)

    def _stdout(self, _args: str, data: bytes) -> Result:
        self._written += len(data)
        if self._written > self.context.limits.response:
            self.context.over("response")
            return Result.error("over")
        self._output.append(data)
        return Result()

    def answered(self, head: str, data: bytes) -> GuestError | None:
        """Read the output as an answer and send it on; or say what is wrong."""
        if self._stdout("", data).status == ERROR:
            return None
        if head == "failed":
            self.context.note("its main function returned a failure")
        output = b"".join(self._output)
        self._output.clear()
        try:
            answer = self._gateway.answer(output)
        except GuestError as error:
            return error
        for note in answer.notes:
            self.context.note(note)
        if sum(len(name) + len(value) for name, value in answer.headers) > HEAD:
            self.context.over("response")
        else:
            self.pass_on(answer.status, answer.headers, answer.body)
        return None


@dataclass(frozen=True)
class Plain:
    """A command that is run by itself, with these arguments, its own name first: the body is its input."""

    arguments: tuple[str, ...]

    def variables(self, length: int) -> Iterable[tuple[str, str]]:
        """Nothing beside its environment."""
        return ()

    def answer(self, output: bytes) -> Answer:
        """Its output as it is."""
        return Answer(200, Headers(), output)


class Exited(GuestError):
    """A command that ended by itself, but not well.

    Attributes:
        code: Its exit status, above zero.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"the command ended with exit status {code}")
        self.code = code


class PlainExchange(CommandExchange):
    """Serves a command that is run by itself: what it writes goes to the receiver as it comes."""

    def _stdout(self, _args: str, data: bytes) -> Result:
        self._written += len(data)
        if self._written > self.context.limits.response:
            self.context.over("response")
            return Result.error("over")
        self._pass(data)
        return Result()

    def answered(self, head: str, data: bytes) -> GuestError | None:
        """Send the rest of the output on, and say whether it failed."""
        if self._stdout("", data).status == ERROR:
            return None
        return Exited(1) if head == "failed" else None

    def concluded(self, error: CallError | None) -> CallError | None:
        """What a command that exited has said by its status, in place of an error that knows only of functions."""
        code = self.context.exit_code
        return Exited(code) if error is not None and code and self.context.error is None else error

    def _pass(self, data: bytes) -> None:
        if not self.begun:
            self.begun = True
            self._receiver.begin(200, Headers())
        if data:
            self._receiver.write(data)
