"""The baseline: a `wasi:http` 0.2 host written in Python, the way wasmtime's Python API invites one to.

Every interface a component imports is walked; what is implemented below answers, everything else raises by name. It is
as simple as it can be and serves to compare with, nothing else.
"""

from __future__ import annotations

import os
import time
from typing import Any

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, ResourceAny, ResourceHost, ResourceType, Variant

ALIASES = {"io-error": "error", "headers": "fields", "trailers": "fields"}
METHODS = ("get", "head", "post", "put", "delete", "connect", "options", "trace", "patch")


class PythonHost:
    """Serves one component, a fresh store and instance for each request."""

    def __init__(self, binary: bytes, environment: dict[str, str] | None = None) -> None:
        self.engine = Engine()
        self.component = Component(self.engine, binary)
        self.environment = environment or {}
        self.objects: dict[int, Any] = {}
        self.ids: dict[str, int] = {}
        self.store: Store | None = None
        self.linker = Linker(self.engine)
        with self.linker.root() as root:
            for name, item in self.component.type.imports(self.engine).items():
                with root.add_instance(name) as instance:
                    for member, kind in item.ty.exports(self.engine).items():
                        self._define(instance, name.split("@")[0], member, kind.ty)
        exports = self.component.type.exports(self.engine)
        self.handler = next(n for n in exports if n.startswith("wasi:http/incoming-handler"))
        self.index = self.component.get_export_index("handle", self.component.get_export_index(self.handler))

    def _define(self, instance: Any, interface: str, member: str, kind: Any) -> None:
        if type(kind).__name__ == "ResourceType":
            name = ALIASES.get(member, member)
            number = self.ids.setdefault(name, len(self.ids) + 1)
            instance.add_resource(member, ResourceType.host(number), lambda _s, rep: self.objects.pop(rep, None))
        elif type(kind).__name__ == "FuncType":
            work = getattr(self, _python_name(member), None)
            tagged = _tagged(kind.result)
            instance.add_func(member, self._wrap(f"{interface}#{member}", work, tagged))

    def _wrap(self, name: str, work: Any, tagged: str) -> Any:
        def call(store: Any, *arguments: Any) -> Any:
            if work is None:
                raise NotImplementedError(name)
            value = work(*[self._in(store, a) for a in arguments])
            if tagged == "option":
                return Variant("none") if value is None else Variant("some", value)
            if tagged == "result" and not isinstance(value, Variant):
                return Variant("ok", value)
            return value

        return call

    def _in(self, store: Any, value: Any) -> Any:
        if isinstance(value, ResourceAny):
            return self.objects.get(value.to_host(store).rep)
        if isinstance(value, list) and value and isinstance(value[0], ResourceAny):
            return [self._in(store, v) for v in value]
        if isinstance(value, Variant) and isinstance(value.payload, ResourceAny):
            return Variant(value.tag, self._in(store, value.payload))
        return value

    def new(self, kind: str, value: Any) -> ResourceHost:
        """A host resource for `value`."""
        rep = len(self.objects) + 1
        self.objects[rep] = value
        return ResourceHost.own(rep, self.ids[kind])

    def __call__(self, method: str = "GET", target: str = "/", body: bytes = b"") -> tuple[int, bytes]:
        """Answer one request: status and body."""
        self.objects.clear()
        self.response: Any = None
        store = Store(self.engine)
        instance = self.linker.instantiate(store, self.component)
        handle = instance.get_func(store, self.index)
        request = self.new("incoming-request", {"method": method, "target": target, "body": body})
        handle(store, request, self.new("response-outparam", {}))
        assert self.response is not None
        return self.response["status"], b"".join(self.response["body"])

    # ---- wasi:http/types
    def constructor_fields(self) -> Any:
        return self.new("fields", [])

    def static_fields_from_list(self, entries: Any) -> Any:
        return self.new("fields", list(entries))

    def method_fields_entries(self, fields: Any) -> Any:
        return [_pair(n, v) for n, v in fields]

    def method_fields_append(self, fields: Any, name: str, value: Any) -> None:
        fields.append((name, value))

    def method_fields_set(self, fields: Any, name: str, values: Any) -> None:
        fields.extend((name, v) for v in values)

    def method_incoming_request_method(self, request: Any) -> Any:
        return (
            Variant(request["method"].lower())
            if request["method"].lower() in METHODS
            else Variant("other", request["method"])
        )

    def method_incoming_request_path_with_query(self, request: Any) -> str:
        return request["target"]

    def method_incoming_request_scheme(self, _request: Any) -> Any:
        return Variant("HTTP")

    def method_incoming_request_authority(self, _request: Any) -> str:
        return "localhost"

    def method_incoming_request_headers(self, _request: Any) -> Any:
        return self.new("fields", [])

    def method_incoming_request_consume(self, request: Any) -> Any:
        return self.new("incoming-body", request)

    def method_incoming_body_stream(self, request: Any) -> Any:
        return self.new("input-stream", [request["body"]])

    def static_incoming_body_finish(self, _body: Any) -> Any:
        return self.new("future-trailers", {})

    def constructor_outgoing_response(self, fields: Any) -> Any:
        return self.new("outgoing-response", {"status": 200, "headers": fields, "body": []})

    def method_outgoing_response_set_status_code(self, response: Any, status: int) -> None:
        response["status"] = status

    def method_outgoing_response_body(self, response: Any) -> Any:
        return self.new("outgoing-body", response)

    def method_outgoing_body_write(self, response: Any) -> Any:
        return self.new("output-stream", response["body"])

    def static_outgoing_body_finish(self, _body: Any, _trailers: Any) -> None:
        return None

    def static_response_outparam_set(self, _out: Any, response: Any) -> None:
        self.response = response.payload if isinstance(response, Variant) else response

    # ---- wasi:io
    def method_input_stream_read(self, chunks: list[bytes], _length: int) -> Any:
        return chunks.pop() if chunks and chunks[0] else Variant("err", Variant("closed"))

    method_input_stream_blocking_read = method_input_stream_read

    def method_input_stream_subscribe(self, _stream: Any) -> Any:
        return self.new("pollable", {})

    method_output_stream_subscribe = method_input_stream_subscribe

    def method_output_stream_check_write(self, _stream: Any) -> int:
        return 65536

    def method_output_stream_write(self, out: list[bytes], data: Any) -> None:
        out.append(bytes(data))

    method_output_stream_blocking_write_and_flush = method_output_stream_write

    def method_output_stream_flush(self, _out: Any) -> None:
        return None

    method_output_stream_blocking_flush = method_output_stream_flush

    def method_pollable_block(self, _pollable: Any) -> None:
        return None

    def poll(self, pollables: list[Any]) -> list[int]:
        return list(range(len(pollables)))

    # ---- wasi:cli, clocks, random, filesystem
    def get_environment(self) -> Any:
        return [_pair(k, v) for k, v in self.environment.items()]

    def get_arguments(self) -> list[str]:
        return []

    def get_stdout(self) -> Any:
        return self.new("output-stream", [])

    get_stderr = get_stdout

    def get_stdin(self) -> Any:
        return self.new("input-stream", [b""])

    def get_terminal_stdin(self) -> None:
        return None

    get_terminal_stdout = get_terminal_stderr = get_terminal_stdin

    def get_directories(self) -> list[Any]:
        return []

    def now(self) -> int:
        return time.monotonic_ns()

    def get_random_bytes(self, length: int) -> bytes:
        return os.urandom(length)

    def get_random_u64(self) -> int:
        return int.from_bytes(os.urandom(8), "little")

    def insecure_seed(self) -> Any:
        return _pair(1, 2)


def _pair(a: Any, b: Any) -> tuple[Any, Any]:
    return (a, b)


def _python_name(member: str) -> str:
    return member.replace("[", "").replace("]", "_").replace(".", "_").replace("-", "_")


def _tagged(result: Any) -> str:
    """``result`` or ``option`` where the API wants the case named, else nothing."""
    name = type(result).__name__
    if name in ("ResultType", "OptionType") and result._tagged():
        return name.removesuffix("Type").lower()
    return ""
