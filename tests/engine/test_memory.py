from __future__ import annotations

from spinlab.engine.memory import linear_memories, standing_at

GUARD = "---p 00000000 00:00 0\n"
MAPS = [
    "10000000-14000000 rw-p 00000000 00:00 0\n",  # a linear memory: 64 MiB of its image ...
    "14000000-18000000 rw-p 00000000 00:00 0\n",  # ... and 64 MiB that it grew
    f"18000000-28000000 {GUARD}",
    "30000000-34000000 rw-p 00000000 00:00 0\n",  # a large array: nothing inaccessible behind it
    "34000000-34001000 r--p 00000000 08:01 1 /lib/x.so\n",
    "40000000-43000000 rw-p 00000000 00:00 0\n",  # an arena of the C library
    f"43000000-44000000 {GUARD}",
]


def test_a_linear_memory_is_what_has_a_large_guard_behind_it() -> None:
    assert list(linear_memories(MAPS)) == [(0x10000000, 0x18000000)]


def test_this_process_has_none_at_an_absurd_limit() -> None:
    assert standing_at(1 << 50) == set()
