"""What Node has and the sandbox has not, why, and what to write instead."""

from __future__ import annotations

from typing import Final

_NO_NET = "opens sockets, and the sandbox has none"
_FETCH = "await fetch(url), with --allow HOST"
_NO_PROCESS = "starts programs or threads, and the sandbox has neither"
_WEB = "is Node's; the sandbox has the web's own"

BUILTINS: Final[dict[str, tuple[str, str]]] = {
    "assert": (_WEB, "if (!x) throw new Error(...), or console.assert"),
    "async_hooks": (_WEB, "pass what you need as an argument"),
    "buffer": (_WEB, "Uint8Array, TextEncoder and TextDecoder, atob and btoa"),
    "child_process": (_NO_PROCESS, "do it in the function, or call a service with fetch"),
    "cluster": (_NO_PROCESS, "nothing: each request has an instance of its own"),
    "crypto": (_WEB, "the global crypto: crypto.randomUUID(), crypto.subtle.digest(...)"),
    "dgram": (_NO_NET, _FETCH),
    "dns": (_NO_NET, _FETCH),
    "events": (_WEB, "EventTarget and Event"),
    "fs": (
        "reads the disk, and the sandbox has none",
        "a key-value store (--kv), or what --file mounts through wasi:filesystem/preopens@0.2.10",
    ),
    "http": (_NO_NET, _FETCH),
    "http2": (_NO_NET, _FETCH),
    "https": (_NO_NET, _FETCH),
    "module": (_WEB, "import ... from, or import(...)"),
    "net": (_NO_NET, _FETCH),
    "os": (_NO_PROCESS, "nothing: there is no machine to ask about"),
    "path": (_WEB, "new URL(name, base).pathname, or string methods"),
    "perf_hooks": (_WEB, "the global performance"),
    "process": (
        "is Node's; the sandbox has no process",
        "import { getEnvironment } from 'wasi:cli/environment@0.2.10', or { get } from 'fermyon:spin/variables@2.0.0'",
    ),
    "querystring": (_WEB, "URLSearchParams, or request.query"),
    "readline": (_NO_PROCESS, "await request.text()"),
    "stream": (_WEB, "ReadableStream, TransformStream, or a generator function"),
    "string_decoder": (_WEB, "TextDecoder"),
    "timers": (_WEB, "the globals setTimeout and setInterval"),
    "tls": (_NO_NET, _FETCH),
    "tty": (_NO_PROCESS, "console.log"),
    "url": (_WEB, "the globals URL and URLSearchParams"),
    "util": (_WEB, "TextEncoder and TextDecoder, structuredClone, async functions"),
    "v8": (_WEB, "nothing: the engine is another one"),
    "vm": (_WEB, "a function"),
    "worker_threads": (_NO_PROCESS, "nothing: each request has an instance of its own"),
    "zlib": (_WEB, "CompressionStream and DecompressionStream"),
}

GLOBALS: Final[dict[str, str]] = {
    "process": BUILTINS["process"][1],
    "Buffer": BUILTINS["buffer"][1],
    "require": "import ... from",
    "__dirname": "a --file mount has the path that was given to it",
    "document": "the page is in the browser; the function makes its text",
    "window": "globalThis",
    "localStorage": "a key-value store (--kv)",
    "XMLHttpRequest": _FETCH,
    "Deno": "the web's own: fetch, crypto, Response",
    "Bun": "the web's own: fetch, crypto, Response",
}
"""Names of other runtimes -> what to write instead."""

PACKAGES: Final[dict[str, str]] = {
    "express": "hono is its like for such sandboxes: --requires hono",
    "fastify": "hono is its like for such sandboxes: --requires hono",
    "koa": "hono is its like for such sandboxes: --requires hono",
    "axios": _FETCH,
    "node-fetch": _FETCH,
    "got": _FETCH,
    "request": _FETCH,
    "ws": "the sandbox has no sockets",
    "dotenv": "variables: --var NAME, or --env NAME=VALUE",
}
"""Packages that need what only Node has -> what to use instead."""


def builtin(name: str) -> tuple[str, str] | None:
    """Why a module of Node is not there, and what to write instead; None when it is none."""
    bare = name.removeprefix("node:").partition("/")[0]
    if bare in BUILTINS:
        return BUILTINS[bare]
    return ("is Node's", "the web's own: fetch, URL, crypto, streams") if name.startswith("node:") else None
