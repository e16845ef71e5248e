from __future__ import annotations

import pytest

from spinlab.errors import OptionError
from spinlab.magics.options import Command, Option, Positional, parse
from spinlab.magics.quantities import count, duration

COMMAND = Command(
    "%spin do",
    "Do it.",
    (Positional("LANGUAGE", "A language.", required=False), Positional("NAME", "A name.")),
    (
        Option(("--route",), "A route.", "PATTERN", many=True),
        Option(("--timeout",), "A time.", "TIME", convert=duration),
        Option(("--requests", "-n"), "How often.", "N", convert=count),
        Option(("--wasi",), "A version.", "VERSION", values=("0.2", "0.3")),
        Option(("--private",), "A flag."),
    ),
)


def refused(line: str) -> OptionError:
    with pytest.raises(OptionError) as caught:
        parse(COMMAND, line)
    return caught.value


def caret(line: str) -> str:
    where = refused(line).location
    assert where is not None
    assert where.on_magic_line
    assert where.column is not None
    return line[where.column - 1 : (where.end_column or 0) - 1]


def test_values_and_flags_are_collected() -> None:
    given = parse(COMMAND, "rust hello --route /a --route=/b --private --timeout 2s -n5")
    assert given["language"] == "rust"
    assert given["name"] == "hello"
    assert given.each("route") == ("/a", "/b")
    assert given["private"] is True
    assert given["timeout"] == 2.0
    assert given["requests"] == 5


def test_positionals_and_options_may_be_mixed() -> None:
    assert parse(COMMAND, "--private rust --timeout 1s hello")["name"] == "hello"


def test_an_option_is_never_abbreviated() -> None:
    assert refused("a b --rout /x").hint == "did you mean --route?"
    assert caret("a b --rout /x") == "--rout"


def test_an_unknown_option_without_a_near_one_leads_to_the_help() -> None:
    assert "--help" in refused("a b --zzzz").hint


def test_a_value_that_does_not_convert_is_pointed_at() -> None:
    error = refused("a b --timeout fast")
    assert "10s" in error.hint
    assert caret("a b --timeout fast") == "fast"


def test_a_value_that_is_not_one_of_the_few_is_pointed_at() -> None:
    assert refused("a b --wasi 1.0").hint == "one of: 0.2, 0.3"
    assert caret("a b --wasi '1.0'") == "'1.0'"


def test_an_option_does_not_eat_the_next_option() -> None:
    assert "needs a value" in refused("a b --route --private").message
    assert "needs a value" in refused("a b --route").message


def test_a_quoted_value_may_look_like_an_option() -> None:
    assert parse(COMMAND, "a b --route '--private'").each("route") == ("--private",)


def test_a_flag_takes_no_value() -> None:
    assert "takes no value" in refused("a b --private=yes").message


def test_what_is_given_once_is_not_given_twice() -> None:
    assert "twice" in refused("a b --timeout 1s --timeout 2s").message


def test_a_missing_name_is_said_with_the_usage() -> None:
    error = refused("")
    assert error.message == "%spin do needs a NAME"
    assert error.hint == "usage: %spin do [LANGUAGE] NAME [options]"


def test_a_word_too_many_is_pointed_at() -> None:
    assert caret("a b c") == "c"


def test_two_dashes_end_the_options() -> None:
    assert parse(COMMAND, "a -- --private")["name"] == "--private"


def test_help_needs_nothing_else() -> None:
    assert "help" in parse(COMMAND, "--help")
    assert "help" in parse(COMMAND, "-h")


def test_the_help_names_every_option_with_its_line() -> None:
    text = COMMAND.help()
    for option in COMMAND.all_options:
        assert ", ".join(option.names) in text
        assert option.help in text


def test_an_optional_word_in_front_gives_way_to_the_one_that_must_be() -> None:
    given = parse(COMMAND, "hello")
    assert given["name"] == "hello"
    assert given["language"] is None
