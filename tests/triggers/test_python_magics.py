"""Python cells that messages start, in a real kernel; the images of triggers in the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spinlab import images
from tests.magics.conftest import Kernel
from tests.servers.redis import redis
from tests.triggers.test_python import SHORT
from tests.triggers.test_redis import publish


def test_a_python_cell_is_started_by_a_channel_and_an_edit_is_live(kernel: Kernel, tmp_path: Path) -> None:
    with redis(tmp_path) as port:
        line = f"%%spin worker --redis redis://127.0.0.1:{port}#jobs --kv default"
        kernel.run(f"{line}\n{SHORT}").ok()
        kernel.run("import spinlab; assert spinlab.current_app().listeners[0].wait(60)").ok()
        publish(port, "jobs", b"by itself")
        kernel.run(
            "import time\n"
            "until = time.monotonic() + 60\n"
            "while not spinlab.current_app().traces('worker') and time.monotonic() < until: time.sleep(0.05)\n"
            "assert spinlab.current_app().kv('default').get('last') == b'by itself'"
        ).ok()
        kernel.run(f"{line}\n{SHORT.replace('got', 'now got')}").ok()
        kernel.run("%spin send worker 'by hand'").ok()
        assert "now got 7" in kernel.run("%spin logs worker").ok().text
        told = kernel.run("%spin send worker fail --fail").error("CallError").traceback
        assert "ValueError: no such job" in told + kernel.run("%spin logs worker").ok().text
        kernel.run("%spin remove worker").ok()


def test_a_handler_without_its_option_is_refused_with_the_line_and_the_option(kernel: Kernel) -> None:
    own = "\nclass InboundRedis:\n    def handle_message(self, message):\n        pass\n"
    told = kernel.run(f"%%spin worker\n{own}").error("SourceError").traceback
    assert "class InboundRedis takes messages, and this function has no trigger" in told
    assert "add --redis" in told
    rust = "\n#[redis_component]\nfn on_message(message: bytes::Bytes) -> anyhow::Result<()> { Ok(()) }\n"
    told = kernel.run(f"%%spin rust worker\n{rust}").error("SourceError").traceback
    assert "#[redis_component] takes messages of Redis" in told
    assert "add --redis CHANNEL" in told
    told = kernel.run("%%spin worker --redis jobs\ndef handle():\n    pass\n").error("SourceError").traceback
    assert "it is called with one, the message" in told
    assert "def handle(message):" in told


def spinlab(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "spinlab.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.toolchain
def test_the_image_of_a_trigger_is_built_beforehand_and_listed() -> None:
    built = spinlab("images", "build", "--trigger", "redis", "0.2")
    assert built.returncode == 0, built.stderr
    assert built.stdout.startswith("Python, WASI 0.2, redis: ")
    image = images.find("0.2", trigger="redis")
    assert image is not None
    assert images.is_current(image)
    assert "Python, WASI 0.2, redis" in spinlab("images", "list").stdout
    refused = spinlab("images", "build", "--trigger", "radio")
    assert refused.returncode != 0
    assert "there is no such image for the trigger radio" in refused.stderr


def test_the_cell_of_the_documentation_runs(kernel: Kernel) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "triggers.md").read_text(encoding="utf-8")
    cell = page.split("\n## Python\n```python\n")[1].split("```")[0]
    kernel.run(cell).ok()
    kernel.run('%spin send worker \'{"id": "7"}\'').ok()
    kernel.run("import spinlab; assert spinlab.current_app().kv('default').get('7') == b'{\"id\": \"7\"}'").ok()
    kernel.run("%spin remove worker").ok()
