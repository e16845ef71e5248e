"""Making instances of one function: in the pool or on demand, warmed up when it has a warm-up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from spinlab.engine.effects import Context
from spinlab.engine.ffi import Caps, Instance, Trap
from spinlab.engine.memory import standing_at
from spinlab.engine.ready import Generation, Spare

if TYPE_CHECKING:
    from spinlab.engine.engine import Prepared


class Instances:
    """Makes instances.

    Parameters:
        prepared: What they are made of.
        caps: What each may hold.
        pooled_memory: Bytes that a memory of the pool can grow to.
    """

    def __init__(self, prepared: Prepared, caps: Caps, pooled_memory: int) -> None:
        self._prepared = prepared
        self._caps = caps
        self._fits_pool = caps.memory <= pooled_memory

    @property
    def generation(self) -> Generation:
        """Equal for two instances exactly when they are of the same code and within the same bounds."""
        return self, self._prepared.generation

    def make(self, context: Context) -> Spare:
        """A fresh instance, its code loaded.

        Raises:
            Trap: It could not be made, or its warm-up failed.
        """
        began = time.perf_counter()
        generation = self.generation
        instance = self._instantiate(context)
        report = ""
        if self._prepared.warms:
            try:
                report = instance.prepare(context)
            except BaseException:
                instance.close()
                raise
        return Spare(instance, None, generation, seconds=time.perf_counter() - began, report=report)

    def _instantiate(self, context: Context) -> Instance:
        if self._fits_pool:
            try:
                return Instance(self._prepared.code(), context, self._caps)
            except Trap as trap:
                if not trap.full:
                    raise
        return Instance(self._prepared.code(pooled=False), context, self._caps)

    def stood_at_limit(self, instance: Instance, context: Context) -> bool | None:
        """Whether an instance that gave up had its memory at the limit; None when that can't be told. Closes it.

        Some memory of the process stands there. It is this instance's when it shrinks with the next one of the same
        function, which moves in where the last one was, unless another was quicker.
        """
        standing = standing_at(self._caps.memory)
        if not standing:
            # A collection that doubles is refused long before the memory is full.
            return None if standing_at(self._caps.memory, least=1 / 3) else False
        instance.close()
        try:
            self._instantiate(context).close()
        except Trap:
            return None
        return not standing <= standing_at(self._caps.memory) or None
