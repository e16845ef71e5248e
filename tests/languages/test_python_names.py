"""Which names of a cell nobody defines, without a single false alarm."""

from __future__ import annotations

import ast
import builtins
import dis
import sys
from types import CodeType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinlab.languages.python.names import undefined


def names(source: str, python: tuple[int, int] = (3, 12)) -> list[str]:
    return [node.id for node in undefined(ast.parse(source), python)]


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\ndef f(): return x",
        "def f(): return x\nx = 1",
        "def f():\n    global x\n    x = 1\ndef g(): return x",
        "def f(a, /, b, *c, d, **e): return a, b, c, d, e",
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += 1\n        return x\n    return g",
        "f = lambda a, *b, c=1, **d: (a, b, c, d)",
        "class A:\n    x = 1\n    y = x + 1\n    def f(self): return __class__, super().f(), self.x",
        "class A(metaclass=type):\n    z = __module__, __qualname__",
        "[x for x in range(3) if x]",
        "{k: v for k, v in {}.items()}",
        "[y for x in [[1]] for y in x]",
        "def f():\n    if (n := 3) > 2: return n",
        "def f():\n    [y := x for x in range(2)]\n    return y",
        "for i in range(3): pass\nprint(i)",
        "with open('x') as (a, b): print(a, b)",
        "try:\n    pass\nexcept ValueError as e:\n    print(e)",
        "import os.path as p, sys\nprint(p, sys)",
        "import os.path\nprint(os)",
        "from x import y as z\nprint(z)",
        "from x import *\nprint(anything)",
        "exec('a = 1')\nprint(a)",
        "globals()['a'] = 1\nprint(a)",
        "import builtins\nbuiltins.log = print\nlog(1)",
        "match 1:\n    case [a, *b]: print(a, b)\n    case {'k': c, **d}: print(c, d)\n    case int() as e: print(e)",
        "if False:\n    x = 1\nelse:\n    y = 2\nprint(x, y)",
        "try:\n    unicode\nexcept NameError:\n    unicode = str\nprint(unicode)",
        "try:\n    maybe()\nexcept Exception:\n    pass",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from x import Y\ndef f(y: 'Y'): pass",
        "from __future__ import annotations\ndef f(y: Nowhere) -> Nowhere: z: Nowhere = 1",
        "def f():\n    x: Nowhere = 1\n    return x",
        "print(__name__, __file__, __doc__, __debug__, __builtins__)",
        "del_me = 1\ndel del_me",
        "a, (b, *c) = 1, (2, 3)\nprint(a, b, c)",
        "a: int\nprint(a)",
        "x = 1\nx += 1",
        "def f(f): return f",
        "import a.b\na.b.c = 1",
        "async def f():\n    async for x in y(): print(x)\n    async with y() as z: print(z)\ndef y(): pass",
        "raise ExceptionGroup('x', [])",
        "def deco(f): return f\n@deco\ndef f(): pass",
    ],
)
def test_what_is_defined_somehow_is_not_reported(source: str) -> None:
    assert names(source) == []


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax came with Python 3.12")
@pytest.mark.parametrize(
    "source",
    [
        "type Pair[T] = tuple[T, Later]\nprint(Pair)",
        "def f[T](x: T) -> T: return x",
        "class Box[T]:\n    def get(self) -> T: ...",
        "def f(): return f'{x!r:>{y}} {f'{z}'}'\nx = y = z = 1",
    ],
)
def test_new_syntax_is_understood(source: str) -> None:
    assert names(source) == []


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("def f(): return x", ["x"]),
        ("print(x, y, x)", ["x", "y"]),
        ("def f(a=x): pass", ["x"]),
        ("@x\ndef f(): pass", ["x"]),
        ("class A(x): pass", ["x"]),
        ("class A:\n    y = 1\n    def f(self): return y", ["y"]),
        ("class A:\n    y = 1\n    z = [y for _ in range(3)]", ["y"]),
        ("def f():\n    y = 1\ndef g(): return y", ["y"]),
        ("[x for x in y]", ["y"]),
        ("[z for z in range(2)]\nprint(z)", ["z"]),
        ("def f(x: Nowhere): pass", ["Nowhere"]),
        ("x: Nowhere = 1", ["Nowhere"]),
        ("f'{x}'", ["x"]),
        ("def f():\n    global x\n    return x", ["x"]),
        ("display(1)", ["display"]),
        ("get_ipython()", ["get_ipython"]),
        ("x.y.z(a[b])", ["x", "a", "b"]),
        ("lambda: x", ["x"]),
        ("try:\n    x\nexcept ValueError:\n    pass", ["x"]),
    ],
)
def test_what_nobody_defines_is_reported_once_in_order(source: str, missing: list[str]) -> None:
    assert names(source) == missing


def test_an_annotation_is_not_evaluated_by_python_3_14() -> None:
    assert names("def f(x: Nowhere): pass", (3, 14)) == []
    assert names("def f(x: Nowhere): pass", (3, 12)) == ["Nowhere"]


OPERATIONS = (
    "LOAD_NAME",
    "LOAD_GLOBAL",
    "LOAD_FROM_DICT_OR_GLOBALS",
    "STORE_NAME",
    "STORE_GLOBAL",
    "DELETE_NAME",
    "DELETE_GLOBAL",
)
NAMES = st.sampled_from(["a", "b", "c", "len"])
STATEMENTS = st.recursive(
    st.one_of(
        NAMES.map(lambda n: f"{n} = 1"),
        NAMES.map(lambda n: f"del {n}"),
        NAMES.map(lambda n: f"global {n}"),
        NAMES.map(lambda n: f"{n}"),
        st.tuples(NAMES, NAMES).map(lambda p: f"[{p[0]} for {p[1]} in ()]"),
        st.tuples(NAMES, NAMES).map(lambda p: f"lambda {p[0]}: {p[1]}"),
        NAMES.map(lambda n: f"import {n}"),
    ),
    lambda inner: st.tuples(
        st.sampled_from(["def f():", "class A:", "if 1:", "for a in ():"]), st.lists(inner, min_size=1)
    ).map(lambda p: p[0] + "\n" + "\n".join("    " + line for text in p[1] for line in text.splitlines())),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.lists(STATEMENTS, min_size=1, max_size=4))
def test_the_scopes_are_those_of_the_compiler(parts: list[str]) -> None:
    """What the compiled code looks up beyond its own scopes, and never stores there, is what is to be reported."""
    source = "\n".join(parts)
    try:
        top = compile(source, "x", "exec", optimize=0)
    except SyntaxError:
        return
    codes = [top]
    for code in codes:
        codes.extend(constant for constant in code.co_consts if isinstance(constant, CodeType))
    read: set[str] = set()
    bound: set[str] = set()
    for code in codes:
        named = {op: {i.argval for i in dis.get_instructions(code) if i.opname == op} for op in OPERATIONS}
        own = named["STORE_NAME"] | named["DELETE_NAME"]
        read |= named["LOAD_GLOBAL"] | named["LOAD_FROM_DICT_OR_GLOBALS"] | (named["LOAD_NAME"] - own)
        bound |= named["STORE_GLOBAL"] | named["DELETE_GLOBAL"] | (own if code is top else set())
    assert set(names(source)) == {name for name in read - bound if not hasattr(builtins, name) and name[:2] != "__"}
