"""Resources as YAML that every reader understands alike, and back.

YAML 1.1 and 1.2 disagree on what a bare ``on``, ``y`` or ``1e3`` is, and kubectl's reader on a third reading. So a text
stands bare only where it begins like a word and is none of the words that anybody takes for something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from spinlab.errors import ExportError, ToolMissing

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9./_-]*(?::[A-Za-z0-9._-]+)?")
_QUANTITY = re.compile(r"[1-9][0-9]*(?:m|k|Ki|M|Mi|G|Gi|T|Ti)?")
_OTHER = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"})


class Quoted(str):
    """Text that always stands in double quotes, as `spin kube scaffold` writes the image."""

    __slots__ = ()


class Quantity(str):
    """An amount such as ``100m`` or ``64Mi``, which stands bare where it can be nothing else."""

    __slots__ = ()


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise ToolMissing(
            "resources of a cluster are written as YAML, and PyYAML is not here",
            hint="pip install 'spinlab[kube]'",
        ) from None
    return yaml


def dump(resources: Iterable[Any], comments: Sequence[str] = ()) -> str:
    """Resources as one text, with ``---`` between them.

    Parameters:
        resources: Mappings.
        comments: Lines that stand before them.
    """
    yaml = _yaml()

    class Dumper(yaml.SafeDumper):  # type: ignore[misc, name-defined]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None if bare(value) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style=style)

    def quantity(dumper: Any, value: str) -> Any:
        tag = "int" if value.isdigit() else "str"
        return dumper.represent_scalar(f"tag:yaml.org,2002:{tag}", str(value))

    Dumper.add_representer(str, text)
    Dumper.add_representer(Quoted, lambda d, v: d.represent_scalar("tag:yaml.org,2002:str", str(v), style='"'))
    Dumper.add_representer(Quantity, lambda d, v: quantity(d, v) if _QUANTITY.fullmatch(v) else text(d, str(v)))
    options = {"sort_keys": False, "width": 1 << 20, "allow_unicode": True}
    texts = [yaml.dump(resource, Dumper=Dumper, **options) for resource in resources]
    head = "".join(f"# {line}".rstrip() + "\n" for line in comments)
    return head + "---\n".join(texts)


def load(text: str, where: str = "the text") -> list[Any]:
    """The documents of a text, without empty ones.

    Raises:
        ExportError: It is no YAML.
    """
    yaml = _yaml()
    try:
        return [found for found in yaml.safe_load_all(text) if found is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise ExportError(
            f"{where} is no YAML{place}: {getattr(error, 'problem', None) or error}",
            hint="blanks indent, never tabs; a text with ': ' or '#' in it stands in quotes",
        ) from None


def bare(text: str) -> bool:
    """Whether a text needs no quotes, whoever reads it."""
    return _BARE.fullmatch(text) is not None and text.lower() not in _OTHER
