"""A real kernel with the extension loaded, and a plain way to run cells in it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Ran:
    """What came of one cell; `next_input` is the cell that it put below."""

    status: str = ""
    ename: str = ""
    traceback: str = ""
    stdout: str = ""
    next_input: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Text of everything shown, in order."""
        return "\n".join([self.stdout, *(o.get("text/plain", "") for o in self.outputs)])

    @property
    def html(self) -> str:
        """HTML of everything shown."""
        return "\n".join(o.get("text/html", "") for o in self.outputs)

    def ok(self) -> Ran:
        """Itself, when the cell went well."""
        assert self.status == "ok", f"{self.ename}\n{self.traceback}"
        return self

    def error(self, name: str) -> Ran:
        """Itself, when the cell failed with that error."""
        assert self.status == "error", self.text
        assert self.ename == name, self.traceback
        return self


class Kernel:
    """A kernel that runs cells one after the other."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3", env={**os.environ, **(environ or {})})

    def send(self, code: str, **content: Any) -> str:
        """Start a cell."""
        return str(self.client.execute(code, **content))

    def run(self, code: str, timeout: float = 120, interrupt_after: float | None = None, interrupt_on: str = "") -> Ran:
        """Run a cell to its end; interrupt it after a while, or when it shows a text, when told to."""
        return self.finish(self.send(code), timeout, interrupt_after, interrupt_on)

    def finish(
        self, message: str, timeout: float = 120, interrupt_after: float | None = None, interrupt_on: str = ""
    ) -> Ran:
        """Wait for a cell that was started."""
        ran = Ran()
        until = time.monotonic() + timeout
        at = None if interrupt_after is None else time.monotonic() + interrupt_after
        while True:
            if at is not None and time.monotonic() >= at:
                self.manager.interrupt_kernel()
                at = None
            got = self._message(until)
            if got is None:
                continue
            if got["parent_header"].get("msg_id") != message:
                continue
            if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
                break
            _collect(ran, got["msg_type"], got["content"])
            if interrupt_on and interrupt_on in ran.text:
                self.manager.interrupt_kernel()
                interrupt_on = ""
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == message:
                break
        ran.status = reply["content"]["status"]
        ran.ename = reply["content"].get("ename", "")
        payload = reply["content"].get("payload") or []
        ran.next_input = next((p["text"] for p in payload if p["source"] == "set_next_input"), "")
        ran.traceback = _ANSI.sub("", "\n".join(reply["content"].get("traceback", [])))
        return ran

    def _message(self, until: float) -> dict[str, Any] | None:
        from queue import Empty

        try:
            return self.client.get_iopub_msg(timeout=0.05)
        except Empty:
            assert time.monotonic() < until, "the cell did not end in time"
            return None

    def complete(self, code: str) -> tuple[list[str], str]:
        """The completions at the end of `code`, and the text that they replace."""
        reply = self.client.complete(code, len(code), reply=True, timeout=30)["content"]
        return reply["matches"], code[reply["cursor_start"] : reply["cursor_end"]]

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def _collect(ran: Ran, kind: str, content: dict[str, Any]) -> None:
    if kind == "stream":
        ran.stdout += content["text"]
    elif kind in ("display_data", "execute_result", "update_display_data"):
        shown = {**content["data"], "kind": kind, "id": content.get("transient", {}).get("display_id")}
        ran.outputs.append(shown)


@pytest.fixture(scope="module")
def bare() -> Iterator[Kernel]:
    """A kernel without the extension."""
    made = Kernel()
    yield made
    made.close()


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    """A kernel with the extension."""
    made = Kernel()
    made.run("%load_ext spinlab").ok()
    yield made
    made.close()


@pytest.fixture
def empty_session(kernel: Kernel) -> None:
    """The kernel without any app."""
    kernel.run("from spinlab.session import session as _session; _session.reset()").ok()
