"""The keys of triggers: of those that Spin itself brings (``crates/http/src/config.rs``, ``crates/trigger-redis``), and
of plugins that refuse others when they start (``spin-trigger-plugins``: ``trigger-mqtt``, ``-sqs`` and ``-command``).

The keys of any other type pass as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spinlab.function import ARGV
from spinlab.manifest.model import Trigger
from spinlab.manifest.reader import Reader

_HTTP = ("component", "static_response", "route", "executor")
_REDIS = ("component", "channel", "address")
_MQTT = ("component", "topic", "qos")
_MQTT_SETTINGS = ("address", "username", "password", "keep_alive_interval")
_SQS_NUMBERS = {"max_messages": 1 << 16, "idle_wait_seconds": 1 << 64}
_SQS_LISTS = ("system_attributes", "message_attributes")
_SQS = ("component", "queue_url", *_SQS_NUMBERS, *_SQS_LISTS)


def check_config(kind: str, trigger: Trigger, reader: Reader) -> None:
    """Let the keys of a trigger pass.

    Raises:
        ManifestError: Spin would refuse them.
    """
    if kind == "http":
        _only(trigger, reader, _HTTP)
        _http(trigger, reader)
    elif kind == "redis":
        _only(trigger, reader, _REDIS)
        reader.need("component")
        reader.need("channel")
        reader.string("channel")
        reader.string("address")
    elif kind == "mqtt":
        _all_texts(trigger, reader, _MQTT)
    elif kind == "sqs":
        _only(trigger, reader, _SQS)
        _sqs(reader)
    elif kind == "command":
        _only(trigger, reader, ("component",))
        reader.need("component")


def check_settings(kind: str, reader: Reader) -> None:
    """Let ``[application.trigger.TYPE]`` pass.

    Raises:
        ManifestError: The trigger would refuse it.
    """
    if kind == "mqtt":
        reader.only(_MQTT_SETTINGS)
        for key in _MQTT_SETTINGS:
            reader.need(key)
            reader.string(key)


def _all_texts(trigger: Trigger, reader: Reader, fields: tuple[str, ...]) -> None:
    _only(trigger, reader, fields)
    for key in fields:
        reader.need(key)
        if key != "component":
            reader.string(key)


def _sqs(reader: Reader) -> None:
    reader.need("component")
    reader.need("queue_url")
    reader.string("queue_url")
    for key in _SQS_LISTS:
        reader.strings(key)
    for key, bound in _SQS_NUMBERS.items():
        found = reader.value.get(key, 0)
        if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < bound:
            raise reader.wrong(f"{key} is a number from 0 to {bound - 1}", key, hint=f"such as {key} = 2")


def _only(trigger: Trigger, reader: Reader, fields: tuple[str, ...]) -> None:
    common = [key for key in ("id", "components", "dependencies") if key in reader.value]
    if not set(trigger.config) <= set(fields):
        reader.only((*fields, *common))


def _http(trigger: Trigger, reader: Reader) -> None:
    reader.need("route")
    name = trigger.route or trigger.id or "this trigger"
    if trigger.route is None and not trigger.private:
        wrong = "{ private = false }" if _is_false(reader.value["route"]) else "neither"
        raise reader.wrong(
            f"route must be a string pattern or '{{ private = true }}': '{name}' has {wrong}",
            "route",
            hint='write route = "/path" or route = { private = true }',
        )
    static = "static_response" in trigger.config
    if (trigger.component is not None) == static:
        has = "has both" if static else "has neither"
        raise reader.wrong(
            f"Triggers must specify either component or static_response - {name} {has}",
            hint='write component = "..." or static_response = { body = "..." }, one of the two',
        )
    if static:
        _static(reader.below("static_response"))
    if "executor" in trigger.config:
        _executor(reader.below("executor"))


def _static(reader: Reader) -> None:
    status: Any = reader.value.get("status_code", 200)
    if isinstance(status, bool) or not isinstance(status, int) or not 0 <= status < 65536:
        raise reader.wrong("status_code must be an integer", "status_code", hint="such as 200")
    reader.string_map("headers")
    reader.string("body")


def _executor(reader: Reader) -> None:
    kind = reader.string("type")
    if kind not in ("http", "spin", "wagi"):
        raise reader.wrong(
            f"unknown variant `{kind}`, expected one of `http`, `spin`, `wagi`", "type", hint='write type = "http"'
        )
    reader.only(("type", "entrypoint", "argv") if kind == "wagi" else ("type",))
    if reader.string("entrypoint", "_start") != "_start":
        raise reader.wrong("cannot use deprecated 'entrypoint' field", "entrypoint", hint="remove it")
    reader.string("argv")


def executor_of(trigger: Trigger) -> tuple[str, str]:
    """The executor of an HTTP trigger, ``http`` or ``wagi``, and the arguments that it gives a program."""
    given = trigger.config.get("executor")
    if isinstance(given, Mapping) and given.get("type") == "wagi":
        return "wagi", str(given.get("argv", ARGV))
    return "http", ARGV


def with_executor(trigger: Trigger, executor: str, argv: str) -> Trigger:
    """The trigger with another executor; itself when it has that one."""
    if executor_of(trigger) == (executor, argv):
        return trigger
    config = {key: value for key, value in trigger.config.items() if key != "executor"}
    if executor == "wagi":
        config["executor"] = {"type": "wagi"} | ({"argv": argv} if argv != ARGV else {})
    return replace(trigger, config=config)


def _is_false(route: Any) -> bool:
    return isinstance(route, Mapping) and route.get("private") is False
