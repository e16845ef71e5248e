"""Whether an application runs at a place, and why not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from spinlab import App, Function
from spinlab.errors import OptionError
from spinlab.export import project
from spinlab.export.minimum import of_interfaces
from spinlab.manifest import Application, Component, Manifest, Trigger, TriggerDependency, http_trigger
from spinlab.targets import TARGETS, Asks, Verdict, find, judge
from spinlab.targets.asking import of_app, of_manifest, of_place
from spinlab.targets.catalogue import span
from spinlab.targets.command import targets as command
from spinlab.targets.judging import all_of
from spinlab.targets.telling import lines

P2 = "wasi:http/incoming-handler@0.2.0"
CANDIDATE = "wasi:http/handler@0.3.0-rc-2026-03-15"
FINAL = "wasi:http/handler@0.3.0"
LATER = ("spin-4.0", "spin-4.1", "shim-0.25.1", "shim-0.26.0", "akamai")
LATEST = ("spin-4.1", "shim-0.26.0", "akamai")
ALL = tuple(target.name for target in TARGETS)


def component(exports: Sequence[str] = (P2,), imports: Sequence[str] = ()) -> bytes:
    """A component with such imports and exports, and nothing in them."""
    names = "".join(f'(import "{name}" (instance))' for name in imports)
    ends = "".join(f'(export "{name}" (instance $empty))' for name in exports)
    text = f"(component {names} (component $c) (instance $empty (instantiate $c)) {ends})"
    return bytes(wasmtime.wat2wasm(text))


def asks(data: bytes | None, triggers: Mapping[str, tuple[Trigger, ...]] | None = None, **grants: Any) -> Asks:
    manifest = Manifest(
        Application("app"),
        triggers=triggers or {"http": (http_trigger("/...", "one"),)},
        components={"one": Component("one.wasm", **grants)},
    )
    return of_manifest(manifest, lambda _name, _component: data)


def runs(found: Asks) -> tuple[str, ...]:
    return tuple(verdict.target.name for verdict in all_of(found) if verdict.runs)


def verdict(found: Asks, name: str) -> Verdict:
    return judge(found, find(name))


@pytest.mark.parametrize(
    ("exports", "imports", "where"),
    [
        ((P2,), ("wasi:io/streams@0.2.9", "fermyon:spin/key-value@2.0.0"), ALL),
        ((P2,), ("spin:postgres/postgres@4.0.0", "spin:sqlite/sqlite@3.0.0"), ALL),
        (("fermyon:spin/inbound-http",), ("fermyon:spin/redis",), ALL),
        ((CANDIDATE,), (), LATER),
        ((FINAL,), (), LATEST),
        ((P2,), ("spin:key-value/key-value@3.0.0",), LATER),
        ((P2,), ("spin:postgres/postgres@4.2.0",), LATER),
        (("wasi:http/handler@0.3.0-rc-2026-01-06",), (), ("spin-3.6", "shim-0.24.0", "spinkube")),
        ((P2,), ("acme:thing/x@1.0.0",), ()),
        (("acme:thing/handler@1.0.0",), (), ()),
    ],
)
def test_versions_of_interfaces_decide(
    exports: tuple[str, ...], imports: tuple[str, ...], where: tuple[str, ...]
) -> None:
    assert runs(asks(component(exports, imports))) == where


def test_a_core_module_runs_everywhere() -> None:
    assert runs(asks(bytes(wasmtime.wat2wasm("(module)")))) == ALL


def test_the_quick_start_refuses_wasi_0_3_with_the_reason_and_what_helps() -> None:
    found = verdict(asks(component((FINAL,), ("wasi:http/types@0.3.0", "spin:redis/redis@3.0.0"))), "spinkube")
    [reason] = found.reasons  # the rest goes away with it
    assert reason.text == f"one is of WASI 0.3.0 ({FINAL}), which Spin has since 4.1"
    assert reason.remedy == "build it for WASI 0.2; or take containerd-shim-spin 0.26.0 (Spin 4.1) or later"


TRIGGERS = {
    "cron": ("spin-3.4", "spin-3.5", "spin-3.6", "spin-4.0", "spin-4.1"),
    "redis": tuple(name for name in ALL if name != "akamai"),
    "mqtt": tuple(name for name in ALL if name != "akamai"),
}


@pytest.mark.parametrize("kind", TRIGGERS)
def test_a_trigger_decides(kind: str) -> None:
    found = asks(component(("handle-it",)), {kind: (Trigger("one", "t"),)})
    assert runs(found) == TRIGGERS[kind]
    notes = verdict(found, "spin-4.1").notes
    assert (kind == "redis") == (f"the trigger {kind} is a plugin: spin plugins install trigger-{kind}" not in notes)
    assert any("no health" in note for note in verdict(found, "spinkube").notes)
    if kind == "cron":
        assert "CronJob" in verdict(found, "spinkube").reasons[0].remedy


def test_middleware_and_static_responses_need_later_ones() -> None:
    middleware = Trigger(
        "one", "t", dependencies={"middleware": (TriggerDependency(component="one"),)}, config={"route": "/"}
    )
    assert runs(asks(component(), {"http": (middleware,)})) == LATEST
    static = Trigger(id="s", config={"route": "/s", "static_response": {"body": "x"}})
    assert runs(asks(component(), {"http": (static,)})) == LATER


def test_what_is_granted_decides_at_a_hosting() -> None:
    assert "SQLite" in verdict(asks(component(), sqlite_databases=("default",)), "akamai").reasons[0].text
    assert verdict(asks(component(imports=["fermyon:spin/sqlite@2.0.0"])), "akamai").runs  # a world brings them all
    assert (
        "50 MiB are the most" in verdict(Asks("big", (), frozenset({"http"}), size=60 << 20), "akamai").reasons[0].text
    )


def test_stores_in_a_pod_are_told() -> None:
    found = asks(component(), key_value_stores=("default",), ai_models=("llama2-chat",))
    notes = verdict(found, "spinkube").notes
    assert any("which go with it" in note for note in notes)
    assert any("remote_http" in note for note in notes)
    assert not verdict(found, "spin-4.1").notes


def test_a_binary_that_is_not_at_hand_is_told() -> None:
    found = verdict(asks(None), "spin-4.1")
    assert found.runs
    assert "not at hand" in found.notes[0]


@given(st.text(max_size=40))
def test_any_name_of_an_interface_is_judged(name: str) -> None:
    found = span(name)
    assert found is None or found.first <= (4, 1)


@pytest.mark.parametrize(
    "name",
    [CANDIDATE, FINAL, "spin:postgres/postgres@3.0.0", "spin:postgres/postgres@4.0.0", "spin:sqlite/sqlite@3.1.0"],
)
def test_the_catalogue_agrees_with_what_an_export_says_it_needs(name: str) -> None:
    found = span(name)
    assert found is not None
    assert max(found.first, (3, 4)) == of_interfaces([name]).version


@pytest.mark.parametrize(
    "name", ["spinkube", "shim-0.26.0", "containerd-shim-spin@0.26.0", "containerd-shim-spin-v0.26.0"]
)
def test_targets_are_found_by_their_usual_names(name: str) -> None:
    assert find(name).kind == "shim"


def test_an_unknown_target_is_told_with_the_nearest() -> None:
    with pytest.raises(OptionError) as caught:
        find("spinkub")
    assert caught.value.hint == "did you mean spinkube?"


WAT = "(func $handle (call $respond (i32.const 200) (call $text (i32.const 1))))"


@pytest.fixture
def app() -> Iterator[App]:
    with App("going-places") as made:
        made.add(Function("one", WAT, "wat", ("/one",), sqlite_databases=("default",)))
        yield made


def test_an_app_and_its_export_are_judged_alike(app: App, tmp_path: Path) -> None:
    project(app, tmp_path)
    live = [(v.target.name, v.runs, v.reasons) for v in all_of(of_app(app))]
    assert live == [(v.target.name, v.runs, v.reasons) for v in all_of(of_place(tmp_path))]
    assert [name for name, answer, _ in live if not answer] == ["akamai"]


def test_the_terminal_tells_it_and_its_exit_status_is_the_answer(app: App, tmp_path: Path) -> None:
    project(app, tmp_path)
    done = CliRunner().invoke(command, [str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert done.output.rstrip("\n").split("\n") == list(lines(all_of(of_place(tmp_path))))
    one = CliRunner().invoke(command, [str(tmp_path), "--target", "akamai", "--format", "json"])
    assert one.exit_code == 1
    [found] = json.loads(one.output)
    assert found["runs"] is False
    assert "SQLite" in found["reasons"][0]["text"]
    assert CliRunner().invoke(command, [str(tmp_path), "--target", "spin-3.4"]).exit_code == 0


def test_who_names_nothing_is_told_how_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "spinlab targets DIR" in CliRunner().invoke(command, []).output


def test_what_is_no_application_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(tmp_path)])
    assert done.exit_code == 1
    assert "does not contain a file named 'spin.toml'" in done.output
    (tmp_path / "x.wasm").write_bytes(component()[:20])
    assert CliRunner().invoke(command, [str(tmp_path / "x.wasm")]).exit_code == 1
