"""ElasticMQ, a queue server that speaks SQS, on a JVM: its jars come from Maven's repository, once, into a cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session
from filelock import FileLock

from tests.servers import PATIENCE, running

POM = Path(__file__).resolve().parent / "elasticmq" / "pom.xml"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAOFTHETESTS", "AWS_SECRET_ACCESS_KEY": "the-secret-of-the-tests"}
"""The server takes any credentials."""


def jars() -> Path:
    """The folder with the server and what it needs, fetched when the cache has none: some seconds, 37 MB.

    Raises:
        RuntimeError: Maven is not here, or does not get them.
    """
    pinned = hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    folder = platformdirs.user_cache_path("spinlab-tests") / f"elasticmq-{pinned}"
    found = folder / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not found.exists():
            _fetch(folder / "new")
            (folder / "new").rename(found)
    return found


def _fetch(target: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise RuntimeError("Maven is missing, which fetches the queue server of the tests")
    command = [maven, "-q", "-B", "-ntp", "-f", str(POM), PLUGIN, f"-DoutputDirectory={target}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the queue server could not be fetched:\n{(done.stdout + done.stderr)[-4000:]}")


class Queues:
    """A running server.

    Parameters:
        port: Where it listens.
    """

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.client = get_session().create_client(
            "sqs",
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    def make(self, name: str, invisible: int = 30) -> str:
        """Make a queue; its URL."""
        attributes = {"VisibilityTimeout": str(invisible)}
        self.client.create_queue(QueueName=name, Attributes=attributes)
        return f"{self.endpoint}/000000000000/{name}"

    def send(self, url: str, *bodies: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Put messages into a queue."""
        for body in bodies:
            self.client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=dict(attributes or {}))

    def left(self, url: str) -> int:
        """Messages in a queue, those included that are hidden now."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)


@contextmanager
def elasticmq(folder: Path) -> Iterator[Queues]:
    """An empty server."""
    classes = f"{jars()}/*"

    def command(port: int) -> list[str]:
        settings = {
            "rest-sqs.bind-port": port,
            "rest-sqs.bind-hostname": "127.0.0.1",
            "node-address.port": port,
            "rest-stats.enabled": "false",
        }
        options = [f"-D{name}={value}" for name, value in settings.items()]
        small = ["-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return ["java", *small, *options, "-cp", classes, "org.elasticmq.server.Main"]

    with running(command, folder) as port:
        queues = Queues(port)
        _wait(queues)
        yield queues


def _wait(queues: Queues) -> None:
    """Until it answers; what it says while it starts does not count."""
    end = time.monotonic() + PATIENCE
    while not _answers(queues):
        assert time.monotonic() < end, "the queue server does not answer"
        time.sleep(0.1)


def _answers(queues: Queues) -> bool:
    try:
        queues.client.list_queues()
    except (BotoCoreError, ClientError):
        return False
    return True


if __name__ == "__main__":
    print(jars())
    sys.exit(0)
