"""Which files a function mounts: Spin's rules, and that nothing outside the folder is ever read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import ManifestError
from spinlab.function import Function
from spinlab.host import sources

links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    for path in ("a.txt", "data/one.csv", "data/deep/two.csv", "data/deep/.hidden", "data/[odd].csv"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "key").write_text("key")
    return root


def mounted(root: Path, *files: tuple[str, str], exclude: tuple[str, ...] = ()) -> dict[str, bytes]:
    return sources.of(Function("f", "", files=files, exclude_files=exclude, folder=str(root)))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a.txt", ["/a.txt"]),
        ("./a.txt", ["/a.txt"]),
        ("data", ["/data/[odd].csv", "/data/deep/.hidden", "/data/deep/two.csv", "/data/one.csv"]),
        ("data/*.csv", ["/data/[odd].csv", "/data/one.csv"]),
        ("data/**/*.csv", ["/data/[odd].csv", "/data/deep/two.csv", "/data/one.csv"]),
        ("**/.hid*", ["/data/deep/.hidden"]),
        ("data/*/*", ["/data/deep/.hidden", "/data/deep/two.csv"]),
        ("data/[odd].csv", ["/data/[odd].csv"]),
        ("data/[n-p]ne.csv", ["/data/one.csv"]),
        ("data/[!o]*", ["/data/[odd].csv"]),
        ("*.nothing", []),
    ],
)
def test_a_source_without_destination_keeps_its_path(root: Path, source: str, found: list[str]) -> None:
    assert sorted(mounted(root, (source, ""))) == sorted(found)


def test_a_destination_places_a_file_or_a_folder(root: Path) -> None:
    assert mounted(root, ("a.txt", "/x/b.txt")) == {"/x/b.txt": b"a.txt"}
    assert sorted(mounted(root, ("data/deep", "/"))) == ["/.hidden", "/two.csv"]
    assert min(mounted(root, (".", "/all"))) == "/all/a.txt"


def test_what_comes_later_stands_in_the_place(root: Path) -> None:
    assert mounted(root, ("a.txt", "/x"), ("data/one.csv", "/x")) == {"/x": b"data/one.csv"}


def test_excluded_files_stay_away_but_not_one_that_is_named(root: Path) -> None:
    assert sorted(mounted(root, ("data", ""), exclude=("**/deep/*", "*.csv"))) == []
    assert mounted(root, ("a.txt", ""), exclude=("*.txt",)) == {"/a.txt": b"a.txt"}


@pytest.mark.parametrize(
    "source",
    ["..", "../secret", "data/../../secret", "../*", "/etc/hostname", "nope.txt", "data/.", "a**b", "data/one.csv/x"],
)
def test_what_is_not_there_or_leads_out_is_refused_with_a_remedy(root: Path, source: str) -> None:
    for destination in ("", "/x") if source not in ("data/.", "a**b") else ("",):
        with pytest.raises(ManifestError) as caught:
            mounted(root, (source, destination))
        assert caught.value.hint
        assert caught.value.subject == ("file", source)


def test_an_absolute_path_inside_is_taken(root: Path) -> None:
    assert mounted(root, (str(root / "a.txt"), "")) == {"/a.txt": b"a.txt"}


@links
@pytest.mark.parametrize("source", ["data", "data/*", "data/**/*", "data/link", "data/link/key"])
@pytest.mark.parametrize("target", ["../../outside", "../../secret"])
def test_a_link_that_leads_out_is_refused(root: Path, source: str, target: str) -> None:
    if source == "data/link/key" and "secret" in target:
        return
    (root / "data" / "link").symlink_to(target)
    with pytest.raises(ManifestError, match="symbolic link"):
        mounted(root, (source, ""))


@links
def test_a_link_inside_is_followed_and_a_circle_ends(root: Path) -> None:
    (root / "data" / "file").symlink_to("../a.txt")
    (root / "data" / "deep" / "up").symlink_to("..")
    found = mounted(root, ("data", ""))
    assert found["/data/file"] == b"a.txt"
    assert all(path.count("/up/") < 2 for path in found)


@links
def test_a_folder_that_is_itself_a_link_is_the_root(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to("app")
    assert mounted(tmp_path / "alias", ("a.txt", "")) == {"/a.txt": b"a.txt"}


@links
def test_what_is_no_file_is_not_opened(root: Path) -> None:
    os.mkfifo(root / "data" / "pipe")
    assert "/data/pipe" not in mounted(root, ("data", ""))
    with pytest.raises(ManifestError, match="pipe"):
        mounted(root, ("data/pipe", ""))


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root reads everything")
def test_a_file_that_can_not_be_read_is_named(root: Path) -> None:
    (root / "a.txt").chmod(0)
    with pytest.raises(ManifestError, match=r"a\.txt can't be read"):
        mounted(root, ("a.txt", ""))


def test_size_and_number_are_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST", 3)
    with pytest.raises(ManifestError, match="more than 3 files"):
        mounted(root, ("data", ""))
    monkeypatch.setattr(sources, "ROOM", 10)
    with pytest.raises(ManifestError, match="is too much"):
        mounted(root, ("a.txt", ""), ("data/one.csv", ""))


def test_a_place_can_not_be_file_and_folder(root: Path) -> None:
    for files in ((("a.txt", "/x"), ("a.txt", "/x/y")), (("a.txt", "/x/y"), ("a.txt", "/x"))):
        with pytest.raises(ManifestError, match="both a file and a folder"):
            mounted(root, *files)


@pytest.mark.parametrize("destination", ["/..", "/a/../../b"])
def test_a_destination_can_not_leave_the_root(root: Path, destination: str) -> None:
    with pytest.raises(ManifestError, match="no place for a file"):
        mounted(root, ("a.txt", destination))


@given(st.lists(st.sampled_from(["data", "deep", "..", ".", "*", "**", "a.txt", "", "secret"]), max_size=5))
def test_no_source_ever_leads_out(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    base = tmp_path_factory.getbasetemp() / "given"
    root = base / "app"
    if not base.exists():
        (root / "data" / "deep").mkdir(parents=True)
        (root / "a.txt").write_text("inside")
        (base / "secret").write_text("secret")
    try:
        found = mounted(root, ("/".join(parts), ""))
    except ManifestError:
        return
    assert b"secret" not in found.values()
