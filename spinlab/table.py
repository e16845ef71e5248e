"""What requests and checks see of an app: one immutable table, replaced whole at each change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from spinlab.live import Live
from spinlab.manifest.ids import kebab
from spinlab.routing import Router


@dataclass(frozen=True)
class Table:
    """The live functions and what leads to them.

    Attributes:
        live: Name -> revision, in order of registration.
        ids: Component id in a manifest -> name.
        owners: Route, without slashes at its ends -> name.
    """

    live: Mapping[str, Live] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def router(self) -> Router[Live]:
        """Finds the revision that answers a path; made when it is first asked, since most tables never are."""
        return Router(
            [
                (route, live, component)
                for component, name in self.ids.items()
                if not (live := self.live[name]).function.private
                for route in live.function.routes
            ]
        )

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
        return Table(live, ids, owners)


def normal(route: str) -> str:
    """Routes that Spin would take for one: with or without a slash at either end."""
    return "/" + route.strip("/")
