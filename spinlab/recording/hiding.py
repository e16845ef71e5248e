"""What nobody may see of a recording, replaced by as many stars: lengths that stand elsewhere stay right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from spinlab.host.pack import unpack
from spinlab.recording.recording import Answer, Crossing
from spinlab.secrets import Secrets

CREDENTIALS = frozenset(
    ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-auth-token")
)
"""Headers whose values are blanked."""

_FIELD = re.compile(rf"^({'|'.join(sorted(CREDENTIALS))}): (.+)$", re.IGNORECASE | re.MULTILINE)
_PASSWORD = re.compile(r"(?<=://)([^\s:/?#@]*):([^\s/?#@]+)@")

_LIBPQ = re.compile(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&']+)", re.IGNORECASE)
"""In the address of a database."""


class Hiding:
    """Blanks secrets, credentials in headers, and passwords in addresses.

    Parameters:
        secrets: The secret values of the app.

    Attributes:
        hid: Whether anything was blanked.
    """

    def __init__(self, secrets: Secrets) -> None:
        self.hid = False
        self._secrets = secrets
        self._more = Secrets()

    def text(self, text: str) -> str:
        """A text without secrets."""
        found = _PASSWORD.sub(lambda m: f"{m[1]}:{_stars(m[2])}@", text)
        found = self._more.blank(self._secrets.blank(found))
        self.hid = self.hid or found != text
        return found

    def data(self, data: bytes) -> bytes:
        """Bytes without secrets."""
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape") if data else data

    def lines(self, text: str) -> str:
        """Lines of headers, or what begins with something else, without secrets and credentials."""
        found = _FIELD.sub(lambda m: f"{m[1]}: {_stars(m[2])}", text)
        self.hid = self.hid or found != text
        return self.text(found)

    def fields(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers without secrets and credentials."""
        return tuple((name, self._value(name, value)) for name, value in headers)

    def _value(self, name: str, value: str) -> str:
        if name.lower() not in CREDENTIALS or not value:
            return self.text(value)
        self.hid = True
        return _stars(value)

    def asked(self, op: str, args: str, data: bytes) -> tuple[str, bytes]:
        """Arguments and bytes of an operation."""
        if op == "mqtt.open":
            self._learn(data)
        if op.endswith(".open"):
            args = self._address(args)
        return (self.lines if op.startswith("http") else self.text)(args), self.data(data)

    def _address(self, address: str) -> str:
        found = _LIBPQ.sub(lambda m: m[1] + _stars(m[2]), address)
        self.hid = self.hid or found != address
        return found

    def crossing(self, one: Crossing) -> Crossing:
        """An effect."""
        args, data = self.asked(one.op, one.args, one.data)
        return replace(one, args=args, data=data, answer=one.answer and self._answer(one.op, one.answer))

    def _answer(self, op: str, answer: Answer) -> Answer:
        head = (self.lines if op.startswith("http") else self.text)(answer.head)
        return replace(answer, head=head, data=self.data(answer.data))

    def _learn(self, data: bytes) -> None:
        """The password of an MQTT connection stands in no address."""
        try:
            _, password, *_ = unpack(data)  # type: ignore[misc]
        except (ValueError, TypeError):
            return
        if isinstance(password, (str, bytes)):
            self._more.learn("password", password if isinstance(password, str) else password.decode("utf-8", "replace"))


def _stars(text: str) -> str:
    return "*" * len(text.encode("utf-8", "surrogateescape"))
