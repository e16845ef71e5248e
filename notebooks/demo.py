"""`make demo`: the notebooks in a real kernel, their functions called from another process, exported, run again.

Exits with an error at the first answer that is not as it should be.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import KernelManager
from jupyter_client.manager import start_new_kernel

from spinlab import Headers, Request, images, load
from spinlab.cli import Bar
from spinlab.engine import default_engine

HERE = Path(__file__).resolve().parent
NOTEBOOKS = (HERE / "solutions" / "01-hello.ipynb", HERE / "solutions" / "02-calculator.ipynb")
FETCH = (
    "import sys, urllib.request as u; r = u.urlopen(u.Request(sys.argv[1])); print(r.status, r.read().decode(), end='')"
)


def title(text: str) -> None:
    """A heading between the parts."""
    print(f"\n== {text}", flush=True)


def get_images_ready() -> None:
    """Build and compile the images unless that has been done."""
    title("The images of Python and JavaScript (built and compiled once per machine)")
    for what, build in (("Python", lambda bar: images.python("0.2", progress=bar)), ("JavaScript", images.javascript)):
        bar = Bar()
        began = time.perf_counter()
        image = build(bar)
        prepared = default_engine().prepare(image.path.read_bytes(), name=f"{what} image", progress=bar)
        bar.close()
        print(
            f"{what}: {image.size / 1e6:.0f} MB component, {prepared.sizes.compiled / 1e6:.0f} MB compiled, "
            f"ready after {time.perf_counter() - began:.1f} s"
        )


class Kernel:
    """A real kernel that runs cells and shows what they answer."""

    def __init__(self, folder: Path) -> None:
        # what the kernel says on stderr is about itself; it matters when it does not start
        self.manager: KernelManager
        with tempfile.TemporaryFile("w+") as log:
            try:
                self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(folder), stderr=log)
            except RuntimeError as error:
                log.seek(0)
                sys.exit(f"the kernel did not start: {error}\n{log.read()}")

    def run(self, code: str, *, may_fail: bool = False) -> str:
        """Run a cell; its text output. A failure ends the demo unless the cell is meant to fail."""
        texts: dict[object, str] = {}  # a display that is updated, such as progress, stays one

        def hook(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            place = content.get("transient", {}).get("display_id") or len(texts)
            if kind == "stream":
                texts[place] = content["text"]
            elif kind in ("display_data", "execute_result", "update_display_data"):
                texts[place] = content["data"].get("text/plain", "") + "\n"
            elif kind == "error":
                texts[place] = "\n".join(content["traceback"]) + "\n"

        reply = self.client.execute_interactive(code, timeout=300, output_hook=hook, stop_on_error=False)
        out = "".join(texts.values()).rstrip()
        if reply["content"]["status"] != "ok" and not may_fail:
            sys.exit(f"{out}\n\nthe demo ends here: this cell should have worked")
        if reply["content"]["status"] == "ok" and may_fail:
            sys.exit(f"{out}\n\nthe demo ends here: this cell should have failed")
        return out

    def value(self, expression: str) -> Any:
        """The value of an expression in the kernel, as JSON."""
        return json.loads(self.run(f"import json; print(json.dumps({expression}))"))


@contextmanager
def kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel that ends with the block."""
    made = Kernel(folder)
    try:
        yield made
    finally:
        made.client.stop_channels()
        made.manager.shutdown_kernel(now=False)


def run_notebook(lab: Kernel, notebook: Path) -> list[str]:
    """Run every cell, show it with its answer, and answer with the paths that were asked for."""
    paths: list[str] = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        print("\n" + "\n".join(f"  | {line}" for line in cell.source.splitlines()))
        began = time.perf_counter()
        out = lab.run(cell.source, may_fail="raises-exception" in cell.metadata.get("tags", []))
        print("\n".join(f"    {line}" for line in out.splitlines()))
        print(f"    ({1e3 * (time.perf_counter() - began):.0f} ms)", flush=True)
        for line in cell.source.splitlines():
            words = line.split()
            if words[:2] == ["%spin", "get"] and len(words) == 3 and words[2] not in paths:
                paths.append(words[2])
    return paths


def from_outside(url: str, paths: list[str]) -> None:
    """The live server answers another process."""
    for path in paths:
        done = subprocess.run([sys.executable, "-c", FETCH, url + path], capture_output=True, text=True, check=False)
        print(f"GET {url}{path}\n    {done.stdout or done.stderr.strip().splitlines()[-1]}")
        if done.returncode and "HTTP Error" not in done.stderr:
            sys.exit("the server did not answer another process")


def answers_alike(lab: Kernel, folder: Path, paths: list[str]) -> None:
    """The exported components, loaded again, answer as the notebook did."""
    again = load(folder, as_is=True)
    for path in paths:
        live = lab.value(f"(lambda r: [r.status, r.headers.items(), r.text])(spinlab.current_app().get({path!r}))")
        out = again.handle(Request("GET", path, Headers([("host", "notebook.localhost")])))
        same = live == [out.status, [list(h) for h in out.headers.items()], out.text]
        print(f"{'same' if same else 'DIFFERENT'}  {path}  {out.status} {out.text[:60]!r}")
        if not same:
            sys.exit(f"the exported app answers otherwise than the notebook: {live} and {out}")


def show(notebook: Path) -> None:
    """One notebook, from its first cell to its export."""
    folder = Path(tempfile.mkdtemp(prefix="spinlab-demo-"))
    try:
        with kernel(folder) as lab:
            title(f"{notebook.name} in a real kernel")
            paths = run_notebook(lab, notebook)
            lab.run("import spinlab")
            title("The same functions, called by another process")
            from_outside(lab.value("spinlab.session.session.ensure_server().url"), paths)
            title("The exported project, loaded again")
            exported = next(p.parent for p in sorted(folder.rglob("spin.toml")))
            files = [f for f in sorted(exported.rglob("*")) if f.is_file()]
            for file in files:
                print(f"{file.stat().st_size:>10,}  {file.relative_to(folder)}")
            answers_alike(lab, exported, paths)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """All of it."""
    began = time.perf_counter()
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    get_images_ready()
    for notebook in NOTEBOOKS:
        show(notebook)
    title(f"Done after {time.perf_counter() - began:.0f} s")
    print("`make lab` opens the notebooks in JupyterLab; write a %%spin cell of your own there.")


if __name__ == "__main__":
    main()
