"""A release in place of the one before: the new one serves before the old one ends, or nothing has changed."""

from __future__ import annotations

import hashlib
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from spinlab.deploying.destination import Release
from spinlab.deploying.local import record as files
from spinlab.deploying.local import starting, versions
from spinlab.deploying.local.health import healthy
from spinlab.deploying.local.keeper import DRAIN, MARGIN
from spinlab.deploying.local.processes import NOBODY, Process
from spinlab.deploying.local.record import Order, Record
from spinlab.deploying.local.surroundings import environment
from spinlab.deploying.local.versions import Placed
from spinlab.errors import DeployError, OptionError
from spinlab.languages import Progress
from spinlab.up import addresses, inputs
from spinlab.up.inputs import Sql

_LET_GO: Final = 10.0
_UP: Final = ("-m", "spinlab.cli", "up")


class Rollout:
    """One deployment of one release.

    Parameters:
        folder: Of the deployment.
        owner: Whose it is.
        release: What is deployed.
        options: What was said with it.
        progress: Told what is done.

    Attributes:
        before: What was there.
        placed: What was copied.
    """

    def __init__(
        self, folder: Path, owner: str, release: Release, options: Mapping[str, Any], progress: Progress
    ) -> None:
        self.before = files.read(folder)
        self.placed: Placed | None = None
        self._brought = False
        self._folder = folder
        self._owner = owner
        self._release = release
        self._options = options
        self._progress = progress
        self._environment = environment(release.values, release.asks.triggers)
        serial = self.before.serial + 1 if self.before is not None else 1
        self._target = folder / files.VERSIONS / f"{serial}-{release.digest[:12]}"
        self._sql = self._statements()
        self._record = self._said(serial)

    def run(self) -> Record:
        """Do it; answers what runs now.

        Raises:
            SpinError: It does not serve; what ran before goes on.
        """
        versions_there = self._target.parent
        fresh = not self._folder.exists()
        shutil.rmtree(self._target, ignore_errors=True)  # of an attempt that broke off
        try:
            self._options_fit()
            self._progress("copying the export", None)
            current = None if self.before is None else versions_there / self.before.folder
            self.placed = versions.place(self._release.folder, self._target, current)
            self._bring_data()
            running = self._start()
        except BaseException:
            self._undo(fresh)
            raise
        for one in versions_there.iterdir():
            if one != self._target:
                shutil.rmtree(one, ignore_errors=True)
        return running

    def _undo(self, fresh: bool) -> None:
        now = files.read(self._folder)
        if now is not None and now.folder == self._target.name:
            return  # it serves in spite of what went wrong later
        shutil.rmtree(self._target, ignore_errors=True)
        if self._brought:
            shutil.rmtree(self._folder / files.STATE, ignore_errors=True)
        if fresh and now is None:
            shutil.rmtree(self._folder, ignore_errors=True)

    # ---- what is said

    def _said(self, serial: int) -> Record:
        before, release = self.before, self._release
        seen = before.scripts if before is not None else ()
        return Record(
            release.name,
            owner=self._owner,
            version=release.version,
            digest=release.digest,
            folder=self._target.name,
            listen=before.listen if before is not None else "",
            scripts=tuple(dict.fromkeys((*seen, *self._sql))),
            serial=serial,
        )

    def _options_fit(self) -> None:
        if (self._options.get("tls_cert") is None) != (self._options.get("tls_key") is None):
            raise OptionError("--tls-cert and --tls-key belong together", hint="give both")

    def _order(self, listen: str) -> Order:
        seen = self.before.scripts if self.before is not None else ()
        # each once: a table can't be made twice
        new = [said for known, said in self._sql.items() if said and known not in seen]
        first = [word for said in new for word in ("--sqlite", said)]
        command = self._command(listen)
        return Order(replace(self._record, listen=listen), command, tuple(first), self._environment)

    def _statements(self) -> dict[str, str]:
        """SQL by its digest, as ``spin up`` takes it after ``--sqlite``; empty for what has been run."""
        found = {}
        for script in self._release.scripts:
            inner = script.removeprefix("@")
            (read,) = inputs.sql([f"@{self._release.folder}/{inner}"])
            brought = self._options.get("with_data") and read.label == "default"  # its tables come with it
            found[_digest(read)] = "" if brought else f"@{self._target}/{inner}"
        for said in self._options.get("sqlite") or ():
            (read,) = inputs.sql([said])
            found[_digest(read)] = f"@{Path(read.file).absolute()}:{read.label}" if read.file else said
        return found

    def _command(self, listen: str) -> tuple[str, ...]:
        words = [sys.executable, *_UP, "-f", str(self._target), "--listen", listen]
        words += ["--format", "json", "--drain", f"{DRAIN:.0f}"]
        words += ["--state-dir", str(self._folder / files.STATE), "--log-dir", ""]
        for key in ("runtime_config_file", "tls_cert", "tls_key"):
            if self._options.get(key):
                words += [f"--{key.replace('_', '-')}", str(Path(self._options[key]).expanduser().absolute())]
        for host in self._options.get("allow_host") or ():
            words += ["--allow-host", host]
        return tuple(words)

    def _bring_data(self) -> None:
        """The contents of the app's stores, for stores that are not there yet."""
        if not self._options.get("with_data"):
            return
        from spinlab import state

        if self._release.app is None:
            raise DeployError("only an app of a notebook has stores to take along", hint="leave --with-data out")
        place = self._folder / files.STATE
        if place.exists():
            raise DeployError(
                "the deployment has stores already, and keeps them", hint="leave --with-data out, or delete it first"
            )
        self._brought = True
        state.save(state.copies(self._release.app.services, place, force=False), place)

    # ---- processes

    def _start(self) -> Record:
        before = self.before
        if before is not None and before.keeper.alive and self._stays(before):
            starting.change(self._folder, self._order(before.listen), before.keeper)
            self._wait(before.keeper)
        else:
            self._begin()
        found = files.read(self._folder)
        if found is None or found.serial != self._record.serial:
            raise DeployError("the deployment has just been ended", hint="deploy it again")
        self._progress("waiting for its answer", None)
        healthy(found.url)
        return found

    def _stays(self, before: Record) -> bool:
        """Whether it goes on listening where it does."""
        listen = self._options.get("listen")
        host, port = addresses.parse(before.listen)
        return listen is None or addresses.parse(listen) in ((host, port), (host, 0))

    def _begin(self) -> None:
        """A keeper of its own; the one before ends when the new one serves."""
        before = self.before
        had = before.listen if before is not None else ""
        # its keeper was killed, and what is left may hold the port a moment longer
        patience = _LET_GO if before is not None and not before.keeper.alive and end(before) else 0.0
        with starting.listening(self._options.get("listen"), had, patience) as bound:
            keeper = starting.begin(self._folder, self._order(starting.address(bound)), bound, self._environment)
        self._wait(keeper)
        if before is not None and before.keeper.alive:
            end(before)

    def _wait(self, keeper: Process) -> None:
        answer = starting.wait(self._folder, self._record.serial, keeper, self._progress)
        if not answer.error:
            return
        before = self.before
        goes_on = before is not None and before.keeper.alive
        raise DeployError(
            f"the new version does not serve: {answer.error}",
            hint="the one before goes on" if goes_on else "nothing was deployed",
            details="\n".join(answer.said),
        )


def end(known: Record) -> bool:
    """End what a record says that runs, and nobody else; requests under way finish. Answers whether anything ran."""
    ran = False
    for one in (known.keeper, known.child):
        if one == NOBODY or not one.send(signal.SIGTERM):
            continue
        ran = True
        if not one.wait(DRAIN + 2 * MARGIN):
            one.send(signal.SIGKILL)
            one.wait(MARGIN)
        starting.reap()
    return ran


def _digest(sql: Sql) -> str:
    return hashlib.sha256(f"{sql.label}\0{sql.text}".encode("utf-8", "replace")).hexdigest()
