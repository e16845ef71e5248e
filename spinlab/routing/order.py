"""Which of several patterns Spin tries first.

Two patterns are compared segment by segment: literal before ``:name`` before wildcard before a separator, whatever
their text; then the one with more dots, then the shorter, then the earlier one. Spin keeps its routes in a B-tree by
that comparison. Without dots beside parameters (``/:name.json``, ``/.env``) it is a proper order, and sorting gives
the same. With them it is not: two routes may each say "I come first", and then the shape of the tree decides. So in
that case the same tree is grown here (Rust's ``BTreeMap``: nodes of up to 11 keys, searched from the left).
"""

from __future__ import annotations

from collections.abc import Sequence

from spinlab.routing.patterns import Kind, Pattern, Segment

_CAPACITY = 11
_CENTER = 5


def in_order(patterns: Sequence[Pattern]) -> list[int]:
    """Indices of `patterns` in the order in which Spin tries them."""
    if any(s.kind is Kind.DOT for p in patterns for s in p.segments):
        return grown(patterns)
    return sorted(range(len(patterns)), key=lambda i: tuple(s.kind for s in patterns[i].segments))


def precedes(mine: Pattern, other: Pattern) -> bool:
    """Whether `mine`, being added, is put before `other`, which is there already."""
    for a, b in zip(mine.segments, other.segments, strict=False):
        if a.kind is b.kind or (a.kind >= Kind.SLASH and b.kind >= Kind.SLASH):
            continue
        return a.kind is Kind.DOT or a.kind < b.kind
    dots = _dots(mine.segments) - _dots(other.segments)
    return dots > 0 or (dots == 0 and len(mine.segments) < len(other.segments))


def _dots(segments: tuple[Segment, ...]) -> int:
    return sum(s.kind is Kind.DOT for s in segments)


class _Node:
    __slots__ = ("children", "keys")

    def __init__(self, keys: list[int], children: list[_Node]) -> None:
        self.keys = keys
        self.children = children


def grown(patterns: Sequence[Pattern]) -> list[int]:
    """The order in which Rust's B-tree would hold the patterns, added one after the other."""
    root = _Node([], [])
    for index in range(len(patterns)):
        risen = _insert(root, index, patterns)
        if risen is not None:
            key, right = risen
            root = _Node([key], [root, right])
    return _walk(root)


def _insert(node: _Node, index: int, patterns: Sequence[Pattern]) -> tuple[int, _Node] | None:
    mine = patterns[index]
    edge = next((i for i, k in enumerate(node.keys) if precedes(mine, patterns[k])), len(node.keys))
    if not node.children:
        return _put(node, edge, index, None)
    risen = _insert(node.children[edge], index, patterns)
    return None if risen is None else _put(node, edge, *risen)


def _put(node: _Node, edge: int, key: int, right: _Node | None) -> tuple[int, _Node] | None:
    """Put a key (and the node to the right of it) at `edge`; a full node is split, and its middle key rises."""
    if len(node.keys) < _CAPACITY:
        _place(node, edge, key, right)
        return None
    middle = _CENTER - 1 if edge < _CENTER else _CENTER if edge <= _CENTER + 1 else _CENTER + 1
    new = _Node(node.keys[middle + 1 :], node.children[middle + 1 :])
    risen = node.keys[middle]
    node.keys, node.children = node.keys[:middle], node.children[: middle + 1]
    if edge <= _CENTER:
        _place(node, edge, key, right)
    else:
        _place(new, edge - middle - 1, key, right)
    return risen, new


def _place(node: _Node, edge: int, key: int, right: _Node | None) -> None:
    node.keys.insert(edge, key)
    if right is not None:
        node.children.insert(edge + 1, right)


def _walk(node: _Node) -> list[int]:
    if not node.children:
        return list(node.keys)
    found = _walk(node.children[0])
    for key, child in zip(node.keys, node.children[1:], strict=True):
        found.append(key)
        found.extend(_walk(child))
    return found
