"""The verbs of ``%spin``, each a grammar and a function. One module a kind."""

from __future__ import annotations

from spinlab.errors import OptionError
from spinlab.magics.cell import language_names
from spinlab.magics.options import closest
from spinlab.magics.verbs import (
    add,
    calls,
    deploy,
    grants,
    inside,
    kube,
    kv,
    life,
    live,
    load,
    new,
    out,
    recordings,
    registry,
    run,
    sql,
    static,
    stores,
    tests,
    var,
    views,
)
from spinlab.magics.verbs.verb import Verb
from spinlab.magics.words import Word

_ROOMS = (
    calls,
    run,
    tests,
    recordings,
    live,
    new,
    views,
    inside,
    life,
    grants,
    var,
    kv,
    sql,
    stores,
    add,
    static,
    load,
    out,
    registry,
    deploy,
    kube,
)

VERBS: dict[str, Verb] = {v.name: v for room in _ROOMS for v in room.VERBS}
"""Name -> verb."""

_OTHER_WORDS = {
    "call": "get",
    "curl": "get",
    "list": "routes",
    "ls": "routes",
    "rm": "remove",
    "del": "remove",
    "create": "new",
    "template": "new",
    "disassemble": "inspect",
    "wit": "inspect",
    "wat": "inspect",
    "serve": "up",
    "start": "up",
    "undeploy": "deploy",
    "deployment": "deploy",
    "save": "export",
    "push": "registry",
    "pull": "registry",
    "publish": "registry",
    "login": "registry",
    "oci": "registry",
    "check": "doctor",
    "import": "load",
    "register": "add",
    "allow": "grant",
    "revoke": "grant",
    "permit": "grant",
    "grants": "capabilities",
    "caps": "capabilities",
    "permissions": "capabilities",
    "store": "stores",
    "databases": "stores",
    "sqlite": "sql",
    "query": "sql",
    "keys": "kv",
    "clear": "reset",
    "empty": "reset",
    "folder": "static",
    "files": "static",
    "variable": "var",
    "scaffold": "kube",
    "kubernetes": "kube",
    "spinkube": "kube",
    "variables": "var",
    "vars": "var",
    "secret": "var",
    "set": "var",
}


def unknown_verb(name: str, word: Word | None) -> OptionError:
    """The error for a verb that is none, with what was most likely meant."""
    near = _OTHER_WORDS.get(name) or closest(name, list(VERBS))
    if name.startswith("/"):
        hint = f"to call the app: %spin get {name}"
    elif name in language_names():
        hint = f"a function is a cell that begins with %%spin {name} NAME (two %)"
    elif near:
        hint = f"did you mean %spin {near}?"
    else:
        hint = "%spin help lists the verbs"
    return OptionError(f"%spin has no verb {name!r}", hint=hint, location=word.location if word else None)
