"""kv, sql, stores, reset and cells of SQL in a real kernel; what is kept outlives the kernel."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.magics.conftest import Kernel

NOTES = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT);\n"
KEEPER = """\
%%spin keeper --kv default --sqlite default
from spin_sdk import key_value, sqlite

def handle(request):
    with key_value.open_default() as store:
        number = int(store.get("n") or b"0") + 1
        store.set("n", str(number).encode())
    with sqlite.open_default() as db:
        db.execute("create table if not exists visits (n)", [])
        db.execute("insert into visits select count(*) + 1 from visits", [])
        last = db.execute("select max(n) from visits", []).rows[0].values[0].value
    return f"{number} {last}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def own_kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel whose notebook is in a folder of its own."""
    made = started(folder)
    yield made
    made.close()


def started(folder: Path) -> Kernel:
    made = Kernel()
    made.run(f"%cd -q {folder}\n%load_ext spinlab\n%config Spin.serve = False").ok()
    return made


@pytest.fixture
def kernel(own_kernel: Kernel) -> Kernel:
    """The kernel with empty stores and no functions."""
    own_kernel.run("%spin reset --all --yes").ok()
    own_kernel.run("from spinlab.session import session as _session; _session.reset()").ok()
    return own_kernel


def test_a_key_is_set_shown_counted_and_deleted(kernel: Kernel) -> None:
    kernel.run("%spin kv set greeting 'Hello there'").ok()
    assert kernel.run("%spin kv get greeting").ok().text.strip() == "Hello there"
    assert kernel.run("x = %spin kv get greeting\nprint(type(x).__name__, x.text)").ok().stdout == "Value Hello there\n"
    assert kernel.run("%spin kv incr visits 5").ok().text.strip() == "5"
    assert kernel.run("%spin kv exists visits").ok().text.strip() == "True"
    listed = kernel.run("%spin kv").ok()
    assert "2 keys" in listed.text
    assert all(key in listed.text for key in ("greeting", "visits"))
    assert "visits" not in kernel.run("%spin kv list greet").ok().text
    kernel.run("%spin kv delete greeting").ok()
    assert kernel.run("%spin kv exists greeting").ok().text.strip() == "False"


def test_a_value_comes_from_json_or_a_file(kernel: Kernel, folder: Path) -> None:
    kernel.run("%spin kv set config --json '{\"a\": [1]}'").ok()
    assert kernel.run("x = %spin kv get config\nx.json()").ok().text.strip() == "{'a': [1]}"
    (folder / "picture.bin").write_bytes(b"\xff\0")
    kernel.run("%spin kv set picture @picture.bin").ok()
    assert kernel.run("%spin kv get picture").ok().text.strip() == "ff 00"


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("%spin kv gett a", "gett", "did you mean %spin kv get KEY?"),
        ("%spin kv rm a", "rm", "did you mean %spin kv delete KEY?"),
        ("%spin kv get", "get", "needs a KEY"),
        ("%spin kv get nobody", "nobody", "%spin kv list shows the keys"),
        ("%spin kv set a", "set", "needs a VALUE"),
        ("%spin kv get a b", "b", "takes no VALUE"),
        ("%spin kv set a @nowhere", "@nowhere", "relative to the notebook"),
        ("%spin kv set a --json {", "{", "this is not JSON"),
        ("%spin kv get a --store defalt", "defalt", "did you mean default?"),
        ("%spin kv incr a b", "b", "no whole number"),
        ("%spin sql", "", "the statement is missing"),
        ("%spin sql select 'x'", "select", "quote the statement as a whole"),
        ('%spin sql "selec 1"', '"selec 1"', 'near "selec": syntax error'),
        ('%spin sql "select 1" --database defalt', "defalt", "did you mean default?"),
        ("%spin sql --file nowhere.sql", "nowhere.sql", "relative to the notebook"),
        ("%spin reset", "", "--kv LABEL, --sqlite LABEL, or --all"),
        ("%spin reset --kv defalt --yes", "defalt", "did you mean default?"),
    ],
)
def test_a_wrong_line_points_at_the_word_and_says_what_to_write(
    kernel: Kernel, line: str, place: str, words: str
) -> None:
    ran = kernel.run(line)
    assert ran.status == "error"
    assert words in ran.traceback
    if place:
        shown, carets = ran.traceback.splitlines()[2:4]
        assert shown[carets.index("^") : carets.rindex("^") + 1] == place


def test_sql_takes_parameters_and_shows_rows(kernel: Kernel) -> None:
    kernel.run(f'%spin sql "{NOTES.strip()}"').ok()
    assert "1 row changed" in kernel.run('%spin sql "insert into notes (text) values (?)" -p "it\'s"').ok().text
    ran = kernel.run("%spin sql select * from notes").ok()
    assert ran.text.splitlines() == ["", "id  text", "1   it's", "1 row"]
    assert "<table" in ran.html
    assert kernel.run("rows = %spin sql select text from notes\nlist(rows)").ok().text.strip() == '[("it\'s",)]'


def test_a_cell_of_sql_shows_every_result(kernel: Kernel) -> None:
    ran = kernel.run(f"%%spinsql\n\n{NOTES}INSERT INTO notes (text) VALUES ('a'), ('b');\nSELECT text FROM notes;").ok()
    assert [o["text/plain"].splitlines()[0] for o in ran.outputs] == ["done", "done, 2 rows changed", "text"]


def test_an_error_in_a_cell_of_sql_points_into_it_and_shows_what_was_done(kernel: Kernel) -> None:
    ran = kernel.run("%%spinsql default\n\nSELECT 1 AS one;\n  SELEC 2;\n").error("StoreError")
    assert "one" in ran.text
    assert "line 4:3" in ran.traceback
    lines = ran.traceback.splitlines()
    shown = next(i for i, line in enumerate(lines) if line.strip().startswith("> 4"))
    assert lines[shown + 1].index("^") == lines[shown].index("SELEC 2")
    assert "empty" in kernel.run("%%spinsql\n\n").error("SourceError").traceback
    assert "did you mean default?" in kernel.run("%%spinsql defalt\nSELECT 1").error("OptionError").traceback


def test_a_cell_of_sql_may_be_a_migration(kernel: Kernel) -> None:
    assert (
        "not the name of an SQL file"
        in kernel.run(f"%%spinsql --migration ../a\n{NOTES}").error("OptionError").traceback
    )
    kernel.run(f"%%spinsql --migration tables.sql\n{NOTES}").ok()
    ran = kernel.run("from spinlab import current_app\nprint(list(current_app().migrations))").ok()
    assert ran.stdout == "[('default', 'tables.sql')]\n"


def test_an_error_in_a_file_points_into_the_file(kernel: Kernel, folder: Path) -> None:
    (folder / "bad.sql").write_text(f"{NOTES}\nINSERT INTO nots VALUES (1);\n")
    ran = kernel.run("%spin sql --file bad.sql").error("StoreError")
    assert "bad.sql, line 3:13" in ran.traceback


def test_stores_says_where_everything_is(kernel: Kernel, folder: Path) -> None:
    kernel.run("%spin kv set a 1").ok()
    kernel.run(f"%%spinsql\n{NOTES}").ok()
    text = kernel.run("%spin stores").ok().text
    assert str(folder / ".spin" / "sqlite_key_value.db") in text
    assert str(folder / ".spin" / "sqlite_db.db") in text
    assert "1 key " in text
    assert "1 table: notes" in text


def test_reset_empties_what_was_named(kernel: Kernel) -> None:
    kernel.run("%spin kv set a 1").ok()
    kernel.run(f"%%spinsql\n{NOTES}").ok()
    kernel.run("%spin reset --sqlite default --yes").ok()
    assert "no tables" in kernel.run("%spin stores").ok().text
    assert "1 key" in kernel.run("%spin kv").ok().text
    kernel.run("%spin reset --all --yes").ok()
    assert "0 keys" in kernel.run("%spin kv").ok().text


def test_reset_empties_nothing_where_nobody_can_be_asked(kernel: Kernel) -> None:
    kernel.run("%spin kv set a 1").ok()
    ran = kernel.finish(kernel.send("%spin reset --kv default", allow_stdin=False)).error("OptionError")
    assert "add --yes" in ran.traceback
    assert "1 key" in kernel.run("%spin kv").ok().text


@pytest.mark.parametrize(("answer", "left"), [("y", "0 keys"), ("no", "1 key"), ("", "1 key")])
def test_reset_asks_first(kernel: Kernel, answer: str, left: str) -> None:
    kernel.run("%spin kv set a 1").ok()
    message = kernel.send("%spin reset --kv default", allow_stdin=True)
    asked = kernel.client.get_stdin_msg(timeout=60)
    assert "Empty key-value store 'default'?" in asked["content"]["prompt"]
    kernel.client.input(answer)
    kernel.finish(message).ok()
    assert left in kernel.run("%spin kv").ok().text


def test_words_of_stores_are_completed(kernel: Kernel) -> None:
    kernel.run("%spin kv set a-key 1").ok()
    offered = {
        "%spin kv in": {"incr"},
        "%spin kv get a": {"a-key"},
        "%spin kv get x --store ": {"default"},
        "%spin sql --database d": {"default"},
        "%spin sql --f": {"--file"},
        "%spin reset --kv ": {"default"},
        "%%spinsql de": {"default"},
        "%%spinsql --mi": {"--migration"},
    }
    assert {code: set(kernel.complete(code)[0]) for code in offered} == offered


def test_help_explains_each_of_them(kernel: Kernel) -> None:
    for line, words in (
        ("%spin kv --help", "--json"),
        ("%spin sql --help", "--param"),
        ("%spin reset --help", "--yes"),
    ):
        assert words in kernel.run(line).ok().stdout
    assert "--migration" in kernel.run("%%spinsql --help").ok().stdout
    assert "stores:" in kernel.run("%spin help").ok().text


def test_what_functions_keep_outlives_the_kernel_and_an_export_takes_it_along(folder: Path, tmp_path: Path) -> None:
    first = started(tmp_path)
    try:
        (tmp_path / "notes.sql").write_text(NOTES)
        first.run("%spin sql --file notes.sql").ok()
        first.run(KEEPER).ok()
        assert [first.run("%spin get /keeper").ok().text.split()[-2:] for _ in range(2)] == [["1", "1"], ["2", "2"]]
    finally:
        first.close()
    second = started(tmp_path)
    try:
        assert second.run("%spin kv get n").ok().text.strip() == "2"
        second.run(KEEPER).ok()
        assert second.run("%spin get /keeper").ok().text.split()[-2:] == ["3", "3"]
        second.run("%spin sql --file notes.sql").ok()
        assert "--sqlite @plain/notes.sql" in second.run("%spin export plain").ok().text
        second.run("%spin export full --with-data").ok()
    finally:
        second.close()
    assert not (tmp_path / "plain" / ".spin").exists()
    assert (tmp_path / "plain" / "notes.sql").read_text() == NOTES
    assert "spin up --sqlite @notes.sql" in (tmp_path / "plain" / "README.md").read_text()
    state = tmp_path / "full" / ".spin"
    with sqlite3.connect(state / "sqlite_key_value.db") as store, sqlite3.connect(state / "sqlite_db.db") as database:
        assert store.execute("SELECT value FROM spin_key_value WHERE key = 'n'").fetchone() == (b"3",)
        assert database.execute("SELECT max(n) FROM visits").fetchone() == (3,)


def test_two_kernels_share_the_stores_of_one_notebook(kernel: Kernel, folder: Path) -> None:
    other = started(folder)
    try:
        kernel.run("%spin kv set shared one").ok()
        assert other.run("%spin kv get shared").ok().text.strip() == "one"
        other.run("%spin kv set shared two").ok()
        assert kernel.run("%spin kv get shared").ok().text.strip() == "two"
    finally:
        other.close()
