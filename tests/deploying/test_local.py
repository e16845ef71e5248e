"""``--to local``: real processes, asked over HTTP."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from spinlab import App, Function
from spinlab.deploying import deploying, release
from spinlab.deploying.local import record
from spinlab.deploying.local.processes import process
from spinlab.errors import DeployError, ListenError, OptionError
from tests.conftest import wat
from tests.deploying.places import get, known, local, put, until
from tests.loading.projects import SIMPLE, application, manifest
from tests.servers import certificate, free_port
from tests.servers.redis import redis
from tests.triggers.guests import KEEPING
from tests.triggers.test_redis import publish

SLOW = """\
import time
def handle(request):
    print("began", flush=True)
    time.sleep(2)
    return "to the end"
"""


def _asked(url: str) -> str:
    """What a request on a connection of its own brings."""
    try:
        answer = httpx.get(url, timeout=60, trust_env=False)
    except httpx.HTTPError as error:
        return f"lost: {error!r}"
    return answer.text.strip() if answer.status_code == 200 else f"status {answer.status_code}"


def test_it_answers_and_tells_what_was_copied(app: App, beside: Path) -> None:
    app.add(wat())
    place = local(beside)
    assert place.status().state == "absent"
    done = put(app, place)
    assert done.url == place.url()
    assert get(place) == "Hello from WAT\n"
    assert done.lines[0].startswith("copied ")
    assert "compiled" in done.lines[1]
    status = place.status()
    assert (status.state, status.version, status.url) == ("running", "0.1.0", done.url)
    assert status.since is not None
    assert len(status.digest) == 64
    assert not list(place.folder.glob("order.json"))


def test_it_has_a_session_of_its_own(app: App, beside: Path) -> None:
    app.add(wat())
    put(app, local(beside))
    keeper = known(local(beside)).keeper
    assert os.getsid(keeper.pid) == keeper.pid != os.getsid(0)


def test_a_new_version_takes_the_place_and_no_request_is_lost(app: App, beside: Path) -> None:
    app.add(wat(text="old"))
    place = local(beside)
    url = put(app, place).url + "/hello"
    seen: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            seen.append(_asked(url))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        until(lambda: "old" in seen)
        app.add(wat(text="new"))
        done = put(app, place)
        until(lambda: "new" in seen)
    finally:
        over.set()
        for asker in askers:
            asker.join()
    assert set(seen) == {"old", "new"}
    assert seen[-1] == "new"
    assert done.url + "/hello" == url
    assert "without a gap" in done.lines[2]
    assert len(list((place.folder / "versions").iterdir())) == 1


def test_a_request_under_way_is_finished_by_the_old_version(app: App, beside: Path) -> None:
    app.add(Function("slow", SLOW, routes=("/hello",)))
    place = local(beside)
    put(app, place)
    answers: list[str] = []
    asker = threading.Thread(target=lambda: answers.append(get(place)))
    asker.start()
    until(lambda: any("began" in line for line in place.logs()))
    app.remove("slow")
    app.add(wat(text="new"))
    put(app, place)
    asker.join()
    assert answers == ["to the end"]
    assert get(place).strip() == "new"


def test_a_version_that_does_not_start_changes_nothing(app: App, beside: Path) -> None:
    app.add(wat(text="old"))
    place = local(beside)
    put(app, place)
    before = known(place)
    folder = application(beside / "broken", SIMPLE + 'key_value_stores = ["nowhere"]\n', hello="new")
    with release.of_source(folder) as made, pytest.raises(DeployError, match="does not serve") as raised:
        deploying.deploy(made, place)
    assert "nowhere" in raised.value.details
    assert raised.value.hint == "the one before goes on"
    assert known(place) == before
    assert get(place).strip() == "old"
    assert len(list((place.folder / "versions").iterdir())) == 1
    app.add(wat(text="newer"))
    put(app, place)
    assert get(place).strip() == "newer"


def test_a_first_version_that_does_not_start_leaves_nothing(beside: Path) -> None:
    place = local(beside)
    folder = application(beside / "broken", SIMPLE + 'key_value_stores = ["nowhere"]\n', hello="new")
    with release.of_source(folder) as made, pytest.raises(DeployError, match="does not serve") as raised:
        deploying.deploy(made, place)
    assert raised.value.hint == "nothing was deployed"
    assert not place.folder.exists()
    assert place.status().state == "absent"


def test_a_process_that_got_the_id_is_not_ended(app: App, beside: Path) -> None:
    app.add(wat())
    place = local(beside)
    put(app, place)
    found = known(place)
    for one in (found.keeper, found.child):
        assert one.send(signal.SIGKILL)
        assert one.wait(30)
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        stale = replace(process(stranger.pid), started="another time")
        record.write(place.folder, record.RECORD, replace(found, keeper=stale, child=stale))
        status = place.status()
        assert status.state == "dead"
        assert status.since is not None
        with pytest.raises(DeployError, match="does not run"):
            place.url()
        put(app, place)
        assert get(place) == "Hello from WAT\n"
        assert "deleted" in place.delete()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        assert stranger.stdin is not None
        stranger.stdin.close()


def test_what_lost_its_keeper_is_replaced_at_its_address(app: App, beside: Path) -> None:
    app.add(wat(text="old"))
    place = local(beside)
    url = put(app, place).url
    found = known(place)
    found.keeper.send(signal.SIGKILL)
    assert found.keeper.wait(30)
    assert found.child.alive
    app.add(wat(text="new"))
    assert put(app, place).url == url
    assert not found.child.alive
    assert get(place).strip() == "new"


def test_what_ends_by_itself_is_started_again(app: App, beside: Path) -> None:
    app.add(wat())
    place = local(beside)
    put(app, place)
    first = known(place).child
    assert first.send(signal.SIGKILL)
    assert first.wait(30)
    assert get(place) == "Hello from WAT\n"  # it waits until there is one that answers
    until(lambda: known(place).restarts == 1)
    assert known(place).child != first
    assert ("started again", "1 times") in place.status().more


def test_an_address_that_is_taken_is_refused_and_nothing_is_left(app: App, beside: Path) -> None:
    app.add(wat())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = local(beside, listen=f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ListenError, match="already in use"):
            put(app, place)
    assert not place.folder.exists()


@pytest.mark.parametrize("listen", ["3000", "nobody.invalid:1", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_refused(app: App, beside: Path, listen: str) -> None:
    app.add(wat())
    with pytest.raises(OptionError):
        put(app, local(beside, listen=listen))
    assert not local(beside).folder.exists()


def test_it_moves_to_another_address(app: App, beside: Path) -> None:
    app.add(wat(text="old"))
    first = put(app, local(beside)).url
    listen = f"127.0.0.1:{free_port()}"
    app.add(wat(text="new"))
    done = put(app, local(beside, listen=listen))
    assert done.url == f"http://{listen}"
    assert get(local(beside)).strip() == "new"
    with pytest.raises(httpx.ConnectError):
        httpx.get(first + "/hello", trust_env=False)
    assert put(app, local(beside)).url == done.url  # and stays there


@contextlib.contextmanager
def taking(port: int) -> Iterator[None]:
    """Have a port whose process was killed: the threads of a process let go of it a moment after it counts as gone."""
    made: list[socket.socket] = []

    def bound() -> bool:
        with contextlib.suppress(OSError):
            made.append(socket.create_server(("127.0.0.1", port)))
        return bool(made)

    until(bound)
    with made[0]:
        yield


def test_when_its_port_is_lost_it_gets_another_one_and_says_so(app: App, beside: Path) -> None:
    app.add(wat())
    put(app, local(beside, listen=f"127.0.0.1:{free_port()}"))
    place = local(beside)
    found = known(place)
    for one in (found.keeper, found.child):
        one.send(signal.SIGKILL)
        assert one.wait(30)
    port = int(found.listen.rpartition(":")[2])
    with taking(port):
        done = put(app, place)
    assert done.url != found.url
    assert f"it had {found.listen} before" in done.lines[-1]
    assert get(place) == "Hello from WAT\n"


def test_two_notebooks_of_a_folder_do_not_get_into_each_others_way(app: App, beside: Path) -> None:
    app.add(wat(text="one"))
    put(app, local(beside, owner="one.ipynb"))
    with App("tests") as other:
        other.add(wat(text="two"))
        with pytest.raises(DeployError, match=r"deployment of one\.ipynb") as raised:
            put(other, local(beside, owner="two.ipynb"))
        assert "--name" in raised.value.hint
        assert get(local(beside)).strip() == "one"
        put(other, local(beside, "second", owner="two.ipynb"))
        assert (get(local(beside)).strip(), get(local(beside, "second")).strip()) == ("one", "two")
        put(other, local(beside, owner="two.ipynb", take_over=True))
        assert get(local(beside)).strip() == "two"


def test_the_same_name_in_two_folders_is_two_deployments(app: App, beside: Path) -> None:
    app.add(wat(text="one"))
    first, second = local(beside / "a"), local(beside / "b")
    put(app, first)
    app.add(wat(text="two"))
    put(app, second)
    assert first.url() != second.url()
    assert (get(first).strip(), get(second).strip()) == ("one", "two")


def test_deleting_twice_is_told(app: App, beside: Path) -> None:
    app.add(wat())
    put(app, local(beside, "other"))
    place = local(beside)
    put(app, place)
    found = known(place)
    assert place.delete() == "tests was ended and deleted"
    assert not found.keeper.alive
    assert not found.child.alive
    assert not place.folder.exists()
    for again in (place.delete, place.url, lambda: list(place.logs())):
        with pytest.raises(DeployError, match="no deployment 'tests'") as raised:
            again()
        assert "other" in raised.value.hint


def test_its_log_is_followed_to_its_end(app: App, beside: Path) -> None:
    app.add(wat())
    place = local(beside)
    put(app, place)
    assert len(list(place.logs())) == 1
    assert list(place.logs(last=0)) == []
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(place.logs(follow=True)))
    reader.start()
    place_now = known(place)
    put(app, place)
    os.kill(place_now.keeper.pid, signal.SIGTERM)
    assert place_now.keeper.wait(60)
    reader.join(60)
    assert not reader.is_alive()
    assert "spinlab: ends" in lines[-1]
    assert sum("serves http" in line for line in lines) == 2


def test_triggers_beside_http_run_there(app: App, beside: Path) -> None:
    with redis(beside / "redis") as port:
        app.add(wat())
        trigger = {"channel": "jobs", "address": f"redis://127.0.0.1:{port}"}
        stores = ("default",)
        app.add(Function("keep", KEEPING, language="wat", triggers={"redis": (trigger,)}, key_value_stores=stores))
        place = local(beside)
        put(app, place)
        app.close()
        with App("reader", state_dir=place.folder / "state") as reader:

            def came() -> bool:
                publish(port, "jobs", b"from outside")
                return reader.kv().get("last") == b"from outside"

            until(came)


def test_what_only_messages_start_runs_there(app: App, beside: Path) -> None:
    trigger = {"channel": "jobs", "address": f"redis://127.0.0.1:{free_port()}"}
    app.add(Function("keep", KEEPING, language="wat", triggers={"redis": (trigger,)}, key_value_stores=("default",)))
    place = local(beside)
    put(app, place)
    assert place.status().state == "running"


def test_an_interrupt_leaves_what_runs(app: App, beside: Path) -> None:
    app.add(wat(text="old"))
    place = local(beside)
    put(app, place)
    before = known(place)
    os.mkfifo(beside / "never")  # whoever reads it waits for somebody who writes

    def interrupt(what: str, _done: float | None = None) -> None:
        if what == "starting it" and list(place.folder.glob("versions/2-*")):
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            put(app, local(beside, runtime_config_file=str(beside / "never")), progress=interrupt)
        assert known(place) == before
        assert get(place).strip() == "old"
        assert len(list((place.folder / "versions").iterdir())) == 1
        assert not (place.folder / "order.json").exists()
    fresh = local(beside, "fresh", runtime_config_file=str(beside / "never"))
    with pytest.raises(KeyboardInterrupt):
        put(app, fresh, progress=lambda what, _done=None: _raise(what))
    assert not fresh.folder.exists()


def _raise(what: str) -> None:
    if what == "starting it":
        raise KeyboardInterrupt


def test_what_lost_its_folder_ends(app: App, beside: Path) -> None:
    app.add(wat())
    place = local(beside)
    put(app, place)
    found = known(place)
    shutil.rmtree(place.folder)
    for one in (found.keeper, found.child):
        assert one.wait(60)


def test_it_speaks_https(app: App, beside: Path) -> None:
    app.add(wat())
    cert, key = certificate(beside / "tls")
    with pytest.raises(OptionError, match="belong together"):
        put(app, local(beside, tls_cert=str(cert)))
    place = local(beside, tls_cert=str(cert), tls_key=str(key))
    done = put(app, place)
    assert done.url.startswith("https://")
    assert place.status().state == "running"
    with place.client(insecure=True) as client:
        assert client.get("/hello").text == "Hello from WAT\n"


def test_what_nothing_starts_here_is_refused_unless_forced(beside: Path) -> None:
    text = SIMPLE + '\n[[trigger.kinesis]]\ncomponent = "hello"\nstream_arn = "x"\n'
    folder = application(beside / "app", text, hello="hi")
    place = local(beside)
    with release.of_source(folder) as made:
        with pytest.raises(DeployError, match="nothing by the trigger kinesis") as raised:
            deploying.deploy(made, place)
        assert "--to spin" in raised.value.hint
        assert "--force" in raised.value.hint
        done = deploying.deploy(made, place, force=True)
    assert any("kinesis" in remark for remark in done.remarks)
    assert get(place).strip() == "hi"


@pytest.mark.parametrize(
    ("to", "options", "told"),
    [
        ("lokal", {}, "did you mean local?"),
        ("moon", {}, "there are: local"),
        ("local", {"plugin": "aka"}, "that is for --to spin"),
    ],
)
def test_an_unknown_destination_or_option_is_refused(beside: Path, to: str, options: dict[str, str], told: str) -> None:
    with pytest.raises(OptionError) as raised:
        deploying.destination(to, "tests", beside, options=options)
    assert told in raised.value.hint


@pytest.mark.parametrize("name", ["", "a/b", "..", "-a", "x" * 64, "ä"])
def test_a_name_that_is_no_label_is_refused(beside: Path, name: str) -> None:
    with pytest.raises(OptionError):
        deploying.destination("local", name, beside)


def test_a_manifest_that_is_none_is_refused(beside: Path) -> None:
    (beside / "app").mkdir()
    (beside / "app" / "other.toml").write_text(manifest(SIMPLE))
    with pytest.raises(DeployError, match="under that name"), release.of_source(beside / "app" / "other.toml"):
        pass
