"""What is not imported until somebody needs it: a function that asks for nothing costs nothing of what others need."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import GUESTS

HEAVY = ("sqlite3", "ssl", "asyncio", "filelock", "h2", "h11", "httpx", "uvicorn", "IPython", "urllib.request")
ROOMS = (
    *("key_value", "key_value_sql", "key_value_sqlite", "key_value_redis", "sqlite", "sqlite_connection"),
    *("sqlite_statement", "redis", "mqtt", "postgres", "mysql", "llm", "network", "outbound_http", "http_client"),
    *("sockets", "client_tls", "loop", "held", "pool"),
)
OURS = ("spinlab.stores", "spinlab.sql", "spinlab.adapting", "spinlab.export", *(f"spinlab.host.{x}" for x in ROOMS))


def loaded(code: str) -> set[str]:
    """The modules that a process has when it has run some code."""
    end = "\nimport sys\nprint('modules:', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code + end], check=True, capture_output=True, text=True)
    return set(done.stdout.rpartition("modules:")[2].split())


def test_importing_the_app_imports_nothing_that_only_grants_need() -> None:
    assert not loaded("import spinlab.app") & {*HEAVY, *OURS}


def test_adding_and_asking_a_plain_function_imports_nothing_that_only_grants_need() -> None:
    code = f"""
from pathlib import Path
from spinlab import App, Function
with App() as app:
    app.add(Function("f", Path({str(GUESTS / "hello.wat")!r}).read_text(), language="wat", routes=("/f",)))
    assert app.get("/f").text == "Hello from WAT\\n"
"""
    loaded(code)  # compiled now, so that the next process takes no lock
    found = loaded(code)
    assert not found & {*HEAVY, *OURS}
    assert "spinlab.languages.wat" in found
    others = ("c", "golang", "javascript", "python", "rust")
    assert not found & {f"spinlab.languages.{name}" for name in others}  # nor any other language


def test_loading_the_extension_imports_neither_the_app_nor_the_engine() -> None:
    shell = "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
    more = loaded(shell + "shell.extension_manager.load_extension('spinlab')") - loaded(shell)
    assert "spinlab.magics.spin" in more
    own = ("spinlab.app", "spinlab.session", "spinlab.engine", "spinlab.host", "spinlab.manifest", "spinlab.server")
    assert not more & {*HEAVY, *OURS, *own, "wasmtime", "tomlkit", "ipywidgets", "anywidget"}
