"""Values show themselves where no extension is loaded: in plain IPython, in marimo, in scripts."""

from __future__ import annotations

import subprocess
import sys

from spinlab import App, Response
from tests.conftest import wat


def test_a_response_shows_its_body_and_a_function_its_card(app: App) -> None:
    live = app.add(wat())
    answer = app.get("/hello")
    assert "Hello from WAT" in answer._repr_mimebundle_()["text/html"]
    assert "200 OK" in answer._repr_html_()
    assert live is not None
    card = live._repr_mimebundle_()
    assert "may touch" in card["text/plain"]
    assert "/hello" in live._repr_html_()
    assert "hello" in app._repr_mimebundle_()["text/plain"]
    assert "<table" in app._repr_html_()


def test_a_function_of_the_session_shows_its_address() -> None:
    script = (
        "from tests.conftest import wat; from spinlab.session import session\n"
        "live = session.current().add(wat()); server = session.ensure_server()\n"
        "assert server.url + '/hello' in live._repr_mimebundle_()['text/plain']\n"
        "other = session.use('shop'); live = other.add(wat())\n"
        "assert f'http://shop.localhost:{server.port}/hello' in live._repr_html_()\n"
        "assert f'http://shop.localhost:{server.port}/' in other._repr_html_()\n"
        "session.reset()\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr


def test_in_a_plain_ipython_a_value_is_rich_and_displays_load_no_ipython() -> None:
    script = (
        "import sys; from spinlab import Response, App\n"
        "assert not [m for m in sys.modules if m.startswith('spinlab.widgets')]\n"
        "html = Response(200, body=b'hi')._repr_html_()\n"
        "assert 'IPython' not in sys.modules and 'spinlab.session' not in sys.modules\n"
        "from IPython.core.formatters import DisplayFormatter\n"
        "data, _ = DisplayFormatter().format(Response(200, body=b'hi'))\n"
        "assert data['text/html'] == html and '200 OK' in data['text/plain']\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_value_without_a_session_has_no_address() -> None:
    assert "http://" not in Response(404)._repr_html_()
