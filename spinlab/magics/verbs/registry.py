"""The verb about registries: push, pull and login."""

from __future__ import annotations

from getpass import getpass
from typing import Any

from spinlab.errors import OptionError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.verbs.verb import verb
from spinlab.widgets.display import Display
from spinlab.widgets.markup import tag
from spinlab.widgets.style import box, code, muted, strong

_LOGIN = ("username", "from_env")
_PUSHED = ("components", "name", "version", "description", "author", "only", "annotation")
_TAKES: dict[str, tuple[str, ...]] = {"push": (*_PUSHED,), "pull": ("dir", "force"), "login": _LOGIN}
_ALL = tuple(key for keys in _TAKES.values() for key in keys)
_OTHER_WORDS = {"upload": "push", "publish": "push", "send": "push", "fetch": "pull", "get": "pull", "auth": "login"}


def registry(desk: Desk, given: Arguments) -> Display:
    """Push the app, pull one, or log in."""
    action = given["action"]
    if action not in _TAKES:
        near = _OTHER_WORDS.get(action) or closest(action, list(_TAKES))
        hint = f"did you mean %spin registry {near}?" if near else "one of: " + ", ".join(_TAKES)
        raise given.refuse("action", f"%spin registry has no {action!r}", hint)
    for key in _ALL:
        if given[key] and key not in _TAKES[action]:
            shown = "DIR" if key == "dir" else "--" + key.replace("_", "-")
            raise given.refuse(key, f"%spin registry {action} takes no {shown}", "%spin help registry")
    return {"push": _push, "pull": _pull, "login": _login}[action](desk, given)


def _push(desk: Desk, given: Arguments) -> Display:
    from spinlab.export.oci.pushing import push
    from spinlab.export.oci.reading import pairs
    from spinlab.oci.store import is_local

    options: dict[str, Any] = {k: given[k] for k in ("components", "name", "version", "description") if k in given}
    if given["author"]:
        options["authors"] = given.each("author")
    for index, name in enumerate(given.each("only")):
        if name not in desk.functions:
            near = closest(name, list(desk.functions))
            raise given.refuse(
                "only", f"no function is called {name!r}", f"did you mean {near}?" if near else "", index
            )
    if given["only"]:
        options["only"] = given.each("only")
    try:
        options["annotations"] = pairs(given.each("annotation"))
    except OptionError as error:
        raise given.refuse("annotation", error.message, error.hint) from None
    with desk.progress() as progress:
        made = push(desk.app, given["reference"], insecure=bool(given["insecure"]), progress=progress, **options)
    server = "spinlab" if is_local(made.reference) else "spin"  # Spin takes no layouts
    command = f"{server} up -f {made.reference}"
    lines = [
        f"pushed {made.reference}",
        made.digest,
        f"{made.summary} ({made.seconds:.1f} s)",
        f"serve it with: {command}",
    ]
    html = box(
        strong(made.reference),
        tag("div", code(made.digest)),
        tag("div", muted(lines[2])),
        tag("div", muted("serve it with "), code(command)),
    )
    return Display("\n".join(lines), html)


def _pull(desk: Desk, given: Arguments) -> Display:
    from spinlab.export.oci.written import pull
    from spinlab.loading.registry import in_cache

    reference, insecure = given["reference"], bool(given["insecure"])
    with desk.progress() as progress:
        if given["dir"] is None:
            in_cache(reference, insecure=insecure, progress=progress)
            lines = [f"pulled {reference} into the cache", f"make live functions of it with: %spin load {reference}"]
        else:
            made = pull(reference, given["dir"], insecure=insecure, force=bool(given["force"]), progress=progress)
            lines = [f"pulled {made.reference}", made.digest, made.summary, *made.remarks]
            lines.append(f"make live functions of it with: %spin load {given['dir']}")
    return Display("\n".join(lines), box(strong(lines[0]), *(tag("div", muted(line)) for line in lines[1:])))


def _login(desk: Desk, given: Arguments) -> Display:
    import os

    from spinlab.oci.login import login

    server, name = given["reference"], given["username"]
    if not name:
        raise given.refuse("action", "who logs in?", f"%spin registry login {server} --username NAME")
    if given["from_env"]:
        secret = os.environ.get(given["from_env"], "")
        if not secret:
            raise given.refuse("from_env", f"{given['from_env']} is not set", "name a variable of the environment")
    else:
        try:
            secret = getpass(f"password of {name} at {server}: ")
        except Exception as error:  # a front end that has no input says so with an error of its own
            raise given.refuse(
                "action", "nobody can be asked here", "--from-env NAME takes the password from the environment"
            ) from error
    login(server, name, secret, insecure=bool(given["insecure"]))
    line = f"logged in to {server} as {name}"
    return Display(line, box(strong(line)))


VERBS = (
    verb(
        "registry",
        "Push the app to an OCI registry as `spin registry push` does, pull one, or log in.",
        registry,
        group="in and out",
        takes=(
            Positional("ACTION", "push, pull or login."),
            Positional(
                "REFERENCE", "registry.example.com/team/app:1.0, oci:FOLDER or oci-archive:FILE; a host to log in."
            ),
            Positional("DIR", "For pull: the folder to write; the cache when left out.", required=False),
        ),
        options=(
            Option(
                ("--components",),
                "For push: shared, one image with the sources beside it, or standalone, one component a function.",
                "FORM",
                values=("shared", "standalone"),
            ),
            Option(("--name",), "For push: the application's name; the app's when left out.", "NAME"),
            Option(("--version",), "For push: the application's version; 0.1.0 when left out.", "VERSION"),
            Option(("--description",), "For push: one line about it.", "TEXT"),
            Option(("--author",), "For push: an author, such as 'Ada <ada@example.org>'.", "WHO", many=True),
            Option(("--only",), "For push: this function and what it needs.", "FUNCTION", many=True),
            Option(("--annotation",), "For push: an annotation of the manifest.", "K=V", many=True),
            Option(("--force",), "For pull: write into a folder that has other files; they are left alone."),
            Option(("--username",), "For login: who.", "NAME"),
            Option(("--from-env",), "For login: the variable of the environment with the password.", "NAME"),
            Option(("--insecure", "-k"), "Take any certificate, and plain HTTP."),
        ),
        completes={"only": "function", "action": "registry-action"},
        notes="Credentials are those of `spin registry login` and of Docker, with its helpers.",
    ),
)
