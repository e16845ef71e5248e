"""Logging in: the registry is asked before anything is kept, as ``spin registry login`` does."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from spinlab.errors import RegistryError
from spinlab.oci import credentials
from spinlab.oci.reference import HUB, Reference
from spinlab.oci.registry import Registry


def login(server: str, username: str, secret: str, *, insecure: bool = False) -> Path:
    """Keep credentials for a registry in Spin's file, when the registry takes them.

    Parameters:
        server: Its host, and port when it has one; a URL of it is taken too.
        username, secret: What the registry knows; a token of it is a secret as well.
        insecure: Take any certificate, and plain HTTP.

    Returns:
        The file.

    Raises:
        RegistryError: The registry can't be reached, or refuses them.
    """
    host = server.partition("://")[2] or server
    host = host.partition("/")[0]
    if not username or not secret:
        raise RegistryError("a login has a name and a password", hint=f"spinlab registry login {host} --username NAME")
    reference = Reference.parse(f"{host}/login" if host != HUB else "login")
    given = credentials.Credentials(username, secret)
    with closing(Registry(reference, insecure=insecure, given=given)) as registry:
        registry.check_login()
    return credentials.save(reference.host, username, secret)
