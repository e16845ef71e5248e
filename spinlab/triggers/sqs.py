"""SQS: a function runs for each message of a queue, and says whether to delete it (Spin: the plugin ``trigger-sqs``).

Messages are fetched in batches, and those of a batch run at the same time. While one runs, its time of being invisible
to others is renewed; one that fails, or is left, comes back when that is over. Credentials, region and endpoint are
those of the environment, as for all AWS clients.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit

from spinlab.errors import OptionError, SpinError, ToolMissing
from spinlab.triggers.kind import Config, Place

BATCH: Final = 10
"""Messages that AWS gives at once at most, and that are asked for when nothing is said."""
IDLE: Final = 2
"""Seconds after which an empty queue is looked at again, when nothing is said."""
INVISIBLE: Final = 30
"""Seconds that AWS hides a message that was given out, when the queue does not say."""
LEFT: Final = b"leave"

_AMAZON: Final = re.compile(r"(?:sqs\.(?P<region>[a-z0-9-]+)|(?P<older>[a-z0-9-]+)\.queue)\.amazonaws\.com(?:\.cn)?")
_NUMBERS: Final = ("max_messages", "idle_wait_seconds")
_LISTS: Final = ("system_attributes", "message_attributes")
_LOCAL_REGION: Final = "us-east-1"
"""What a request to a server that is not Amazon's is signed for, when the environment says nothing."""


T = TypeVar("T")


class QueueError(SpinError):
    """A queue can't be used."""


class Sqs:
    """See `spinlab.triggers.kind.Kind`."""

    name = "sqs"
    keys = ("queue_url", *_NUMBERS, *_LISTS)
    required = 1
    templated = ()
    settings = ()
    application = ()
    defaults: Config = {}
    listens = True

    def declared(self, text: str) -> Config:
        """The queue's URL; after ``#`` the other keys, such as ``#max_messages=1&message_attributes=color,size``."""
        url, _, more = text.partition("#")
        found: dict[str, Any] = {"queue_url": url}
        for key, value in parse_qsl(more, keep_blank_values=True):
            if key in _LISTS:
                found[key] = tuple(filter(None, value.split(",")))
            elif key in _NUMBERS and value.isdecimal():
                found[key] = int(value)
            else:
                raise ValueError(f"after # stand {', '.join(_NUMBERS)} with a number, {', '.join(_LISTS)} with names")
        return found

    def check(self, config: Config) -> None:
        """The URL leads to a queue, the numbers are possible, and what speaks with AWS is here."""
        _check_url(str(config["queue_url"]))
        for key in _NUMBERS:
            value = config.get(key, 1)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise OptionError(f"{key} can't be {value!r}", hint=f"a number, such as {key} = 2")
        if not 1 <= config.get("max_messages", BATCH) <= BATCH:
            raise OptionError("max_messages is between 1 and 10", hint="AWS gives no more than 10 at once")
        for key in _LISTS:
            value = config.get(key, ())
            if isinstance(value, str) or not all(isinstance(name, str) for name in value):
                raise OptionError(f"{key} are names, not {value!r}", hint=f'{key} = ["All"]')
        if find_spec("botocore") is None:
            raise ToolMissing("sqs needs the package botocore, which is not here", hint='pip install "spinlab[sqs]"')

    def subject(self, config: Config) -> str:
        """The name of the queue."""
        return urlsplit(str(config["queue_url"])).path.rpartition("/")[2]

    def message(self, config: Config, data: bytes) -> bytes:
        """A message with that body, and nothing else."""
        try:
            data.decode()
        except UnicodeDecodeError:
            raise OptionError("the body of an SQS message is text", hint="send UTF-8") from None
        return packed({"Body": data.decode()})

    async def listen(self, config: Config, place: Place) -> None:
        """Fetch messages and deliver them, batch after batch."""
        queue = await _aside(lambda: _Queue(str(config["queue_url"])))
        invisible = await queue.invisible()
        place.listening(queue.url)
        asked = {
            "MaxNumberOfMessages": config.get("max_messages", BATCH),
            "MessageSystemAttributeNames": list(config.get("system_attributes", ())),
            "MessageAttributeNames": list(config.get("message_attributes", ())),
        }
        while True:
            found = (await queue.call("receive_message", **asked)).get("Messages", [])
            if not found:
                await asyncio.sleep(config.get("idle_wait_seconds", IDLE))
            name = self.subject(config)
            await asyncio.gather(*(_handled(queue, message, invisible, place, name) for message in found))


async def _handled(queue: _Queue, message: Mapping[str, Any], invisible: int, place: Place, name: str) -> None:
    receipt = message["ReceiptHandle"]
    renewing = asyncio.ensure_future(_renew(queue, receipt, invisible))
    try:
        done = await place.deliver(packed(message), name)
    finally:
        renewing.cancel()
    if done.succeeded and done.answer != LEFT:
        await queue.call("delete_message", ReceiptHandle=receipt)


async def _renew(queue: _Queue, receipt: str, invisible: int) -> None:
    while True:
        await asyncio.sleep(max(invisible / 2, 0.5))
        with suppress(QueueError):  # then it may come twice, which SQS promises nothing about
            await queue.call("change_message_visibility", ReceiptHandle=receipt, VisibilityTimeout=invisible)


async def _aside(work: Callable[[], T]) -> T:
    """Do what blocks in a thread that nobody has to wait for when the process ends."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, error: Exception | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast("T", result))

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as problem:  # noqa: BLE001 (told to the one who waits)
            error = problem
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=run, name="spinlab-sqs", daemon=True).start()
    return await done


class _Queue:
    """A queue, by an AWS client whose calls each take a thread while they wait.

    Parameters:
        url: Of the queue.
    """

    def __init__(self, url: str) -> None:
        from botocore.config import Config as Settings  # heavy, and an extra
        from botocore.session import get_session

        self.url = url
        session = get_session()
        session.user_agent_name = "spinlab"
        where = urlsplit(url)
        amazon = _AMAZON.fullmatch(where.hostname or "")
        region = (amazon and (amazon["region"] or amazon["older"])) or session.get_config_variable("region")
        self._client = session.create_client(
            "sqs",
            region_name=region or _LOCAL_REGION,
            endpoint_url=None if amazon else _endpoint(session) or f"{where.scheme}://{where.netloc}",
            config=Settings(connect_timeout=10, read_timeout=30, retries={"total_max_attempts": 1}),
        )

    async def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation on the queue.

        Raises:
            QueueError: It failed; without credentials in the text.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            method = getattr(self._client, operation)
            answer: dict[str, Any] = await _aside(lambda: method(QueueUrl=self.url, **arguments))
        except (BotoCoreError, ClientError) as error:
            raise QueueError(_explained(error)) from None
        return answer

    async def invisible(self) -> int:
        """Seconds that a message that was given out is hidden."""
        found = await self.call("get_queue_attributes", AttributeNames=["VisibilityTimeout"])
        value = str(found.get("Attributes", {}).get("VisibilityTimeout", ""))
        return int(value) if value.isdecimal() else INVISIBLE


def _endpoint(session: Any) -> str:
    """What the environment says of where AWS is (``AWS_ENDPOINT_URL_SQS``, ``AWS_ENDPOINT_URL``)."""
    from os import environ

    return environ.get("AWS_ENDPOINT_URL_SQS") or environ.get("AWS_ENDPOINT_URL") or ""


def _explained(error: Exception) -> str:
    """What AWS or its client says, in a line."""
    kind = type(error).__name__
    if kind in ("NoCredentialsError", "PartialCredentialsError"):
        return "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return str(error).splitlines()[0]
    told = response.get("Error", {})
    code = str(told.get("Code", kind))
    if "NonExistentQueue" in code or "QueueDoesNotExist" in code:
        return "the queue does not exist"
    return f"{code}: {str(told.get('Message', '')).splitlines()[0] if told.get('Message') else 'no reason was given'}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.path.strip("/") and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.username is not None or parts.query or parts.fragment:
        raise OptionError(
            "that is not the URL of a queue", hint="such as https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"
        )


def packed(message: Mapping[str, Any]) -> bytes:
    """A message of SQS as the glue reads it (`spinlab.engine.receiving`); as in Spin, no attribute has a data type."""
    attributes: list[tuple[str, bytes, bool]] = [
        *((name, str(value).encode(), False) for name, value in message.get("Attributes", {}).items()),
        *_own(message.get("MessageAttributes", {})),
    ]
    memory = _Memory(32 + 32 * len(attributes))
    head = [*memory.optional(message.get("MessageId")), 32, len(attributes), *memory.optional(message.get("Body"))]
    for name, value, binary in attributes:
        head += [*memory.put(name.encode()), 0, 0, 0, int(binary), *memory.put(value)]
    return b"".join(number.to_bytes(4, "little") for number in head) + bytes(memory.kept)


def _own(attributes: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, bytes, bool]]:
    for name, value in attributes.items():
        if "StringValue" in value:
            yield name, value["StringValue"].encode(), False
        elif "BinaryValue" in value:
            yield name, bytes(value["BinaryValue"]), True


class _Memory:
    """What stands behind a number of bytes, and where."""

    def __init__(self, begin: int) -> None:
        self.kept = bytearray()
        self._begin = begin

    def put(self, data: bytes) -> tuple[int, int]:
        """Keep bytes; their address and number."""
        at = self._begin + len(self.kept)
        self.kept += data
        return at, len(data)

    def optional(self, text: str | None) -> tuple[int, int, int]:
        """Keep a text that may be missing; whether it is there, its address and size."""
        return (0, 0, 0) if text is None else (1, *self.put(text.encode()))


KIND = Sqs()
