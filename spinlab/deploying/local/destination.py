"""The destination ``local``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from spinlab.client import Client
from spinlab.deploying.destination import Deployed, Destination, Release, State, Status
from spinlab.deploying.local import logs, starting
from spinlab.deploying.local import record as files
from spinlab.deploying.local.health import here, reached
from spinlab.deploying.local.record import Record
from spinlab.deploying.local.rollout import Rollout, end
from spinlab.engine import Cache
from spinlab.errors import DeployError
from spinlab.languages import Progress, silent
from spinlab.oci.moving import amount
from spinlab.targets import Reason
from spinlab.up import addresses


class Local(Destination):
    """A ``spinlab up`` on this machine that outlives the kernel."""

    title = "this machine"

    @property
    def folder(self) -> Path:
        """Where everything of the deployment is."""
        return self.asked.beside / self.asked.name

    def reasons(self, release: Release) -> Sequence[Reason]:
        """See `Destination.reasons`."""
        from spinlab.triggers import KINDS

        if os.name != "posix":
            return [Reason("Windows has no processes that outlive their session in this way", "use it in WSL")]
        if release.asks.triggers == {"command"}:
            return [Reason("a command runs once and ends, so that nothing stays", "spinlab up runs it")]
        unknown = sorted(release.asks.triggers - {"http", *KINDS})
        remedy = "`spin up` does with a plugin: --to spin, or --to kube"
        return [Reason(f"spinlab up starts nothing by the trigger {kind}", remedy) for kind in unknown]

    def deploy(self, release: Release, progress: Progress = silent) -> Deployed:
        """See `Destination.deploy`."""
        with self._alone():
            self._check_owner(files.read(self.folder))
            compiled = {entry.key for entry in Cache().entries()}
            rollout = Rollout(self.folder, self.asked.owner, release, self.asked.options, progress)
            running = rollout.run()
            fresh = len({entry.key for entry in Cache().entries()} - compiled)
            return Deployed(running.url, tuple(_told(rollout, running, fresh)), tuple(_remarks(running)))

    def status(self) -> Status:
        """See `Destination.status`."""
        starting.reap()
        known = files.read(self.folder)
        if known is None:
            return Status("absent")
        log = self.folder / files.LOG
        more = [("listens on", known.listen), ("log", _from_here(log))]
        if known.restarts:
            more.append(("started again", f"{known.restarts} times"))
        if not known.keeper.alive:
            since = log.stat().st_mtime if log.is_file() else known.since
            why = ("nobody keeps it any more: the machine was started anew, or the process was killed",)
            return Status("dead", _time(since), known.version, known.digest, more=tuple(more), reasons=why)
        state: State = "running" if known.state == "running" else "failing"
        reasons = known.reasons
        if state == "running" and not reached(known.url):
            state, reasons = "failing", ("it does not answer",)
        return Status(state, _time(known.since), known.version, known.digest, known.url, tuple(more), reasons)

    def logs(self, *, last: int | None = None, follow: bool = False) -> Iterator[str]:
        """See `Destination.logs`."""
        known, path = self._there(), self.folder / files.LOG
        if not path.is_file():
            return iter(())
        return logs.lines(path, last=last, follow=follow, runs=lambda: known.keeper.alive)

    def url(self) -> str:
        """See `Destination.url`."""
        known = self._there()
        if not known.keeper.alive:
            raise DeployError(f"{self.asked.name} does not run", hint="deploy it again; its log says what it did last")
        return known.url

    @contextmanager
    def client(self, *, insecure: bool = False) -> Iterator[Client]:
        """See `Destination.client`."""
        from spinlab.testing.requests.places import Remote

        with Remote(here(self.url()), insecure=insecure) as remote:
            yield remote

    def losing(self) -> str:
        """See `Destination.losing`."""
        place = self.folder / files.STATE
        size = sum(one.stat().st_size for one in place.rglob("*") if one.is_file()) if place.is_dir() else 0
        return f"its stores and databases ({amount(size)}) are lost" if size else ""

    def delete(self, progress: Progress = silent) -> str:
        """See `Destination.delete`."""
        self._there()
        with self._alone() as lock:
            known = self._there()
            progress("ending it; requests under way finish", None)
            ran = end(known)
            shutil.rmtree(self.folder, ignore_errors=True)
            Path(lock.lock_file).unlink(missing_ok=True)
        return f"{self.asked.name} was {'ended and ' if ran else ''}deleted"

    # ---- inside

    def _check_owner(self, before: Record | None) -> None:
        if before is None or before.owner == self.asked.owner or self.asked.options.get("take_over"):
            return
        raise DeployError(
            f"{self.asked.name} is the deployment of {Path(before.owner).name or before.owner}",
            hint="give this one another name: --name NAME; or --take-over to replace that one",
        )

    def _there(self) -> Record:
        known = files.read(self.folder)
        if known is None:
            there = sorted(one.parent.name for one in self.asked.beside.glob(f"*/{files.RECORD}"))
            hint = f"there are: {', '.join(there)} (--name NAME)" if there else "deploy it first"
            raise DeployError(f"there is no deployment {self.asked.name!r} on this machine", hint=hint)
        return known

    @contextmanager
    def _alone(self) -> Iterator[FileLock]:
        beside = self.asked.beside
        lock = FileLock(beside / f".{self.asked.name}.lock", mode=0o600, timeout=1)
        try:
            beside.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise DeployError(
                f"{self.asked.name} is being deployed or deleted by somebody else", hint="wait for that"
            ) from None
        except OSError as error:
            raise DeployError(f"{beside} can't be written: {error.strerror}", hint="make it yours") from None
        try:
            yield lock
        finally:
            lock.release()


def _told(rollout: Rollout, running: Record, compiled: int) -> Iterator[str]:
    before, placed = rollout.before, rollout.placed
    assert placed is not None
    yield f"copied {amount(placed.moved)} of {amount(placed.size)}: {len(placed.changed)} of {placed.files} files"
    yield (
        f"compiled {compiled} components"
        if compiled > 1
        else ("compiled one component" if compiled else "compiled nothing: the code was there")
    )
    if before is not None and before.keeper.alive and before.keeper != running.keeper:
        yield f"moved from {before.listen} to {running.listen}"
    elif before is not None and before.keeper == running.keeper:
        yield f"took the place of {before.version or 'the version'} {before.digest[:12]} without a gap"
    if before is not None and before.listen != running.listen and not before.keeper.alive:
        yield f"it had {before.listen} before, which was not free"


def _remarks(running: Record) -> Iterator[str]:
    if addresses.is_public(addresses.parse(running.listen)[0]):
        yield f"every machine that reaches {running.listen} can use it"


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def _from_here(path: Path) -> str:
    """A path without the folder that it is said in: notebooks keep what they show."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
