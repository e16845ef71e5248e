"""Push and pull with a real registry, and read back by skopeo."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

import spinlab
from spinlab import App, Function
from spinlab.engine import wat_to_wasm
from spinlab.errors import ExportError
from spinlab.export.oci import Pushed, pull, push, push_project
from spinlab.export.oci.layers import assemble
from spinlab.export.projects import plan
from spinlab.loading.registry import fetched
from spinlab.manifest import load, normalize
from tests.conftest import wat
from tests.export.oci.conftest import Cutting, noise
from tests.export.oci.projects import with_files
from tests.loading.projects import everything
from tests.servers.registry import skopeo

PLAIN = "--tls-verify=false"


def reference(port: int, name: str, tag: str = "1.0") -> str:
    return f"localhost:{port}/tests/{name}:{tag}"


def inspected(where: str) -> Any:
    return json.loads(skopeo("inspect", PLAIN, f"docker://{where}"))


def test_what_is_pushed_is_what_skopeo_reads(tmp_path: Path, registry_port: int) -> None:
    where = reference(registry_port, "read-by-skopeo")
    folder = with_files(tmp_path / "app", {"large.txt": b"large " * 100, "small.txt": b"small"})
    made = push_project(folder, where, insecure=True)
    seen = inspected(where)
    assert seen["Digest"] == made.digest
    assert (seen["Architecture"], seen["Os"]) == ("wasm", "Wasip1")
    assert len(seen["Layers"]) == made.layers == 3
    skopeo("copy", "--src-tls-verify=false", f"docker://{where}", f"oci:{tmp_path / 'copy'}:1.0")
    copied = fetched(f"oci:{tmp_path / 'copy'}:1.0")
    assert copied.digest == made.digest
    assert copied.files["files/hello/large.txt"] == b"large " * 100
    assert copied.files["files/hello/small.txt"] == b"small"


def test_what_is_there_is_not_sent_again_and_the_digest_stays(tmp_path: Path, registry_port: int) -> None:
    where = reference(registry_port, "again")
    folder = with_files(tmp_path, {"large.bin": noise(50_000)})
    first = push_project(folder, where, insecure=True)
    again = push_project(folder, where, insecure=True)
    assert first.sent == first.layers == 3
    assert (again.sent, again.digest, again.new_code) == (0, first.digest, 0)
    assert again.moved < 2000
    assert "all 3 layers were there" in again.summary


def shared(source: str) -> tuple[Function, ...]:
    return (
        Function("one", "def handle(request): return 'one'", routes=("/one",)),
        Function("two", source, routes=("/two",)),
    )


def test_a_changed_function_moves_under_100_kb_and_no_code(app: App, registry_port: int) -> None:
    where = reference(registry_port, "shared")
    for function in shared("def handle(request): return 'before'"):
        app.add(function)
    first = push(app, where, insecure=True)
    with spinlab.load(where, as_is=True, insecure=True) as node:
        assert node.get("/two").text == "before"
        compiled = {live.prepared.digest for live in node.functions.values()}
    app.add(shared("def handle(request): return 'after'  # " + "changed " * 40)[1])
    second = push(app, where, insecure=True)
    with spinlab.load(where, as_is=True, insecure=True) as node:
        assert [node.get(path).text for path in ("/one", "/two")] == ["one", "after"]
        after = [live.prepared for live in node.functions.values()]
    assert {one.digest for one in after} == compiled
    assert all(one.cached and one.compile_seconds == 0 for one in after), "nothing is compiled"
    assert first.new_code == 1
    assert first.moved > 5_000_000
    assert second.digest != first.digest
    assert second.new_code == 0
    assert second.moved < 100_000
    assert "no new code" in second.summary


def test_a_pulled_app_of_a_notebook_has_its_sources_and_answers(app: App, registry_port: int, tmp_path: Path) -> None:
    where = reference(registry_port, "sources")
    app.add(Function("sums", "def twice(n): return 2 * n", module=True))
    app.add(Function("my_own", "import sums\ndef handle(request): return f'{sums.twice(21)}'", routes=("/my_own",)))
    app.add(Function("page", "<h1>a page</h1>", language="html", routes=("/page",)))
    app.add(wat())
    push(app, where, insecure=True)
    with spinlab.load(where, insecure=True) as back:
        assert back.get("/my_own").text == "42"
        assert back.get("/page").text == "<h1>a page</h1>"
        assert back.get("/hello").text == "Hello from WAT\n"
        languages = {name: live.function.language for name, live in back.functions.items()}
    assert languages["my_own"] == "python"
    assert languages["page"] == "html"


def test_standalone_components_are_pushed_each_with_its_own_code(app: App, registry_port: int) -> None:
    where = reference(registry_port, "standalone")
    for function in shared("def handle(request): return 'two'"):
        app.add(function)
    made = push(app, where, components="standalone", insecure=True)
    assert made.new_code == 2
    back, exported = fetched(where, insecure=True).files, plan(app, "standalone").files
    for name in ("one", "two"):
        assert back[f"components/{name}.wasm"] == exported[f"components/{name}.wasm"]


def test_the_official_form_has_to_be_built_first(app: App, registry_port: int) -> None:
    app.add(wat())
    with pytest.raises(ExportError, match="has to be built before it is pushed"):
        push(app, reference(registry_port, "official"), components="official", insecure=True)


def test_everything_of_a_manifest_comes_back(tmp_path: Path, registry_port: int) -> None:
    where = reference(registry_port, "everything")
    folder = everything(tmp_path / "app")
    (folder / "not-there-yet.wasm").write_bytes(wat_to_wasm("(component)"))
    made = push_project(folder, where, annotations={"team": "green"}, insecure=True)
    back = pull(where, tmp_path / "back", insecure=True)
    assert back.digest == made.digest
    before, after = (normalize(load(place / "spin.toml")) for place in (folder, back.folder))
    assert after.variables == before.variables
    assert after.triggers == before.triggers
    for name, component in before.components.items():
        mine = after.components[name]
        for key in ("description", "variables", "environment", "key_value_stores", "sqlite_databases", "ai_models"):
            assert getattr(mine, key) == getattr(component, key), (name, key)
        assert mine.build == component.build
    again = push_project(back.folder, where, annotations={"team": "green"}, insecure=True)
    assert again.sent <= 1, "only the locked application may differ"


def test_an_application_in_archives_comes_back(
    tmp_path: Path, registry_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = reference(registry_port, "archives")
    monkeypatch.setenv("SPIN_OCI_ARCHIVE_LAYERS", "1")
    files = {"a/large.txt": b"large " * 100, "small": b"s", "twin": b"large " * 100}
    push_project(with_files(tmp_path / "app", files), where, insecure=True)
    back = pull(where, tmp_path / "back", insecure=True)
    assert {p: (back.folder / "files/hello" / p).read_bytes() for p in files} == files


def test_a_tag_can_be_left_out_and_a_digest_pins(tmp_path: Path, registry_port: int) -> None:
    folder = with_files(tmp_path / "app", {})
    bare = f"localhost:{registry_port}/tests/untagged"
    made = push_project(folder, bare, insecure=True)
    assert made.reference == f"{bare}:latest"
    assert inspected(f"{bare}:latest")["Digest"] == made.digest
    with_files(tmp_path / "app", {}, answer="changed")
    push_project(folder, bare, insecure=True)
    pinned = fetched(f"{bare}@{made.digest}", insecure=True)
    assert pinned.digest == made.digest
    assert fetched(bare, insecure=True).digest != made.digest


def test_progress_is_told_up_to_the_end(tmp_path: Path, registry_port: int) -> None:
    where = reference(registry_port, "progress")
    told: list[tuple[str, float | None]] = []
    folder = with_files(tmp_path, {"large.bin": noise(9_000_000)})
    push_project(folder, where, insecure=True, progress=lambda what, done=None: told.append((what, done)))
    assert told[-1] == (f"pushing to {where} (9.0 MB)", 1.0)
    assert len({done for _, done in told}) >= 3, "in pieces"
    told.clear()
    fetched(where, insecure=True, progress=lambda what, done=None: told.append((what, done)))
    assert told[-1] == (f"fetching {where} (9.0 MB)", 1.0)


# ---- what is broken off


def test_a_push_that_breaks_in_a_layer_twice_gets_there(tmp_path: Path, registry_port: int) -> None:
    cutting = Cutting(registry_port, [6_000_000, 3_000_000], upwards=True)
    where = reference(cutting.port, "cut-up")
    made = push_project(with_files(tmp_path, {"large.bin": noise(12_000_000)}), where, insecure=True)
    cutting.close()
    assert cutting.cut == 2
    assert inspected(reference(registry_port, "cut-up"))["Digest"] == made.digest
    assert push_project(tmp_path, where.replace(str(cutting.port), str(registry_port)), insecure=True).sent == 0


def test_a_pull_that_breaks_in_a_layer_goes_on_where_it_was(tmp_path: Path, registry_port: int) -> None:
    folder = with_files(tmp_path, {"large.bin": noise(12_000_000)})
    push_project(folder, reference(registry_port, "cut-down"), insecure=True)
    cutting = Cutting(registry_port, [5_000_000, 4_000_000], upwards=False)
    found = fetched(reference(cutting.port, "cut-down"), insecure=True)
    cutting.close()
    assert cutting.cut == 2
    assert found.files["files/hello/large.bin"] == (folder / "assets/large.bin").read_bytes()
    assert cutting.passed[False] < 14_000_000, "what had come was not fetched again"


def test_a_push_that_is_given_up_leaves_no_manifest_and_the_next_one_sends_only_the_rest(
    tmp_path: Path, registry_port: int
) -> None:
    folder = with_files(tmp_path, {"a.bin": noise(300_000), "large.bin": noise(12_000_000)})
    cutting = Cutting(registry_port, [6_000_000] * 50, upwards=True)
    where = reference(cutting.port, "given-up")

    class Interrupted(Exception): ...

    def progress(what: str, done: float | None = None) -> None:
        if done is not None and done > 0.3:
            raise Interrupted

    with pytest.raises(Interrupted):
        push_project(folder, where, insecure=True, progress=progress)
    cutting.close()
    with pytest.raises(AssertionError, match="manifest unknown"):
        inspected(reference(registry_port, "given-up"))
    made = push_project(folder, reference(registry_port, "given-up"), insecure=True)
    assert made.sent < made.layers
    assert inspected(reference(registry_port, "given-up"))["Digest"] == made.digest


def test_several_pushes_at_once_leave_one_of_them(tmp_path: Path, registry_port: int) -> None:
    where = reference(registry_port, "at-once")
    folders = [with_files(tmp_path / str(n), {"n.bin": noise(200_000)}) for n in range(3)]
    made: list[Pushed] = []
    threads = [threading.Thread(target=lambda f=f: made.append(push_project(f, where, insecure=True))) for f in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 3
    assert inspected(where)["Digest"] in {one.digest for one in made}
    fetched(where, insecure=True)


# ---- without a registry


@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
def test_a_layout_needs_no_registry_and_others_read_it(tmp_path: Path, registry_port: int, transport: str) -> None:
    folder = with_files(tmp_path / "app", {"large.txt": b"large " * 100})
    place = f"{transport}:{tmp_path / 'out'}:2.0"
    made = push_project(folder, place)
    assert json.loads(skopeo("inspect", place))["Digest"] == made.digest
    where = reference(registry_port, f"from-{transport}")
    skopeo("copy", "--dest-tls-verify=false", place, f"docker://{where}")
    assert fetched(where, insecure=True).files == fetched(place).files
    with spinlab.load(place) as back:
        assert back.get("/hello").text == "hi             "


def test_an_archive_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    folder = with_files(tmp_path / "app", {"large.txt": b"large " * 100})
    for name in ("one.tar", "two.tar"):
        push_project(folder, f"oci-archive:{tmp_path / name}:1.0")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_a_layout_keeps_several_tags(tmp_path: Path) -> None:
    place = tmp_path / "out"
    first = push_project(with_files(tmp_path / "app", {}), f"oci:{place}:1.0")
    second = push_project(with_files(tmp_path / "app", {}, answer="changed"), f"oci:{place}:2.0")
    assert [fetched(f"oci:{place}:{tag}").digest for tag in ("1.0", "2.0")] == [first.digest, second.digest]
    assert assemble(normalize(load(tmp_path / "app/spin.toml")), tmp_path / "app").manifest.digest == second.digest
