"""What a registry or the way to it says, in words: what went wrong, where, and what to do."""

from __future__ import annotations

import json

import httpx

from spinlab.errors import RegistryError

_SHOWN = 300


def broken(name: str, error: Exception, doing: str) -> RegistryError:
    """The error for a connection that there is none of, or that broke."""
    text = str(error) or type(error).__name__
    if "certificate" in text.lower():
        return RegistryError(
            f"{name}: the registry's certificate is not trusted: {text}",
            hint="name the authority that signed it in SSL_CERT_FILE, or take any with --insecure",
        )
    if "ssl" in text.lower() or "wrong version" in text.lower():
        return RegistryError(
            f"{name}: no TLS with the registry: {text}", hint="does it speak plain HTTP? then --insecure"
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        hint = "is the name right, and does the registry run?"
        if name.startswith("docker.io/library/"):
            hint = "a name without a host is Docker Hub's: write HOST/NAME:TAG, or oci:FOLDER:TAG for a folder"
        return RegistryError(f"{name}: the registry can't be reached: {text}", hint=hint)
    return RegistryError(
        f"{name}: the registry broke off while spinlab {doing}: {text}",
        hint="do it again: what arrived is not sent again",
    )


def refused(name: str, answer: httpx.Response, doing: str) -> RegistryError:
    """The error for an answer that is not the one of the API."""
    status, said = answer.status_code, _said(answer)
    line = f"{status} {answer.reason_phrase}".strip()
    if _is_page(answer):
        return RegistryError(
            f"{name}: {answer.request.url.host} answers with a web page ({line}) and is no registry",
            hint="is the name right? A login page of a network or a proxy answers like this too",
        )
    if status in (413, 507) or _is_full(answer.text):
        return RegistryError(
            f"{name}: the registry has no space or takes nothing that large ({line}{said}) while spinlab {doing}",
            hint="make room there, or give the application a smaller form; then push again",
        )
    if status == 404 and "manifest" in doing and "sent" not in doing:
        return RegistryError(
            f"{name}: there is no such artifact in the registry ({line}{said})", hint="are repository and tag right?"
        )
    if status == 403:
        return RegistryError(
            f"{name}: the registry forbids it ({line}{said}) while spinlab {doing}",
            hint="does your login have the right to this repository?",
        )
    return RegistryError(
        f"{name}: the registry answered {line}{said} while spinlab {doing}", hint="its log may say more"
    )


def _said(answer: httpx.Response) -> str:
    """What the body says, as the specification has it: a list of errors with codes."""
    try:
        errors = json.loads(answer.content)["errors"]
        texts = [f"{one.get('code', '')}: {one.get('message', '')}".strip(": ") for one in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    shown = "; ".join(text for text in texts if text)[:_SHOWN]
    return f", {shown}" if shown else ""


def _is_page(answer: httpx.Response) -> bool:
    return "html" in answer.headers.get("content-type", "") or answer.content.lstrip()[:1] == b"<"


def _is_full(text: str) -> bool:
    small = text.lower()
    return "no space left" in small or "disk quota" in small or '"err":28' in small.replace(" ", "")
