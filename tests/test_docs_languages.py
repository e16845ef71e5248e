"""What the page about languages shows is run, cell by cell, as far as the languages' tools are here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.doctor import missing_tools
from spinlab.languages import all_languages, language
from tests.languages.compiled import serving
from tests.magics.conftest import Kernel

PAGE = Path(__file__).resolve().parent.parent / "docs" / "languages.md"
TEXT = PAGE.read_text()
SECTIONS = {
    part.partition("\n")[0]: re.findall(r"^```\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    for part in TEXT.split("\n## ")[1:]
}
SHOWN = {
    "Python": ('"sum": 42',),
    "JavaScript": ("\n42",),
    "TypeScript": ('"area": 13',),
    "Rust": ("\n42",),
    "C": ("\n42", "asked by GET"),
    "C++": ("Hello, ada",),
    "Zig": ("hey!",),
    "Go": ("6 letters",),
    "WebAssembly text": ("\n42",),
    "HTML": ("<title>Calculator</title>",),
    "Ready components": ("php: /index.php is read",),
}
PHP = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    char line[100] = "";
    FILE *script = fopen("/index.php", "r");
    if (script) fgets(line, sizeof line, script);
    printf("content-type: text/plain\\n\\n%s: /index.php is %s", argv[0], strstr(line, "<?php") ? "read" : "not there");
}
"""
"""Stands for the interpreter: a CGI program that reads the script that is mounted."""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "index.php").write_text("<?php echo 1;")
    made = Kernel()
    made.run(f"%load_ext spinlab\n%cd -q {folder}").ok()
    yield made
    made.close()


def needs(section: str) -> str:
    """The language that a section is about, or that its test is built with."""
    names = {getattr(one, "title", ""): one.name for one in all_languages()}
    return "c" if section == "Ready components" else names[section]


@pytest.mark.parametrize("section", SHOWN)
def test_the_cells_of_a_section_work_one_after_the_other(section: str, kernel: Kernel) -> None:
    missing = [check.what for check in missing_tools(needs(section)) if check.state == "missing"]
    if missing:
        pytest.skip(f"not here: {', '.join(missing)}")
    if section == "Ready components":
        with serving("c", PHP, executor="wagi") as app:
            program = app["f"].build.component
        kernel.run(f"open('php-cgi.wasm', 'wb').write(bytes.fromhex('{program.hex()}'))").ok()
    shown = ""
    for cell in SECTIONS[section]:
        shown += kernel.run(cell.rstrip("\n"), timeout=400).ok().text
    assert "200 OK" in shown
    for wanted in SHOWN[section]:
        assert wanted in shown, shown


def test_every_language_has_a_section() -> None:
    titles = {getattr(one, "title", one.name) for one in all_languages()} - {"WebAssembly"}
    assert titles <= set(SECTIONS)


def test_every_verb_and_option_exists() -> None:
    from spinlab.magics.cell import CELL
    from spinlab.magics.verbs import VERBS

    named = set(re.findall(r"(?<!%)%spin (\w+)", TEXT))
    assert named <= set(VERBS), named - set(VERBS)
    known = {
        n for command in (CELL, *(v.command for v in VERBS.values())) for o in command.all_options for n in o.names
    }
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT))
    assert options <= known, options - known


def test_what_the_table_says_of_tools_is_so() -> None:
    for row in re.findall(r"^\| ([A-Z][^|]*?) \| (none|[^|]+?) \|", TEXT, re.MULTILINE):
        if row[1] == "none" and row[0] in ("Python", "WebAssembly text"):
            assert not language(needs(row[0])).tools()  # type: ignore[attr-defined]
