"""``%%spin NAME --redis CHANNEL`` and ``%spin send`` in a real kernel."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.magics.conftest import Kernel
from tests.servers.mosquitto import mosquitto
from tests.servers.redis import redis
from tests.triggers.guests import CLOCK, KEEPING
from tests.triggers.mqtt_guests import TOPICS
from tests.triggers.test_redis import publish


def test_a_cell_is_started_by_a_channel_and_by_hand(kernel: Kernel, tmp_path: Path) -> None:
    with redis(tmp_path) as port:
        kernel.run(f"%%spin wat keep --redis redis://127.0.0.1:{port}#jobs --kv default\n{KEEPING}").ok()
        kernel.run("import spinlab; assert spinlab.current_app().listeners[0].wait(60)").ok()
        publish(port, "jobs", b"by itself")
        kernel.run(
            "import time\n"
            "until = time.monotonic() + 60\n"
            "while not spinlab.current_app().traces('keep') and time.monotonic() < until: time.sleep(0.05)\n"
            "assert spinlab.current_app().kv('default').get('last') == b'by itself'"
        ).ok()
        assert "REDIS" in kernel.run("%spin trace").ok().text
        kernel.run("%spin send keep 'by hand'").ok()
        kernel.run("assert spinlab.current_app().kv('default').get('last') == b'by hand'").ok()
        assert "returned an error" in kernel.run("%spin send keep '!' --fail").error("CallError").traceback
        kernel.run("%spin remove keep").ok()


def test_a_cell_runs_by_the_clock_and_now(kernel: Kernel) -> None:
    kernel.run(f'%%spin wat tick --cron "0 0 3 * * *"\n{CLOCK}').ok()
    kernel.run("%spin send tick").ok()
    assert "CRON" in kernel.run("%spin trace").ok().text
    kernel.run("%spin remove tick").ok()


def test_a_cell_is_started_by_a_topic_of_a_server_that_wants_a_password(kernel: Kernel, tmp_path: Path) -> None:
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), "ada", "abracadabra-42"], check=True, timeout=60)
    users.chmod(0o644)
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {users}") as port:
        kernel.run("import os; os.environ['SPIN_VARIABLE_MQTT_PASSWORD'] = 'abracadabra-42'").ok()
        where = f"mqtt://ada:{{{{ mqtt_password }}}}@127.0.0.1:{port}?qos=2#sensors/#"
        kernel.run(f"%%spin wat keep --mqtt '{where}' --kv default\n{TOPICS}").ok()
        kernel.run("import spinlab; assert spinlab.current_app().listeners[0].wait(60)").ok()
        kernel.run("%spin send keep 21 --topic sensors/attic").ok()
        kernel.run("assert spinlab.current_app().kv('default').get('sensors/attic') == b'21'").ok()
        assert "abracadabra" not in kernel.run("spinlab.current_app().listeners").ok().text
        kernel.run("%spin remove keep").ok()


def test_a_password_does_not_stand_in_a_cell(kernel: Kernel) -> None:
    told = kernel.run("%%spin wat keep --mqtt mqtt://ada:hunter2@here#x\n(component)").error("OptionError")
    assert "a password does not stand in a cell" in told.traceback
    told = kernel.run("%%spin wat keep --mqtt mqtt://here?quality=1#x\n(component)").error("OptionError")
    assert "has no 'quality'" in told.traceback
    assert "--mqtt needs a value" in kernel.run("%%spin wat keep --mqtt\n(component)").error("OptionError").traceback
    told = kernel.run("%%spin wat keep --sqs jobs\n(component)").error("OptionError")
    assert "not the URL of a queue" in told.traceback
    told = kernel.run("%%spin wat keep --sqs http://h/0/q#batch=1\n(component)").error("OptionError")
    assert "max_messages, idle_wait_seconds with a number" in told.traceback
    told = kernel.run("%%spin wat keep --mqtt x --redis y\n(component)").error("OptionError")
    assert "exclude each other" in told.traceback


def test_a_cell_is_a_command_that_runs_with_arguments(kernel: Kernel) -> None:
    source = """
#include <stdio.h>
int main(int count, char **words) {
    char line[80];
    for (int i = 1; i < count; i++) printf("%d %s\\n", i, words[i]);
    if (fgets(line, sizeof line, stdin)) printf("read %s", line);
    fputs("to the log\\n", stderr);
    return count > 3;
}"""
    kernel.run(f"%%spin c greet --command\n{source}").ok()
    ran = kernel.run("%spin run greet 'one word' -- --two --stdin").ok()
    assert "1 one word\n2 --two\n3 --stdin\n" in ran.text
    assert "to the log" in ran.text
    assert "exit status 1" in ran.text
    ran = kernel.run("%spin run greet --stdin 'some input'").ok()
    assert "read some input" in ran.text
    assert "exit status 0" in ran.text
    assert "exit status 1" in kernel.run("%spin run greet a b c --fail").error("CallError").traceback
    assert "--route and --command" in kernel.run("%%spin c x --command --route /x\n").error("OptionError").traceback
    kernel.run("%spin remove greet").ok()


def test_what_does_not_go_together_is_pointed_at(kernel: Kernel) -> None:
    told = kernel.run("%%spin wat keep --redis jobs --route /x\n(component)").error("OptionError").traceback
    assert "--route and --redis exclude each other" in told
    told = kernel.run("%%spin wat keep --redis redis://here\n(component)").error("OptionError").traceback
    assert "redis://localhost:6379#jobs" in told
    told = kernel.run('%%spin wat tick --cron "*/5 * * * *"\n(component)').error("OptionError").traceback
    assert "five fields have no seconds" in told
