"""``%spin trace`` and ``%spin grant`` in a real kernel."""

from __future__ import annotations

import pytest

from tests.magics.conftest import Kernel

pytestmark = pytest.mark.usefixtures("empty_session")

ASKS = """%%spin asks
from spin_sdk import http
def handle(request):
    try:
        return str(http.send(http.Request("GET", "http://127.0.0.1:9/x?secret", {}, None)).status)
    except Exception as error:
        return type(error.value).__name__
"""


def test_a_denied_call_is_named_granted_and_taken_back_by_the_cell(kernel: Kernel) -> None:
    kernel.run(ASKS).ok()
    kernel.run("%spin get /asks").ok()
    traced = kernel.run("%spin trace asks").ok()
    assert "denied outbound HTTP http://127.0.0.1:9: grant it with --allow http://127.0.0.1:9" in traced.text
    assert "secret" not in traced.text + traced.html
    assert "once; grant it with --allow http://127.0.0.1:9" in kernel.run("%spin show asks").ok().text
    granted = kernel.run("%spin grant asks --allow http://127.0.0.1:9").ok().text
    assert "to keep it, add to the %%spin line: --allow http://127.0.0.1:9" in granted
    assert "HttpRequestDenied" not in kernel.run("%spin get /asks").ok().text
    again = kernel.run(ASKS).ok().text
    assert "this took back --allow http://127.0.0.1:9; add it to the %%spin line to keep it" in again
    assert "took back" not in kernel.run(ASKS).ok().text


def test_wrong_words_point_at_themselves(kernel: Kernel) -> None:
    kernel.run(ASKS).ok()
    assert "nothing to grant" in kernel.run("%spin grant asks").error("OptionError").traceback
    assert "did you mean asks?" in kernel.run("%spin grant ask --kv default").error("OptionError").traceback
    assert "is not kept" in kernel.run("%spin trace --id 99999").error("OptionError").traceback
    assert "%spin grant" in kernel.run("%spin allow asks").error("OptionError").traceback
    text = kernel.run("%spin trace --help").ok().text
    assert "--lines" in text
