"""Make the learners' notebooks of those in solutions/, and the tables in README.md and INSTRUCTORS.md.

`python notebooks/generate.py` writes them, `--check` only says what is not as it would be written.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import tomli

HERE = Path(__file__).resolve().parent
SOLUTIONS = HERE / "solutions"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
LEADER = r"^(?P<indent>\s*)(?P<leader>\#|//|;;|--|/\*|<!--)\s*"
BEGIN = re.compile(LEADER + r"BEGIN SOLUTION(?::\s*(?P<hint>.*?))?\s*(?P<close>\*/|-->)?\s*$")
INSTEAD = re.compile(LEADER + r"INSTEAD\b")
FIRST_LINE = re.compile(LEADER + r"FIRST LINE: (?P<line>.*?)(?:\s*(?:\*/|-->))?$")
END = re.compile(LEADER + r"END SOLUTION\b")
TABLE = re.compile(r"(?<=<!-- lessons -->\n).*?(?=<!-- end of lessons -->)", re.DOTALL)

ROOMS = re.compile(r"(?<=<!-- rooms -->\n).*?(?=<!-- end of rooms -->)", re.DOTALL)


class Unfinished(Exception):
    """A cell of a solution whose marks don't fit together."""


def without_solution(source: str) -> str:
    """A cell as the learner gets it.

    What stands between BEGIN SOLUTION and END SOLUTION becomes one comment, with the hint that may follow the colon.
    Comments between INSTEAD and END SOLUTION become code: a cell that is not finished still runs. A comment FIRST LINE
    says what the first line of the learner's cell is, where that line is the exercise.
    """
    kept: list[str] = []
    begin, instead = None, False
    for line in source.split("\n"):
        first = FIRST_LINE.match(line)
        if first is not None:
            kept[0] = first["line"]
        elif begin is None:
            begin, instead = BEGIN.match(line), False
            kept.append(line if begin is None else _place(begin))
        elif END.match(line):
            begin = None
        elif INSTEAD.match(line):
            instead = True
        elif instead:
            kept.append(_uncommented(line, begin))
    if begin is not None:
        raise Unfinished("BEGIN SOLUTION without END SOLUTION")
    return "\n".join(kept)


def _place(begin: re.Match[str]) -> str:
    hint = f": {begin['hint']}" if begin["hint"] else ""
    close = f" {begin['close']}" if begin["close"] else ""
    return f"{begin['indent']}{begin['leader']} YOUR CODE HERE{hint}{close}"


def _uncommented(line: str, begin: re.Match[str]) -> str:
    found = re.match(rf"(\s*){re.escape(begin['leader'])} ?(.*)", line)
    if found is None:
        raise Unfinished(f"after INSTEAD a line is a comment: {line}")
    return (found[1] + found[2]).rstrip()


def clean(book: Any) -> Any:
    """A notebook without what running it leaves: outputs, counts, state of widgets, marks of front ends."""
    made = nbformat.v4.new_notebook(metadata=METADATA)
    made.nbformat_minor = 5
    for cell in book.cells:
        new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        tags = cell.metadata.get("tags", [])
        made.cells.append(new(cell.source.rstrip(), id=cell.id, metadata={"tags": tags} if tags else {}))
    return made


def learners(book: Any) -> Any:
    """The notebook that a learner gets of one with solutions."""
    made = clean(book)
    made.cells = [cell for cell in made.cells if "solution" not in cell.metadata.get("tags", [])]
    for cell in made.cells:
        try:
            cell.source = without_solution(cell.source)
        except Unfinished as error:
            raise Unfinished(f"cell {cell.id}: {error}") from None
    return made


def lessons() -> dict[str, Any]:
    """What lessons.toml says."""
    return tomli.loads((HERE / "lessons.toml").read_text(encoding="utf-8"))


def table(said: dict[str, Any]) -> str:
    """The lessons as README shows them."""
    rows = ["| Lesson | You will be able to | Minutes | Needs | Binder |", "|---|---|---|---|---|"]
    for one in said["lesson"]:
        rows.append(_row(one, said["binder"]["address"]))
    total = sum(one["minutes"] for one in said["lesson"])
    rows += ["", f"{len(said['lesson'])} lessons, {total} minutes together."]
    return "\n".join(rows) + "\n"


def _row(one: dict[str, Any], address: str) -> str:
    """A lesson's line; as long as nobody says where a Binder is, its badge leads to how to have one."""
    launch = f"urlpath=lab/tree/notebooks/{one['file']}"
    badge = "![Open in Binder](https://mybinder.org/badge_logo.svg)"
    binder = f"[{badge}]({address}?{launch})" if address else f'[open](../binder "{launch}")'
    needs = ", ".join(one["needs"]) or "nothing more"
    goals = "; ".join(one["goals"])
    return f"| [{one['id']} {one['title']}]({one['file']}) | {goals} | {one['minutes']} | {needs} | {binder} |"


def rooms(said: dict[str, Any]) -> str:
    """What INSTRUCTORS.md says of each lesson."""
    rows = ["| Lesson | Minutes | Checks | Memory of its kernel |", "|---|---|---|---|"]
    for one in said["lesson"]:
        book = nbformat.read(SOLUTIONS / one["file"], as_version=4)
        checks = sum(cell.id.startswith("check-") for cell in book.cells)
        rows.append(
            f"| [{one['id']} {one['title']}]({one['file']}) | {one['minutes']} | {checks} | {one['memory']} MB |"
        )
    return "\n".join(rows) + "\n"


def wanted() -> dict[Path, str]:
    """Path -> the text that it should have."""
    files: dict[Path, str] = {}
    for path in sorted(SOLUTIONS.glob("*.ipynb")):
        book = nbformat.read(path, as_version=4)
        try:
            files[HERE / path.name] = nbformat.writes(learners(book)) + "\n"
        except Unfinished as error:
            sys.exit(f"solutions/{path.name}, {error}")
        files[path] = nbformat.writes(clean(book)) + "\n"
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    files[readme] = TABLE.sub(lambda _: table(lessons()), text)
    instructors = HERE / "INSTRUCTORS.md"
    text = instructors.read_text(encoding="utf-8")
    files[instructors] = ROOMS.sub(lambda _: rooms(lessons()), text)
    return files


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is not up to date")
    check = parser.parse_args().check
    stale = []
    for path, text in wanted().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(HERE)))
            if not check:
                path.write_text(text, encoding="utf-8", newline="\n")
    print("\n".join(f"{'not up to date' if check else 'written'}: {name}" for name in stale) or "all is up to date")
    if check and stale:
        sys.exit("run: python notebooks/generate.py")


if __name__ == "__main__":
    main()
