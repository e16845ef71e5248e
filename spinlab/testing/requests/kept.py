"""The tests of an app: requests with what is expected of their answers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spinlab.client import Client, request
from spinlab.errors import OptionError
from spinlab.http import Headers, Response
from spinlab.secrets import HIDDEN, mask

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.recording.recording import Recording
    from spinlab.testing.requests.report import Report

FILE = "tests/requests.toml"
"""Where an export has the tests."""


@dataclass(frozen=True)
class Expected:
    """What is expected of an answer.

    Attributes:
        status: Its status; None for any.
        headers: Name and a part of the value, in any case of letters; each must be there.
        text: The body; blanks and line ends around it don't count.
        contains: Parts of the body, in any case of letters.
        json: JSON text of the value that the body has to be.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    contains: tuple[str, ...] = ()
    json: str | None = None

    def __bool__(self) -> bool:
        return self != Expected()


@dataclass(frozen=True)
class RequestTest:
    """A request with what is expected of its answer.

    Attributes:
        name: What it is called, one line.
        method: HTTP method.
        path: Path and query, beginning with ``/``.
        headers: Fields to send.
        body: The body.
        expected: What is expected.
        recording: What the request sees, in place of the world: it is replayed, with the headers and body of then.
        line: Where it stands in its cell or file; 0 for one that was kept by a call.
    """

    name: str
    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    expected: Expected = Expected(status=200)
    recording: Recording | None = field(default=None, repr=False)
    line: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.name.isprintable():
            raise OptionError(
                f"{self.name!r} can't be the name of a test", hint="one line of letters, such as adds-two"
            )
        request(self.method, self.path, host="tests", headers=Headers(self.headers), body=self.body)

    def send(self, client: Client) -> Response:
        """Ask somebody."""
        return client.request(self.method, self.path, headers=Headers(self.headers), body=self.body or None)


class Tests(Mapping[str, RequestTest]):
    """The tests of an app by name, in the order in which they were kept.

    Parameters:
        app: Whose they are.
    """

    __test__ = False  # pytest collects classes of this name

    def __init__(self, app: App) -> None:
        self._app = app
        self._kept: dict[str, RequestTest] = {}

    def __getitem__(self, name: str) -> RequestTest:
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return f"<{len(self)} tests: {', '.join(self)}>" if self._kept else "<no tests>"

    def keep(self, *tests: RequestTest) -> None:
        """Keep tests; one of the same name is replaced.

        Raises:
            OptionError: One holds a secret, which would go into the export; nothing has changed.
        """
        for test in tests:
            if _holds_secret(test):
                raise OptionError(
                    f"the test {test.name!r} holds the value of a secret, and tests are exported as they are",
                    hint="send something else, or don't keep it",
                )
        self._kept |= {test.name: test for test in tests}

    def forget(self, *names: str) -> None:
        """Forget tests.

        Raises:
            OptionError: There is none of such a name; nothing has changed.
        """
        for test in self.chosen(names):
            del self._kept[test.name]

    def chosen(self, names: Sequence[str] = ()) -> tuple[RequestTest, ...]:
        """The tests of these names, all without one.

        Raises:
            OptionError: There is none of such a name.
        """
        for name in names:
            if name not in self._kept:
                near = difflib.get_close_matches(name, self._kept, n=1)
                there = f"there are: {', '.join(self._kept)}" if self._kept else KEEP
                raise OptionError(f"no test is called {name!r}", hint=f"did you mean {near[0]!r}?" if near else there)
        return tuple(self._kept[name] for name in dict.fromkeys(names)) if names else tuple(self._kept.values())

    def loads(self, text: str) -> tuple[RequestTest, ...]:
        """Keep the tests of a TOML text, all or none.

        Raises:
            SourceError: It is none; `location` has the line.
            OptionError: One holds a secret.
        """
        from spinlab.testing.requests.grammar import loads

        tests = loads(text)
        self.keep(*tests)
        return tests

    def load(self, file: Path | str) -> tuple[RequestTest, ...]:
        """Keep the tests of a file, all or none.

        Raises:
            ManifestError: It can't be read, or says something that no test has; the message has the line.
        """
        from spinlab.testing.requests.grammar import load

        tests = load(Path(file))
        self.keep(*tests)
        return tests

    def dumps(self, names: Iterable[str] = ()) -> str:
        """The tests as TOML, as an export has them."""
        from spinlab.testing.requests.grammar import dumps

        return dumps(self.chosen(tuple(names)))

    def run(
        self,
        *names: str,
        kernel: bool = True,
        up: bool = False,
        urls: Sequence[str] = (),
        others: Mapping[str, AbstractContextManager[Client]] | None = None,
        insecure: bool = False,
    ) -> Report:
        """Send the requests and look at the answers.

        Parameters:
            *names: The tests; all without one.
            kernel: Ask the functions as they are here.
            up: Ask ``spinlab up`` of an export of the app, with its own empty stores.
            urls: Ask these addresses, each of an app that runs somewhere.
            others: Ask these as well, by what they are called, such as `spinlab.deploying.at.client` gives them.
            insecure: Take any certificate.

        Raises:
            OptionError: There is no such test, or no test at all, or an address is none.
            ExportError, ListenError: The export can't be written or served.
        """
        from spinlab.testing.requests.running import run

        tests = self.chosen(names)
        if not tests:
            raise OptionError(f"the app {self._app.name!r} has no tests", hint=KEEP)
        served = None
        if up:
            from spinlab.testing.requests.places import exported

            served = exported(self._app)
        return run(self._app, tests, kernel=kernel, up=served, urls=urls, others=others, insecure=insecure)


KEEP = "keep one: %spin get /path --expect 200 --keep NAME"


def _holds_secret(test: RequestTest) -> bool:
    expected = test.expected
    texts = [test.name, test.path, test.body.decode("utf-8", "replace"), expected.text or "", expected.json or ""]
    texts += [value for _, value in (*test.headers, *expected.headers)]
    if test.recording is not None:
        from spinlab.recording.form import dumps

        texts.append(dumps(test.recording).decode())
    return any(HIDDEN in mask(text) and mask(text) != text for text in (*texts, *expected.contains))
