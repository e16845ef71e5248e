"""What the sandbox does not have, why, and what to write instead."""

from __future__ import annotations

FETCH = {
    "0.2": "from spin_sdk.http import Request, send; send(Request('GET', url, {}, None)), with --allow HOST",
    "0.3": "from spin_sdk.http import Request, send; await send(Request('GET', url, {}, None)), with --allow HOST",
}
_CONNECTS = "makes connections of its own, and those have no TLS in the sandbox"
_WEB = _CONNECTS, "fetch"
_SOCKETS = _CONNECTS, "socket speaks to servers without TLS, with --allow tcp://HOST:PORT"
_POSTGRES = "from spin_sdk import postgres, with --allow postgres://HOST"
_MYSQL = "from spin_sdk import mysql, with --allow mysql://HOST"
_THREADS = "starts threads, and the sandbox has one", "write async def handle(request) and asyncio.gather"
_PROCESSES = "starts processes, and the sandbox has none", "call another function over HTTP, or do it in Python"
_COMPILED = (
    "has compiled parts, itself or in what it needs, and the sandbox runs pure Python only",
    "the standard library has math, statistics, fractions, array",
)
_SCREEN = "needs a screen, and the sandbox has none", "answer HTML or SVG, which a browser draws"

C_LIBRARIES = ("zlib", "gzip", "bz2", "lzma", "compression")

REFUSED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("requests", "httpx", "urllib.request", "urllib3", "aiohttp", "pycurl"), _WEB),
    **dict.fromkeys(("http.client", "xmlrpc"), _WEB),
    **dict.fromkeys(("socketserver", "http.server"), ("listens, and the sandbox is a client only", "")),
    "ssl": ("needs a library for TLS, and the sandbox has none; requests have it", "fetch"),
    **dict.fromkeys(("ftplib", "smtplib", "imaplib", "poplib", "nntplib", "telnetlib", "paramiko"), _SOCKETS),
    **dict.fromkeys(("websocket", "websockets", "grpc"), _SOCKETS),
    **dict.fromkeys(("threading", "_thread", "concurrent.futures"), _THREADS),
    **dict.fromkeys(("subprocess", "multiprocessing", "pty", "pexpect", "sh"), _PROCESSES),
    **dict.fromkeys(("numpy", "pandas", "scipy", "sklearn", "polars", "pyarrow", "numba", "xarray"), _COMPILED),
    **dict.fromkeys(("torch", "tensorflow", "jax", "transformers", "cv2", "PIL", "lxml", "orjson"), _COMPILED),
    **dict.fromkeys(("pydantic", "pydantic_core", "cryptography", "bcrypt", "nacl", "msgspec", "ujson"), _COMPILED),
    **dict.fromkeys(("yaml", "greenlet", "gevent", "cffi", "regex", "rapidfuzz", "lz4", "zstandard"), _COMPILED),
    **dict.fromkeys(("matplotlib", "seaborn", "bokeh"), _COMPILED),
    **dict.fromkeys(("tkinter", "turtle", "curses", "pygame", "readline"), _SCREEN),
    "ctypes": ("loads compiled code, and the sandbox runs pure Python only", ""),
    "sqlite3": (
        "needs a C library that this sandbox does not have",
        "from spin_sdk import sqlite; sqlite.open_default(), with --sqlite default",
    ),
    "redis": (_CONNECTS, "from spin_sdk import redis, with --allow redis://HOST"),
    **dict.fromkeys(("psycopg", "psycopg2", "asyncpg", "pg8000"), (_CONNECTS, _POSTGRES)),
    **dict.fromkeys(("pymysql", "MySQLdb", "mysql"), (_CONNECTS, _MYSQL)),
    "paho": (_CONNECTS, "from spin_sdk import mqtt, with --allow mqtt://HOST"),
    **dict.fromkeys(("openai", "anthropic", "ollama"), (_CONNECTS, "from spin_sdk import llm, with --ai-model NAME")),
    **dict.fromkeys(
        ("flask", "fastapi", "django", "starlette", "bottle", "uvicorn", "gunicorn", "tornado", "sanic"),
        ("is a web server of its own, and here the host listens", "write def handle(request); routes are options"),
    ),
    **dict.fromkeys(
        ("IPython", "ipywidgets", "ipykernel", "pdb", "bdb", "spinlab"),
        ("belongs to the notebook, not to the sandbox", "print() goes to the function's log"),
    ),
    **dict.fromkeys(C_LIBRARIES, ("needs a C library that this sandbox does not have", "")),
}
"""Module -> why it is not there, and what to write instead (``fetch``: see `FETCH`)."""


def refused(module: str) -> tuple[str, str] | None:
    """Why a module is not there, from its own name or that of a package around it."""
    while module:
        if module in REFUSED:
            return REFUSED[module]
        module = module.rpartition(".")[0]
    return None


CALLS: dict[str, tuple[str, str]] = {
    "input": ("nobody can type into the sandbox", "take it from the request: request.query['name'] or request.text"),
    "breakpoint": ("there is no debugger in the sandbox", "print() goes to the function's log: %spin logs"),
    "asyncio.run": (
        "the sandbox has its own event loop",
        "write async def handle(request) and await; the loop is there already",
    ),
    "os.system": _PROCESSES,
    "os.popen": _PROCESSES,
    "os.fork": _PROCESSES,
}
"""Call -> why it can't work anywhere in a cell, and what to write instead."""

HOST_MODULES = ("http", "key_value", "llm", "mqtt", "mysql", "postgres", "redis", "sqlite", "variables")
"""Modules of the SDK whose functions ask the host."""
