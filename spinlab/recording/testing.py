"""A recording kept as a test: the request is run with what it saw then, and answers as it did when it was kept."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path, PurePosixPath

from spinlab.errors import OptionError, RecordingError
from spinlab.http import Response
from spinlab.recording.form import TOO_LARGE, loads
from spinlab.recording.recording import HTTP, Recording
from spinlab.recording.replay import Replay
from spinlab.testing.requests.kept import Expected, RequestTest

FOLDER = "recordings"
"""In the folder of tests."""

LONGEST = 10_000
"""Characters of a body that is expected as it is."""


def as_test(name: str, made: Replay) -> RequestTest:
    """A replay as a test that expects what was answered now.

    Raises:
        OptionError: It can't be a test.
    """
    one = made.recording
    if made.diverged is not None:
        raise OptionError("the function asks something else than was recorded", hint="record the request again")
    if one.cut:
        raise OptionError(f"the recording is cut short: {one.cut}", hint="record a smaller request")
    if one.sent.kind != HTTP:
        raise OptionError("only a request can be a test, and this is a message", hint="%spin send sends it again")
    return RequestTest(name, one.sent.method, one.sent.target, expected=_expected(made.response), recording=one)


def _expected(answer: Response) -> Expected:
    if answer.error is not None:
        return Expected(status=answer.status)
    try:
        text = answer.body.decode()
    except UnicodeDecodeError:
        return Expected(status=answer.status)
    if not text or len(text) > LONGEST:
        return Expected(status=answer.status)
    if answer.content_type.endswith("json"):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return Expected(status=answer.status, text=text)
        return Expected(status=answer.status, json=text)
    return Expected(status=answer.status, text=text)


def file_of(name: str) -> str:
    """The file of a test's recording, below the folder of tests."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    if plain != name:
        plain = f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}".lstrip("-")
    return f"{FOLDER}/{plain}.json"


def read(folder: Path, file: str) -> Recording:
    """The recording that a test names.

    Parameters:
        folder: The folder of tests.
        file: As the test has it.

    Raises:
        RecordingError: It is outside of the folder, or is none.
    """
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file or "\0" in file or not path.parts:
        raise RecordingError(f"{file!r} is not a file below the tests", hint=f'recording = "{FOLDER}/NAME.json"')
    whole = folder / path
    try:
        if not whole.resolve().is_relative_to(folder.resolve()):
            raise RecordingError(f"{file!r} leads out of the tests", hint=f'recording = "{FOLDER}/NAME.json"')
        if whole.stat().st_size > TOO_LARGE:
            raise RecordingError(f"{whole} is larger than {TOO_LARGE >> 20} MiB", hint="that is no recording")
        return loads(whole.read_bytes(), str(whole))
    except OSError as error:
        raise RecordingError(f"{whole} can't be read: {error.strerror}", hint="it goes with the tests") from None
