"""What a user may decide about the listener."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spinlab.errors import OptionError
from spinlab.server import Listening


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"listen": "3000"}, "not an address"),
        ({"listen": "127.0.0.1:99999"}, "not an address"),
        ({"token": "short"}, "can't stand in an address"),
        ({"token": "with a blank;"}, "can't stand in an address"),
        ({"hosts": ["http://a/b"]}, "not a host"),
        ({"hosts": "lab.example.org"}, "hosts is a list"),
        ({"origins": ["example.org"]}, "not an origin"),
    ],
)
def test_what_can_not_work_is_refused_with_what_to_write(option: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said) as refused:
        Listening(**option)
    assert refused.value.hint


def test_it_becomes_a_place_and_a_policy() -> None:
    wanted = Listening("[::1]:8080", hosts=("Lab.Example.org",), origins=("https://A.example/", "*"), token="x" * 8)
    assert wanted.place() == {"host": "::1", "port": 8080, "find_free_port": False}
    policy = wanted.policy()
    assert policy.hosts == {"lab.example.org"}
    assert policy.origins == {"https://a.example", "*"}
    assert Listening().place() == {}
    assert "x" * 8 not in repr(wanted)


def test_jupyters_own_socket_file_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    assert Listening(socket_file="jupyter").place() == {"socket_file": tmp_path / "spinlab.sock"}
    assert Listening("127.0.0.1:80", socket_file="/run/own.sock").place() == {"socket_file": Path("/run/own.sock")}
