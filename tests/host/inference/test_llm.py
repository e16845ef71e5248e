"""AI models from a guest's side: a real embedding model, a model whose continuation is known, and a real server."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from spinlab import App, Function
from spinlab.function import Limits
from spinlab.host.llm import problems
from spinlab.host.runtime_config import LlmCompute, RuntimeConfig
from tests.host.inference import write_alphabet

INFERS = """
import json
from spin_sdk import llm
def handle(request):
    options = llm.InferencingParams(**json.loads(request.text)) if request.text else None
    try:
        found = llm.infer_with_options(request.params["model"], request.query["prompt"], options)
    except Exception as error:
        return 500, f"{type(error.value).__name__}: {getattr(error.value, 'value', '')}"
    return {"text": found.text, "prompt": found.usage.prompt_token_count, "made": found.usage.generated_token_count}
"""

EMBEDS = """
from spin_sdk import llm
def handle(request):
    try:
        found = llm.generate_embeddings(request.params["model"], request.json())
    except Exception as error:
        return 500, f"{type(error.value).__name__}: {getattr(error.value, 'value', '')}"
    return {"vectors": found.embeddings, "prompt": found.usage.prompt_token_count}
"""


def fill(app: App, *models: str, **options: Any) -> App:
    app.add(Function("infers", INFERS, routes=("/infer/:model",), ai_models=models, **options))
    app.add(Function("embeds", EMBEDS, routes=("/embed/:model",), ai_models=models, **options))
    return app


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    (folder / "ai-models").mkdir()
    write_alphabet(folder / "ai-models" / "alphabet.gguf")
    (folder / "ai-models" / "broken.gguf").write_bytes(b"GGUF and nothing more")
    return folder


@pytest.fixture(scope="module")
def local(state: Path) -> Iterator[App]:
    app = fill(App("models", state_dir=state), "alphabet", "broken", "all-minilm-l6-v2", "nowhere")
    yield app
    app.close()


def test_a_local_model_goes_on_as_its_weights_say(local: App) -> None:
    answer = local.post("/infer/alphabet?prompt=abc", '{"max_tokens": 5}')
    assert answer.json() == {"text": "defgh", "prompt": 5, "made": 5}
    (call,) = answer.calls
    assert (call.capability, call.operation, call.target, call.outcome) == ("AI model", "infer", "alphabet", "ok")


def test_it_ends_at_the_end_of_its_text_and_without_options(local: App) -> None:
    assert local.post("/infer/alphabet?prompt=wx").json()["text"] == "yz"


def test_similar_sentences_are_closer_than_unlike_ones(local: App) -> None:
    texts = ["The cat sits outside", "A kitten is sitting in the garden", "A man is playing guitar", ""]
    found = local.post("/embed/all-minilm-l6-v2", json.dumps(texts)).json()
    cat, kitten, guitar, _ = found["vectors"]
    assert [len(vector) for vector in found["vectors"]] == [384] * 4
    near, far = (sum(a * b for a, b in zip(cat, other, strict=True)) for other in (kitten, guitar))
    assert near > 0.5 > far
    assert sum(a * a for a in cat) == pytest.approx(1, abs=1e-5)


def test_the_embedding_is_the_one_that_the_model_is_known_for(local: App) -> None:
    found = local.post("/embed/all-minilm-l6-v2", json.dumps(["This is an example sentence"])).json()["vectors"][0]
    assert found[:3] == pytest.approx([0.0676569, 0.0634960, 0.0487131], abs=2e-5)


def test_a_model_that_is_not_granted_is_refused_in_spins_words(state: Path) -> None:
    app = fill(App("others", state_dir=state))
    answer = app.post("/infer/alphabet?prompt=abc")
    assert answer.text == (
        "Error_InvalidInput: The component does not have access to use 'alphabet'. To give the component access, add "
        "'alphabet' to the 'ai_models' key for the component in your spin.toml manifest"
    )
    assert [denied.option for denied in answer.denied] == ["--ai-model alphabet"]
    app.close()


def test_what_is_not_here_says_what_to_do_and_the_function_lives(local: App) -> None:
    assert "put its GGUF file there as nowhere.gguf" in problems(local["infers"].function, local.services)[0]
    answer = local.post("/infer/nowhere?prompt=abc")
    assert answer.text.startswith("Error_RuntimeError: there is no model 'nowhere'")
    assert any("nowhere.gguf" in line.text for line in answer.logs)
    assert "Error_ModelNotSupported" in local.post("/embed/alphabet", '["a"]').text
    assert "1000 is the most" in local.post("/embed/all-minilm-l6-v2", json.dumps(["a"] * 1001)).text


def test_a_damaged_model_fails_alone(local: App) -> None:
    answer = local.post("/infer/broken?prompt=abc")
    assert answer.status == 500
    assert answer.text.startswith("Error_RuntimeError")
    assert local.post("/infer/alphabet?prompt=abc", '{"max_tokens": 2}').json()["text"] == "de"


def assert_only(children: set[psutil.Process]) -> None:
    """No child is left but these; one that was killed is there for a moment until it is reaped."""
    end = time.monotonic() + 5
    while (left := set(psutil.Process().children()) - children) and time.monotonic() < end:
        time.sleep(0.02)
    assert not left


def test_a_request_that_ends_ends_the_models_work(state: Path) -> None:
    app = fill(App("hurried", state_dir=state), "alphabet", limits=Limits(timeout=0.4))
    children = set(psutil.Process().children())
    options = '{"max_tokens": 100000, "repeat_penalty": 1.0}'
    # The loop of the alphabet ends, so the prompt is what takes long: the model is loaded first.
    assert app.post("/infer/alphabet?prompt=" + "a" * 60, options).status in (200, 504)
    app.close()
    assert_only(children)


def test_closing_an_app_ends_the_process_and_it_comes_back(state: Path) -> None:
    app = fill(App("closing", state_dir=state), "alphabet")
    before = set(psutil.Process().children())
    app.post("/infer/alphabet?prompt=abc")
    assert set(psutil.Process().children()) - before
    app.services.close()
    assert_only(before)
    assert app.post("/infer/alphabet?prompt=yz").status == 200
    app.close()


class Answers(BaseHTTPRequestHandler):
    """A server with both protocols; what it was asked is kept."""

    asked: list[tuple[str, str | None, Any]] = []

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append((self.path, self.headers["authorization"], question))
        usage = {"prompt_tokens": 3, "completion_tokens": 4}
        model = question["model"]
        answers: dict[str, Any] = {
            "/infer": {"text": "hello", "usage": {"promptTokenCount": 1, "generatedTokenCount": 2}},
            "/embed": {"embeddings": [[0.5, -1.0]], "usage": {"promptTokenCount": 7}},
            "/v1/chat/completions": {"choices": [{"message": {"content": "hi"}}], "usage": usage},
            "/v1/embeddings": {"data": [{"embedding": [0.25]}], "usage": usage},
        }
        body = {"bad": b"<html>", "huge": b" " * (129 << 20), "odd": b'{"choices": 3}'}.get(
            model,
            json.dumps({"error": {"message": "no such model"}} if model == "none" else answers[self.path]).encode(),
        )
        self.send_response(404 if model == "none" else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the other side had enough
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Answers.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def remote(url: str, api_type: str) -> App:
    compute = LlmCompute("remote_http", url, "letmein", api_type)
    return fill(App("remote", runtime=RuntimeConfig(llm_compute=compute)), "m", "bad", "none", "huge", "odd")


def test_a_server_with_spins_own_protocol_computes(server: str) -> None:
    app = remote(server, "default")
    assert app.post("/infer/m?prompt=hey", '{"max_tokens": 9}').json() == {"text": "hello", "prompt": 1, "made": 2}
    assert app.post("/embed/m", '["x"]').json() == {"vectors": [[0.5, -1.0]], "prompt": 7}
    (path, token, infer), (_, _, embed) = Answers.asked
    assert (path, token) == ("/infer", "bearer letmein")
    assert (infer["model"], infer["prompt"], infer["options"]["maxTokens"]) == ("m", "hey", 9)
    assert embed == {"model": "m", "input": ["x"]}
    app.close()


def test_a_server_with_openais_routes_computes(server: str) -> None:
    app = remote(server, "open_ai")
    assert app.post("/infer/m?prompt=hey").json() == {"text": "hi", "prompt": 3, "made": 4}
    assert app.post("/embed/m", '["x"]').json() == {"vectors": [[0.25]], "prompt": 3}
    assert Answers.asked[0][2]["messages"] == [{"role": "user", "content": "hey"}]
    assert app.post("/infer/none?prompt=hey").text == "Error_RuntimeError: no such model"
    app.close()


def test_a_server_that_answers_nonsense_is_the_guests_error(server: str) -> None:
    app = remote(server, "open_ai")
    for model, reason in (("bad", "Failed to deserialize"), ("odd", "no result"), ("huge", "exceeds limit of")):
        assert reason in app.post(f"/infer/{model}?prompt=hey").text
    app.close()
    nobody = remote("http://127.0.0.1:9", "default")
    answer = nobody.post("/infer/m?prompt=hey")
    assert "POST /infer request error" in answer.text
    assert "letmein" not in answer.text + "".join(line.text for line in answer.logs)
    nobody.close()
