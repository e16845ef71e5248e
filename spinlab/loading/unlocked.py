"""A locked application and its layers as a project: spin.toml, components and files, all below one folder.

Everything in it is somebody else's claim: ids, paths and digests are checked before they name a file.
"""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from spinlab.errors import ManifestError, RegistryError
from spinlab.manifest import Application, BuildCommand, Component, Manifest, Mount, Trigger, Variable, dump, ids
from spinlab.oci import digest_of

APPLICATION: Final = "application/vnd.fermyon.spin.application.v1+config"
WASM: Final = "application/vnd.wasm.content.layer.v1+wasm"
DATA: Final = "application/vnd.wasm.content.layer.v1+data"
BUNDLE: Final = "application/vnd.wasm.content.bundle.v1.tar+gzip"

NOTES: Final = "dev.spinlab.components"
"""Annotation: what `[component.ID.tool.spinlab]` says, so that a pulled application has its sources again."""

UNPACKED: Final = 512 << 20
"""Bytes that an archive may hold."""

_UNDERSTOOD = ("host_requirements", "component_host_requirements")
_PROVIDED = ("local_service_chaining",)
_CODE = "/app"
"""Where our images read their source (`spinlab.languages`)."""

_BROKEN = "push it again: what is there was not made by `spin registry push` or spinlab"


def referenced(application: Mapping[str, Any]) -> set[str]:
    """The digests that it names and does not bring along.

    Raises:
        RegistryError: It is none that Spin would read.
    """
    found = set()
    for component in _components(application):
        for content in (component.get("source"), *_list(component, "files")):
            if isinstance(content, dict) and "inline" not in content:
                found.add(str(content.get("digest")))
    return found


def unpacked(archive: bytes, name: str) -> dict[str, bytes]:
    """The files of an archive by their digests; what they are called in it does not matter.

    Raises:
        RegistryError: It is none, or holds too much.
    """
    found: dict[str, bytes] = {}
    left = UNPACKED
    try:
        with gzip.open(io.BytesIO(archive)) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                if file is None:
                    continue
                left -= member.size
                if left < 0:
                    raise RegistryError(
                        f"{name}: an archive holds more than {UNPACKED >> 20} MiB", hint="nothing of it was taken"
                    )
                data = file.read()
                found[digest_of(data)] = data
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise RegistryError(f"{name}: an archive can't be read: {error}", hint=_BROKEN) from None
    return found


def unlocked(
    application: Mapping[str, Any], contents: Mapping[str, bytes], notes: Mapping[str, Any], name: str
) -> dict[str, bytes]:
    """The files of the project.

    Parameters:
        application: The locked app.
        contents: Digest -> bytes.
        notes: Component id -> its `tool.spinlab` table.
        name: Of the artifact, for messages.

    Raises:
        RegistryError: Spin would refuse it, a path leads out, or bytes are missing.
    """
    try:
        return _Project(contents, notes).made(application)
    except (RegistryError, ManifestError) as error:
        raise RegistryError(f"{name}: {error.message}", hint=error.hint or _BROKEN) from None


class _Project:
    def __init__(self, contents: Mapping[str, bytes], notes: Mapping[str, Any]) -> None:
        self._contents, self._notes = contents, notes
        self._files: dict[str, bytes] = {}
        self._images: dict[str, str] = {}

    def made(self, application: Mapping[str, Any]) -> dict[str, bytes]:
        _check_understood(application)
        components = {name: self._component(name, c) for name, c in self._named(application)}
        manifest = Manifest(
            _about(_table(application, "metadata")),
            {str(name): _variable(v) for name, v in _table(application, "variables").items()},
            _triggers(application),
            components,
        )
        self._files["spin.toml"] = dump(manifest).encode()
        return dict(sorted(self._files.items()))

    def _named(self, application: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for component in _components(application):
            name = str(component.get("id"))
            problem = ids.problem(name)
            if problem:
                raise RegistryError(f"{name!r} is no id of a component: {problem}")
            for key in ("dependencies", "trigger_dependencies"):
                if component.get(key):
                    raise RegistryError(
                        f"component {name} has {key.replace('_', ' ')} that are not composed",
                        hint="push it with `spin registry push`, which composes them",
                    )
            yield name, component

    def _component(self, name: str, locked: Mapping[str, Any]) -> Component:
        metadata, note = _table(locked, "metadata"), self._notes.get(name)
        build = metadata.get("build")
        source = self._bytes(_table(locked, "source"), name)
        digest = digest_of(source)
        path = self._images.setdefault(digest, f"components/{name}.wasm")
        self._files[path] = source
        note = note if isinstance(note, dict) else {}
        return Component(
            path,
            description=str(metadata.get("description", "")),
            variables=_texts(locked, "config"),
            environment=_texts(locked, "env"),
            files=tuple(self._mounted(name, locked, note)),
            allowed_outbound_hosts=_strings(metadata, "allowed_outbound_hosts"),
            key_value_stores=_strings(metadata, "key_value_stores"),
            sqlite_databases=_strings(metadata, "databases"),
            ai_models=_strings(metadata, "ai_models"),
            build=_build(build) if isinstance(build, dict) else None,
            tool={"spinlab": note} if note else {},
        )

    def _mounted(self, name: str, locked: Mapping[str, Any], note: Mapping[str, Any]) -> list[Mount]:
        """Mounts that show each file where it was; sources stand where an export of ours has them."""
        mounts: dict[Mount, None] = {}
        rest = f"functions/{name}" if note.get("language") == "html" else f"files/{name}"
        for content in _list(locked, "files"):
            place = _safe(content, name)
            data = self._bytes(content, name)
            folder, _, file = place.rpartition("/")
            if note and f"/{folder}" == _CODE and file.startswith("app."):
                path, mount = f"functions/{name}/{file}", Mount(f"functions/{name}", _CODE)
            elif note and f"/{folder}" == _CODE:
                path = f"modules/{name}/{file}"
                mount = Mount(path, f"{_CODE}/{file}")
            else:
                path, mount = f"{rest}/{place}", Mount(rest, "/")
            self._files[path] = data
            mounts[mount] = None
        return sorted(mounts, key=lambda mount: mount.destination)

    def _bytes(self, content: Mapping[str, Any], name: str) -> bytes:
        digest = str(content.get("digest"))
        if "inline" in content:
            try:
                data = base64.b64decode(str(content["inline"]), validate=True)
            except ValueError:
                raise RegistryError(f"component {name} has content that is no base64") from None
            if "digest" in content and digest_of(data) != digest:
                raise RegistryError(f"component {name} has content that is not what its digest {digest} says")
            return data
        if digest not in self._contents:
            raise RegistryError(f"component {name} names {digest}, which is in none of its layers")
        return self._contents[digest]


def _check_understood(application: Mapping[str, Any]) -> None:
    """Spin 4: ``LockedApp``'s own reading."""
    if application.get("spin_lock_version") not in (0, 1):
        raise RegistryError(f"it is locked in version {application.get('spin_lock_version')!r}, not 0 or 1")
    strange = [str(one) for one in application.get("must_understand") or () if one not in _UNDERSTOOD]
    asked = [application, *_components(application)]
    needs = {n for one in asked for n, v in _table(one, "host_requirements").items() if v != "optional"}
    strange += sorted(needs - {*_PROVIDED})
    if strange:
        raise RegistryError(
            f"the application needs what is not done here: {', '.join(strange)}", hint="`spin up -f` may serve it"
        )


def _safe(content: Mapping[str, Any], name: str) -> str:
    """The path of a file, when it stays inside (Spin: ``is_safe_to_join``)."""
    text = content.get("path")
    parts = text.split("/") if isinstance(text, str) else []
    if not parts or any(part in ("", ".", "..") or "\\" in part or ":" in part or "\0" in part for part in parts):
        raise RegistryError(
            f"component {name} has a file at {text!r}, which leads out of its folder", hint="nothing of it was taken"
        )
    return PurePosixPath(*parts).as_posix()


def _about(metadata: Mapping[str, Any]) -> Application:
    settings = {str(k): v for k, v in _table(metadata, "triggers").items() if isinstance(v, dict) and v}
    return Application(
        str(metadata.get("name", "app")),
        str(metadata.get("version", "")),
        str(metadata.get("description", "")),
        _strings(metadata, "authors"),
        trigger=settings,
    )


def _variable(said: Any) -> Variable:
    said = said if isinstance(said, dict) else {}
    default = said.get("default")
    description = said.get("description")
    return Variable(
        None if default is None else str(default),
        required=default is None,
        secret=bool(said.get("secret")),
        description=None if description is None else str(description),
    )


def _triggers(application: Mapping[str, Any]) -> dict[str, tuple[Trigger, ...]]:
    found: dict[str, tuple[Trigger, ...]] = {}
    for trigger in _list(application, "triggers"):
        kind, config = str(trigger.get("trigger_type")), dict(_table(trigger, "trigger_config"))
        component = config.pop("component", None)
        made = Trigger(
            None if component is None else str(component), str(trigger.get("id", "")), config=_without_null(config)
        )
        found[kind] = (*found.get(kind, ()), made)
    return found


def _without_null(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if value is not None}


def _build(said: Mapping[str, Any]) -> BuildCommand:
    command, workdir = said.get("command", ""), said.get("workdir")
    return BuildCommand(
        tuple(map(str, command)) if isinstance(command, list) else str(command),
        None if workdir is None else str(workdir),
        _strings(said, "watch"),
    )


def _components(application: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _list(application, "components")


def _list(said: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = said.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise RegistryError(f"{key} of the application is no list of tables", hint=_BROKEN)
    return found


def _table(said: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = said.get(key) or {}
    if not isinstance(found, dict):
        raise RegistryError(f"{key} of the application is no table", hint=_BROKEN)
    return found


def _texts(said: Mapping[str, Any], key: str) -> dict[str, str]:
    return {str(k): str(v) for k, v in _table(said, key).items()}


def _strings(said: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = said.get(key) or ()
    return tuple(map(str, found)) if isinstance(found, (list, tuple)) else (str(found),)
