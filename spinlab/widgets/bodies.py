"""A body by its content type: JSON as a tree, images, text, HTML in a sandboxed frame, the rest as bytes."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import Any

from spinlab.http import Response
from spinlab.widgets.markup import Markup, join, tag
from spinlab.widgets.plain import octets, visible
from spinlab.widgets.style import LINE, MONO, coloured, folded, muted, pre

TEXT_SHOWN = 64 * 1024
JSON_SHOWN = 1024 * 1024
IMAGE_SHOWN = 4 * 1024 * 1024
BYTES_SHOWN = 256
NODES_SHOWN = 500
DEPTH_SHOWN = 32
_IMAGES = tuple(f"image/{x}" for x in ("png", "jpeg", "gif", "webp", "avif", "bmp", "svg+xml", "x-icon"))
_TEXTS = ("application/javascript", "application/xml", "application/toml", "application/yaml", "application/x-yaml")
# The frame may draw what the body brings along and reach nothing: an image from elsewhere would carry data out.
_FRAME_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:"
# HTML has no use for these, and a terminal that prints the notebook would obey them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_JSON_COLOUR = "light-dark(#0550ae,#79c0ff)"


def html_body(response: Response) -> Markup:
    """The body for a notebook."""
    kind = _kind(response)
    if kind == "empty":
        return tag("div", muted("empty body"))
    if kind == "json":
        return _json_tree(response)
    if kind == "image":
        data = base64.b64encode(response.body).decode()
        source = f"data:{response.content_type};base64,{data}"
        return tag("img", src=source, alt=f"body, {response.content_type}", style="max-width:100%;margin:6px 0 0 0")
    if kind == "html":
        return join(_frame(response), folded(muted("source"), pre(_text(response))))
    if kind == "text":
        return pre(_text(response))
    return pre(hex_preview(response.body))


def plain_body(response: Response) -> str:
    """The body for a terminal."""
    kind = _kind(response)
    if kind == "empty":
        return "(empty body)"
    if kind == "json":
        return visible(_shortened(json.dumps(response.json(), indent=2, ensure_ascii=False)))
    if kind in ("html", "text"):
        return visible(_text(response))
    return hex_preview(response.body)


def hex_preview(data: bytes) -> str:
    """The first bytes as hex and text."""
    lines = []
    for start in range(0, min(len(data), BYTES_SHOWN), 16):
        row = data[start : start + 16]
        letters = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        lines.append(f"{start:08x}  {row.hex(' '):<47}  {letters}")
    if len(data) > BYTES_SHOWN:
        lines.append(f"... {octets(len(data))} in all")
    return "\n".join(lines)


def _kind(response: Response) -> str:
    content_type = response.content_type
    if not response.body:
        return "empty"
    if content_type == "application/json" or content_type.endswith("+json"):
        return "json" if len(response.body) <= JSON_SHOWN and _is_json(response) else "text"
    if content_type in _IMAGES and len(response.body) <= IMAGE_SHOWN:
        return "image"
    if content_type in ("text/html", "application/xhtml+xml"):
        return "html"
    if content_type.startswith("text/") or content_type in _TEXTS or (not content_type and _is_text(response.body)):
        return "text"
    return "binary"


def _is_json(response: Response) -> bool:
    try:
        response.json()
    except (ValueError, RecursionError):
        return False
    return True


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _shortened(text: str) -> str:
    if len(text) <= TEXT_SHOWN:
        return text
    return text[:TEXT_SHOWN] + f"\n... {len(text) - TEXT_SHOWN} more characters"


def _text(response: Response) -> str:
    """The beginning of the body as text; no more of it is decoded than is shown."""
    part = replace(response, body=response.body[: 4 * TEXT_SHOWN])
    text = part.text
    if len(part.body) == len(response.body):
        return _shortened(text)
    return text[:TEXT_SHOWN] + f"\n... {octets(len(response.body))} in all"


def _frame(response: Response) -> Markup:
    policy = f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{_FRAME_POLICY}">'
    style = f"width:100%;height:16em;border:1px solid {LINE};border-radius:4px;margin:6px 0 0 0;background:#fff"
    # An empty sandbox: no script, no form, no plug-in, an origin of its own.
    return tag(
        "iframe",
        srcdoc=policy + _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _text(response)),
        sandbox="",
        style=style,
        title="body, text/html",
    )


class _Tree:
    """Draws a JSON value as nested lists that unfold; bounded, whatever a guest sends."""

    def __init__(self) -> None:
        self.left = NODES_SHOWN

    def draw(self, label: str, value: Any, depth: int = 0) -> Markup:
        self.left -= 1
        name = join(muted(f"{label}: ")) if label else Markup("")
        if isinstance(value, (dict, list)) and value and depth < DEPTH_SHOWN:
            items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
            braces = f"{{{len(items)}}}" if isinstance(value, dict) else f"[{len(items)}]"
            children: list[Markup] = []
            for key, item in items:
                if self.left <= 0:
                    children.append(tag("div", muted("...")))
                    break
                children.append(self.draw(str(key), item, depth + 1))
            inner = tag("div", children, style="margin-left:16px")
            return folded(join(name, muted(braces)), inner, open_=depth < 2 and len(items) <= 50)
        text = json.dumps(value, ensure_ascii=False)
        shown = text if len(text) <= 2000 else text[:2000] + "..."
        return tag("div", name, coloured(shown, _JSON_COLOUR))


def _json_tree(response: Response) -> Markup:
    return tag("div", _Tree().draw("", response.json()), style=f"{MONO};margin:6px 0 0 0;overflow-wrap:anywhere")
