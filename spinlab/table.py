"""What requests and checks see of an app: one immutable table, replaced whole at each change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from spinlab.errors import RouteError
from spinlab.host.variables import implied
from spinlab.http import Headers, Response
from spinlab.live import Live, RouteInfo
from spinlab.manifest.ids import kebab
from spinlab.manifest.model import Trigger
from spinlab.routing import Router, parse

HTTP = "http"


@dataclass(frozen=True)
class Static:
    """A route that the app answers by itself (``static_response``).

    Attributes:
        id: Of its trigger.
        route: As in the manifest.
        response: The answer.
    """

    id: str
    route: str
    response: Response

    @classmethod
    def of(cls, trigger: Trigger) -> Static | None:
        """The static response of a trigger; None when it has none."""
        given = trigger.config.get("static_response")
        if trigger.component is not None or trigger.route is None or not isinstance(given, Mapping):
            return None
        headers = Headers({str(k): str(v) for k, v in dict(given.get("headers") or {}).items()})
        body = str(given.get("body") or "").encode()
        return cls(trigger.id, trigger.route, Response(int(given.get("status_code", 200)), headers, body))


@dataclass(frozen=True)
class Table:
    """The live functions and what leads to them.

    Attributes:
        live: Name -> revision, in order of registration.
        ids: Component id in a manifest -> name.
        owners: Route, without slashes at its ends -> name of the function, or id of the static response.
        triggers: Type -> triggers of the manifests that were loaded: the order of their routes, and what has an answer
            of its own.
    """

    live: Mapping[str, Live] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    triggers: Mapping[str, tuple[Trigger, ...]] = field(default_factory=dict)

    @cached_property
    def static(self) -> Mapping[str, Static]:
        """Trigger id -> static response."""
        found = (Static.of(trigger) for trigger in self.triggers.get(HTTP, ()))
        return {static.id: static for static in found if static is not None}

    @cached_property
    def router(self) -> Router[Live | Static]:
        """Finds what answers a path; made when it is first asked, since most tables never are."""
        return Router(self._routes())

    def routes(self) -> tuple[RouteInfo, ...]:
        """The routes of functions in the order of registration, then the static ones."""
        problems = {(u.route, u.component): u.reason for u in self.router.unreachable}
        functions = tuple(
            RouteInfo(pattern, name, problems.get((pattern, kebab(name)), ""))
            for name, live in self.live.items()
            for pattern in live.function.routes
        )
        static = (RouteInfo(s.route, s.id, problems.get((s.route, s.id), "")) for s in self.static.values())
        return (*functions, *static)

    @cached_property
    def implied(self) -> Mapping[str, Mapping[str, Any]]:
        """The variables that functions declare by naming them."""
        return {name: x for live in self.live.values() for name, x in implied(live.function).items()}

    def _routes(self) -> Iterator[tuple[str, Live | Static, str]]:
        routes = {
            (component, route): live
            for component, name in self.ids.items()
            if not (live := self.live[name]).function.private
            for route in live.function.routes
        }
        for trigger in self.triggers.get(HTTP, ()):
            if trigger.id in self.static:
                static = self.static[trigger.id]
                yield static.route, static, static.id
            elif (found := routes.pop((str(trigger.component), str(trigger.route)), None)) is not None:
                yield str(trigger.route), found, str(trigger.component)
        for (component, route), live in routes.items():
            yield route, live, component

    def changed(self, made: Mapping[str, Live], gone: Iterable[str] = ()) -> Table:
        """The table with some revisions put in (in place of those of the same name) and some names taken out."""
        live, ids, owners = dict(self.live), dict(self.ids), dict(self.owners)
        for name in (*made, *gone):
            for route in live[name].function.routes if name in live else ():
                owners.pop(normal(route), None)
        for name in gone:
            del live[name], ids[kebab(name)]
        for name, revision in made.items():
            live[name] = revision
            ids[kebab(name)] = name
            owners.update(dict.fromkeys(map(normal, revision.function.routes), name))
        return Table(live, ids, owners, self.triggers)

    def with_triggers(self, triggers: Mapping[str, tuple[Trigger, ...]], components: Collection[str]) -> Table:
        """The table with the triggers of one more manifest, in place of those that had the same components or ids.

        Parameters:
            triggers: Type -> triggers, all with ids.
            components: Ids of the components that come with them.

        Raises:
            RouteError: A static response has a route that can't be, or that belongs to another function.
        """
        if not triggers:
            return self
        ids = {trigger.id for listed in triggers.values() for trigger in listed}
        kept = {
            kind: tuple(t for t in listed if t.id not in ids and t.component not in components)
            for kind, listed in self.triggers.items()
        }
        merged = {kind: (*kept.get(kind, ()), *triggers.get(kind, ())) for kind in {**kept, **triggers}}
        owners = {route: name for route, name in self.owners.items() if name not in self.static}
        table = replace(self, triggers={kind: listed for kind, listed in merged.items() if listed}, owners=owners)
        for static in table.static.values():
            parse(static.route)
            other = owners.get(normal(static.route))
            if other is not None and kebab(other) not in components:
                raise RouteError(
                    f"route {static.route} of {static.id} belongs to {other!r}", hint=f"%spin remove {other}"
                )
            owners[normal(static.route)] = static.id
        return table

    def without(self, static: str) -> Table:
        """The table without a static response."""
        route = normal(self.static[static].route)
        triggers = {k: tuple(t for t in ts if t.id != static) for k, ts in self.triggers.items()}
        owners = {r: n for r, n in self.owners.items() if (r, n) != (route, static)}
        return replace(self, triggers=triggers, owners=owners)


def normal(route: str) -> str:
    """Routes that Spin would take for one: with or without a slash at either end."""
    return "/" + route.strip("/")
