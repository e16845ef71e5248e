"""What the pages for users show is run against real servers, so that it can't rot."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from spinlab.host.runtime_toml import KEYS, loads
from tests.host.web import scripted, server
from tests.magics.conftest import Kernel
from tests.servers.mariadb import PASSWORD as MARIADB_PASSWORD
from tests.servers.mosquitto import mosquitto
from tests.servers.postgres import PASSWORD
from tests.servers.redis import redis

PAGE = Path(__file__).resolve().parent.parent / "docs" / "capabilities.md"
SECTIONS = {
    part.partition("\n")[0]: re.findall(r"^```(\w*)\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    for part in PAGE.read_text().split("\n## ")[1:]
}
SHOWN = {
    "Outbound HTTP": "hello from /",
    "Key-value stores": "1 of ['count']",
    "SQLite databases": '"ada"',
    "Variables and secrets": "https://api.example.com/v1",
    "Redis": "hello",
    "MQTT": "sent",
    "PostgreSQL": "[ 1, 2, 3 ]",
    "MySQL and MariaDB": "1 + 2 = 3",
    "Sockets": "heard hello",
    "Files": "what was noted",
    "AI models": "384",
}

SECRETS = {"DB_PASSWORD": PASSWORD, "MYSQL_PASSWORD": quote(MARIADB_PASSWORD)}


def echoes(connection: socket.socket) -> None:
    connection.sendall(b"heard " + connection.recv(100))


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory, postgres_port: int, mariadb_port: int) -> Iterator[dict[str, int]]:
    """The ports that the page names, and those of the servers here."""
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        yield {
            "8080": stack.enter_context(server()).port,
            "6379": stack.enter_context(redis(folder / "redis")),
            "1883": stack.enter_context(mosquitto(folder / "mosquitto")),
            "7000": stack.enter_context(scripted(echoes)),
            "5432": postgres_port,
            "3306": mariadb_port,
        }


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "notes.txt").write_text("what was noted")
    made = Kernel({"JPY_SESSION_NAME": str(folder / "page.ipynb"), **SECRETS})
    made.run(f"%load_ext spinlab\n%cd {folder}").ok()
    for name in SECRETS:
        made.run(f"%spin var {name.lower()} --from-env {name}").ok()
    yield made
    made.close()


def test_every_section_is_expected_to_show_something() -> None:
    assert list(SECTIONS) == list(SHOWN)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_cells_of_a_section_work_one_after_the_other(section: str, kernel: Kernel, ports: dict[str, int]) -> None:
    shown = ""
    for kind, text in SECTIONS[section]:
        here = re.sub(r"(?::|port=|, )(\d{4})\b", lambda found: _port(found, ports), text)
        if not kind:
            shown += kernel.run(here).ok().text
        elif here.startswith("# spin.toml"):
            manifest = kernel.run("%spin manifest").ok().text
            assert here.partition("\n")[2] in manifest, manifest
    assert "200 OK" in shown
    assert SHOWN[section] in re.sub(r"\s+", " ", shown), shown


def _port(found: re.Match[str], ports: dict[str, int]) -> str:
    """The same with the port of the server here."""
    name = found[1]
    return found[0].replace(name, str(ports.get(name, name)))


@pytest.mark.parametrize("section", SECTIONS)
def test_what_a_section_says_of_the_runtime_config_is_read(section: str, tmp_path: Path) -> None:
    shutil.copy(PAGE, tmp_path)
    for _, text in SECTIONS[section]:
        if text.startswith("# runtime-config.toml"):
            loads(text, folder=tmp_path)


def test_every_table_of_the_runtime_config_has_an_example() -> None:
    examples = "\n".join(text for blocks in SECTIONS.values() for _, text in blocks if "runtime-config.toml" in text)
    elsewhere = {"state_dir", "log_dir", "max_instance_memory", "config_provider"}
    assert set(KEYS) - elsewhere == {name for name in KEYS if f"[{name}" in examples}


def test_every_verb_exists() -> None:
    from spinlab.magics.verbs import VERBS

    named = set(re.findall(r"(?<!%)%spin (\w+)", PAGE.read_text()))
    assert named <= set(VERBS), named - set(VERBS)
