"""Names that Spin accepts, and why it refuses others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import NameRefused
from spinlab.manifest.ids import check_component, check_variable, kebab, label_problem, nearest, problem

KEBAB = re.compile(r"([a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(-([a-z][a-z0-9]*|[A-Z][A-Z0-9]*))*")
LOWER_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*")
names = st.text(alphabet="abAB01_-+é'", max_size=8) | st.text(max_size=8)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("my_func", "words must be separated with '-', not '_'"),
        ("2fast", "'-'-separated words must start with an ASCII letter; got '2'"),
        ("1-2-3", "'-'-separated words must start with an ASCII letter; got '1'"),
        ("myFunc", "'-'-separated words must be all lowercase or all UPPERCASE; got \"myFunc\""),
        ("a--b", "'-'-separated words must not be empty"),
        ("-a", "'-'-separated words must not be empty"),
        ("a+b", "'-'-separated words may only contain alphanumeric ASCII; got '+'"),
    ],
)
def test_a_component_id_is_refused_in_spins_words(name: str, reason: str) -> None:
    assert problem(name) == reason
    with pytest.raises(NameRefused) as caught:
        check_component(name)
    assert reason in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bad+name", "'_'-separated words may only contain alphanumeric ASCII; got '+'"),
        ("a-b", "words must be separated with '_', not '-'"),
        ("API_KEY", 'Lower-case identifiers must be all lowercase; got "API_KEY"'),
        ("_a", "'_'-separated words must not be empty"),
        ("a_1", "'_'-separated words must start with an ASCII letter; got '1'"),
    ],
)
def test_a_variable_is_refused_in_spins_words(name: str, reason: str) -> None:
    with pytest.raises(NameRefused) as caught:
        check_variable(name)
    assert reason in caught.value.message


@pytest.mark.parametrize(("name", "near"), [("API_KEY", "api_key"), ("a-b", "a_b"), ("a_1", "a1")])
def test_the_nearest_right_variable_is_suggested(name: str, near: str) -> None:
    with pytest.raises(NameRefused) as caught:
        check_variable(name)
    assert caught.value.hint == f"call it {near}"


@pytest.mark.parametrize(("name", "component"), [("hello", "hello"), ("my_func", "my-func"), ("GET-user", "GET-user")])
def test_a_function_has_the_kebab_form_as_its_component_id(name: str, component: str) -> None:
    assert kebab(name) == component


@pytest.mark.parametrize(
    ("name", "near"), [("my__f", "my-f"), ("myFunc", "my-func"), ("a-b_c", "a-b-c"), ("2fast", "fast")]
)
def test_a_function_that_has_none_gets_a_suggestion(name: str, near: str) -> None:
    with pytest.raises(NameRefused) as caught:
        kebab(name)
    assert caught.value.hint.replace("_", "-") == f"call it {near}"


@given(names)
def test_ids_are_what_the_pattern_says(name: str) -> None:
    assert (problem(name) is None) == bool(KEBAB.fullmatch(name))
    assert (problem(name, "_", lower=True) is None) == bool(LOWER_SNAKE.fullmatch(name))


@given(names)
def test_a_suggested_name_is_accepted(name: str) -> None:
    for separator in "-_":
        near = nearest(name, separator)
        assert near == "" or problem(near, separator, lower=True) is None


def test_labels_of_stores_may_have_either_case() -> None:
    assert label_problem("my-store") is None
    assert label_problem("my_store") is None
    assert label_problem("my store") == "expected kebab-case or snake_case"
