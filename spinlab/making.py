"""Live functions of what cells declare: checked against what they are granted, built, compiled and given a sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from spinlab.engine import Engine, Prepared, Sandbox, default_engine
from spinlab.engine.binary import MODULE_HEADER
from spinlab.function import Function, Limits
from spinlab.host import Host, Services, sources
from spinlab.host.checks import check as check_grants
from spinlab.host.copies import Copy
from spinlab.languages import Build, BuildContext, Progress, language, silent
from spinlab.live import Live, reuse_of
from spinlab.manifest.ids import kebab

Tell = Callable[[str, str, str], None]
"""Told component id, stream and text whenever a guest writes to its log."""


class Maker:
    """Makes the live functions of one app.

    Parameters:
        engine: What runs them; the process's own by default, when the first one is made.
        services: What stands behind their grants; looked at on each use.
        tell: Told what guests write, without secrets.
    """

    def __init__(self, engine: Engine | None, services: Callable[[], Services], tell: Tell | None) -> None:
        self._engine = engine
        self._services = services
        self._tell = tell

    @property
    def engine(self) -> Engine:
        """The engine, started at first use."""
        if self._engine is None:
            self._engine = default_engine()
        return self._engine

    def make(
        self, function: Function, context: BuildContext, *, revision: int, mounts: Mapping[str, bytes] | None = None
    ) -> Live:
        """Make a revision of a function.

        Parameters:
            function: What was declared.
            context: What its language needs to know.
            revision: Its number.
            mounts: Its files, when they have been read already.

        Raises:
            SpinError: It can't be.
        """
        self.check(function)
        mounts = sources.of(function) if mounts is None else mounts
        began = time.perf_counter()
        build = language(function.language).build(function, context)
        built = time.perf_counter()
        prepared = self._prepare(function, build, context.progress)
        if build.component == prepared.program.component:
            build = replace(build, component=prepared.program.component)  # thousands that are alike hold the bytes once
        sandbox = self._sandbox(function, build, prepared, mounts)
        try:
            sandbox.check()
        except BaseException:
            sandbox.close()
            raise
        return Live(
            function, build, prepared, sandbox, revision, built - began, prepared.compile_seconds, mounts=mounts
        )

    def again(self, live: Live, function: Function | None = None) -> Sandbox:
        """Another sandbox for what was made before, with the grants of `function` when it is given."""
        return self._sandbox(function or live.function, live.build, live.prepared, live.mounts)

    def check(self, function: Function) -> None:
        """Let the grants of a function pass.

        Raises:
            SpinError: Spin would refuse one, or nothing stands behind it.
        """
        check_grants(function, self._services())

    def rehost(self, live: Live) -> None:
        """Let a live function go on with the services that there are now."""
        function = live.function
        live.sandbox.rehost(Host(function=function, services=self._services()), self._limits(function))

    def up_to_date(self, live: Live, mounts: Mapping[str, bytes], modules: Mapping[str, Function]) -> bool:
        """Whether the modules and files that it was made with are still the same."""
        if live.mounts != mounts:
            return False
        context = context_of(live.function, modules, silent)
        return live.build == language(live.function.language).build(live.function, context)

    def _prepare(self, function: Function, build: Build, progress: Progress) -> Prepared:
        command = function.is_program
        component = build.component
        if component[:8] == MODULE_HEADER:
            from spinlab.adapting import component_of  # it brings the tools that make components, most need none

            component = component_of(component, program=command, progress=progress)
        trigger = "" if command else next(iter(function.triggers), "")
        return self.engine.prepare(component, name=function.name, command=command, trigger=trigger, progress=progress)

    def _sandbox(self, function: Function, build: Build, prepared: Prepared, mounts: Mapping[str, bytes]) -> Sandbox:
        services = self._services()
        mounts = sources.joined(mounts, build.mounts)
        return Sandbox(
            self.engine,
            prepared,
            name=function.name,
            environment=function.environment,
            injected=build.environment,
            files=Copy(mounts) if mounts and services.transient_write else mounts,
            limits=self._limits(function),
            reuse=reuse_of(function, prepared),
            host=Host(function=function, services=services),
            tell=None if self._tell is None else partial(self._tell, kebab(function.name)),
        )

    def _limits(self, function: Function) -> Limits:
        """What a request may use: what the function says, bounded by the runtime configuration."""
        most = self._services().runtime.max_instance_memory
        limits = function.limits
        return limits if most is None or limits.memory <= most else replace(limits, memory=most)


def context_of(
    function: Function, modules: Mapping[str, Function], progress: Progress, names: frozenset[str] = frozenset()
) -> BuildContext:
    """What the language of a function needs to know to build it.

    Parameters:
        function: What is built.
        modules: All modules of the app by name.
        progress: Where to say how far a long step is.
        names: Names of the notebook.
    """
    family = getattr(language(function.language), "family", (function.language,))
    own = {n: m for n, m in modules.items() if m.language in family}
    return BuildContext(modules=own, names=names, progress=progress)
