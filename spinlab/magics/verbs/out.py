"""The verbs that lead out of the notebook, and those that explain: export, doctor, help."""

from __future__ import annotations

from typing import Any

from spinlab.errors import OptionError
from spinlab.magics.cell import CELL
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.verbs.verb import verb
from spinlab.magics.verbs.views import text_display
from spinlab.widgets import tables
from spinlab.widgets.display import Display
from spinlab.widgets.markup import join, tag
from spinlab.widgets.style import box, code, folded, muted, pre, strong

_DIRECTORY = Positional("DIR", "The folder to write; made when it is not there.")


def export(desk: Desk, given: Arguments) -> Display:
    """Write the app as a Spin project."""
    from spinlab.export import project

    options: dict[str, Any] = {k: given[k] for k in ("components", "name", "version", "description") if k in given}
    options |= {k: True for k in ("force", "with_data") if given[k]}
    if given["author"]:
        options["authors"] = given.each("author")
    if given["only"]:
        unknown = [i for i, n in enumerate(given.each("only")) if n not in desk.functions]
        if unknown:
            name = given.each("only")[unknown[0]]
            near = closest(name, list(desk.functions))
            hint = f"did you mean {near}?" if near else ""
            raise given.refuse("only", f"no function is called {name!r}", hint, unknown[0])
        options["only"] = given.each("only")
    with desk.progress() as progress:
        progress("exporting", None)
        written = project(desk.app, given["dir"], **options)
    files = [str(f) for f in written.files]
    news = f"{len(written.changed)} of them new or changed" if written.changed else "nothing has changed"
    about = f"{len(files)} files, {news}; runs on Spin {written.needs.text} and later"
    heading = f"{given['dir']}: {about}"
    scripts = "".join(f" --sqlite @{given['dir'].rstrip('/')}/{script[1:]}" for script in written.scripts)
    command = f"spin up -f {given['dir']}{scripts}"
    html = box(
        strong(given["dir"]),
        " ",
        muted(about),
        folded(muted("files"), pre("\n".join(files))),
        tag("div", muted("serve it with "), code(command)),
    )
    return Display("\n".join([heading, *(f"  {f}" for f in files), f"serve it with: {command}"]), html)


def doctor(desk: Desk, given: Arguments) -> Display:
    """What is here, what is missing, and the command that adds it: for everything, or for a language or tool."""
    from spinlab.doctor import check, install, of_tools, refused, tools_named

    name = given["language"]
    if name is not None:
        try:
            tools = tools_named(name)
        except OptionError as error:
            raise given.refuse("language", error.message, error.hint) from None
        if given["install"]:
            with desk.progress() as progress:
                install(tools, progress)
        return tables.doctor(of_tools(name, tools))
    if given["install"]:
        raise given.refuse("install", "what is to be installed?", "%spin doctor LANGUAGE --install")
    return tables.doctor([*check(desk.app.services.state_dir), *refused(desk.refusals)])


def explain(desk: Desk, given: Arguments) -> Display:
    """Every verb with its line, or one of them in full."""
    from spinlab.magics.spinsql import SQL
    from spinlab.magics.spintest import TEST
    from spinlab.magics.verbs import VERBS, unknown_verb

    name = given["verb"]
    cells = {"%%spin": CELL, "cell": CELL, "%%spintest": TEST, "%%spinsql": SQL}
    if name in cells:
        return text_display(cells[name].help())
    if name is not None:
        if name not in VERBS:
            raise unknown_verb(name, given.word("verb"))
        return text_display(VERBS[name].command.help())
    lines = [
        f"{CELL.usage()}",
        f"  {CELL.summary}",
        "  %%spin --help lists the options.",
        "",
        *(line for other in (TEST, SQL) for line in (other.usage(), f"  {other.summary}", "")),
        "%spin",
        "  Shows the app.",
    ]
    groups: dict[str, list[str]] = {}
    width = max(len(v) for v in VERBS)
    for known in VERBS.values():
        groups.setdefault(known.group, []).append(f"  {known.name:<{width}}  {known.command.summary}")
    for title, rows in groups.items():
        lines += ["", f"{title}:", *rows]
    return Display("\n".join(lines), join(pre("\n".join(lines))))


_EXPORT = (
    Option(
        ("--components",),
        "shared: one image with the sources beside it; standalone: one component a function; official: for spin build.",
        "FORM",
        values=("shared", "standalone", "official"),
    ),
    Option(("--name",), "The application's name; the app's when left out.", "NAME"),
    Option(("--version",), "The application's version; 0.1.0 when left out.", "VERSION"),
    Option(("--description",), "One line about it.", "TEXT"),
    Option(("--author",), "An author, such as 'Ada <ada@example.org>'.", "WHO", many=True),
    Option(("--only",), "Export this function and what it needs.", "FUNCTION", many=True),
    Option(("--with-data",), "The contents of its stores too."),
    Option(("--force",), "Write into a folder that has other files; they are left alone."),
)

VERBS = (
    verb(
        "export",
        "Write the app as a Spin project.",
        export,
        group="in and out",
        takes=(_DIRECTORY,),
        options=_EXPORT,
        completes={"only": "function"},
    ),
    verb(
        "doctor",
        "What is here, what is missing, and the command that adds it.",
        doctor,
        group="help",
        takes=(Positional("LANGUAGE", "A language or tool; everything when left out.", required=False),),
        options=(Option(("--install",), "Add what the language lacks, where a package brings it."),),
        completes={"language": "language"},
    ),
    verb(
        "help",
        "This text, or a verb's own.",
        explain,
        group="help",
        takes=(Positional("VERB", "A verb, or %%spin.", required=False),),
        completes={"verb": "verb"},
    ),
)
