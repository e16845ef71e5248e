"""How one proves to a registry who one is: Basic, or a token from where the registry says (distribution: ``token``)."""

from __future__ import annotations

import re
import threading

import httpx

from spinlab.errors import RegistryError
from spinlab.oci import credentials
from spinlab.oci.reference import Reference

_PARAMETER = re.compile(r'([A-Za-z_]+)="((?:[^"\\]|\\.)*)"')
_LONGEST = 1 << 20


class Authorizer:
    """Answers a registry's challenges. Thread-safe.

    Parameters:
        client: Asks for tokens.
        reference: What is pushed or pulled.
        write: Whether something is to be pushed.
        given: Credentials in place of those that are kept.
    """

    def __init__(
        self,
        client: httpx.Client,
        reference: Reference,
        *,
        write: bool,
        given: credentials.Credentials | None = None,
    ) -> None:
        self._client = client
        self._reference = reference
        self._scope = f"repository:{reference.repository}:{'pull,push' if write else 'pull'}"
        self._given = given
        self._asked = given is not None
        self._lock = threading.Lock()
        self._challenge: tuple[str, dict[str, str]] | None = None
        self._header: dict[str, str] = {}

    @property
    def known(self) -> bool:
        """Whether there are credentials for the registry."""
        return self._credentials() is not None

    def header(self) -> dict[str, str]:
        """What a request is sent with."""
        with self._lock:
            if self._challenge is not None and not self._header:
                self._header = self._made(*self._challenge)
            return self._header

    def challenged(self, answer: httpx.Response) -> None:
        """Keep what the registry wants."""
        with self._lock:
            self._challenge = _challenge(answer)
            self._header = {}

    def answer(self, answer: httpx.Response) -> dict[str, str]:
        """What the request is sent again with that got this 401."""
        used = answer.request.headers.get("authorization", "")
        with self._lock:
            if self._header.get("authorization", "") == used:  # else another thread has just done it
                self._challenge = _challenge(answer)
                self._header = self._made(*self._challenge)
            return self._header

    def _credentials(self) -> credentials.Credentials | None:
        if not self._asked:
            self._given, self._asked = credentials.find(self._reference.host), True
        return self._given

    def _made(self, scheme: str, said: dict[str, str]) -> dict[str, str]:
        known = self._credentials()
        if scheme == "basic":
            if known is None:
                raise denied(self._reference, known=False)
            return {"authorization": known.basic}
        return {"authorization": f"Bearer {self._token(said, known)}"}

    def _token(self, said: dict[str, str], known: credentials.Credentials | None) -> str:
        realm = httpx.URL(said["realm"])
        if realm.scheme != "https" and said["asked by"] == "https":
            raise RegistryError(
                f"{self._reference}: the registry wants the login sent to {realm.host} in clear", hint="not done"
            )
        scope = said.get("scope") or self._scope
        asked = {"scope": scope, "account": known.username} if known and known.username else {"scope": scope}
        asked |= {"service": said["service"]} if "service" in said else {}
        try:
            if known is not None and known.is_token:
                form = {**asked, "grant_type": "refresh_token", "refresh_token": known.secret, "client_id": "spinlab"}
                answer = self._client.post(realm, data=form)
            else:
                headers = {"authorization": known.basic} if known is not None else {}
                answer = self._client.get(realm.copy_merge_params(asked), headers=headers)
        except httpx.TransportError as error:
            raise RegistryError(
                f"{self._reference}: {realm.host}, which gives tokens for the registry, can't be reached: {error}",
                hint="try again later",
            ) from error
        if answer.status_code in (400, 401, 403):
            raise denied(self._reference, known=known is not None)
        try:
            body = answer.json() if len(answer.content) < _LONGEST else {}
            return str(body.get("token") or body["access_token"])
        except (ValueError, KeyError, AttributeError):
            raise RegistryError(
                f"{self._reference}: {realm.host} gave no token ({answer.status_code})", hint="try again later"
            ) from None


def _challenge(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """Scheme and parameters of what a 401 asks for; Bearer when it asks for several."""
    found: dict[str, dict[str, str]] = {}
    for value in answer.headers.get_list("www-authenticate"):
        scheme, _, rest = value.strip().partition(" ")
        found[scheme.lower()] = {name.lower(): text.replace('\\"', '"') for name, text in _PARAMETER.findall(rest)}
    if found.get("bearer", {}).get("realm", "").startswith(("https://", "http://")):
        return "bearer", {**found["bearer"], "asked by": answer.request.url.scheme}
    if "basic" in found:
        return "basic", found["basic"]
    raise RegistryError(
        f"{answer.request.url.host} asks for a login in a way that is not known here", hint="is it a registry?"
    )


def denied(reference: Reference, *, known: bool) -> RegistryError:
    """The error for a login that is missing or refused."""
    login = f"spinlab registry login {reference.registry}"
    if known:
        return RegistryError(
            f"{reference}: the registry refuses the login that is kept for {reference.registry}",
            hint=f"log in again: {login}",
        )
    return RegistryError(
        f"{reference}: the registry wants a login, or has no such repository", hint=f"log in first: {login}"
    )
