"""Will it run there? For each place that runs Spin applications: whether this one runs, and why not.

`catalogue` says what each place has, `asking` what an application asks for, `judging` puts the two side by side.
"""

from __future__ import annotations

from spinlab.targets.asking import Asks, of_app, of_place
from spinlab.targets.catalogue import TARGETS, Target, find
from spinlab.targets.judging import Reason, Verdict, judge

__all__ = ["TARGETS", "Asks", "Reason", "Target", "Verdict", "find", "judge", "of_app", "of_place"]
