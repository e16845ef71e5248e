"""What a user means by a layout, and what he gets when he means none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx
import pytest

from spinlab import App
from spinlab.errors import RegistryError
from spinlab.export.oci import push
from spinlab.loading.registry import in_cache
from spinlab.oci.refusals import broken
from spinlab.oci.store import opened
from spinlab.traits import guests


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layout with an app under the tag 1.0."""
    folder = tmp_path_factory.mktemp("layouts") / "layout"
    with App("numbers") as app:
        app.add(guests.numbered(7))
        push(app, f"oci:{folder}:1.0")
    return folder


def test_another_tag_than_the_only_one_is_refused_with_those_that_are_there(layout: Path) -> None:
    with pytest.raises(RegistryError, match="no such tag") as raised:
        in_cache(f"oci:{layout}:2.0")
    assert raised.value.hint == "tags there: 1.0"


def test_without_a_tag_the_only_one_is_taken(layout: Path) -> None:
    assert opened(f"oci:{layout}").manifest() == opened(f"oci:{layout}:1.0").manifest()


def test_one_that_has_no_tag_is_taken_by_any(layout: Path) -> None:
    wanted = opened(f"oci:{layout}:1.0").manifest()
    index = json.loads((layout / "index.json").read_text())
    (tagged,) = index["manifests"]
    try:
        (layout / "index.json").write_text(
            json.dumps({**index, "manifests": [{k: v for k, v in tagged.items() if k != "annotations"}]})
        )
        assert opened(f"oci:{layout}:1.0").manifest() == wanted
    finally:
        (layout / "index.json").write_text(json.dumps(index))


@pytest.mark.skipif(os.name == "nt", reason="C: is a drive there")
def test_a_folder_may_have_a_short_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with App("numbers") as app:
        app.add(guests.numbered(7))
        push(app, "oci:l:1.0")
    assert [one.name for one in tmp_path.iterdir()] == ["l"]


@pytest.mark.parametrize("reference", ["oci:", "oci::1.0", "oci-archive:"])
def test_a_layout_without_a_path_is_none(reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RegistryError, match="names no") as raised:
        opened(reference, write=True)
    assert "app:1.0" in raised.value.hint
    assert not list(tmp_path.iterdir())


def test_a_name_without_a_host_is_said_to_be_docker_hubs() -> None:
    told = broken("docker.io/library/calc:latest", httpx.ConnectError("no name"), "asked")
    assert "oci:FOLDER:TAG" in told.hint
    assert "oci:" not in broken("registry.example.com/calc:1", httpx.ConnectError("no name"), "asked").hint
