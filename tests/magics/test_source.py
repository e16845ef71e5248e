from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from spinlab.magics.source import keep_bodies_exact


def arguments(cell: str) -> tuple[str, ...]:
    """What IPython calls the magic with, after all its own transformations."""
    manager = TransformerManager()
    manager.cleanup_transforms.insert(0, keep_bodies_exact)
    call = ast.parse(manager.transform_cell(cell)).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    return tuple(ast.literal_eval(a) for a in call.value.args)


def test_doctest_prompts_in_a_body_stay() -> None:
    body = '>>> 1 + 1\n2\n"""\n>>> x\n... y\n"""\n'
    assert arguments(f"%%spin hello\n{body}") == ("spin", "hello", body)


def test_indentation_and_blank_lines_of_a_body_stay() -> None:
    body = "\n\n    indented\n\ttab\n\n"
    assert arguments(f"%%spin hello\n{body}")[2] == body


def test_blank_lines_above_the_magic_are_no_part_of_the_body() -> None:
    assert arguments("\n  \n%%spin hello\nbody\n") == ("spin", "hello", "body\n")


def test_an_empty_cell_reaches_the_magic() -> None:
    assert arguments("%%spin --help") == ("spin", "--help", "\n")


def test_windows_line_ends_stay() -> None:
    assert arguments("%%spin hello\r\na\r\nb\r\n") == ("spin", "hello", "a\r\nb\r\n")


def test_other_cells_are_left_alone() -> None:
    for cell in ("%%spinsqlx\nselect 1\n", "%%spin?\n", "x = 1\n", "", "%%bash\necho\n"):
        lines = cell.splitlines(keepends=True)
        assert keep_bodies_exact(lines) is lines


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_body_arrives_byte_for_byte(body: str) -> None:
    body = body if body.endswith("\n") else body + "\n"  # IPython ends every cell with a newline
    assert arguments("%%spin wat x\n" + body)[2] == body
