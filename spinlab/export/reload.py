"""An exported project, run here again from nothing but its folder: the proof that what was exported is what ran."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from spinlab.engine import Engine, Sandbox, default_engine
from spinlab.errors import ExportError
from spinlab.export.mounts import mounted_files
from spinlab.function import Limits
from spinlab.http import Headers, Request, Response
from spinlab.languages import Progress, silent
from spinlab.manifest import Component, Manifest, Trigger, load, normalize
from spinlab.routing import WELL_KNOWN_PREFIX, Router, guest_headers

if TYPE_CHECKING:
    from typing_extensions import Self

REUSE = {"0.2": 1, "0.3": 128}  # Spin 4: --max-instance-reuse-count


class Project:
    """The components of a project folder behind their routes.

    Parameters:
        folder: Where its spin.toml is.
        engine: What runs the components; the process's own by default.
        limits: What one request may use.

    Attributes:
        manifest: What spin.toml says, with all ids filled in.

    Raises:
        ManifestError: Spin would refuse the manifest.
        ExportError: A component is not there; the hint is the command that makes it.
        ComponentError: A component can't run here.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        engine: Engine | None = None,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        progress: Progress = silent,
    ) -> None:
        self.folder = Path(folder)
        self.manifest: Manifest = normalize(load(self.folder / "spin.toml"))
        self._engine = engine or default_engine()
        self._limits = limits
        self._sandboxes: dict[str, Sandbox] = {}
        triggers = self.manifest.triggers.get("http", ())
        try:
            for trigger in triggers:
                name = trigger.component
                if isinstance(name, str) and name not in self._sandboxes:
                    self._sandboxes[name] = self._sandbox(name, self.manifest.components[name], progress)
        except BaseException:
            self.close()
            raise
        self.router: Router[Trigger] = Router(
            (t.route, t, str(t.component or t.id)) for t in triggers if t.route is not None
        )

    def handle(self, request: Request) -> Response:
        """Answer a request, as `spinlab.App.handle` does."""
        if request.path.startswith(WELL_KNOWN_PREFIX):
            return self._well_known(request.path[len(WELL_KNOWN_PREFIX) :])
        found = self.router.match(request.path)
        if found is None:
            return Response(404)
        trigger = found.target
        if trigger.component is None:
            return _static(trigger.config["static_response"])
        sandbox = self._sandboxes[str(trigger.component)]
        return sandbox.handle(replace(request, headers=guest_headers(found, request)))

    def get(self, target: str) -> Response:
        """Answer a GET of `target`."""
        return self.handle(Request("GET", target, Headers([("host", "localhost:3000")])))

    def close(self) -> None:
        """Let the components go; requests in flight finish."""
        for sandbox in self._sandboxes.values():
            sandbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sandbox(self, name: str, component: Component, progress: Progress) -> Sandbox:
        prepared = self._engine.prepare(self._binary(name, component), name=name, progress=progress)
        about = component.tool.get("spinlab", {})
        return Sandbox(
            self._engine,
            prepared,
            name=name,
            environment=component.environment,
            files=mounted_files(self.folder, component),
            limits=_limits(self._limits, about.get("limits", {})),
            reuse=about.get("reuse", REUSE[prepared.wasi]),
        )

    def _binary(self, name: str, component: Component) -> bytes:
        if not isinstance(component.source, str):
            raise ExportError(
                f"component {name} is fetched from elsewhere, and only components of the folder run here",
                hint="put its .wasm into the folder and name its path in source",
            )
        try:
            return (self.folder / component.source).read_bytes()
        except FileNotFoundError:
            hint = f"run `spin build` in {self.folder}" if component.build else "export the app again"
            raise ExportError(f"component {name} is not there: {component.source}", hint=hint) from None

    def _well_known(self, what: str) -> Response:
        if what == "health":
            return Response(200, body=b"OK")
        if what != "info":
            return Response(404)
        application = self.manifest.application
        about = {"name": application.name} | ({"version": application.version} if application.version else {})
        return Response(200, Headers([("content-type", "application/json")]), json.dumps(about, indent=2).encode())


def load_project(
    folder: str | Path,
    *,
    engine: Engine | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    progress: Progress = silent,
) -> Project:
    """Run a project folder here; see `Project`."""
    return Project(folder, engine=engine, limits=limits, progress=progress)


def _limits(limits: Limits, given: Mapping[str, object]) -> Limits:
    known = {name: value for name, value in given.items() if hasattr(limits, name)}
    return replace(limits, **known)  # type: ignore[arg-type]


def _static(given: Mapping[str, object]) -> Response:
    headers = given.get("headers", {})
    body = given.get("body") or ""
    status = given.get("status_code", 200)
    assert isinstance(headers, Mapping)
    assert isinstance(body, str)
    assert isinstance(status, int)
    return Response(status, Headers({str(k): str(v) for k, v in headers.items()}), body.encode())
