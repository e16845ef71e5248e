"""The later lessons in a real kernel, each in a class of its own so that they run beside each other."""

from __future__ import annotations

from tests.notebooks.lesson import Lesson


class TestLesson04(Lesson):
    lesson = "04"


class TestLesson05(Lesson):
    lesson = "05"


class TestLesson06(Lesson):
    lesson = "06"
