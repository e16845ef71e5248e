"""Install what the tests need and run them all: lint, types, TypeScript, Rust, images, pytest.

`make test` calls this. Steps that do not depend on each other run side by side; the last lines are pytest's own count.
A tool that is missing and can't be installed here is named with the command that adds it, and fails the run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BRIDGE = ROOT / "spinlab" / "bridge"
SHORT = ROOT / "spinlab" / "languages" / "rust" / "short"
WORK = ROOT / ".make"
PROGRAMS = {
    "chromium": "chromium",
    "cargo": "cargo-web",
    "rustfmt": "rustfmt-web",
    "clippy-driver": "rust-web-clippy",
    "openssl": "openssl",
    "redis-server": "redis-server",
    "mosquitto": "mosquitto",
    "pg_ctlcluster": "postgresql",  # the server itself is not on the path
    "mariadbd": "mariadb-server",
    "mosquitto_sub": "mosquitto-clients",
    "docker-registry": "docker-registry",
    "skopeo": "skopeo",
    "java": "default-jre-headless",
    "mvn": "maven",
    "etcd": "etcd-server",
}
"""Program -> Debian package that brings it."""


class Step:
    """One step, run by a thread; its output is kept and shown when it fails."""

    def __init__(self, name: str, work: Callable[[Path], None]) -> None:
        self.name = name
        self.log = WORK / f"{name}.log"
        self.error: BaseException | None = None
        self.seconds = 0.0
        self._work = work
        self.thread = threading.Thread(target=self._run, name=name)

    def _run(self) -> None:
        began = time.monotonic()
        self.log.write_text("")
        try:
            self._work(self.log)
        except BaseException as error:
            self.error = error
        self.seconds = time.monotonic() - began
        print(f"{'FAILED' if self.error else 'ok':6}  {self.name}  ({self.seconds:.0f} s)", flush=True)


def call(log: Path, *command: str, cwd: Path = ROOT) -> None:
    """Run a command, its output into the log."""
    with log.open("a") as out:
        print("$", " ".join(command), file=out, flush=True)
        subprocess.run(command, cwd=cwd, stdout=out, stderr=subprocess.STDOUT, check=True)


def packages(log: Path) -> None:
    """Debian packages, where apt is and may be used; elsewhere say exactly what to install."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if not missing:
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise SystemExit("missing: " + ", ".join(missing) + f"\ninstall them: sudo apt-get install {' '.join(missing)}")
    call(log, "apt-get", "update", "-q")
    call(log, "apt-get", "install", "-y", "-q", "--no-install-recommends", *missing)


def lint(log: Path) -> None:
    """Ruff: rules, then layout."""
    call(log, sys.executable, "-m", "ruff", "check", ".")
    call(log, sys.executable, "-m", "ruff", "format", "--check", ".")


def types(log: Path) -> None:
    """mypy --strict over the package."""
    call(log, sys.executable, "-m", "mypy")


def labextension(log: Path) -> None:
    """The labextension and the widgets' modules: types, then a build that the browser tests load."""
    build = str(ROOT / "labextension" / "build.py")
    call(log, sys.executable, build, "--check")
    call(log, sys.executable, build)


def rust(log: Path) -> None:
    """The bridge: layout, lints, unit tests, and the committed files against a rebuild."""
    call(log, "cargo", "fmt", "--all", "--check", cwd=BRIDGE)
    call(log, "cargo", "fmt", "--all", "--check", cwd=ROOT / "tests" / "guests")
    # First, because it writes the lock file from the pinned versions.
    call(log, sys.executable, str(BRIDGE / "build.py"), "--check", str(WORK / "bridge"))
    call(log, sys.executable, str(BRIDGE / "build.py"), "--guests", str(WORK / "guests"))
    call(log, "cargo", "clippy", "--quiet", "--locked", "--workspace", "--", "-D", "warnings", cwd=BRIDGE)
    call(log, "cargo", "test", "--quiet", "--locked", "--package", "flat", cwd=BRIDGE)
    target = str(WORK / "short")
    call(log, "cargo", "fmt", "--check", cwd=SHORT)
    call(log, "cargo", "clippy", "--quiet", "--target-dir", target, "--", "-D", "warnings", cwd=SHORT)


def images(log: Path) -> None:
    """The images of Python and JavaScript, built by their official toolchains when they are not in the cache."""
    call(log, sys.executable, "-m", "spinlab.cli", "images", "build")
    call(log, sys.executable, "-m", "spinlab.cli", "images", "build", "--trigger", "all")


def toolchains(log: Path) -> None:
    """The compilers of the other languages, and what each compiles once, so that no test waits for them."""
    call(log, sys.executable, str(ROOT / "tests" / "warm.py"))


def cluster(log: Path) -> None:
    """The API server of the tests, built from its Go modules when it is not in the cache."""
    call(log, sys.executable, "-m", "tests.servers.kube")


def queues(log: Path) -> None:
    """The queue server of the tests, fetched when it is not in the cache."""
    call(log, sys.executable, "-m", "tests.servers.sqs")


def pytest(arguments: list[str]) -> int:
    """The test suite on both cores; its count closes the run.

    In CI, whose machines are shared, a test that fails is tried once more; the count tells how many were.
    """
    workers = [] if any(a in ("-x", "--pdb", "-s") for a in arguments) else ["-n", "2", "--dist", "loadscope"]
    if os.environ.get("CI"):
        workers += ["--reruns", "1"]
    return subprocess.call([sys.executable, "-m", "pytest", "-q", *workers, *arguments], cwd=ROOT)


LANES: tuple[tuple[Callable[[Path], None], ...], ...] = (
    (lint, types, labextension, rust),
    (images, toolchains),
    (queues, cluster),
)


def main() -> int:
    """Run the lanes side by side, then pytest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="steps, joined by commas; without pytest")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    only = set(filter(None, options.only.split(",")))
    first = Step("packages", packages)
    steps = [[Step(f.__name__, f) for f in lane if not only or f.__name__ in only] for lane in LANES]
    if not only:
        first._run()
        if first.error:
            print(first.error, first.log.read_text(), sep="\n")
            return 1
    lanes = [threading.Thread(target=lambda lane=lane: [s._run() for s in lane]) for lane in steps]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    failed = [s for lane in steps for s in lane if s.error]
    status = 0 if only else pytest(options.pytest)
    for step in failed:
        print(f"\n==== {step.name} failed: {step.error}\n{step.log.read_text()[-6000:]}")
    if failed:
        print("failed:", ", ".join(s.name for s in failed))
    return 1 if failed or status else 0


if __name__ == "__main__":
    sys.exit(main())
