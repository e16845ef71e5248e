"""Which provided interface satisfies an import, and which export is the handler."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.engine.interfaces import CANDIDATE, Interface, Provided, choose_handler
from spinlab.engine.providers import Provider, providers
from spinlab.errors import HandlerError, MissingImport


def provider(name: str, *exports: str) -> Provider:
    return Provider(name, b"", b"", b"", (), exports)


PROVIDED = Provided(
    {
        "a": provider(
            "a",
            "wasi:io/streams@0.2.12",
            "wasi:http/types@0.3.0",
            "wasi:keyvalue/store@0.2.0-draft2",
            "fermyon:spin/llm@2.0.0",
            "spin:postgres/postgres@4.0.0",
            "spin:postgres/postgres@4.12.0",
            "spin:sqlite/sqlite@3.0.0",
            "spinlab:bridge/ctl@0.1.0",
        ),
        "b": provider("b", "wasi:io/streams@0.2.9", "spin:sqlite/sqlite@3.1.0", "spin:postgres/postgres@4.9.0"),
    },
    ("a", "b", "absent"),
)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("wasi:io/streams@0.2.0", ("a", "wasi:io/streams@0.2.12")),
        ("wasi:io/streams@0.2.99", ("a", "wasi:io/streams@0.2.12")),
        ("wasi:http/types@0.3.0", ("a", "wasi:http/types@0.3.0")),
        (f"wasi:http/types@{CANDIDATE}", ("a", "wasi:http/types@0.3.0")),
        ("wasi:keyvalue/store@0.2.0-draft2", ("a", "wasi:keyvalue/store@0.2.0-draft2")),
        ("spin:sqlite/sqlite@3.1.0", ("b", "spin:sqlite/sqlite@3.1.0")),
    ],
)
def test_releases_match_by_minor_version_and_drafts_exactly(name: str, found: tuple[str, str]) -> None:
    assert PROVIDED.find(name) == found


def test_a_minor_version_that_is_not_there_is_served_by_the_next_higher_one() -> None:
    assert PROVIDED.find("spin:postgres/postgres@4.0.0")[1] == "spin:postgres/postgres@4.0.0"
    assert PROVIDED.find("spin:postgres/postgres@4.1.0") == ("b", "spin:postgres/postgres@4.9.0")
    assert PROVIDED.find("spin:postgres/postgres@4.10.3") == ("a", "spin:postgres/postgres@4.12.0")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wasi:io/streams@0.3.0", "wasi:io/streams@0.2.12"),
        ("wasi:io/streams@0.2.0-rc-2023-11-10", "wasi:io/streams@0.2.12"),
        ("wasi:keyvalue/store@0.2.0-draft", "wasi:keyvalue/store@0.2.0-draft2"),
        ("wasi:keyvalue/store@0.2.0", "wasi:keyvalue/store@0.2.0-draft2"),
        ("wasi:http/types@0.3.0-rc-2025-09-16", "wasi:http/types@0.3.0"),
        ("wasi:io/streams@0.1.0", "wasi:io/streams@0.2.12"),
        ("spin:sqlite/sqlite@2.9.0", "spin:sqlite/sqlite@3.0.0"),
        ("spin:sqlite/sqlite@3.2.0", "spin:sqlite/sqlite@3.0.0"),
        ("spin:sqlite/sqlite@3.0.0-rc-1", "spin:sqlite/sqlite@3.0.0"),
        ("fermyon:spin/llm", "fermyon:spin/llm@2.0.0"),
        ("fermyon:spin/lm@2.0.0", "fermyon:spin/llm@2.0.0"),
    ],
)
def test_a_missing_import_names_the_nearest_that_is_provided(name: str, words: str) -> None:
    with pytest.raises(MissingImport) as caught:
        PROVIDED.find(name)
    assert name in caught.value.message
    assert words in caught.value.hint


def test_a_missing_import_that_resembles_nothing_says_how_to_provide_it() -> None:
    with pytest.raises(MissingImport, match=r"acme:cart/checkout@1\.0\.0, which nobody provides") as caught:
        PROVIDED.find("acme:cart/checkout@1.0.0")
    assert "wac plug" in caught.value.hint


@pytest.mark.parametrize("name", ["spinlab:bridge/ctl@0.1.0", "spinlab:bridge/host@0.1.0", "spinlab:anything/x"])
def test_interfaces_of_spinlab_itself_are_never_linked_to_a_guest(name: str) -> None:
    with pytest.raises(MissingImport, match="belongs to spinlab itself"):
        PROVIDED.find(name)


def test_the_bridge_offers_nothing_of_its_own_to_guests() -> None:
    real = providers()
    offered = Provided(real, real).names
    assert "wasi:http/types@0.2.12" in offered
    assert not [name for name in offered if name.startswith("spinlab:")]


@pytest.mark.parametrize(
    ("export", "wasi"),
    [
        ("wasi:http/incoming-handler@0.2.0", "0.2"),
        ("wasi:http/incoming-handler@0.2.12", "0.2"),
        ("wasi:http/handler@0.3.0", "0.3"),
        ("wasi:http/handler@0.3.1", "0.3"),
        (f"wasi:http/handler@{CANDIDATE}", "0.3"),
    ],
)
def test_each_handler_that_spin_knows_is_found_among_other_exports(export: str, wasi: str) -> None:
    handler = choose_handler(["wasi:cli/run@0.2.0", export, "fermyon:spin/inbound-redis"])
    assert (handler.export, handler.wasi) == (export, wasi)


def test_no_handler_is_said_in_spins_words_and_ours() -> None:
    with pytest.raises(HandlerError, match="Expected component to export one of") as caught:
        choose_handler(["wasi:cli/run@0.2.0"])
    assert "a command" in caught.value.hint


def test_several_handlers_are_refused_in_spins_words_and_named() -> None:
    with pytest.raises(HandlerError, match="exports multiple different handlers") as caught:
        choose_handler(["wasi:http/incoming-handler@0.2.0", "wasi:http/handler@0.3.0"])
    assert "wasi:http/incoming-handler@0.2.0" in caught.value.hint


@pytest.mark.parametrize("old", ["fermyon:spin/inbound-http", "wasi:http/incoming-handler@0.2.0-rc-2023-11-10"])
def test_a_handler_from_before_the_release_gets_its_remedy(old: str) -> None:
    with pytest.raises(HandlerError, match=r"before WASI 0\.2"):
        choose_handler([old])


def test_an_unknown_version_of_the_handler_is_named() -> None:
    with pytest.raises(HandlerError) as caught:
        choose_handler(["wasi:http/handler@0.4.0"])
    assert "wasi:http/handler@0.4.0" in caught.value.hint


@given(st.text(), st.text())
def test_any_text_can_be_a_name(name: str, version: str) -> None:
    interface = Interface.parse(f"{name}@{version}")
    assert isinstance(interface.track, str)
    with pytest.raises(HandlerError):
        choose_handler([name])
