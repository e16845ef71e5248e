"""What stands at the top level of a source is found, and what only looks like it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.languages.javascript.scan import DEFAULT, HANDLE, LISTENER, blanked, scan


def names(source: str) -> list[str]:
    return [place.name for place in scan(source).handlers]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("addEventListener('fetch', f)", [LISTENER]),
        ('self.addEventListener(\n"fetch", f)', [LISTENER]),
        ("addEventListener('message', f)", []),
        ("export default app", [DEFAULT]),
        ("export { app as default }", [DEFAULT]),
        ("function handle(r) {}", [HANDLE]),
        ("export async function handle(r) {}", [HANDLE]),
        ("const handle = r => 1", [HANDLE]),
        ("let handle: Handler = r => 1", [HANDLE]),
        ("export { x as handle }", [HANDLE]),
        ("export { handle } from './x.js'", [HANDLE]),
        ("if (x) { function handle() {} }", []),
        ("// function handle() {}\n/* export default 1 */", []),
        ("const s = 'function handle() {}', t = `export default ${1}`", []),
        ("const r = /export default/, q = a / b; addEventListener('fetch', f)", [LISTENER]),
        ("const t = `${ { a: `}` } }`; export default t", [DEFAULT]),
        ("x.handle = function handle2() {}", []),
    ],
)
def test_handlers_are_found(source: str, found: list[str]) -> None:
    assert names(source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import a from 'x'", [("x", "import", False)]),
        ("import a, { b as c } from \"x/y\"\nimport 'z'", [("x/y", "import", False), ("z", "import", False)]),
        ("import type { A } from './t'", [("./t", "import", True)]),
        (
            "import * as n from 'n'; export * from 'm'; export { q } from 'o'",
            [("n", "import", False), ("m", "import", False), ("o", "import", False)],
        ),
        ("const x = await import('late')", [("late", "dynamic", False)]),
        ('const x = require("old")', [("old", "require", False)]),
        ("const s = \"import a from 'x'\" // import b from 'y'", []),
        ("object.import('x'); object.require('y')", []),
        ("import {\n  a,\n  b,\n} from 'many'", [("many", "import", False)]),
    ],
)
def test_imports_are_found(source: str, found: list[tuple[str, str, bool]]) -> None:
    assert [(p.name, p.kind, p.types) for p in scan(source).imports] == found


def test_places_count_lines_and_columns_from_one() -> None:
    (place,) = scan("\n  import a from 'xy'").imports
    assert (place.line, place.column, place.width) == (2, 17, 4)


def test_handle_is_exported_at_the_end_where_it_is_not() -> None:
    assert scan("function handle() {}").exporting == "function handle() {}\n\nexport { handle };\n"
    for source in ("export function handle() {}", "const x = 1\nexport { x as handle }", "export default 1"):
        assert scan(source).exporting == source


def test_names_of_other_runtimes_are_found_where_nobody_declared_them() -> None:
    assert scan("x = process.env.A").uses("process") is not None
    for source in (
        "if (typeof process !== 'undefined') process.exit()",
        "const process = { env: {} }; process.env",
        "import process from 'p'; process.env",
        "// process.env",
        "a.process.env",
        "({ process: 1 })",
        "function f(a, process) { process.x }",
    ):
        assert scan(source).uses("process") is None, source


@given(st.text(alphabet="ab/*'\"`${}\\\n\r.=()[] ex", max_size=60))
def test_blanks_keep_every_line_and_length(source: str) -> None:
    blank = blanked(source)
    assert len(blank) == len(source)
    assert [i for i, c in enumerate(blank) if c == "\n"] == [i for i, c in enumerate(source) if c == "\n"]
    scan(source)
