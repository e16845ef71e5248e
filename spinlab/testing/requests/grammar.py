"""Tests as TOML: what a ``%%spintest`` cell and ``tests/requests.toml`` say.

::

    ["adds two numbers"]
    request = "GET /add/1/2"
    headers.accept = "application/json"
    expect.status = 200
    expect.json = '{"sum": 3}'

A table a test, called as the test. `json` is JSON text, or a value that TOML can write.
"""

from __future__ import annotations

import base64
import difflib
import json
import re
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli

from spinlab.errors import Location, ManifestError, OptionError, RecordingError, SourceError
from spinlab.testing.requests.kept import FILE, Expected, RequestTest

if TYPE_CHECKING:
    from spinlab.recording.recording import Recording

KEYS = ("request", "headers", "body", "json", "body-base64", "recording", "expect")
EXPECTED = ("status", "headers", "text", "contains", "json")
JSON = "application/json"
_AT = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BODIES = ("body", "json", "body-base64")


def loads(text: str, folder: Path = Path(FILE).parent) -> tuple[RequestTest, ...]:
    """The tests of a text.

    Parameters:
        text: TOML.
        folder: Where the recordings are that it names.

    Raises:
        SourceError: It has none, or says something that no test has; `location` has the line.
    """
    try:
        tables = tomli.loads(text)
    except ValueError as error:  # TOMLDecodeError, or text that UTF-8 can't carry
        raise _no_toml(text, str(error)) from None
    except RecursionError:
        raise SourceError("its values stand too deep in each other", location=Location(1)) from None
    if not tables:
        raise SourceError("there is no test in it", hint=_EXAMPLE, location=Location(1))
    return tuple(_Reader(text, name, table, folder).test() for name, table in tables.items())


def load(file: Path) -> tuple[RequestTest, ...]:
    """The tests of a file.

    Raises:
        ManifestError: It can't be read, or is not such a file; the message has the line.
    """
    try:
        return loads(file.read_text(encoding="utf-8"), file.parent)
    except OSError as error:
        raise ManifestError(f"{file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{file} is not UTF-8") from None
    except SourceError as error:
        line = error.location.line if error.location else 1
        raise ManifestError(f"{file}, line {line}: {error.message}", hint=error.hint) from None


def in_folder(folder: Path) -> tuple[RequestTest, ...]:
    """The tests beside a manifest; none when there is no file of them."""
    file = folder / FILE
    return load(file) if file.is_file() else ()


def dumps(tests: Iterable[RequestTest]) -> str:
    """Tests as TOML; `loads` gives the same again."""
    return "\n".join("\n".join(_lines(test)) + "\n" for test in tests)


_EXAMPLE = 'a test is: ["its name"], below it request = "GET /path" and expect.status = 200'


def _no_toml(text: str, message: str) -> SourceError:
    found = _AT.search(message)
    if found is None or found[1] is None:
        location = Location(max(text.rstrip().count("\n") + 1, 1))
    else:
        location = Location(int(found[1]), int(found[2]))
    return SourceError(f"this is no TOML: {_AT.sub('', message)}", hint=_EXAMPLE, location=location)


class _Reader:
    """Reads one table.

    Parameters:
        text: The whole text, for the lines of errors.
        name: The table's name.
        table: What it holds.
        folder: Where its recording is.
    """

    def __init__(self, text: str, name: str, table: Any, folder: Path) -> None:
        self._folder = folder
        self._text = text
        self._name = name
        if not isinstance(table, dict):
            raise self._wrong(f"{name} stands in no test", _EXAMPLE)
        self._table: dict[str, Any] = table

    def test(self) -> RequestTest:
        """The test."""
        self._known(self._table, KEYS)
        method, path = self._request()
        headers = self._headers("headers")
        body, kind = self._body()
        if kind and not any(name.lower() == "content-type" for name, _ in headers):
            headers = (*headers, ("content-type", kind))
        expected, recording = self._expected(), self._recording(method, path)
        line = line_of(self._text, (self._name,))
        try:
            return RequestTest(self._name, method, path, headers, body, expected, recording, line)
        except OptionError as error:
            key = "headers" if "header" in error.message else "request"
            place = () if "name of a test" in error.message else (key,)
            raise self._wrong(error.message, error.hint, *place) from None

    def _request(self) -> tuple[str, str]:
        hint = 'request = "GET /path"'
        if "request" not in self._table:
            raise self._wrong(f"the test {self._name!r} sends no request", hint)
        method, _, path = self._of(str, "request").partition(" ")
        if not path.strip():
            raise self._wrong(f"{method!r} is not a method and a path", hint, "request")
        return method.upper(), path.strip()

    def _body(self) -> tuple[bytes, str]:
        """The body, and its content type where that is known."""
        given = [key for key in _BODIES if key in self._table]
        if len(given) > 1:
            raise self._wrong(f"{given[0]} and {given[1]} exclude each other", "give one body", given[1])
        if not given:
            return b"", ""
        if given[0] == "json":
            return self._json("json").encode(), JSON
        text = self._of(str, given[0])
        if given[0] == "body":
            return text.encode(), ""
        try:
            return base64.b64decode(text, validate=True), ""
        except (Base64Error, ValueError):
            raise self._wrong("this is no base64", "text goes into body = '...'", given[0]) from None

    def _recording(self, method: str, path: str) -> Recording | None:
        if "recording" not in self._table:
            return None
        from spinlab.recording.testing import read  # few tests have one

        for key in (*_BODIES, "headers"):
            if key in self._table:
                raise self._wrong(f"{key} and recording exclude each other", "headers and body are recorded", key)
        try:
            found = read(self._folder, self._of(str, "recording"))
        except RecordingError as error:
            raise self._wrong(error.message, error.hint, "recording") from None
        if (found.sent.method, found.sent.target) != (method, path):
            sent = f"{found.sent.method} {found.sent.target}"
            raise self._wrong(f"the recording is one of {sent}", f'request = "{sent}"', "request")
        return found

    def _expected(self) -> Expected:
        if "expect" not in self._table:
            return Expected(status=200)
        self._known(self._of(dict, "expect"), EXPECTED, "expect")
        table = self._table["expect"]
        status = self._of(int, "expect", "status") if "status" in table else None
        if status is not None and not 100 <= status <= 599:
            raise self._wrong(f"{status} is not an HTTP status", "expect.status = 200", "expect", "status")
        return Expected(
            status=status,
            headers=self._headers("expect", "headers"),
            text=self._of(str, "expect", "text") if "text" in table else None,
            contains=self._texts("expect", "contains"),
            json=self._json("expect", "json") if "json" in table else None,
        )

    # ---- values

    def _headers(self, *keys: str) -> tuple[tuple[str, str], ...]:
        if self._at(*keys) is None:
            return ()
        table = self._of(dict, *keys)
        return tuple((name, value) for name in table for value in self._texts(*keys, name))

    def _texts(self, *keys: str) -> tuple[str, ...]:
        found = self._at(*keys)
        listed = [] if found is None else [found] if isinstance(found, str) else found
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise self._wrong(f"{keys[-1]} is text, or a list of texts", f'{".".join(keys)} = ["a part"]', *keys)
        return tuple(listed)

    def _json(self, *keys: str) -> str:
        """JSON text of a value."""
        value = self._at(*keys)
        try:
            if isinstance(value, str):
                json.loads(value)
                return value
            return json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (ValueError, TypeError, RecursionError) as error:
            hint = f"{'.'.join(keys)} = '{{\"a\": 1}}' (a JSON string too: '\"text\"')"
            raise self._wrong(f"{keys[-1]} is not JSON: {error}", hint, *keys) from None

    def _of(self, kind: type, *keys: str) -> Any:
        value = self._at(*keys)
        if not isinstance(value, kind) or isinstance(value, bool):
            what = {str: "text in quotes", int: "a number", dict: "a table"}[kind]
            raise self._wrong(f"{'.'.join(keys)} is {what}, not {value!r}", "", *keys)
        return value

    def _at(self, *keys: str) -> Any:
        found: Any = self._table
        for key in keys:
            found = found.get(key)
        return found

    def _known(self, table: Mapping[str, Any], keys: tuple[str, ...], *above: str) -> None:
        for key in table:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
                within = f"{above[0]}." if above else ""
                if not above and key in EXPECTED:
                    near, within = [key], "expect."
                hint = f"did you mean {within}{near[0]}?" if near else f"there are: {', '.join(keys)}"
                raise self._wrong(f"{'.'.join((*above, key))} is nothing that a test has", hint, *above, key)

    def _wrong(self, message: str, hint: str, *keys: str) -> SourceError:
        return SourceError(message, hint=hint, location=Location(line_of(self._text, (self._name, *keys))))


def line_of(text: str, keys: tuple[str, ...]) -> int:
    """The line where a key of a TOML text that can be read is first set: the text up to its end has it, before not."""
    lines = text.split("\n")
    began = 1
    for number in range(1, len(lines) + 1):
        try:
            found: Any = tomli.loads("\n".join(lines[:number]))
        except tomli.TOMLDecodeError:
            continue
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if found is not None:
            return began
        began = number + 1
    return 1


# ---- writing


def _lines(test: RequestTest) -> Iterable[str]:
    yield f"[{_key(test.name)}]"
    yield f"request = {_text(f'{test.method} {test.path}')}"
    headers, body = _sent(test)
    yield from _fields("headers", headers)
    yield from body
    if test.recording is not None:
        from spinlab.recording.testing import file_of

        yield f"recording = {_text(file_of(test.name))}"
    expected = test.expected
    if not expected:
        yield "expect = {}"
    if expected.status is not None:
        yield f"expect.status = {expected.status}"
    yield from _fields("expect.headers", expected.headers)
    if expected.text is not None:
        yield f"expect.text = {_text(expected.text)}"
    if expected.contains:
        yield f"expect.contains = {_texts(expected.contains)}"
    if expected.json is not None:
        yield f"expect.json = {_text(expected.json)}"


def _fields(within: str, fields: Iterable[tuple[str, str]]) -> Iterable[str]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    for name, values in found.items():
        yield f"{within}.{_key(name)} = {_text(values[0]) if len(values) == 1 else _texts(values)}"


def _texts(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _sent(test: RequestTest) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """The headers that have to be written, and the line of the body."""
    if not test.body:
        return test.headers, []
    try:
        text = test.body.decode()
    except UnicodeDecodeError:
        return test.headers, [f"body-base64 = {_text(base64.b64encode(test.body).decode())}"]
    if test.headers[-1:] == (("content-type", JSON),) and _can(json.loads, text):
        return test.headers[:-1], [f"json = {_text(text)}"]
    return test.headers, [f"body = {_text(text)}"]


def _can(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, RecursionError):
        return False
    return True


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    """As it stands where TOML can; JSON's escapes are TOML's too."""
    if "'" not in value and '"' in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
