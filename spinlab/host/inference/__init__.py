"""AI models: where they are, and who computes with them. Nothing here is imported before a function uses a model."""

from __future__ import annotations

from dataclasses import dataclass

MAX_RESULT = 128 << 20
"""Bytes of an answer at most (Spin: MAX_HOST_BUFFERED_BYTES)."""


class Failed(Exception):
    """A model gave no answer.

    Attributes:
        case: The error's name in ``fermyon:spin/llm``.
    """

    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.case = case


@dataclass(frozen=True)
class Parameters:
    """How to choose the next token; the defaults are Spin's (crates/factor-llm)."""

    max_tokens: int = 100
    repeat_penalty: float = 1.1
    repeat_penalty_last_n_token_count: int = 64
    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.9


@dataclass(frozen=True)
class Inferred:
    """A text and what it took, in tokens."""

    text: str
    prompt_tokens: int
    generated_tokens: int


@dataclass(frozen=True)
class Embedded:
    """An embedding of each text, as little-endian 32-bit floats, and what they took in tokens."""

    vectors: tuple[bytes, ...]
    prompt_tokens: int
