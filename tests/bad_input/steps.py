"""Good functions, and what must still be true of them after something went wrong."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from tests.magics.conftest import Kernel, Ran
from tests.magics.teapots import cell

GOOD = "%%spin hello --route /hello/...\ndef handle(request):\n    return 'good'\n"
NEIGHBOUR = cell("neighbour", options="--route /neighbour")


@dataclass
class Stage:
    """A kernel with the two functions."""

    kernel: Kernel

    def refused(self, code: str, name: str) -> str:
        """What a wrong cell says; the two functions serve on, unchanged."""
        ran = self.kernel.run(code).error(name)
        assert any(remedy in ran.traceback for remedy in ("hint: ", "^", "Traceback")), ran.traceback
        self.serves("good", "revision 1")
        return ran.traceback

    def serves(self, text: str = "good", revision: str = "") -> None:
        """Both functions answer, here and to another program."""
        assert text in self.kernel.run("%spin get /hello/you", timeout=30).ok().text
        assert "418" in self.kernel.run("%spin get /neighbour", timeout=30).ok().text
        if revision:
            assert revision in self.kernel.run("import spinlab; spinlab.current_app()['hello']").ok().text
        ran = self.kernel.run("print(get_ipython().run_line_magic('spin', 'url neighbour'))").ok()
        assert httpx.get(ran.stdout.strip(), timeout=20).status_code == 418

    def now(self, body: str, options: str = "") -> Ran:
        """Replace ``hello`` by a function that is accepted."""
        return self.kernel.run(f"%%spin hello --route /hello/... {options}\n{body}").ok()

    def answer(self, code: str = "%spin get /hello/bad", timeout: float = 60) -> str:
        """What a call shows."""
        return self.kernel.run(code, timeout=timeout).ok().text
