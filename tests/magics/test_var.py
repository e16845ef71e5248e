"""``%spin var`` in a real kernel: values in either order, secrets that are asked for and never shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.magics.conftest import Kernel, Ran

SECRET = "correct-horse-battery"
CELL = """
from spin_sdk import variables

def handle(request):
    print("log", variables.get("token"))
    return variables.get("api_url") + " " + variables.get("token")
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    made = Kernel({"MY_TOKEN": SECRET})
    made.run(f"%cd -q {tmp_path_factory.mktemp('notebook')}").ok()
    made.run("%load_ext spinlab\n%config Spin.serve = False").ok()
    yield made
    made.close()


@pytest.fixture
def kernel(own: Kernel) -> Kernel:
    """The kernel without any app."""
    own.run("from spinlab.session import session as _session; _session.reset()").ok()
    return own


def everything(ran: Ran) -> str:
    return "\n".join([ran.stdout, ran.traceback, json.dumps(ran.outputs, ensure_ascii=False)])


def test_a_value_may_come_after_the_cell(kernel: Kernel) -> None:
    card = kernel.run("%%spin f --var api_url --var token" + CELL).ok()
    assert 'no provider resolved required variable(s): ["api_url", "token"]' in card.text
    assert "%spin var api_url=VALUE" in card.text
    assert 'no provider resolved required variable "token"' in kernel.run("%spin get /f").ok().text
    kernel.run("%spin var api_url=https://example.com token=open").ok()
    assert "https://example.com open" in kernel.run("%spin get /f").ok().text


def test_a_value_may_come_before_the_cell(kernel: Kernel) -> None:
    kernel.run("%spin var api_url='a b' token=open").ok()
    card = kernel.run("%%spin f --var api_url --var token" + CELL).ok()
    assert "note: no provider" not in card.text
    assert "served in the notebook yet: variables" not in card.text
    assert "a b open" in kernel.run("%spin get /f").ok().text


def test_a_secret_from_the_environment_is_used_and_never_shown(kernel: Kernel) -> None:
    kernel.run("%%spin f --var api_url --var token" + CELL).ok()
    shown = [kernel.run("%spin var api_url=here").ok(), kernel.run("%spin var token --from-env MY_TOKEN").ok()]
    assert "*** (secret)" in shown[1].text
    answer = kernel.run("answer = spinlab_app = __import__('spinlab').current_app().get('/f'); answer").ok()
    assert "here ***" in answer.text
    assert kernel.run(f"assert answer.text == 'here {SECRET}'; [answer]").ok().text.count("***") >= 2
    lines = ("var", "get /f", "logs", "trace", "show f", "manifest", "", "doctor", "var token")
    shown += [kernel.run(f"%spin {line}").ok() for line in lines]
    shown.append(kernel.run("%spin export out").ok())
    shown.append(kernel.run("%spin get /f --fail --header nonsense"))
    assert not any(SECRET in everything(ran) for ran in [*shown, answer])
    folder = Path(kernel.run("import os; print(os.getcwd())").stdout.strip())
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "spin.toml" for path in files)
    assert not any(SECRET.encode() in path.read_bytes() for path in files)


def test_a_secrets_value_on_the_line_is_refused_and_not_shown(kernel: Kernel) -> None:
    kernel.run("%spin var token --secret").ok()
    for line in (
        f"token={SECRET}",
        f"other={SECRET} --secret",
        f"token={SECRET} --prompt",
        f"token='{SECRET}",
        f"Token={SECRET}",
        f"token={SECRET} --nonsense",
        f"token = {SECRET}",
        f"token= {SECRET}",
    ):
        ran = kernel.run(f"%spin var {line}").error("OptionError")
        assert SECRET not in ran.traceback, line
    refused = kernel.run(f"%spin var token={SECRET}").error("OptionError").traceback
    assert "%spin var token --prompt" in refused
    assert "%spin var token --from-env NAME" in refused
    assert "in the history" in refused
    assert "token=***" in refused
    assert kernel.run("%spin var").ok().text.count("not set") == 1
    assert SECRET not in kernel.run("import spinlab; print(vars(spinlab.current_app().services.variables))").stdout


def test_a_secret_is_asked_for(kernel: Kernel) -> None:
    message = kernel.send("%spin var token --prompt", allow_stdin=True)
    asked = kernel.client.get_stdin_msg(timeout=60)["content"]
    assert asked == {"prompt": "token: ", "password": True}
    kernel.client.input(SECRET)
    assert "*** (secret)" in kernel.finish(message).ok().text
    kernel.run(f"import spinlab; assert spinlab.current_app().services.variables.get('token') == '{SECRET}'").ok()


def test_nothing_entered_changes_nothing(kernel: Kernel) -> None:
    kernel.run("%spin var token=open").ok()
    message = kernel.send("%spin var token --prompt", allow_stdin=True)
    kernel.client.get_stdin_msg(timeout=60)
    kernel.client.input("")
    assert "nothing was entered" in kernel.finish(message).error("OptionError").traceback
    assert "open" in kernel.run("%spin var").text


def test_where_nobody_can_be_asked_the_environment_is_the_remedy(kernel: Kernel) -> None:
    message = kernel.send("%spin var token --prompt", allow_stdin=False)
    refused = kernel.finish(message).error("OptionError").traceback
    assert "nobody can be asked here" in refused
    assert "--from-env" in refused


def test_the_list_says_where_values_are_from_and_who_reads_them(kernel: Kernel) -> None:
    kernel.run("%env SPIN_VARIABLE_API_URL=from-outside").ok()
    kernel.run("%%spin f --var api_url --var token" + CELL).ok()
    kernel.run("%spin var limit --default 5 --description 'How many.'").ok()
    lines = [" ".join(line.split()) for line in kernel.run("%spin var").ok().text.splitlines()]
    assert "api_url from-outside environment SPIN_VARIABLE_API_URL f" in lines
    assert "token not set f" in lines
    assert "limit 5 default nobody yet How many." in lines
    kernel.run("import os; del os.environ['SPIN_VARIABLE_API_URL']").ok()
    kernel.run("%spin var api_url=mine").ok()
    assert "set here" in kernel.run("%spin var").text
    kernel.run("%spin var api_url --unset").ok()
    assert "mine" not in kernel.run("%spin var").text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--prompt", "which variable?"),
        ("a b --secret", "about one variable"),
        ("a --prompt --from-env B", "exclude each other"),
        ("a --secret --public", "exclude each other"),
        ("a --secret --default 1", "exclude each other"),
        ("a=1 --unset", "has a value already"),
        ("a --from-env NOBODY_HAS_THIS", "the environment has no NOBODY_HAS_THIS"),
        ("=1", "the name is missing"),
        ("nobody", "no variable is called 'nobody'"),
        ("a-b=1", "can't be the name of a variable"),
        ("A=1", "can't be the name of a variable"),
    ],
)
def test_wrong_words_are_refused(kernel: Kernel, line: str, words: str) -> None:
    ran = kernel.run(f"%spin var {line}").error("OptionError")
    assert words in ran.traceback
    assert "^" in ran.traceback


@pytest.mark.parametrize(
    ("options", "words", "marked"),
    [
        ("--var 'a={{ nope }}'", 'unknown variable "nope"', "'a={{ nope }}'"),
        ("--var ok --var 'a={{ nope'", "unmatched '{{' in template", "'a={{ nope'"),
        ("--allow https://a.com --allow example.com", "does not contain a scheme", "example.com"),
        ("--kv default --kv other", 'unknown key_value_stores label "other"', "other"),
    ],
)
def test_a_grant_that_can_not_be_is_pointed_at(kernel: Kernel, options: str, words: str, marked: str) -> None:
    ran = kernel.run(f"%%spin f {options}" + CELL)
    assert ran.status == "error"
    assert words in ran.traceback
    lines = ran.traceback.splitlines()
    caret = next(line for line in lines if set(line.strip(" |")) == {"^"})
    above = lines[lines.index(caret) - 1]
    assert above[caret.index("^") : caret.rindex("^") + 1] == marked


def test_a_value_that_a_grant_can_not_have_is_told(kernel: Kernel) -> None:
    kernel.run("%spin var host=example.com").ok()
    kernel.run("%%spin f --var api_url --allow 'https://{{ host }}'" + CELL).ok()
    told = kernel.run("%spin var host=example.com/path").ok()
    assert "f reaches nothing now" in told.text
    assert "note:" not in kernel.run("%spin var host=example.org").ok().text


def test_a_variable_that_is_granted_without_its_cell_is_told_to_have_no_value(kernel: Kernel) -> None:
    kernel.run("%%spin f --var api_url=url" + CELL).error("ManifestError")
    kernel.run("%%spin f" + CELL).ok()
    assert 'no provider resolved required variable(s): ["token"]' in kernel.run("%spin grant f --var token").ok().text
    kernel.run("%spin var token=open api_url=here").ok()
    assert "note: no provider" not in kernel.run("%spin grant f --var api_url").ok().text
    assert "here open" in kernel.run("%spin get /f").ok().text


def test_names_are_completed(kernel: Kernel) -> None:
    kernel.run("%spin var greeting=hello").ok()
    assert "greeting" in kernel.complete("%spin var gre")[0]
    assert "--from-env" in kernel.complete("%spin var greeting --from")[0]


def test_another_configuration_is_put_behind_the_app(kernel: Kernel) -> None:
    kernel.run("%%spin f --var api_url --var token" + CELL).ok()
    text = '[[variables_provider]]\\ntype = "static"\\nvalues = { api_url = "configured", token = "yes" }\\n'
    kernel.run(f"open('runtime-config.toml', 'w').write('{text}')").ok()
    assert "Using runtime config" in kernel.run("%spin up --runtime-config runtime-config.toml\n%spin stop").ok().text
    assert "configured yes" in kernel.run("%spin get /f").ok().text
    kernel.run("open('runtime-config.toml', 'w').write('stat_dir = 1')").ok()
    refused = kernel.run("%spin up --runtime-config runtime-config.toml").error("ManifestError").traceback
    assert "unused runtime config key(s): stat_dir" in refused
    assert "did you mean state_dir?" in refused
    assert "nothing has changed" in refused
    assert "configured yes" in kernel.run("%spin get /f").ok().text


def test_what_a_configuration_says_in_vain_is_told(kernel: Kernel) -> None:
    kernel.run("%%spin fetches" + CELL).ok()
    text = 'log_dir = "logs"\\n[[client_tls]]\\ncomponent_ids = ["fetchs"]\\nhosts = ["a.example"]\\n'
    kernel.run(f"open('runtime-config.toml', 'w').write('{text}')").ok()
    said = kernel.run("%spin up --runtime-config runtime-config.toml\n%spin stop").ok().text
    assert "[[client_tls]] names fetchs, and no component is called that; did you mean fetches?" in said
    assert "%spin logs shows what functions write" in said


def test_the_imports_of_a_component_are_shown_with_the_grants_they_need(kernel: Kernel) -> None:
    kernel.run("%%spin f --var api_url" + CELL).ok()
    lines = [" ".join(line.split()) for line in kernel.run("%spin show f").ok().text.splitlines()]
    assert "fermyon:spin/variables@2.0.0 --var NAME api_url" in lines
    assert "fermyon:spin/key-value@2.0.0 --kv LABEL no" in lines


def test_a_saved_notebook_has_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", SECRET)
    cells = [
        "%load_ext spinlab\n%config Spin.serve = False",
        "%%spin f --var api_url=token --var token" + CELL,
        "%spin var token --from-env MY_TOKEN",
        "%spin get /f",
        "import spinlab\n[spinlab.current_app().get('/f')]",
        "%spin logs",
        "%spin trace",
        "%spin manifest",
        "%spin var token=$$",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    done = NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    text = nbformat.writes(done)
    assert SECRET not in text
    assert text.count("***") >= 5
