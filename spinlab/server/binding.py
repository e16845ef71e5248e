"""The sockets that a listener answers on, and the words for an address that can't be had."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from pathlib import Path

from spinlab.errors import ListenError

TRIES = 100  # Spin's --find-free-port looks at ten; a class has more notebooks
BACKLOG = 512


def bind_port(host: str, port: int) -> socket.socket:
    """Listen on a port.

    Raises:
        OSError: It can't be had; `listen_error` says that in words.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the socket says TCP by number; else a head waits 40 ms for its body
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif sys.platform == "win32":  # there the same option would let two listen on one port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound


def inherited(descriptor: int) -> socket.socket:
    """A socket that this process got from the one that started it.

    Raises:
        ListenError: The descriptor is none of a socket.
    """
    try:
        return socket.socket(fileno=os.dup(descriptor))
    except OSError as error:
        raise ListenError(
            f"descriptor {descriptor} is no socket: {error.strerror}", hint="leave --listen-fd out"
        ) from None


def bind_file(path: Path) -> socket.socket:
    """Listen on a socket file that only its owner can open.

    Raises:
        ListenError: It can't be made, or somebody listens there.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ListenError("this system has no socket files", hint="use a port with an access token, %config Spin.token")
    if path.exists() or path.is_symlink():
        _remove_left_over(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = os.umask(0o177)  # the file must not be open to others for an instant
        try:
            bound.bind(str(path))
        finally:
            os.umask(before)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        reason = error.strerror or error
        raise ListenError(f"{path} can't be made: {reason}", hint="choose a short path of your own") from error
    return bound


def _remove_left_over(path: Path) -> None:
    """Remove a socket file that nobody listens on any more."""
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise ListenError(f"{path} is there and is not a socket", hint="choose another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise ListenError(f"{path} is already in use", hint="choose another path, or stop the notebook that listens there")


def listen_error(host: str, port: int, error: OSError, *, several: bool = False) -> ListenError:
    """The words of Spin for a port that is taken (spin: crates/trigger-http/src/server.rs)."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        message = f"{where} is already in use" + (f", and so are the {TRIES - 1} ports after it" if several else "")
        return ListenError(
            message,
            hint="To have Spin search for a free port, use the --find-free-port option. "
            "In a notebook %config Spin.listen = '' does, and another one's listener ends with its %spin stop.",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ListenError(f"{where} is not allowed to this user", hint="choose a port from 1024 on, such as 3000")
    if error.errno == errno.EADDRNOTAVAIL:
        return ListenError(f"{host} is not an address of this machine", hint="listen on 127.0.0.1")
    return ListenError(f"can't listen on {where}: {error.strerror or error}", hint="listen on 127.0.0.1:3000")
