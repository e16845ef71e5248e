"""runtime-config.toml: what every key means, what is refused, and that no message quotes a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab.errors import ManifestError
from spinlab.host.runtime_config import ClientTls, LlmCompute, RuntimeConfig
from spinlab.host.runtime_toml import KEYS, load, loads, strangers

EVERYTHING = """
state_dir = "state"
log_dir = ""
max_instance_memory = 67108864

[[variables_provider]]
type = "static"
values = { greeting = "hello" }

[[variables_provider]]
type = "env"
prefix = "MY"
dotenv_path = "my.env"

[key_value_store.default]
type = "spin"
path = "kv/default.db"

[key_value_store.memory]
type = "spin"

[key_value_store.shared]
type = "redis"
url = "redis://:hunter22@localhost"

[sqlite_database.default]
type = "spin"
path = "sql.db"
allow_attach_file = true

[llm_compute]
type = "remote_http"
url = "http://localhost:11434"
auth_token = "hunter23"
api_type = "open_ai"

[outbound_networking]
block_networks = ["private", "192.0.2.77/24", "2001:db8::/32"]
max_socket_connections = 3
max_total_connections = 5

[outbound_http]
connection_pooling = true
max_connections = 7

[outbound_redis]
max_connections = 0
[outbound_pg]
max_connections = 2
[outbound_mysql]
[outbound_mqtt]
max_payload_size_bytes = 65536
"""


def read(text: str, folder: Path = Path("/conf")) -> RuntimeConfig:
    return loads(text, folder=folder)


def refused(text: str) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read(text)
    return caught.value


def test_every_key_is_read() -> None:
    config = read(EVERYTHING)
    here = Path.cwd()
    assert config.state_dir == here / "state"
    assert config.log_dir == Path("")
    assert config.max_instance_memory == 64 << 20
    static, env = config.variables_providers
    assert (static.type, static.values) == ("static", {"greeting": "hello"})
    assert (env.type, env.prefix, env.dotenv_path) == ("env", "MY", Path("my.env"))
    assert config.llm_compute == LlmCompute("remote_http", "http://localhost:11434", "hunter23", "open_ai")
    assert config.block_networks == ("private", "192.0.2.0/24", "2001:db8::/32")
    assert (config.max_socket_connections, config.max_total_connections) == (3, 5)
    assert config.connection_pooling
    assert config.max_connections == {"redis": 0, "pg": 2, "http": 7}
    assert config.max_mqtt_payload == 65536


def test_paths_of_stores_are_relative_to_the_file_and_those_of_databases_to_the_current_directory() -> None:
    config = read(EVERYTHING)
    assert config.key_value_stores["default"].path == Path("/conf/kv/default.db")
    assert config.key_value_stores["memory"].path is None
    assert config.key_value_stores["shared"].url == "redis://:hunter22@localhost"
    assert config.sqlite_databases["default"].path == Path.cwd() / "sql.db"
    assert config.sqlite_databases["default"].allow_attach_file


def test_an_empty_file_changes_nothing() -> None:
    assert read("") == RuntimeConfig()


def test_the_table_of_outbound_http_without_its_key_keeps_no_connections() -> None:
    assert not read("[outbound_http]").connection_pooling
    assert read("[outbound_redis]").connection_pooling


def test_the_older_name_of_the_limit_counts_from_zero() -> None:
    assert read("[outbound_http]\nmax_concurrent_requests = 4").max_connections == {"http": 5}
    both = refused("[outbound_http]\nmax_concurrent_requests = 4\nmax_connections = 4")
    assert "cannot set both `max_connections` and `max_concurrent_requests`" in both.message


def test_an_unknown_key_is_refused_in_spins_words_with_the_closest_one() -> None:
    error = refused('\nstate_dirs = "x"')
    assert error.message == "runtime-config.toml line 2, state_dirs: unused runtime config key(s): state_dirs"
    assert error.hint == "did you mean state_dir?"


def test_an_unknown_key_in_a_table_is_refused() -> None:
    error = refused('[key_value_store.default]\ntype = "spin"\npth = "x.db"')
    assert "line 3, key_value_store.default.pth: unknown field `pth`" in error.message
    assert error.hint == "did you mean path?"


def test_the_older_name_of_the_providers_is_read_alone_only() -> None:
    old = '[[config_provider]]\ntype = "static"\nvalues = {}\n'
    assert read(old).variables_providers
    both = refused(old + old.replace("config", "variables"))
    assert "unused runtime config key(s): config_provider" in both.message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[[variables_provider]]\ntype = "vault"\ntoken = "hunter22"', "HashiCorp Vault"),
        ('[[variables_provider]]\ntype = "azure_key_vault"', "Azure Key Vault"),
        ('[key_value_store.x]\ntype = "azure_cosmos"', "Azure Cosmos DB"),
        ('[key_value_store.x]\ntype = "aws_dynamo"', "Amazon DynamoDB"),
        ('[sqlite_database.x]\ntype = "libsql"\ntoken = "hunter22"', "libSQL"),
    ],
)
def test_what_only_spin_serves_is_named(text: str, name: str) -> None:
    error = refused(text)
    assert f"{name} is not served by spinlab" in error.message
    assert error.hint.startswith("here it can be ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("state_dir = 1", "invalid type: integer `1`, expected a string"),
        ("max_instance_memory = -1", "not negative"),
        ("max_instance_memory = true", "integer"),
        ("variables_provider = 1", "expected a sequence"),
        ('[[variables_provider]]\ntype = "statik"', "unknown variant `statik`"),
        ('[[variables_provider]]\ntype = "static"', "missing field `values`"),
        ("[key_value_store.x]\npath = 'y'", "missing field `type`"),
        ('[key_value_store.x]\ntype = "rediss"', "the store type 'rediss' was not registered"),
        ('[key_value_store.x]\ntype = "redis"', "missing field `url`"),
        ('[sqlite_database.x]\ntype = "mysql"', "Unknown database kind: mysql"),
        ('[llm_compute]\ntype = "remote"', "unknown variant `remote`, expected `spin` or `remote_http`"),
        ('[llm_compute]\ntype = "remote_http"\nurl = "x"\nauth_token = ""', "expected a URL"),
        (
            '[llm_compute]\ntype = "remote_http"\nurl = "http://x"\nauth_token = ""\napi_type = "openai"',
            "unknown variant `openai`",
        ),
        (
            '[outbound_networking]\nblock_networks = ["1.2.3.4"]',
            'invalid value: string "1.2.3.4", expected an IP network',
        ),
        ("[outbound_redis]\nmax_connections = 'x'", "expected an integer"),
        ("[[client_tls]]\nhosts = ['x']", "missing field `component_ids`"),
        ("[[client_tls]]\ncomponent_ids = []\nhosts = ['x']", "'component_ids' list may not be empty"),
        ("[[client_tls]]\ncomponent_ids = ['a']\nhosts = ['x:1']", "ports not currently supported"),
        (
            "[[client_tls]]\ncomponent_ids = ['a']\nhosts = ['x']\nca_roots_file = 'nowhere.pem'",
            "failed to load certificate(s) from '/conf/nowhere.pem'",
        ),
        (
            "[[client_tls]]\ncomponent_ids = ['a']\nhosts = ['x']\nclient_cert_file = 'a.pem'",
            "client_cert_file specified without client_private_key_file",
        ),
        ("state_dir =", "failed to parse runtime config file"),
    ],
)
def test_what_spin_refuses_is_refused(text: str, words: str) -> None:
    assert words in refused(text).message


def test_roots_of_a_client_are_the_platforms_unless_others_are_given() -> None:
    table = "[[client_tls]]\ncomponent_ids = ['a']\nhosts = ['example.com']\n"
    assert read(table).client_tls[0].ca_use_platform_roots
    assert not read(table + "ca_use_webpki_roots = true").client_tls[0].ca_use_platform_roots


def test_no_message_and_no_repr_shows_a_password() -> None:
    for text in (
        'key_value_store = "hunter22"',
        '[key_value_store]\ndefault = "hunter22"',
        '[[variables_provider]]\ntype = "static"\nvalues = "hunter22"',
        '[[variables_provider]]\ntype = "static"\nvalues = { token = "hunter22", port = 1 }',
    ):
        error = refused(text)
        assert "hunter22" not in f"{error}{error.details}"
    assert "hunter2" not in repr(read(EVERYTHING))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="failed to read runtime config file"):
        load(tmp_path / "none.toml")


def test_a_file_is_read_and_named_in_messages(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[key_value_store.x]\ntype = "spin"\npath = "x.db"')
    assert load(file).key_value_stores["x"].path == tmp_path / "x.db"
    file.write_text("nonsense = 1")
    with pytest.raises(ManifestError, match=r"mine\.toml line 1"):
        load(file)


def test_all_keys_have_a_place() -> None:
    tables = {"variables_provider", "config_provider", "client_tls"}
    for key in KEYS:
        if key in ("state_dir", "log_dir"):
            read(f'{key} = "x"')
        elif key == "max_instance_memory":
            read(f"{key} = 1")
        elif key == "llm_compute":
            read('[llm_compute]\ntype = "spin"')
        else:
            read(f"{key} = []" if key in tables else f"[{key}]")


def test_a_component_that_nobody_has_is_named_with_the_closest_one() -> None:
    config = RuntimeConfig(client_tls=(ClientTls(("fetchs", "b"), ("a.example",)),))
    assert strangers(config, ["fetches", "b"]) == (
        "[[client_tls]] names fetchs, and no component is called that; did you mean fetches?",
    )
    assert strangers(RuntimeConfig(), []) == ()
