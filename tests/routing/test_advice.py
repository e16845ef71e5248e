from __future__ import annotations

import pytest

from spinlab.routing import unmatched


@pytest.mark.parametrize(
    ("path", "patterns", "said"),
    [
        ("/helo/ada", ["/hello/:name", "/goodbye"], "no route matches /helo/ada (the closest is /hello/:name); a "),
        ("/", ["/hello/:name", "/x"], "no route matches / (the closest is /x); "),
        ("/zzz", ["/hello", "/a/b"], "no route matches /zzz (there are /hello, /a/b); a catch-all (/...) route "),
        ("/x", [], "no route matches /x: there are no routes yet"),
    ],
)
def test_a_path_without_a_route_gets_the_closest_one(path: str, patterns: list[str], said: str) -> None:
    assert unmatched(path, patterns).startswith(said)
