"""The functions of an app and how they change.

What requests see is one immutable `Table`. Every change builds everything it needs first and then swaps in a new table,
so a step that fails changes nothing, and requests in flight finish on the revision they started with.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from spinlab.changes import FUNCTIONS, Changes
from spinlab.declared import check
from spinlab.errors import NameRefused, OptionError, RouteError
from spinlab.function import Function
from spinlab.grants import narrowed, widened
from spinlab.host import sources
from spinlab.languages import BuildContext, Progress, language
from spinlab.live import History, Live
from spinlab.making import Maker, context_of
from spinlab.manifest.ids import kebab
from spinlab.manifest.model import Trigger
from spinlab.routing import parse
from spinlab.table import Table, normal
from spinlab.trace import Usage

REVISIONS_KEPT = 10


class Registry:
    """Every live function, module and revision of one app.

    Parameters:
        maker: Makes functions live.
        changes: Told of each change.

    Attributes:
        lock: Held while something changes.
    """

    def __init__(self, maker: Maker, changes: Changes) -> None:
        self._table = Table()
        self._changes = changes
        self.lock = threading.RLock()
        self._maker = maker
        self._histories: dict[str, History] = {}
        self._modules: dict[str, Function] = {}

    @property
    def table(self) -> Table:
        """What requests see; replaced as a whole."""
        return self._table

    @table.setter
    def table(self, table: Table) -> None:
        self._table = table
        self._changes.tell(FUNCTIONS)

    @property
    def live(self) -> Mapping[str, Live]:
        """The live functions by name, in order of registration."""
        return self.table.live

    @property
    def modules(self) -> Mapping[str, Function]:
        """The modules by name."""
        return dict(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self.live or name in self._modules

    def revisions(self, name: str) -> tuple[Live, ...]:
        """The revisions of a function that are kept, oldest first."""
        history = self._histories.get(name)
        return tuple(history.revisions) if history else ()

    @property
    def removed(self) -> tuple[str, ...]:
        """The functions that were removed and that `undo` brings back."""
        return tuple(name for name, history in list(self._histories.items()) if history.removed)  # while one is built

    def known(self, name: str) -> str:
        """The name itself, when it is a function's or module's.

        Raises:
            OptionError: It is not; the hint has the closest one.
        """
        if name in self:
            return name
        names = [*self.live, *self._modules]
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else "there are: " + ", ".join(names) if names else "there are none"
        raise OptionError(f"no function is called {name!r}", hint=hint)

    def add(self, function: Function, progress: Progress, names: frozenset[str], *, force: bool) -> Live | None:
        """See `spinlab.App.add`."""
        with self.lock:
            check(function)
            self._check_names(function)
            if function.module:
                self._add_module(function, progress)
                return None
            self._check_routes(function)
            current = self.live.get(function.name)
            mounts = sources.of(function, current.mounts if current else None)
            same = current and not force and _same(current.function, function)
            if current and same and self._maker.up_to_date(current, mounts, self._modules):
                return current
            live = self._make(function, context_of(function, self._modules, progress, names), mounts)
            self._swap({function.name: live})
            self._modules.pop(function.name, None)
            return live

    def add_all(
        self, functions: Iterable[Function], triggers: Mapping[str, tuple[Trigger, ...]], progress: Progress
    ) -> tuple[Live, ...]:
        """See `spinlab.App.add_all`."""
        with self.lock:
            listed = tuple(functions)
            table = self.table.with_triggers(triggers, {kebab(f.name) for f in listed})
            for function in listed:
                check(function)
                self._check_names(function)
                self._check_routes(function, {f.name for f in listed})
            modules = dict(self._modules)
            self._modules |= {f.name: f for f in listed if f.module}
            made: dict[str, Live] = {}
            try:
                for function in listed:
                    context = context_of(function, self._modules, progress)
                    if function.module:
                        language(function.language).build(function, context)
                    else:
                        made[function.name] = self._make(function, context)
            except BaseException:
                self._modules = modules
                for live in made.values():
                    live.sandbox.close()
                raise
            self._swap(made, table)
            return tuple(made.values())

    def remove(self, name: str) -> None:
        """See `spinlab.App.remove`."""
        with self.lock:
            if name in self.table.static:
                self.table = self.table.without(name)
                return
            if self.known(name) in self._modules:
                self._remove_module(name)
                return
            history = self._histories[name]
            history.removed = True
            old = history.revisions[-1]
            self.table = self.table.changed({}, [name])
            old.sandbox.close()

    def undo(self, name: str) -> Live:
        """See `spinlab.App.undo`."""
        with self.lock:
            history = self._histories.get(name)
            if history is None:
                self.known(name)
                raise OptionError(f"{name!r} is a module, and only functions have revisions", hint="run its cell again")
            if history.removed:
                previous, dropped = history.revisions[-1], None
            elif len(history.revisions) > 1:
                dropped, previous = history.revisions[-1], history.revisions[-2]
            else:
                raise OptionError(f"{name!r} has no earlier revision", hint=f"%spin remove {name} takes it away")
            self._check_routes(previous.function)
            self._maker.check(previous.function)
            live = replace(previous, sandbox=self._maker.again(previous))
            self.table = self.table.changed({name: live})
            history.removed = False
            history.revisions = [*history.revisions[: -2 if dropped else -1], live]
            if dropped:
                dropped.sandbox.close()
            return live

    def grant(self, name: str, grants: Mapping[str, Any], *, take_back: bool) -> Live:
        """See `spinlab.App.grant`."""
        with self.lock:
            current = self.live[self.known(name)]
            function = (narrowed if take_back else widened)(current.function, grants)
            if function == current.function:
                return current
            check(function)
            if not take_back:
                self._maker.check(function)
            live = replace(
                current,
                function=function,
                sandbox=self._maker.again(current, function),
                revision=self._histories[name].count + 1,
                declared=current.declared or current.function,
                usage=Usage(),
            )
            self._swap({name: live})
            return live

    def prune(self) -> tuple[str, ...]:
        """See `spinlab.App.prune`."""
        with self.lock:
            gone = tuple(n for n, h in self._histories.items() if h.removed)
            for name in gone:
                del self._histories[name]
            for history in self._histories.values():
                history.revisions = history.revisions[-1:]
            return gone

    def clear(self) -> None:
        """Remove everything; requests in flight finish."""
        with self.lock:
            live = list(self.live.values())
            self.table = Table()
            self._histories.clear()
            self._modules.clear()
        for x in live:
            x.sandbox.close()

    def _make(self, function: Function, context: BuildContext, mounts: Mapping[str, bytes] | None = None) -> Live:
        history = self._histories.get(function.name)
        return self._maker.make(function, context, revision=history.count + 1 if history else 1, mounts=mounts)

    def _swap(self, made: Mapping[str, Live], table: Table | None = None) -> None:
        old = [self.live[n] for n in made if n in self.live]
        self.table = (table or self.table).changed(made)
        for name, live in made.items():
            history = self._histories.setdefault(name, History())
            history.count = live.revision
            history.removed = False
            history.revisions = [*history.revisions, live][-REVISIONS_KEPT:]
        for x in old:
            x.sandbox.close()

    def _add_module(self, function: Function, progress: Progress) -> None:
        name = function.name
        if name in self.live:
            raise NameRefused(f"{name!r} is a function", hint=f"%spin remove {name} first")
        before = dict(self._modules)
        language(function.language).build(function, context_of(function, before, progress))
        self._modules[name] = function
        try:
            users = {n: x.function for n, x in self.live.items() if name in x.build.modules}
            made = {n: self._make(x, context_of(x, self._modules, progress)) for n, x in users.items()}
        except BaseException:
            self._modules = before
            raise
        self._swap(made)

    def _remove_module(self, name: str) -> None:
        users = [n for n, x in self.live.items() if name in x.build.modules]
        if users:
            raise OptionError(f"module {name!r} is used by {', '.join(users)}", hint="remove those first")
        del self._modules[name]

    def _check_names(self, function: Function) -> None:
        own = kebab(function.name)
        other = self.table.ids.get(own) or next((n for n in self._modules if kebab(n) == own), None)
        if other is not None and other != function.name:
            raise NameRefused(
                f"{function.name!r} and {other!r} are both {own!r} in a manifest",
                hint=f"choose another name, or %spin remove {other}",
            )

    def _check_routes(self, function: Function, along: Collection[str] = ()) -> None:
        for pattern in function.routes:
            parse(pattern)
            other = self.table.owners.get(normal(pattern))
            if other is not None and other != function.name and other not in along:
                origin = self.live[other].function.origin if other in self.live else "a static response"
                raise RouteError(
                    f"route {pattern} belongs to {other!r}" + (f" ({origin})" if origin else ""),
                    hint=f"choose another route, or %spin remove {other}",
                )


def _same(a: Function, b: Function) -> bool:
    """Whether two functions differ in nothing but where they were written."""
    return replace(a, origin="", first_line=1) == replace(b, origin="", first_line=1)
