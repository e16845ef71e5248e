"""What is wrong on a magic line is pointed at, with what is right."""

from __future__ import annotations

import pytest

from tests.magics.conftest import Kernel
from tests.magics.teapots import cell, register

pytestmark = pytest.mark.usefixtures("empty_session")


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("%%spin wat 2fast\nx", "NameRefused", "2fast"),
        ("%%spin wat my__f\nx", "NameRefused", "my__f"),
        ("%%spin wat\nx", "OptionError", "name is missing"),
        ("%%spin wat python\nx", "NameRefused", "name of a language"),
        ("%%spin\nx", "OptionError", "needs a NAME"),
        ("%%spin watt hello\nx", "OptionError", "did you mean wat?"),
        ("%%spin wat hello --rout /x\nx", "OptionError", "did you mean --route?"),
        ("%%spin wat hello --timeout soon\nx", "OptionError", "10s, 500ms"),
        ("%%spin wat hello --route\nx", "OptionError", "needs a value"),
        ("%%spin wat hello --route '/x\nx", "OptionError", "quote is not closed"),
        ("%%spin wat hello --module --route /x\nx", "OptionError", "exclude each other"),
        ("%%spin wat hello --var Name\nx", "OptionError", "Name"),
        ("%%spin wat hello --file no-such-file\nx", "OptionError", "does not exist"),
        ("%%spin wat hello\n", "SourceError", "the cell is empty"),
        ("%%spin wat hello", "SourceError", "the cell is empty"),
        ("%%spin wat hello\n  \n\t\n", "SourceError", "the cell is empty"),
        ("%%spin get /hello\nx", "OptionError", "%spin get /hello"),
        ("%spin gett /x", "OptionError", "did you mean %spin get?"),
        ("%spin /x", "OptionError", "%spin get /x"),
        ("%spin wat hello", "OptionError", "%%spin wat NAME"),
        ("%spin rm", "OptionError", "did you mean %spin remove?"),
        ("%spin get", "OptionError", "needs a PATH"),
        ("%spin get /x --jsn 1", "OptionError", "did you mean --json?"),
        ("%spin post /x --json {", "OptionError", "not JSON"),
        ("%spin post /x -d @no-such-file", "OptionError", "no-such-file"),
        ("%spin get /x -H broken", "OptionError", "Name: value"),
        ("%spin show nothing", "OptionError", "no function is called"),
        ("%spin up --listen 0.0.0.0:80", "OptionError", "this machine only"),
        ("%spin undo nothing", "OptionError", "no function is called"),
        ("%spin help nothing", "OptionError", "no verb"),
    ],
)
def test_wrong_words_are_pointed_at_with_what_is_right(kernel: Kernel, code: str, name: str, said: str) -> None:
    ran = kernel.run(code).error(name)
    assert said in ran.traceback
    assert "Cell In[" in ran.traceback
    assert "spinlab/magics" not in ran.traceback


@pytest.mark.parametrize("route", ["/a/*name", "/a/.../b", "/:"])
def test_a_wrong_route_is_pointed_at(kernel: Kernel, route: str) -> None:
    ran = kernel.run(cell("teapot", options=f"--route {route}")).error("RouteError")
    assert "line 1:27" in ran.traceback
    assert "^" * len(route) in ran.traceback


def test_a_route_of_another_function_is_refused(kernel: Kernel) -> None:
    register(kernel, options="--route /tea")
    ran = kernel.run(cell("pot", options="--route /tea")).error("RouteError")
    assert "teapot" in ran.traceback
    assert "^^^^" in ran.traceback


def test_two_names_that_are_one_in_a_manifest_are_refused(kernel: Kernel) -> None:
    register(kernel, "tea_pot")
    ran = kernel.run(cell("tea-pot")).error("NameRefused")
    assert "tea_pot" in ran.traceback
    assert "^^^^^^^" in ran.traceback


def test_delete_of_a_name_says_how_to_remove_and_how_to_call(kernel: Kernel) -> None:
    register(kernel)
    ran = kernel.run("%spin delete teapot").error("OptionError")
    assert "a path starts with /" in ran.traceback
    assert "to remove the function: %spin remove teapot" in ran.traceback
    assert "%spin get /teapot" in kernel.run("%spin get teapot").error("OptionError").traceback


def test_a_magic_inside_a_cell_is_pointed_at_where_it_stands(kernel: Kernel) -> None:
    ran = kernel.run("x = 1\nif x:\n    %spin show nothing").error("OptionError")
    assert "line 3:16" in ran.traceback
