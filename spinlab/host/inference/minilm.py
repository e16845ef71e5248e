"""``all-minilm-l6-v2`` in NumPy: a BERT encoder of six layers, the mean over its tokens, and unit length.

The same as Spin's local engine computes (Spin 4: crates/llm-local), from the same two files.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

LAYERS = 6
HEADS = 12
LONGEST = 256  # tokens; what the model was trained with
_EPSILON = 1e-12

Array = Any  # numpy's arrays of float32


class MiniLm:
    """The model, its weights mapped from their file.

    Parameters:
        folder: Where ``tokenizer.json`` and ``model.safetensors`` are.

    Raises:
        OSError, ValueError, KeyError: They are not there, or hold something else.
    """

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)
        self._weights = _weights(folder / "model.safetensors")

    def embed(self, texts: Sequence[str]) -> tuple[list[bytes], int]:
        """An embedding of 384 floats for each text, as bytes, and the number of tokens."""
        vectors, tokens = [], 0
        for text in texts:
            ids = self._tokenizer.encode(text).ids
            tokens += len(ids)
            vectors.append(self._vector(ids).astype("<f4").tobytes())
        return vectors, tokens

    def _vector(self, ids: Sequence[int]) -> Array:
        weights = self._weights
        hidden = (
            weights["embeddings.word_embeddings.weight"][np.asarray(ids)]
            + weights["embeddings.position_embeddings.weight"][: len(ids)]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm("embeddings.LayerNorm", hidden)
        for layer in range(LAYERS):
            hidden = self._layer(f"encoder.layer.{layer}", hidden)
        mean = hidden.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _layer(self, name: str, hidden: Array) -> Array:
        attended = self._dense(f"{name}.attention.output.dense", self._attention(f"{name}.attention.self", hidden))
        hidden = self._norm(f"{name}.attention.output.LayerNorm", attended + hidden)
        inner = _gelu(self._dense(f"{name}.intermediate.dense", hidden))
        return self._norm(f"{name}.output.LayerNorm", self._dense(f"{name}.output.dense", inner) + hidden)

    def _attention(self, name: str, hidden: Array) -> Array:
        query, key, value = (self._heads(f"{name}.{part}", hidden) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1]).astype(np.float32)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        return mixed.transpose(1, 0, 2).reshape(hidden.shape)

    def _heads(self, name: str, hidden: Array) -> Array:
        """Projected, as (heads, tokens, size)."""
        return self._dense(name, hidden).reshape(len(hidden), HEADS, -1).transpose(1, 0, 2)

    def _dense(self, name: str, hidden: Array) -> Array:
        return hidden @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, name: str, hidden: Array) -> Array:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        return centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def _weights(path: Path) -> dict[str, Array]:
    """The arrays of a safetensors file: a length, a JSON head, and the numbers, which are mapped and not read."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > 1 << 20:
            raise ValueError("the head of the weights is too long")
        head = json.loads(file.read(length))
    numbers = np.memmap(path, np.uint8, "r", offset=8 + length)
    return {
        name: numbers[slice(*kept["data_offsets"])].view(np.float32).reshape(kept["shape"])
        for name, kept in head.items()
        if name != "__metadata__" and kept["dtype"] == "F32"
    }


def _gelu(x: Array) -> Array:
    return x * np.float32(0.5) * (np.float32(1.0) + _erf(x / np.float32(np.sqrt(2.0))))


def _erf(x: Array) -> Array:
    """The error function to 1.5e-7 (Abramowitz and Stegun 7.1.26)."""
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x))
    inner = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return (np.sign(x) * (1.0 - inner * np.exp(-x * x))).astype(np.float32)
