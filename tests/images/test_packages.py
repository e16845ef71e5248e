"""Packages for an image: pinned, pure Python, and nothing of them executed."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab.errors import BuildError, OptionError
from spinlab.images.packages import normal, refuse_compiled
from spinlab.images.recipe import RECIPES, key


def test_the_same_set_is_always_the_same() -> None:
    assert normal(["Idna==3.10", " markdown == 3.7 ", "idna==3.10"]) == ("idna==3.10", "markdown==3.7")
    assert normal(["zope.interface==1", "A_b[x]==2"]) == ("a-b[x]==2", "zope-interface==1")
    assert normal(()) == ()


@pytest.mark.parametrize(
    "text",
    ["idna", "idna>=3", "idna==3.*", "-r file", "idna @ file:///x", "--index-url=x==1", "idna==3; x", "", "a==1 b==2"],
)
def test_what_is_not_pinned_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="not a pinned package"):
        normal([text])


def test_two_versions_of_a_package_are_refused() -> None:
    with pytest.raises(OptionError, match="two versions of idna"):
        normal(["idna==3.9", "IDNA==3.10"])


def _package(folder: Path, name: str, *files: str, purelib: bool = True) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("".join(f"{f},sha256=x,1\n" for f in files))
    (info / "WHEEL").write_text(f"Root-Is-Purelib: {str(purelib).lower()}\n")


def test_a_package_with_compiled_parts_is_refused_by_name(tmp_path: Path) -> None:
    _package(tmp_path, "pure", "pure/__init__.py")
    refuse_compiled(tmp_path)
    _package(tmp_path, "speedy", "speedy/__init__.py", "speedy/_c.cpython-312-x86_64-linux-gnu.so")
    with pytest.raises(BuildError, match=r"the package speedy has compiled parts \(speedy/_c"):
        refuse_compiled(tmp_path)


def test_a_wheel_for_one_platform_is_refused_by_name(tmp_path: Path) -> None:
    _package(tmp_path, "native", "native/__init__.py", purelib=False)
    with pytest.raises(BuildError, match="native"):
        refuse_compiled(tmp_path)


def test_an_image_is_kept_by_what_goes_into_it() -> None:
    keys = {key(wasi, requires) for wasi in RECIPES for requires in ((), ("idna==3.10",), ("idna==3.9",))}
    assert len(keys) == 6
    assert key("0.2", ()) == key("0.2", ())
