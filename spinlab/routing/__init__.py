"""Spin's route patterns, their precedence, and the headers that tell a guest how it was reached. Sans-IO."""

from __future__ import annotations

from spinlab.routing.advice import unmatched, unmatched_in_spins_words
from spinlab.routing.headers import guest_headers, spin_headers
from spinlab.routing.patterns import Kind, Pattern, Segment, parse
from spinlab.routing.router import WELL_KNOWN_PREFIX, Duplicate, Match, Router, Unreachable

__all__ = [
    "WELL_KNOWN_PREFIX",
    "Duplicate",
    "Kind",
    "Match",
    "Pattern",
    "Router",
    "Segment",
    "Unreachable",
    "guest_headers",
    "parse",
    "spin_headers",
    "unmatched",
    "unmatched_in_spins_words",
]
