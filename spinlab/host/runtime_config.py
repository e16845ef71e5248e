"""What an operator decides beside the manifest: a ``runtime-config.toml`` (spin: crates/runtime-config)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class VariablesProvider:
    """One ``[[variables_provider]]``.

    Attributes:
        type: ``static`` or ``env``.
        values: Of a static one: application variable -> value.
        prefix: Of an env one: what stands before the upper-case name, without the underscore.
        dotenv_path: Of an env one: a file of further lines ``NAME=value``.
    """

    type: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    prefix: str | None = None
    dotenv_path: Path | None = None


@dataclass(frozen=True)
class KeyValueBackend:
    """One ``[key_value_store.LABEL]``: ``spin`` with a path (None: in memory) or ``redis`` with a URL."""

    type: str
    path: Path | None = None
    url: str = field(default="", repr=False)


@dataclass(frozen=True)
class SqliteBackend:
    """One ``[sqlite_database.LABEL]`` of type ``spin``; without a path it is in memory."""

    path: Path | None = None
    allow_attach_file: bool = False


@dataclass(frozen=True)
class LlmCompute:
    """``[llm_compute]``: ``spin`` (local) or ``remote_http``."""

    type: str = "spin"
    url: str = ""
    auth_token: str = field(default="", repr=False)
    api_type: str = "default"


@dataclass(frozen=True)
class ClientTls:
    """One ``[[client_tls]]``: what a component shows and trusts on TLS connections to these hosts."""

    component_ids: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    ca_use_platform_roots: bool = True
    ca_use_webpki_roots: bool = False
    ca_roots_file: Path | None = None
    client_cert_file: Path | None = None
    client_private_key_file: Path | None = None


@dataclass(frozen=True)
class RuntimeConfig:
    """A whole ``runtime-config.toml``; every default is what Spin does without the file.

    Attributes:
        state_dir: Where stores live; None when the file does not say, ``Path("")`` for nowhere (in memory).
        log_dir: Where logs of components go; None when the file does not say.
        max_instance_memory: Bytes; None for no limit of its own.
        variables_providers: In their order.
        key_value_stores, sqlite_databases: By label; ``default`` is there without being named.
        llm_compute: None when the file does not say.
        block_networks: ``private`` or CIDR blocks that no component may connect to.
        max_socket_connections, max_total_connections: Open connections; None for no limit.
        client_tls: In their order.
        connection_pooling: Whether outbound HTTP keeps connections.
        max_connections: ``http``, ``redis``, ``pg``, ``mysql``, ``mqtt`` -> open connections at most.
        max_mqtt_payload: Bytes of a message over MQTT; None for no limit.
    """

    state_dir: Path | None = None
    log_dir: Path | None = None
    max_instance_memory: int | None = None
    variables_providers: tuple[VariablesProvider, ...] = ()
    key_value_stores: Mapping[str, KeyValueBackend] = field(default_factory=dict)
    sqlite_databases: Mapping[str, SqliteBackend] = field(default_factory=dict)
    llm_compute: LlmCompute | None = None
    block_networks: tuple[str, ...] = ()
    max_socket_connections: int | None = None
    max_total_connections: int | None = None
    client_tls: tuple[ClientTls, ...] = ()
    connection_pooling: bool = True
    max_connections: Mapping[str, int] = field(default_factory=dict)
    max_mqtt_payload: int | None = None
