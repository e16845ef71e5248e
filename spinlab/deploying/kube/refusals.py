"""What an API server answers when it does not do what it was asked, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spinlab.errors import DeployError

if TYPE_CHECKING:
    from spinlab.deploying.kube.contexts import Where

_OWNER = re.compile(r'conflict with "([^"]*)"(?: with subresource "([^"]*)")?')


@dataclass(frozen=True)
class Conflict:
    """A field that somebody else set to something else.

    Attributes:
        field: Such as ``.spec.replicas``.
        owner: Their field manager.
    """

    field: str
    owner: str


class Refused(DeployError):
    """An answer with a status of 400 or more.

    Attributes:
        status: Of HTTP.
        reason: The word that the API server has for it.
        conflicts: Fields of others, when that is why.
    """

    status = 500
    reason = ""
    conflicts: tuple[Conflict, ...] = ()


def of_answer(status: int, body: Any, where: Where) -> Refused:
    """An answer as an error."""
    said = _status(body)
    message = str(said.get("message") or "").strip() or f"status {status}"
    reason = str(said.get("reason") or "")
    made = _login(status, message, where) or _missing(status, message, where) or Refused(*_plain(message))
    made.status, made.reason = status, reason
    causes = (said.get("details") or {}).get("causes") or ()
    made.conflicts = tuple(
        Conflict(str(one.get("field", "")), _owner(str(one.get("message", ""))))
        for one in causes
        if one.get("reason") == "FieldManagerConflict"
    )
    return made


def unreachable(why: str, where: Where) -> DeployError:
    """An API server that gives no answer."""
    low = why.lower()
    hint = f"is the cluster running, and its address right? `{where.kubectl} get namespaces` says the same until then"
    if "certificate" in low or "ssl" in low:
        return DeployError(
            f"{where.server} shows a certificate that the kubeconfig does not trust",
            hint=f"the cluster may be a new one under an old address: get its kubeconfig again ({_short(why)})",
        )
    if "refused" in low:
        told = "nobody listens there"
    elif "timed out" in low or "timeout" in low:
        told = "no answer in time"
    elif "resolve" in low or "not known" in low or "no address" in low:
        told = "there is no host of that name"
    else:
        told = _short(why)
    return DeployError(f"the cluster at {where.server} can't be reached: {told}", hint=hint)


def unknown(api: str, kind: str) -> DeployError:
    """A kind of resource that the cluster does not know."""
    what = {
        "core.spinkube.dev": "SpinKube",
        "keda.sh": "KEDA",
        "http.keda.sh": "KEDA's HTTP add-on",
        "gateway.networking.k8s.io": "the Gateway API",
    }.get(api.partition("/")[0], api)
    return DeployError(
        f"the cluster knows no {kind}: {what} is not installed there",
        hint="`spinlab kube doctor` says what is missing, with the commands that add it",
    )


def _status(body: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(body or "{}")
    except ValueError:
        found = {"message": _short(body.decode(errors="replace") if isinstance(body, bytes) else str(body))}
    return found if isinstance(found, Mapping) else {}


def _login(status: int, message: str, where: Where) -> Refused | None:
    if status == 401:
        return Refused(
            f"{where.server} does not accept the login of context {where.context!r}: it is wrong or has expired",
            hint=f"log in again with the tool that made it; `{where.kubectl} get namespaces` says the same until then",
        )
    if status == 403 and "RuntimeClass" not in message and "is forbidden: User" in message:
        verb = re.search(r'cannot (\S+) resource "([^"]+)"', message)
        what = f"must not {verb[1]} {verb[2]}" if verb else "must not do that"
        return Refused(
            f"the login of context {where.context!r} {what} in namespace {where.namespace!r}",
            hint="an administrator of the cluster can allow it with a Role and a RoleBinding",
        )
    return None


def _missing(status: int, message: str, where: Where) -> Refused | None:
    found = re.fullmatch(r'namespaces "([^"]+)" not found', message) if status == 404 else None
    if found is None:
        return None
    return Refused(
        f"there is no namespace {found[1]!r}", hint=f"{where.kubectl} create namespace {found[1]}, or --namespace NAME"
    )


def _plain(message: str) -> tuple[str]:
    """The server's own words, cut where they go on for ever."""
    return (f"the cluster refuses: {_short(message, 600)}",)


def _owner(message: str) -> str:
    found = _OWNER.search(message)
    return found[1] if found else "somebody else"


def _short(text: str, most: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."
