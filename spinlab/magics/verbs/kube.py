"""The verbs that look at where an app can go: ``kube`` (resources for a cluster, and the cluster) and ``targets``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spinlab.errors import SpinError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.verbs.verb import verb
from spinlab.magics.verbs.views import text_display
from spinlab.scaffolding import CHOICES, Choice
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, join, tag
from spinlab.widgets.style import BAD, GOOD, box, code, coloured, muted, table

if TYPE_CHECKING:
    from spinlab.export.kube.scaffold import Scaffold

_ACTIONS = ("scaffold", "doctor")
_OF_DOCTOR = ("context", "keda", "gateway_api")
_FOR_DOCTOR = (*_OF_DOCTOR, "namespace", "executor")


def kube(desk: Desk, given: Arguments) -> Display:
    """Write the resources of the app for a cluster, or look at a cluster."""
    action = given["action"]
    if action not in _ACTIONS:
        near = closest(action, _ACTIONS)
        hint = f"did you mean %spin kube {near}?" if near else "there are: scaffold -f REF, doctor"
        raise given.refuse("action", f"%spin kube can't {action}", hint)
    takes = _FOR_DOCTOR if action == "doctor" else tuple(choice.key for choice in CHOICES)
    for key in given.values:
        if given[key] and key != "action" and key not in takes:
            raise given.refuse(key, f"%spin kube {action} takes no --{key.replace('_', '-')}", "%spin help kube")
    return _doctor(desk, given) if action == "doctor" else _scaffold(desk, given)


def _doctor(desk: Desk, given: Arguments) -> Display:
    from spinlab.deploying.kube.contexts import connect
    from spinlab.deploying.kube.doctor import examine
    from spinlab.export.kube.resources import EXECUTOR

    with desk.progress() as progress, connect(given["context"] or "", given["namespace"] or "") as cluster:
        progress(f"asking {cluster.where}", None)
        found = examine(
            cluster,
            executor=given["executor"] or EXECUTOR,
            keda=bool(given["keda"]),
            gateway=bool(given["gateway_api"]),
        )
    lines: list[str] = []
    rows: list[tuple[Child, ...]] = []
    for one in found:
        lines += [f"{one.state:7}  {one.what}: {one.found}", *(f"         {command}" for command in one.commands)]
        colour = {"ok": GOOD, "missing": BAD}.get(one.state)
        state = coloured(one.state, colour) if colour else one.state
        rows.append((one.what, state, join(one.found, *(tag("div", code(command)) for command in one.commands))))
    return Display("\n".join(lines), box(table(("needed", "", "found"), rows)))


def _scaffold(desk: Desk, given: Arguments) -> Display:
    from spinlab.export.kube.asked import of_app, options
    from spinlab.export.kube.scaffold import scaffold

    with desk.progress() as progress:
        if given["measured"] or given["measure"]:
            progress("measuring", None)
        try:
            made = scaffold(options(given.values, of_app(desk.app)))
        except SpinError as error:
            word = given.word("from")
            if error.message.startswith("invalid image reference") and word is not None:
                error.location = word.location
            raise
    if not given["out"]:
        return text_display(made.shown + _remark(made))
    made.save(Path(given["out"]).expanduser())
    return text_display(f"{given['out']}: {_listed(made)}\nkubectl apply -f {given['out']}")


def targets(desk: Desk, given: Arguments) -> Display:
    """Where the app runs, and why not elsewhere."""
    from spinlab.targets import find, judge, of_app
    from spinlab.targets.judging import all_of
    from spinlab.targets.telling import lines

    chosen = [find(name) for name in given.each("target")]
    asks = of_app(desk.app, given["components"] or "shared")
    verdicts = tuple(judge(asks, one) for one in chosen) or all_of(asks)
    rows: list[tuple[Child, ...]] = []
    for verdict in verdicts:
        why = [tag("div", reason.text, *_remedy(reason.remedy)) for reason in verdict.reasons]
        notes = [tag("div", muted(note)) for note in verdict.notes]
        answer = coloured("yes", GOOD) if verdict.runs else coloured("no", BAD)
        rows.append((verdict.target.title, answer, join(*why, *notes)))
    return Display("\n".join(lines(verdicts)), box(table(("target", "runs", "why"), rows)))


def _remedy(text: str) -> tuple[Child, ...]:
    return (tag("div", muted(f"-> {text}")),) if text else ()


def _remark(made: Scaffold) -> str:
    if not made.has_secrets:
        return ""
    return "# What Secrets hold is not shown in a notebook; -o FILE writes it, for its owner only.\n"


def _listed(made: Scaffold) -> str:
    return ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in made.resources)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("a whole number is needed")
    return int(text)


def _option(choice: Choice) -> Option:
    convert = _number if choice.whole else str
    return Option(choice.names, choice.help, choice.metavar, choice.many, convert, choice.values)


VERBS = (
    verb(
        "kube",
        "The app's resources for a cluster with SpinKube (scaffold -f REF), or what a cluster lacks for it (doctor).",
        kube,
        group="in and out",
        takes=(
            Positional(
                "ACTION", "scaffold: write the resources, and touch no cluster; doctor: what a cluster lacks for them."
            ),
        ),
        options=(
            *map(_option, CHOICES),
            Option(("--context",), "For doctor: the context of the kubeconfig; the current one when left out.", "NAME"),
            Option(("--keda",), "For doctor: look for KEDA and its HTTP add-on too."),
            Option(("--gateway-api",), "For doctor: look for the Gateway API too."),
        ),
        hides=True,
    ),
    verb(
        "targets",
        "Where the app runs: each Spin, shim and hosting, with the reason and what helps.",
        targets,
        group="in and out",
        options=(
            Option(
                ("--components",),
                "The form of export that is looked at; shared when left out.",
                "FORM",
                values=("shared", "standalone", "official"),
            ),
            Option(
                ("--target",), "Only this one, such as spin-3.6, shim-0.26.0, spinkube or akamai.", "NAME", many=True
            ),
        ),
    ),
)
