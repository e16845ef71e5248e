"""``--to spin``: the user's own ``spin deploy``, run in the export.

What ``spin`` does then is done by a plugin: the one that ``--plugin`` or ``SPIN_DEPLOY_PLUGIN`` names (Spin 4:
``src/commands/cloud.rs``). Only of ``aka`` we know how its other commands are called.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from spinlab.client import Client
from spinlab.deploying.destination import Deployed, Destination, Release, Status
from spinlab.errors import DeployError, OptionError, ToolMissing
from spinlab.languages import Progress, silent
from spinlab.targets import TARGETS, Reason, find, judge

PLUGIN: Final = "SPIN_DEPLOY_PLUGIN"
_KNOWN: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "aka": {
        "status": ("aka", "app", "status", "--app-name"),
        "logs": ("aka", "logs", "--app-name"),
        "delete": ("aka", "app", "delete", "--app-name"),
    }
}
"""Plugin -> action -> its command, which the app's name follows (Akamai: aka command reference)."""
_TARGETS: Final = {"aka": "akamai"}
_URL: Final = re.compile(r"https?://[^\s\"'<>()]+[^\s\"'<>().,:;]")
_COLOURS: Final = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
_OF_JUPYTER: Final = ("JUPYTER", "JPY_")
_SHOWN: Final = 20
"""Lines of what it said that an error has."""


class SpinDeploy(Destination):
    """Where the plugin of ``spin deploy`` leads."""

    title = "the place of `spin deploy`"

    @property
    def plugin(self) -> str:
        """Which one.

        Raises:
            OptionError: None is chosen.
        """
        chosen = str(self.asked.options.get("plugin") or os.environ.get(PLUGIN, ""))
        if not chosen:
            raise OptionError(
                "`spin deploy` is done by a plugin, and none is chosen",
                hint=f"--plugin aka (or another one), or {PLUGIN}=aka in the environment",
            )
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", chosen):
            raise OptionError(f"{chosen!r} is no name of a plugin", hint="such as --plugin aka")
        return chosen

    def reasons(self, release: Release) -> Sequence[Reason]:
        """See `Destination.reasons`: that of the place, where it is known, and of the Spin that is here."""
        if self.plugin in _TARGETS:
            return judge(release.asks, find(_TARGETS[self.plugin])).reasons
        here = "spin-" + ".".join(self._version())
        return judge(release.asks, find(here)).reasons if here in [one.name for one in TARGETS] else ()

    def deploy(self, release: Release, progress: Progress = silent) -> Deployed:
        """See `Destination.deploy`."""
        plugin = self.plugin
        words = (plugin, "deploy") if self.asked.options.get("plugin") else ("deploy",)
        said = self._run((*words, *self.asked.rest), release.folder, progress)
        urls = [url for line in said for url in _URL.findall(line)]
        url = urls[-1].rstrip("/") if urls else ""
        self._keep({"plugin": plugin, "url": url, "app": release.name, "version": release.version})
        remarks = []
        if release.values:
            names = ", ".join(sorted(release.values))
            remarks.append(f"values of variables were not passed on ({names}): -- --variable NAME=VALUE")
        lines = [f"ran `spin {' '.join(words)}` in the export"]
        return Deployed(url, (*lines, *said[-_SHOWN:]), tuple(remarks))

    def status(self) -> Status:
        """See `Destination.status`."""
        if not self._record().is_file():
            return Status("absent")
        known = self._known()
        said = self._of("status")
        since = datetime.fromtimestamp(self._record().stat().st_mtime, timezone.utc)
        more = tuple(("spin", line) for line in said if line.strip())
        return Status("running", since, str(known.get("version", "")), url=str(known.get("url", "")), more=more)

    def logs(self, *, last: int | None = None, follow: bool = False) -> Iterator[str]:
        """See `Destination.logs`."""
        if follow:
            raise OptionError("what follows is shown by `spin` itself", hint=self._command_of("logs"))
        said = self._of("logs")
        return iter(said if last is None else said[-last:] if last else ())

    def url(self) -> str:
        """See `Destination.url`."""
        url = str(self._known().get("url", ""))
        if not url:
            raise DeployError("`spin deploy` told no address", hint=self._command_of("status"))
        return url

    def delete(self, progress: Progress = silent) -> str:
        """See `Destination.delete`."""
        progress("deleting", None)
        said = self._of("delete")
        self._record().unlink(missing_ok=True)
        return "; ".join(line for line in said if line.strip()) or f"{self.asked.name} was deleted"

    @contextmanager
    def client(self, *, insecure: bool = False) -> Iterator[Client]:
        """See `Destination.client`."""
        from spinlab.testing.requests.places import Remote

        with Remote(self.url(), insecure=insecure) as remote:
            yield remote

    # ---- inside

    def _of(self, action: str) -> tuple[str, ...]:
        known = self._known()
        plugin = str(known.get("plugin", ""))
        command = _KNOWN.get(plugin, {}).get(action)
        if command is None:
            raise DeployError(
                f"how `spin {plugin}` does {action} is not known here", hint=f"`spin {plugin} --help` says it"
            )
        app = str(known.get("app", self.asked.name))
        return self._run((*command, app, *self.asked.rest), Path.cwd(), silent)

    def _command_of(self, action: str) -> str:
        known = self._known()
        plugin = str(known.get("plugin", ""))
        command = _KNOWN.get(plugin, {}).get(action)
        return f"spin {' '.join((*command, str(known.get('app'))))}" if command else f"spin {plugin} --help"

    def _run(self, words: Sequence[str], folder: Path, progress: Progress) -> tuple[str, ...]:
        """The lines that a command of ``spin`` wrote."""
        said: deque[str] = deque(maxlen=2000)
        environ = {k: v for k, v in os.environ.items() if not k.startswith(_OF_JUPYTER)}
        process = subprocess.Popen(
            [self._program(), *words],
            cwd=folder,
            stdin=None if sys.stdin is not None and sys.stdin.isatty() else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environ,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                text = _COLOURS.sub("", line.decode("utf-8", "replace")).rstrip()
                said.append(text)
                progress(f"spin: {text}" if text else "spin", None)
            status = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            process.stdout.close()
        if status:
            shown = " ".join(words[:2])
            plugin = words[0] if words[0] != "deploy" else os.environ.get(PLUGIN, "")
            raise DeployError(
                f"`spin {shown}` ended with status {status}",
                hint=f"is the plugin there? spin plugins install {plugin}; and are you logged in? spin {plugin} login",
                details="\n".join(list(said)[-_SHOWN:]),
            )
        return tuple(said)

    def _version(self) -> tuple[str, ...]:
        told = " ".join(self._run(("--version",), Path.cwd(), silent))
        found = re.search(r"(\d+)\.(\d+)", told)
        return found.groups() if found else ()

    @staticmethod
    def _program() -> str:
        found = shutil.which("spin")
        if found is None:
            raise ToolMissing(
                "there is no program spin here", hint="https://spinframework.dev/install; --to local needs none"
            )
        return found

    def _record(self) -> Path:
        return self.asked.beside / f"{self.asked.name}.spin.json"

    def _known(self) -> dict[str, object]:
        try:
            found = json.loads(self._record().read_bytes())
        except (OSError, ValueError):
            found = None
        if not isinstance(found, dict):
            raise DeployError(f"{self.asked.name} was not deployed by `spin deploy` from here", hint="deploy it first")
        return found

    def _keep(self, known: Mapping[str, str]) -> None:
        self.asked.beside.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._record().write_text(json.dumps(known))
