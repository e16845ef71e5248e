from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.host.pack import Case, Item, pack, unpack

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
)
items = st.recursive(leaves, lambda inner: st.lists(inner) | st.builds(Case, st.text("abc-", min_size=1), inner))


@given(items)
def test_what_is_packed_comes_out_again(item: Item) -> None:
    assert unpack(pack(item)) == item


def test_an_item_looks_like_this() -> None:
    assert pack(["a", b"\xff", -3, 0.5, None, True, Case("uuid", "x")]) == b"l7:s1:ab1:\xffi-3;r0.5;ntv4:uuids1:x"


@pytest.mark.parametrize("broken", [b"", b"x", b"s5:abc", b"i12", b"nn", b"l2:n", b"s-1:", b"v1:"])
def test_bytes_that_hold_no_item_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(broken)
