"""The envelope: every command is answered, errors too, at its deadline at the latest."""

from __future__ import annotations

import threading

import pytest

import spinlab
from spinlab import App
from spinlab.commands import Asked, Reply, Room
from spinlab.commands.channel import RUNNING
from spinlab.errors import OptionError
from tests.commands.line import FrontEnd


def test_both_sides_say_who_they_are(app: App) -> None:
    front = FrontEnd(app)
    assert front.value("hello", protocol=1) == {"version": spinlab.__version__, "protocol": 1, "app": "tests"}


def test_another_version_is_told_what_to_do(app: App) -> None:
    error = FrontEnd(app).error("hello", protocol=99, version="9.9.9")
    assert "9.9.9" in error["message"]
    assert spinlab.__version__ in error["message"]
    assert "restart the kernel" in error["hint"]


def test_a_command_that_is_not_there_is_answered(app: App) -> None:
    assert "no command 'nosuch'" in FrontEnd(app).error("nosuch")["message"]


def test_an_error_is_an_answer(app: App) -> None:
    def fails(room: Room, asked: Asked) -> None:
        raise OptionError("this was wrong", hint="do that")

    def breaks(room: Room, asked: Asked) -> None:
        raise ZeroDivisionError("by zero")

    front = FrontEnd(app, {"fails": fails, "breaks": breaks})
    said = front.error("fails")
    assert (said["kind"], said["message"], said["hint"]) == ("OptionError", "this was wrong", "do that")
    assert front.error("breaks")["kind"] == "ZeroDivisionError"


def test_a_deadline_is_an_answer_and_the_command_knows(app: App) -> None:
    knew = threading.Event()

    def waits(room: Room, asked: Asked) -> None:
        assert asked.given_up.wait(30)
        knew.set()

    front = FrontEnd(app, {"waits": waits})
    error = front.error("waits", deadline=0.05)
    assert error["kind"] == "Deadline"
    assert knew.wait(30)
    assert len([m for m, _ in front.told if "id" in m]) == 1


def test_a_slow_command_holds_up_no_other(app: App) -> None:
    free = threading.Event()
    front = FrontEnd(app, {"slow": lambda _room, _asked: free.wait(30)})
    slow = front.begin("slow")
    assert front.value("hello")["app"] == "tests"
    assert all(m.get("id") != slow for m, _ in front.told)
    free.set()


def test_too_many_commands_are_refused_in_words(app: App) -> None:
    free = threading.Event()
    front = FrontEnd(app, {"slow": lambda _room, _asked: free.wait(30)})
    for _ in range(RUNNING):
        front.begin("slow")
    assert front.error("hello")["kind"] == "Busy"
    free.set()


def test_bytes_go_beside_the_value(app: App) -> None:
    front = FrontEnd(app, {"twice": lambda _room, asked: Reply(len(asked.buffers), (asked.buffers[0] * 2,))})
    answer = front.ask("twice", buffers=(b"\0\xff",))
    assert (answer["value"], answer["buffers"]) == (1, [b"\0\xff\0\xff"])


def test_secrets_leave_no_answer(app: App) -> None:
    app.set_variable("token", "hunter2-hunter2", secret=True)
    front = FrontEnd(app, {"tells": lambda _room, _asked: {"list": ["the token is hunter2-hunter2"]}})
    assert front.value("tells") == {"list": ["the token is ***"]}


def test_what_is_no_command_is_ignored_and_a_closed_channel_is_silent(app: App) -> None:
    front = FrontEnd(app)
    for message in (None, 7, "x", {}, {"id": 1}):
        front.channel.receive(message)
    front.channel.close()
    front.channel.receive({"id": 1, "command": "hello"})
    front.channel.event("changed")
    assert front.told == []


@pytest.mark.parametrize(
    ("getter", "value", "message"),
    [
        ("text", 7, "x is a text, not 7"),
        ("text", None, "x is missing"),
        ("number", "7", "x is a whole number"),
        ("number", True, "x is a whole number"),
        ("number", -1, "x is a whole number from 0"),
        ("flag", 1, "x is true or false"),
        ("pairs", [["a"]], "x is a list of pairs of texts"),
    ],
)
def test_arguments_of_another_kind_are_refused(getter: str, value: object, message: str) -> None:
    asked = Asked({"x": value} if value is not None else {})
    with pytest.raises(OptionError) as caught:
        getattr(asked, getter)("x")
    assert caught.value.message.startswith(message)
