"""A page in front of a kernel: a comm to the target of the JupyterLab extension, over a connection of its own."""

from __future__ import annotations

import time
import uuid
from queue import Empty
from typing import Any

from jupyter_client import BlockingKernelClient

from tests.magics.conftest import Kernel

HELLO = {"protocol": 1, "version": "0.1.0", "base_url": "/", "host": "localhost:8888"}


class Page:
    """Opens a comm and talks over it.

    Parameters:
        kernel: The kernel; its cells may run meanwhile.
        target: What the comm is opened on.
    """

    def __init__(self, kernel: Kernel, target: str = "spinlab") -> None:
        self.client = BlockingKernelClient()  # with a session of its own, else it takes the answers of the other one
        self.client.load_connection_info(kernel.manager.get_connection_info())
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.told: list[dict[str, Any]] = []
        self.closed = False
        self.id = uuid.uuid4().hex
        self._count = 0
        self._subshell = self._new_subshell()
        self._send("comm_open", target_name=target, data={})

    def hello(self, **changes: Any) -> dict[str, Any]:
        """The answer to the first command, whole."""
        return self.ask("hello", **{**HELLO, **changes})

    def ask(self, command: str, seconds: float = 60, **arguments: Any) -> dict[str, Any]:
        """The answer to a command."""
        self._count += 1
        number = self._count
        self._send("comm_msg", data={"id": number, "command": command, "arguments": arguments, "deadline": seconds})
        return self.wait(lambda m: m.get("id") == number, seconds)

    def value(self, command: str, **arguments: Any) -> Any:
        """The value of an answer that is no error."""
        answer = self.ask(command, **arguments)
        assert answer["ok"], answer
        return answer["value"]

    def event(self, name: str, seconds: float = 30) -> Any:
        """The value of the next event of that name."""
        return self.wait(lambda m: m.get("event") == name, seconds)["value"]

    def wait(self, fits: Any, seconds: float) -> dict[str, Any]:
        """The first message that fits, which is taken out."""
        until = time.monotonic() + seconds
        while True:
            for index, message in enumerate(self.told):
                if fits(message):
                    return self.told.pop(index)
            assert time.monotonic() < until, self.told
            self.look()

    def look(self, seconds: float = 0.1) -> None:
        """Take what has come."""
        try:
            message = self.client.get_iopub_msg(timeout=seconds)
        except Empty:
            return
        if message["content"].get("comm_id") != self.id:
            return
        if message["msg_type"] == "comm_close":
            self.closed = True
        elif message["msg_type"] == "comm_msg":
            self.told.append(message["content"]["data"])

    def until_closed(self, seconds: float = 30) -> None:
        """Wait until the kernel has closed the comm."""
        until = time.monotonic() + seconds
        while not self.closed:
            assert time.monotonic() < until
            self.look()

    def close(self) -> None:
        """Close the comm and the connection."""
        if not self.closed:
            self._send("comm_close", data={})
        self.client.stop_channels()

    def _send(self, kind: str, **content: Any) -> None:
        message = self.client.session.msg(kind, {"comm_id": self.id, **content})
        message["header"]["subshell_id"] = self._subshell
        self.client.shell_channel.send(message)

    def _new_subshell(self) -> str:
        request = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(request)
        while True:
            reply = self.client.get_control_msg(timeout=30)
            if reply["parent_header"].get("msg_id") == request["header"]["msg_id"]:
                return str(reply["content"]["subshell_id"])
