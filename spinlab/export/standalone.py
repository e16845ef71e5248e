"""One component from an image and a source: the source rides in a second, generated component.

The generated component imports ``wasi:cli/environment`` and exports it again with one more variable, which holds the
source. An outer component nests both, gives the image the changed environment and everything else as it comes from
outside, and exports the image's handler. Nothing is compiled, and the image's bytes stay as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from spinlab.engine import wat_to_wasm
from spinlab.engine.binary import (
    ALIAS,
    COMPONENT,
    COMPONENT_HEADER,
    CUSTOM,
    EXPORT,
    IMPORT,
    INSTANCE,
    TYPE,
    Extern,
    exports,
    leb,
    read_imports,
    section_bytes,
    sections,
    strip_custom,
)
from spinlab.engine.events import EVENTS
from spinlab.engine.guest import read_guest
from spinlab.errors import ExportError

ENVIRONMENT = "wasi:cli/environment@"
_OWN = "spinlab:"
_START = 1024
_PAGE = 65536


def bundle(image: bytes, environment: Mapping[str, str]) -> bytes:
    """A component that is `image` with more environment variables.

    Parameters:
        image: A component that imports ``wasi:cli/environment``.
        environment: Variables to add; those from outside stay.

    Raises:
        ExportError: The image does not import the environment.
    """
    beginning, imported = _beginning(image)
    changed = [x.name for x in imported if x.name.startswith(ENVIRONMENT)]
    if not changed:
        raise ExportError(
            "the component does not read its environment, so no source can be given to it",
            hint="export it with --components shared",
        )
    instances = [x.name for x in imported]
    functions = {event.export for events in EVENTS.values() for event in events}
    out = [COMPONENT_HEADER, beginning]
    out += [section_bytes(COMPONENT, provider(name, environment)) for name in changed]
    out += [bytes((COMPONENT,)), leb(len(image)), image]
    outer, given = _Instances(len(instances)), {name: index for index, name in enumerate(instances)}
    for number, name in enumerate(changed):
        provided = outer.instantiate(number, {name: given[name]})
        given[name] = outer.alias(provided, name)
    whole = outer.instantiate(len(changed), given, read_guest(image).indices)
    for exported in exports(image):
        if exported.kind == "instance" and _is_public(exported.name):
            outer.export(exported.name, outer.alias(whole, exported.name))
        elif exported.kind == "function" and exported.name in functions:
            outer.export_function(whole, exported.name)
    return b"".join([*out, *outer.sections])


def _is_public(name: str) -> bool:
    """Whether an export is an interface for others: the toolchain's own have plain names."""
    return ":" in name and not name.startswith(_OWN)


def _beginning(image: bytes) -> tuple[bytes, list[Extern]]:
    """The sections that say what a component imports, as they are, and the instances among its imports."""
    kept: list[bytes] = []
    found: list[Extern] = []
    for section in sections(image):
        if section.id == CUSTOM:
            continue
        if section.id not in (TYPE, ALIAS, IMPORT):
            break
        kept.append(section_bytes(section.id, image[section.start : section.end]))
        if section.id == IMPORT:
            found += [x for x in read_imports(image, section) if x.kind == "instance"]
    return b"".join(kept), found


class _Instances:
    """Writes the sections that make, name and export instances, and counts their indices."""

    def __init__(self, imported: int) -> None:
        self.sections: list[bytes] = []
        self._next = imported
        self._functions = 0

    def instantiate(self, component: int, given: Mapping[str, int], types: Mapping[str, int] = {}) -> int:
        """An instance of a nested component, with its imports by name: instances and types."""
        arguments = b"".join(_name(name) + b"\x05" + leb(index) for name, index in given.items())
        arguments += b"".join(_name(name) + b"\x03" + leb(index) for name, index in types.items())
        return self._add(INSTANCE, b"\0" + leb(component) + leb(len(given) + len(types)) + arguments)

    def alias(self, instance: int, name: str) -> int:
        """An instance that another one exports."""
        return self._add(ALIAS, b"\x05\0" + leb(instance) + _name(name))

    def export(self, name: str, instance: int) -> None:
        """Export an instance; that makes an index too."""
        self._add(EXPORT, b"\0" + _name(name) + b"\x05" + leb(instance) + b"\0")

    def export_function(self, instance: int, name: str) -> None:
        """Export a function that an instance exports; both make an index among functions."""
        self.sections.append(section_bytes(ALIAS, b"\x01\x01\0" + leb(instance) + _name(name)))
        self.sections.append(section_bytes(EXPORT, b"\x01\0" + _name(name) + b"\x01" + leb(self._functions) + b"\0"))
        self._functions += 2

    def _add(self, section: int, body: bytes) -> int:
        self.sections.append(section_bytes(section, b"\x01" + body))
        self._next += 1
        return self._next - 1


def _name(text: str) -> bytes:
    return leb(len(text.encode())) + text.encode()


def provider(interface: str, environment: Mapping[str, str]) -> bytes:
    """A component that passes ``wasi:cli/environment`` on with more variables.

    Parameters:
        interface: Its full name, such as ``wasi:cli/environment@0.2.0``.
        environment: The variables to add.
    """
    blob, entries = bytearray(), bytearray()
    for pair in environment.items():
        for text in pair:
            entries += struct.pack("<II", _START + len(blob), len(text.encode()))
            blob += text.encode()
    blob += bytes(-len(blob) % 4)
    table = _START + len(blob)
    blob += entries
    end = _START + len(blob) + -len(blob) % 16
    directory = "initial-cwd" if "@0.2." in interface else "get-initial-cwd"
    return strip_custom(
        wat_to_wasm(
            _PROVIDER.format(
                interface=interface,
                directory=directory,
                pages=end // _PAGE + 1,
                end=end,
                start=_START,
                blob="".join(_escaped(bytes(blob))),
                table=table,
                size=len(entries),
                count=len(environment),
            )
        )
    )


def _escaped(data: bytes) -> Iterator[str]:
    for byte in data:
        yield chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:02x}"


# The storage comes first because the imported function needs a memory before the code that calls it exists.
_PROVIDER = """\
(component
  (import "{interface}" (instance $outside
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))
    (export "{directory}" (func (result (option string))))))
  (core module $storage
    (memory (export "memory") {pages})
    (global $top (mut i32) (i32.const {end}))
    (func (export "realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (block $enough
        (br_if $enough (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const {page}))))
        (br_if $enough (i32.ne (i32.const -1) (memory.grow (i32.add (i32.const 1)
          (i32.div_u (i32.sub (global.get $top) (i32.mul (memory.size) (i32.const {page}))) (i32.const {page}))))))
        unreachable)
      (memory.copy (local.get $at) (local.get $old) (local.get $had))
      (local.get $at)))
  (core instance $stored (instantiate $storage))
  (alias core export $stored "memory" (core memory $memory))
  (alias core export $stored "realloc" (core func $realloc))
  (alias export $outside "get-environment" (func $environment))
  (alias export $outside "get-arguments" (func $arguments))
  (alias export $outside "{directory}" (func $directory))
  (core func $lowered (canon lower (func $environment) (memory $memory) (realloc $realloc)))
  (core module $code
    (import "outside" "environment" (func $outside (param i32)))
    (import "storage" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "storage" "memory" (memory 1))
    (data (i32.const {start}) "{blob}")
    (func (export "environment") (result i32)
      (local $had i32) (local $list i32)
      (call $outside (i32.const 16))
      (local.set $had (i32.mul (i32.load (i32.const 20)) (i32.const 16)))
      (local.set $list (call $realloc (i32.const 0) (i32.const 0) (i32.const 4)
        (i32.add (local.get $had) (i32.const {size}))))
      (memory.copy (local.get $list) (i32.load (i32.const 16)) (local.get $had))
      (memory.copy (i32.add (local.get $list) (local.get $had)) (i32.const {table}) (i32.const {size}))
      (i32.store (i32.const 16) (local.get $list))
      (i32.store (i32.const 20) (i32.add (i32.load (i32.const 20)) (i32.const {count})))
      (i32.const 16)))
  (core instance $coded (instantiate $code
    (with "storage" (instance $stored))
    (with "outside" (instance (export "environment" (func $lowered))))))
  (func $changed (result (list (tuple string string)))
    (canon lift (core func $coded "environment") (memory $memory)))
  (instance $inside
    (export "get-environment" (func $changed))
    (export "get-arguments" (func $arguments))
    (export "{directory}" (func $directory)))
  (export "{interface}" (instance $inside)))
""".replace("{page}", str(_PAGE))
