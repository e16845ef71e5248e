from __future__ import annotations

import pytest

from spinlab.host.denied import refuse


@pytest.mark.parametrize(
    ("op", "args", "capability", "target", "option", "manifest"),
    [
        (
            "http",
            "GET http://localhost:8080/x\n",
            "outbound HTTP",
            "http://localhost:8080",
            "--allow http://localhost:8080",
            'allowed_outbound_hosts = ["http://localhost:8080"]',
        ),
        (
            "redis.open",
            "redis://user:secret@cache:6379/0",
            "outbound Redis",
            "redis://cache:6379",
            "--allow redis://cache",
            'allowed_outbound_hosts = ["redis://cache"]',
        ),
        (
            "postgres.open",
            "host=db user=me password=secret dbname=x",
            "outbound PostgreSQL",
            "postgres://db:5432",
            "--allow postgres://db",
            'allowed_outbound_hosts = ["postgres://db"]',
        ),
        ("key-value.open", "default", "key-value store", "default", "--kv default", 'key_value_stores = ["default"]'),
        ("sqlite.open", "main", "SQLite database", "main", "--sqlite main", 'sqlite_databases = ["main"]'),
        ("llm.infer", "llama2", "AI model", "llama2", "--ai-model llama2", 'ai_models = ["llama2"]'),
        ("variables.get", "greeting", "variable", "greeting", "--var greeting", 'greeting = "{{ greeting }}"'),
        (
            "socket.resolve",
            "example.com",
            "name lookup",
            "the address of example.com",
            "--allow tcp://example.com:*",
            "tcp",
        ),
        ("socket.connect", "4 9.9.9.9 53", "outbound TCP", "tcp://9.9.9.9:53", "--allow tcp://9.9.9.9:53", "tcp"),
        ("socket.udp", "4 0.0.0.0 0", "outbound UDP", "a UDP socket", "--allow udp://*:*", "udp"),
    ],
)
def test_a_denial_names_capability_target_option_and_manifest_line(
    op: str, args: str, capability: str, target: str, option: str, manifest: str
) -> None:
    denied = refuse(op, args).denied
    assert denied is not None
    assert (denied.capability, denied.target, denied.option) == (capability, target, option)
    assert manifest in denied.manifest


def test_no_password_of_an_address_is_shown() -> None:
    for op, args in (("redis.open", "redis://u:hunter2@h:1"), ("postgres.open", "host=h password=hunter2")):
        assert "hunter2" not in repr(refuse(op, args))


def test_an_undefined_variable_is_undefined_and_everything_else_access_denied() -> None:
    assert refuse("variables.get", "x").error == "undefined"
    assert refuse("key-value.open", "x").error == "access-denied"
    assert refuse("redis.open", "redis://x").error == "access-denied"


def test_a_request_to_the_own_app_has_spins_own_words() -> None:
    refusal = refuse("http", "GET /other\n")
    assert refusal.hint.startswith("A component tried to make an HTTP request to its own app")
    assert refusal.denied is not None
    assert refusal.denied.option == "--allow http://self"


def test_a_label_of_a_guest_can_not_leave_its_quotes() -> None:
    denied = refuse("key-value.open", 'a"]\nevil = ["b').denied
    assert denied is not None
    assert "\n" not in denied.manifest
    assert denied.manifest == r'key_value_stores = ["a\"]\nevil = [\"b"]'


def test_a_broken_url_is_denied_as_well() -> None:
    assert refuse("http", "GET http://[bad/\n").error == "HTTP-request-denied"


def test_the_app_itself_by_a_name_that_is_no_address_says_how_to_write_it() -> None:
    refusal = refuse("http", "GET http://self/x\n- - -\nwhole")
    assert refusal.hint.endswith("'self' is no host name: ask for a path alone, or for http://self.alt/PATH")
    assert refusal.denied is not None
    assert "http://self.alt/PATH" in refusal.denied.target
    assert "no host name" not in refuse("http", "GET /x\n- - -\nwhole").hint
