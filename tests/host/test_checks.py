"""Grants are checked before a function goes live, in Spin's words, and without loading what is not used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spinlab.errors import ManifestError, SpinError
from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.checks import check
from spinlab.host.needs import needs

DECLARED = {
    "host": {"default": "example.com"},
    "port": {"default": "a"},
    "empty": {"default": ""},
    "r": {"required": True},
}


def checked(**grants: object) -> None:
    check(Function("f", "", **grants), Services(declared=lambda: DECLARED))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("https://example.com", "*://*:*", "http://self", "redis://localhost", "tcp://127.0.0.1:1..5"),
        ("https://{{ host }}", "https://{{ r }}:{{ r }}"),
        ("http://{{ empty }}",),
    ],
)
def test_hosts_that_spin_takes_are_taken(hosts: tuple[str, ...]) -> None:
    checked(allowed_outbound_hosts=hosts)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("example.com", '"example.com" does not contain a scheme'),
        ("*", "use '*://*:*'"),
        ("insecure:allow-all", "'insecure:allow-all' is not allowed"),
        ("https://a/b", "must not include a path"),
        ("https://{{ host", "unmatched '{{' in template"),
        ("https://{{ nobody }}", 'unknown variable "nobody"'),
        (
            "https://{{ host }}:{{ port }}",
            'using default variable value(s) with template "https://{{ host }}:{{ port }}" results in invalid config',
        ),
    ],
)
def test_a_host_that_spin_refuses_is_refused_and_named(entry: str, words: str) -> None:
    for hosts in ((entry,), ("https://example.com", entry)):
        if entry.startswith("insecure") and len(hosts) > 1:
            continue
        with pytest.raises(ManifestError) as caught:
            checked(allowed_outbound_hosts=hosts)
        assert words in caught.value.message
        assert caught.value.subject == ("allowed_outbound_host", entry)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("template", "words"),
    [("{{", "unmatched '{{' in template"), ("{{ a }} {{", "unmatched"), ("{{ nope }}", 'unknown variable "nope"')],
)
def test_a_template_that_spin_refuses_is_refused(template: str, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        checked(variables={"fine": "{{ host }}", "x": template})
    assert words in caught.value.message
    assert caught.value.subject == ("variable", "x")


def test_a_name_that_no_variable_can_have_is_not_suggested() -> None:
    with pytest.raises(ManifestError) as caught:
        checked(variables={"x": "{{ a b }}"})
    assert "{{ a_b }}" in caught.value.hint
    assert "%spin var" not in caught.value.hint


def test_a_variable_that_is_named_is_declared_by_that() -> None:
    checked(variables={"nope": "{{ nope }}"}, allowed_outbound_hosts=("https://{{ nope }}",))


def test_a_label_without_a_backend_is_refused() -> None:
    with pytest.raises(SpinError, match='unknown key_value_stores label "other"'):
        checked(key_value_stores=("other",))
    with pytest.raises(SpinError, match="are not defined"):
        checked(sqlite_databases=("other",))


def test_a_function_without_hosts_does_not_look_at_all_others() -> None:
    def looks() -> dict[str, dict[str, object]]:
        raise AssertionError("the variables of the whole app are put together for each function that is added")

    check(Function("f", ""), Services(declared=looks))


def test_a_function_without_grants_loads_no_capability() -> None:
    code = """
import sys
from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.checks import check
check(Function("f", "", allowed_outbound_hosts=("*://*:*",)), Services())
rooms = ("key_value", "sqlite", "redis", "mqtt", "postgres", "mysql", "llm", "outbound_http", "network", "sockets")
loaded = [r for r in rooms if f"spinlab.host.{r}" in sys.modules]
assert not loaded, loaded
assert not {"asyncio", "ssl", "sqlite3", "h2", "h11", "httpx"} & set(sys.modules), sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_import_is_mapped_to_its_grant() -> None:
    function = Function(
        "f", "", key_value_stores=("default",), allowed_outbound_hosts=("*://*:*", "redis://a"), variables={"a": "b"}
    )
    imports = (
        "wasi:io/poll@0.2.0",
        "fermyon:spin/key-value@2.0.0",
        "spin:sqlite/sqlite@3.0.0",
        "spin:redis/redis@3.0.0",
        "wasi:config/store@0.2.0-draft-2024-09-27",
        "wasi:filesystem/types@0.2.0",
    )
    found = needs(imports, function)
    assert [need.interface for need in found] == list(imports)
    assert [need.attribute for need in found] == [
        "",
        "key_value_stores",
        "sqlite_databases",
        "allowed_outbound_hosts",
        "variables",
        "files",
    ]
    assert [need.granted for need in found] == [(), ("default",), (), ("*://*:*", "redis://a"), ("a",), ()]
