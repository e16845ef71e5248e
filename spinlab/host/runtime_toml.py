"""``runtime-config.toml`` -> `RuntimeConfig` (Spin 4: crates/runtime-config and each factor's runtime_config).

What Spin refuses is refused in its words. Two things are stricter: a key that nobody knows is refused in every table,
since a misspelt ``path`` would silently mean a store in memory, and so is what spinlab does not serve. No message
quotes a value: the file holds passwords.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import tomli

from spinlab.errors import ManifestError
from spinlab.host import client_tls
from spinlab.host.runtime_config import KeyValueBackend, LlmCompute, RuntimeConfig, SqliteBackend, VariablesProvider
from spinlab.manifest.ids import debug
from spinlab.manifest.reader import Reader

T = TypeVar("T")

KEYS = (
    "state_dir",
    "log_dir",
    "max_instance_memory",
    "variables_provider",
    "config_provider",
    "key_value_store",
    "sqlite_database",
    "llm_compute",
    "outbound_networking",
    "client_tls",
    "outbound_http",
    "outbound_redis",
    "outbound_pg",
    "outbound_mysql",
    "outbound_mqtt",
)
"""The keys of the file."""

ELSEWHERE = {
    "vault": "HashiCorp Vault",
    "open_bao": "OpenBao",
    "azure_key_vault": "Azure Key Vault",
    "azure_cosmos": "Azure Cosmos DB",
    "aws_dynamo": "Amazon DynamoDB",
    "libsql": "libSQL",
}
"""Types that Spin serves and spinlab does not -> their names."""

_MQTT = ("max_connections", "max_payload_size_bytes")

_QUOTED = re.compile(r'((?:invalid type|invalid value): string) "(?:[^"\\]|\\.)*"')


class _Reader(Reader):
    """A table of the file; its errors quote no value."""

    title = "runtime-config.toml"

    def wrong(self, message: str, *path: str | int, hint: str = "") -> ManifestError:
        """See `Reader`."""
        error = super().wrong(_QUOTED.sub(r"\1", message), *path, hint=hint)
        error.details = ""  # it would be the line
        error.hint = error.hint.replace("; data for other tools belongs under tool", "")
        return error

    def number(self, key: str) -> int | None:
        """The count under `key`, or None."""
        found = self._typed(key, int, "an integer")
        if isinstance(found, bool):
            raise self.wrong(f"invalid type: boolean `{str(found).lower()}`, expected an integer", key)
        if found is not None and found < 0:
            raise self.wrong("invalid value: expected a number that is not negative", key)
        return found

    def listed(self, key: str, read: Callable[[_Reader], T]) -> tuple[T, ...]:
        """The list of tables under `key`, each read by `read`."""
        return tuple(read(type(self)(self._text, item, (*self.path, key, i))) for i, item in enumerate(self.items(key)))

    def kind(self, served: Mapping[str, tuple[str, ...]], unknown: Callable[[str], str]) -> str:
        """The ``type`` of this table, its other keys checked.

        Parameters:
            served: Type -> the keys it has.
            unknown: Spin's words for a type that is none.
        """
        self.need("type")
        kind = self.string("type")
        if kind in ELSEWHERE:
            raise self.wrong(
                f"{ELSEWHERE[kind]} is not served by spinlab",
                "type",
                hint=f"here it can be {' or '.join(served)}; Spin itself serves it in the exported app",
            )
        if kind not in served:
            close = difflib.get_close_matches(kind, served, n=1)
            hint = f"did you mean {close[0]}?" if close else f"here it can be {' or '.join(served)}"
            raise self.wrong(unknown(kind), "type", hint=hint)
        self.only(("type", *served[kind]))
        return kind


def load(path: str | Path) -> RuntimeConfig:
    """Read a file.

    Raises:
        ManifestError: Spin would refuse it, or something in it is not served here; the message names line and key.
    """
    place = Path(path).expanduser()
    try:
        text = place.read_text("utf-8")
    except UnicodeDecodeError:
        raise ManifestError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from None
    except OSError as error:
        raise ManifestError(f"failed to read runtime config file '{path}'", hint=f"{error.strerror or error}") from None
    return loads(text, folder=place.absolute().parent, title=place.name)


def loads(text: str, *, folder: Path, title: str = "runtime-config.toml") -> RuntimeConfig:
    """Read the text of a file.

    Parameters:
        text: The text.
        folder: Where the file is: paths of key-value stores and certificates are relative to it, all others to the
            current directory.
        title: What to call it.

    Raises:
        ManifestError: See `load`.
    """
    reader = type("_Titled", (_Reader,), {"title": title})
    try:
        value = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ManifestError(f"failed to parse runtime config file '{title}' as toml: {error}") from None
    root: _Reader = reader(text, value)
    _only_known(root)
    return _config(root, folder)


def _config(root: _Reader, folder: Path) -> RuntimeConfig:
    network = _table(root, "outbound_networking", ("block_networks", "max_socket_connections", "max_total_connections"))
    pooling, connections = _connections(root)
    return RuntimeConfig(
        state_dir=_directory(root, "state_dir"),
        log_dir=_directory(root, "log_dir"),
        max_instance_memory=root.number("max_instance_memory"),
        variables_providers=_providers(root),
        key_value_stores=_each(root, "key_value_store", lambda store: _key_value(store, folder)),
        sqlite_databases=_each(root, "sqlite_database", _sqlite),
        llm_compute=_llm(_table(root, "llm_compute")) if "llm_compute" in root.value else None,
        block_networks=tuple(_network(network, item) for item in network.items("block_networks")),
        max_socket_connections=network.number("max_socket_connections"),
        max_total_connections=network.number("max_total_connections"),
        client_tls=root.listed("client_tls", lambda one: client_tls.read(one, folder)),
        connection_pooling=pooling,
        max_connections=connections,
        max_mqtt_payload=_table(root, "outbound_mqtt", _MQTT).number("max_payload_size_bytes"),
    )


def _only_known(root: Reader) -> None:
    unused = [key for key in root.value if key not in KEYS]
    if "variables_provider" in root.value and "config_provider" in root.value:
        unused.append("config_provider")
    if not unused:
        return
    close = difflib.get_close_matches(unused[0], KEYS, n=1)
    hint = f"did you mean {close[0]}?" if close and close[0] != unused[0] else "the keys are: " + ", ".join(KEYS)
    raise root.wrong(f"unused runtime config key(s): {', '.join(unused)}", unused[0], hint=hint)


def _table(root: _Reader, key: str, fields: tuple[str, ...] | None = None) -> _Reader:
    found = root.below(key, fields)
    assert isinstance(found, _Reader)
    return found


def _each(root: _Reader, key: str, read: Callable[[_Reader], T]) -> dict[str, T]:
    below = _table(root, key)
    return {label: read(_table(below, label)) for label in below.value}


def _directory(root: _Reader, key: str) -> Path | None:
    """A folder: None where the file does not say, ``Path("")`` for none at all."""
    found = root.optional(key)
    return None if found is None else Path(found).absolute() if found else Path("")


def _providers(root: _Reader) -> tuple[VariablesProvider, ...]:
    key = "variables_provider" if "variables_provider" in root.value else "config_provider"
    return root.listed(key, _provider)


def _provider(reader: _Reader) -> VariablesProvider:
    served = {"static": ("values",), "env": ("prefix", "dotenv_path")}
    wanted = "`azure_key_vault`, `static`, `vault`, `env`"
    kind = reader.kind(served, lambda kind: f"unknown variant `{kind}`, expected one of {wanted}")
    if kind == "static":
        reader.need("values")
        return VariablesProvider(kind, reader.string_map("values"))
    path = reader.optional("dotenv_path")
    return VariablesProvider(kind, prefix=reader.optional("prefix"), dotenv_path=None if path is None else Path(path))


def _key_value(reader: _Reader, folder: Path) -> KeyValueBackend:
    label = str(reader.path[-1])
    kind = reader.kind(
        {"spin": ("path",), "redis": ("url",)},
        lambda kind: (
            f"could not configure key-value store with label '{label}': "
            f"the store type '{kind}' was not registered with the config resolver"
        ),
    )
    if kind == "redis":
        reader.need("url")
        return KeyValueBackend(kind, url=reader.string("url"))
    path = reader.optional("path")
    return KeyValueBackend(kind, None if path is None else folder / path)


def _sqlite(reader: _Reader) -> SqliteBackend:
    reader.kind({"spin": ("path", "allow_attach_file")}, lambda kind: f"Unknown database kind: {kind}")
    path = reader.optional("path")
    return SqliteBackend(None if path is None else Path(path).absolute(), reader.flag("allow_attach_file") or False)


def _llm(reader: _Reader) -> LlmCompute:
    served = {"spin": (), "remote_http": ("url", "auth_token", "api_type")}
    kind = reader.kind(served, lambda kind: f"unknown variant `{kind}`, expected `spin` or `remote_http`")
    if kind == "spin":
        return LlmCompute()
    reader.need("url")
    reader.need("auth_token")
    url = reader.string("url")
    if not re.match(r"https?://[^/]", url):
        raise reader.wrong("invalid value: expected a URL", "url", hint="it begins with http:// or https://")
    api = reader.string("api_type", "default")
    if api not in ("default", "open_ai"):
        close = difflib.get_close_matches(api, ("default", "open_ai"), n=1)
        raise reader.wrong(
            f"unknown variant `{api}`, expected `open_ai` or `default`",
            "api_type",
            hint=f"did you mean {close[0]}?" if close else "",
        )
    return LlmCompute(kind, url, reader.string("auth_token"), api)


def _network(reader: _Reader, item: Any) -> str:
    if item == "private":
        return "private"
    try:
        if not isinstance(item, str) or "/" not in item:
            raise ValueError
        return str(ipaddress.ip_network(item, strict=False))
    except ValueError:
        found = f"string {debug(item)}" if isinstance(item, str) else "not a string"
        message = f"invalid value: {found}, expected an IP network in CIDR notation or the keyword 'private'"
        error = reader.wrong("", "block_networks", hint="such as 10.0.0.0/8")
        error.message += message  # addresses of networks are no secret
        raise error from None


def _connections(root: _Reader) -> tuple[bool, dict[str, int]]:
    """Whether outbound HTTP keeps connections, and how many there may be of each kind."""
    found = {}
    for kind in ("redis", "pg", "mysql", "mqtt"):
        keys = _MQTT if kind == "mqtt" else ("max_connections",)
        most = _table(root, f"outbound_{kind}", keys).number("max_connections")
        if most is not None:
            found[kind] = most
    if "outbound_http" not in root.value:
        return True, found
    http = _table(root, "outbound_http", ("connection_pooling", "max_connections", "max_concurrent_requests"))
    most, older = http.number("max_connections"), http.number("max_concurrent_requests")
    if most is not None and older is not None:
        raise http.wrong(
            "cannot set both `max_connections` and `max_concurrent_requests` in `[outbound_http]`; "
            "use `max_connections` only",
            "max_concurrent_requests",
        )
    if older is not None:
        most = older + 1  # the older key counted from zero
    if most is not None:
        found["http"] = most
    # Spin: where the table is there and this key is not, nothing is kept.
    return http.flag("connection_pooling") or False, found


def summary(config: RuntimeConfig) -> str:
    """What Spin says of a file when it starts: ``[key_value_store.default: redis]`` and so on."""
    stores = [f"[key_value_store.{label}: {store.type}]" for label, store in config.key_value_stores.items()]
    databases = [f"[sqlite_database.{label}: spin]" for label in config.sqlite_databases]
    models = [f"[llm_compute: {config.llm_compute.type}]"] if config.llm_compute else []
    total = config.max_total_connections
    network = [] if total is None else [f"[outbound_networking: max_total_connections={total}]"]
    limits = [f"[outbound_{kind}: max_connections={most}]" for kind, most in config.max_connections.items()]
    return ", ".join([*stores, *databases, *models, *network, *limits]) or "without stores and limits"


def strangers(config: RuntimeConfig, components: Iterable[str]) -> tuple[str, ...]:
    """What to say of names in the file that no component has, since Spin says nothing."""
    known = list(components)
    named = dict.fromkeys(name for tls in config.client_tls for name in tls.component_ids)
    return tuple(
        f"[[client_tls]] names {name}, and no component is called that"
        + (f"; did you mean {near[0]}?" if (near := difflib.get_close_matches(name, known, n=1)) else "")
        for name in named
        if name not in known
    )
