"""Templates with ``{{ }}``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import ManifestError
from spinlab.manifest.template import Name, Template


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("a", ("a",)),
        ("a-{{ expr }}-b", ("a-", Name("expr"), "-b")),
        ("{{ one }}{{two}}", (Name("one"), Name("two"))),
        ("}} {", ("}} {",)),
    ],
)
def test_a_template_is_taken_apart(text: str, parts: tuple[str | Name, ...]) -> None:
    assert Template.parse(text).parts == parts


def test_an_open_brace_is_refused_with_its_remedy() -> None:
    with pytest.raises(ManifestError, match=r"unmatched '\{\{' in template") as caught:
        Template.parse("{{ matched }} {{ unmatched")
    assert "{{ unmatched }}" in caught.value.hint


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(ManifestError, match='unknown variable "nope"') as caught:
        Template.parse("{{ yes }}{{ nope }}").check({"yes"})
    assert "[variables]" in caught.value.hint


@pytest.mark.parametrize(("name", "instead"), [("a b", "{{ a_b }}"), ("Api-Url", "{{ api_url }}"), ("1", "lower-case")])
def test_a_name_that_no_variable_can_have_is_not_suggested(name: str, instead: str) -> None:
    with pytest.raises(ManifestError) as caught:
        Template.parse(f"{{{{ {name} }}}}").check(())
    assert instead in caught.value.hint
    assert "[variables]" not in caught.value.hint


@given(st.lists(st.text(alphabet="ab }", max_size=4) | st.sampled_from(["x", "y"]).map(Name), max_size=6))
def test_values_take_the_places_of_names(parts: list[str | Name]) -> None:
    text = str(Template(tuple(parts)))
    values = {"x": "1", "y": "{{ x }}"}
    expected = "".join(values[p.name] if isinstance(p, Name) else p for p in parts)
    assert Template.parse(text).resolve(values.__getitem__) == expected
    assert Template.parse(text).names == tuple(p.name for p in parts if isinstance(p, Name))
