"""Who may ask an app that is served by itself (``spinlab up``): the rules of a listener that no notebook stands behind.

On loopback a foreign Host is refused, as in a notebook, because a web page may have rebound a name to this machine; and
cookies of Jupyter, which browsers send to every port of a host, stay away from the app. Where a user listens on another
address everybody may ask, by any name: what a page of another site may do is then the app's own matter, as in Spin.
"""

from __future__ import annotations

from spinlab.server.credentials import Fields, without_jupyter_cookies
from spinlab.server.edge import SAFE, Edge, Entry, Policy, Refusal, from_another_site, host_of
from spinlab.server.hosts import Host


class Gate(Edge):
    """The rules for one listener of ``spinlab up``.

    Parameters:
        port: Where it listens.
        policy: Further hosts and origins; ``*`` for every one.
        open_to_all: True when it listens on more than loopback.
        https: True when it speaks TLS.
    """

    def __init__(self, port: int | None, policy: Policy, *, open_to_all: bool, https: bool = False) -> None:
        super().__init__(port, policy, listens_openly=open_to_all)
        self.scheme = "https" if https else "http"

    @property
    def keeps_cookies(self) -> bool:
        """Whether a guest may set cookies of any name: no Jupyter is at this address."""
        return self.listens_openly

    def admit(self, method: str, target: str, fields: Fields) -> Entry | Refusal:
        """Decide on a request; see `Edge.admit`."""
        found = host_of(fields)
        if isinstance(found, Refusal):
            return found
        host, text = found
        if self.listens_openly:
            return Entry("", False, self.scheme, target, fields)
        if not self._is_mine(host, text.lower()):
            return self._foreign(text)
        refusal = self._another_page(method, host, dict(reversed(fields)))
        return refusal or Entry("", False, self.scheme, target, _without_cookies(fields))

    def _is_mine(self, host: Host, text: str) -> bool:
        usual = 443 if self.scheme == "https" else 80
        if host.loopback and (host.port or usual) == self.port:
            return True
        return bool({"*", text, host.name} & self.policy.hosts)

    def _foreign(self, host: str) -> Refusal:
        where = f"{self.scheme}://localhost:{self.port}"
        return Refusal(
            421,
            f"{host} is not an address of this listener, so a web page may be trying to reach it through a name of its "
            f"own. Use {where}, or start it with --allow-host {host} (or * for every name).",
            f"--allow-host {host}",
        )

    def _another_page(self, method: str, host: Host, seen: dict[str, str]) -> Refusal | None:
        if method in SAFE or not from_another_site(host, seen, proxied=False, https=self.scheme == "https"):
            return None
        origin = seen.get("origin", "").lower()
        if {"*", origin} & self.policy.origins:
            return None
        named = origin if origin not in ("", "null") else "another site"
        remedy = f"--allow-origin {named if named == origin else '*'}"
        return Refusal(
            403, f"{method} from a page of {named} is refused. If you trust it, start with {remedy}.", remedy
        )


def _without_cookies(fields: Fields) -> Fields:
    """The fields without cookies of Jupyter's."""
    kept = [(name, without_jupyter_cookies(value) if name == "cookie" else value) for name, value in fields]
    return [(name, value) for name, value in kept if value or name != "cookie"]
