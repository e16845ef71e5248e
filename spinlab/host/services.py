"""Services: what stands behind the grants of one app. Every part is made when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from spinlab.host.runtime_config import RuntimeConfig
from spinlab.http import Request

if TYPE_CHECKING:
    from spinlab.host.key_value import Stores
    from spinlab.host.llm import Models
    from spinlab.host.network import Network
    from spinlab.host.sqlite import Databases
    from spinlab.host.variables import Variables


class Local(Protocol):
    """How a function reaches functions of its own app: without a socket."""

    def __call__(self, request: Request, sink: Any, component: str | None = None) -> Any:
        """Begin a request (`spinlab.App.submit`); straight to the component with that id when one is given."""
        ...


class Services:
    """The stores, databases, variables, models and network of one app.

    Parameters:
        state_dir: Where stores live, made at the first write; None for memory only.
        runtime: What the operator decided.
        declared: Application variables as the manifest declares them; looked at on each use.
        local: How a function reaches its own app.
        components: Ids of the app's components; looked at on each use.
        tracing: Whether host calls are recorded; looked at on each use.
        proxies: Whether outbound HTTP goes through the proxies that the environment names.

    Attributes:
        transient_write: Whether functions may change their private copies of the files that they mount
            (``--allow-transient-write``); a function that goes live afterwards gets one.
    """

    def __init__(
        self,
        *,
        state_dir: Path | None = None,
        runtime: RuntimeConfig | None = None,
        declared: Callable[[], Mapping[str, Mapping[str, Any]]] = dict,
        local: Local | None = None,
        components: Callable[[], Iterable[str]] = tuple,
        tracing: Callable[[], bool] = lambda: True,
        proxies: Callable[[], bool] = bool,
    ) -> None:
        self.runtime = runtime or RuntimeConfig()
        own = self.runtime.state_dir
        self.state_dir = state_dir if own is None else own if str(own) not in ("", ".") else None
        self.declared = declared
        self.local = local
        self.components = components
        self.tracing = tracing
        self.proxies = proxies
        self.transient_write = False

    @cached_property
    def stores(self) -> Stores:
        """Key-value stores by label."""
        from spinlab.host.key_value import Stores

        return Stores(self)

    @cached_property
    def databases(self) -> Databases:
        """SQLite databases by label."""
        from spinlab.host.sqlite import Databases

        return Databases(self)

    @cached_property
    def variables(self) -> Variables:
        """Application variables and where their values come from."""
        from spinlab.host.variables import Variables

        return Variables(self)

    @cached_property
    def network(self) -> Network:
        """Outbound connections: what is blocked, how many there may be, the client's pools."""
        from spinlab.host.network import Network

        return Network(self)

    @cached_property
    def models(self) -> Models:
        """AI models."""
        from spinlab.host.llm import Models

        return Models(self)

    def close(self) -> None:
        """Let go of every connection and file; what is used again afterwards is made anew."""
        for name in ("stores", "databases", "network", "models"):
            part = self.__dict__.pop(name, None)
            if part is not None:
                part.close()
