"""How many students a machine holds: servers and kernels of several students who run all lessons at the same time.

``python -m benchmarks students`` is not in the default tables: it takes minutes.

Memory is the highest sum of proportional shares, so that code that all kernels map counts once for the machine. A
student is what each further one adds. Processors are measured by what everybody waits for at once: a room that runs the
same cell.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.classroom import Kernel, Run, Student, lessons
from benchmarks.figures import Grid
from benchmarks.memory import MB, Peak, proportional
from spinlab import warming
from spinlab.folders import VARIABLE, cache_dir

T = TypeVar("T")
COUNTS = (1, 4, 8)
MACHINES = (8, 16, 24)
"""Gigabytes of the machines that are asked about."""
SYSTEM = 1.0
"""Gigabytes that the system, a hub and files in memory get."""
FIRST = (
    "%load_ext spinlab",
    "%%spin hello --route /hello/:name\ndef handle(request):\n    return f\"Hello, {request.params['name']}\"",
    "%spin get /hello/ada",
)
"""What a room does in its first minute."""
ASK = """\
import spinlab, time
app, taken = spinlab.current_app(), []
end = time.perf_counter() + {seconds}
while time.perf_counter() < end:
    began = time.perf_counter()
    assert app.get("/hello/ada").status == 200
    taken.append(time.perf_counter() - began)
print(*taken)
"""


@dataclass(frozen=True)
class Room:
    """What so many students at once took.

    Attributes:
        students: How many.
        idle: Bytes of all when each has a kernel that has done nothing.
        open: The same when each has a function that answered.
        first: Milliseconds until the slowest had the first answer.
        answer: Milliseconds of a request while all send as fast as they can, the median.
        rate: Answers a second of all together.
        runs: Of each student the lessons.
        peak: The highest sum of all while they ran them.
        seconds: Until the slowest was through with all lessons.
    """

    students: int
    idle: int
    open: int
    first: float
    answer: float
    rate: float
    runs: tuple[tuple[Run, ...], ...]
    peak: int
    seconds: float


def together(work: Sequence[Callable[[], T]]) -> list[T]:
    """Do all at the same time; what they gave, in order. The first error is raised."""
    given: dict[int, T] = {}
    errors: list[BaseException] = []

    def one(number: int) -> None:
        try:
            given[number] = work[number]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [given[number] for number in range(len(work))]


def room(count: int, folder: Path, notebooks: Sequence[Path]) -> Room:
    """Measure a room of so many."""
    environ = {**os.environ, VARIABLE: str(cache_dir())}
    with ExitStack() as stack:
        students = [stack.enter_context(Student(folder / str(n), environ=environ)) for n in range(count)]
        with ExitStack() as opened:
            kernels = [opened.enter_context(student.kernel()) for student in students]
            idle = held(students, kernels)
            first = max(together([lambda k=kernel: begun(k) for kernel in kernels]))
            used = held(students, kernels)
            taken = together([lambda k=kernel: k.run(ASK.format(seconds=3)).split() for kernel in kernels])
        times = [float(each) for answers in taken for each in answers]
        with Peak(lambda: {str(student.port): sum(student.parts().values(), ()) for student in students}, 0.25) as peak:
            began = time.perf_counter()
            runs = together([lambda s=student: tuple(map(s.run, notebooks)) for student in students])
            seconds = time.perf_counter() - began
    median = 1e3 * statistics.median(times)
    return Room(count, idle, used, 1e3 * first, median, len(times) / 3, tuple(runs), peak.total, seconds)


def begun(kernel: Kernel) -> float:
    """Seconds from the first cell to the first answer."""
    began = time.perf_counter()
    for cell in FIRST:
        kernel.run(cell)
    return time.perf_counter() - began


def held(students: Sequence[Student], kernels: Sequence[Kernel]) -> int:
    """Bytes of all their processes now."""
    parts = [student.parts(kernel) for student, kernel in zip(students, kernels, strict=True)]
    return sum(proportional(pid) for each in parts for pids in each.values() for pid in pids)


def slope(rooms: Sequence[Room], figure: Callable[[Room], float]) -> tuple[float, float]:
    """What the first student costs beyond what each does, and what each does: a line through the rooms."""
    least, most = rooms[0], rooms[-1]
    if least is most:
        return 0.0, figure(least) / least.students
    each = (figure(most) - figure(least)) / (most.students - least.students)
    return figure(least) - each * least.students, each


def run(counts: Sequence[int] = COUNTS) -> None:
    """Print the tables."""
    notebooks = lessons()
    for _ in warming.warm():
        pass
    rooms: list[Room] = []
    grid = Grid(f"Students at once, {len(notebooks)} lessons, {os.cpu_count()} cores", [str(count) for count in counts])
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="spinlab-students-") as folder:
            rooms.append(room(count, Path(folder), notebooks))
    each = [r.students for r in rooms]
    grid.row("first answer of all, ms", [r.first for r in rooms])
    grid.row("an answer under load, ms", [r.answer for r in rooms])
    grid.row("answers a second", [r.rate for r in rooms])
    grid.row("all lessons, s", [r.seconds for r in rooms])
    grid.row("MB each, kernels idle", [r.idle / MB / n for r, n in zip(rooms, each, strict=True)])
    grid.row("MB each, a function", [r.open / MB / n for r, n in zip(rooms, each, strict=True)])
    grid.row("MB each, peak of lessons", [r.peak / MB / n for r, n in zip(rooms, each, strict=True)])
    by_lesson(rooms)
    machines(rooms)


def by_lesson(rooms: Sequence[Room]) -> None:
    """Each lesson: alone, and in the fullest room."""
    heads = ("s alone", "s in room", "CPU s", "server MB", "kernel MB", "started MB", "sum MB")
    grid = Grid(f"Each lesson, for one student and in a room of {rooms[-1].students}", heads)
    for number, one in enumerate(rooms[0].runs[0]):
        slowest = max(runs[number].seconds for runs in rooms[-1].runs)
        parts = [one.parts.get(name, 0) / MB for name in ("server", "kernel", "started")]
        grid.row(one.name, [one.seconds, slowest, one.processor, *parts, one.memory / MB])


def machines(rooms: Sequence[Room]) -> None:
    """How many a machine holds."""
    grid = Grid("Students that a machine holds", [f"{gigabytes} GB" for gigabytes in MACHINES])
    for name, figure in (("a function each", lambda r: r.open), ("all in a lesson's peak", lambda r: r.peak)):
        once, each = slope(rooms, figure)
        free = [gigabytes * 1e9 - SYSTEM * 1e9 - once for gigabytes in MACHINES]
        grid.row(name, [float(int(bytes_ / each)) for bytes_ in free])
        grid.note(f"  {each / MB:.0f} MB for each further one, {once / MB:.0f} MB once for all")
    used = sum(one.processor for one in rooms[0].runs[0])
    grid.note(f"a student uses {used:.0f} s of a processor for all lessons")
