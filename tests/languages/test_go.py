"""Go: what a cell sees of a request, what it answers, and what it asks the host for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from spinlab import App, Function, Request, Response
from spinlab.engine import binary
from spinlab.http import Headers
from spinlab.languages import Build, BuildContext, language
from spinlab.languages.golang import compiler, glue, report
from spinlab.languages.golang.source import Source
from tests.languages.compiled import answer

pytestmark = pytest.mark.toolchain


def go(text: str, before: str = "") -> str:
    return f"{before}func handle(w http.ResponseWriter, r *http.Request) {{\n{text}\n}}\n"


@pytest.fixture
def app() -> Iterator[App]:
    with App("go") as app:
        yield app


def add(app: App, source: str, **more: object) -> Build:
    given = {"routes": ("/f/...",), "language": "go", **more}
    live = app.add(Function("f", source, **given))  # type: ignore[arg-type]
    assert live is not None
    return live.build


ECHO = go(
    """
	body, err := io.ReadAll(r.Body)
	w.Header().Add("x-a", "1")
	w.Header().Add("X-A", "2")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintln(w, r.Method, r.URL.Path, r.URL.RawQuery, r.Host, r.ContentLength)
	fmt.Fprintln(w, r.Header.Get("x-one"), r.Header["X-One"], r.FormValue("q"), r.Header.Get("spin-path-info"))
	fmt.Fprintln(w, len(body), err)
	w.Write(body)
"""
)


def test_a_request_is_seen_and_answered(app: App) -> None:
    add(app, ECHO)
    headers = Headers([("host", "h:1"), ("x-one", "a"), ("x-one", "b"), ("content-length", "4")])
    answer = app.handle(Request("PATCH", "/f/a%20b?q=%C3%A9&r", headers, b"\x00\xff\n!"))
    assert answer.status == 201
    assert answer.headers.get_all("x-a") == ["1", "2"]
    first, second, third, body = answer.body.split(b"\n", 3)
    assert first == b"PATCH /f/a b q=%C3%A9&r h:1 4"
    assert second == "a [a b] é /a%20b".encode()
    assert third == b"4 <nil>"
    assert body == b"\x00\xff\n!"


def test_a_method_of_ones_own_and_large_bodies(app: App) -> None:
    add(app, ECHO)
    body = bytes(range(251)) * 8000
    answer = app.handle(Request("BREW", "/f", body=body))
    assert answer.text.startswith("BREW /f")
    assert answer.body.endswith(body)
    assert b"\n2008000 <nil>\n" in answer.body[:200]


def test_parameters_of_the_route_are_path_values(app: App) -> None:
    source = go('\tfmt.Fprintf(w, "%s|%s|%s", r.PathValue("user_id"), r.PathValue("B"), r.PathValue("none"))')
    add(app, source, routes=("/f/:user_id/:B/...",))
    assert app.get("/f/a%20b/%2F+/x").text == "a b|/+|"


def test_nothing_written_is_an_empty_answer(app: App) -> None:
    add(app, go(""))
    answer = app.get("/f")
    assert (answer.status, answer.body) == (200, b"")
    add(app, go("\tw.WriteHeader(204)"))
    assert app.get("/f").status == 204


def test_a_source_for_the_sdk_is_taken_as_it_is(app: App) -> None:
    source = """package main

import (
	"fmt"
	"net/http"

	spinhttp "github.com/spinframework/spin-go-sdk/v3/http"
)

func init() {
	spinhttp.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintln(w, "Hello World!", r.Header.Get(spinhttp.HeaderPathInfo))
	})
}

// main function must be included for the compiler but is not executed.
func main() {}
"""
    add(app, source)
    assert app.get("/f/x").text == "Hello World! /x\n"


def test_the_component_is_small_and_asks_for_what_it_uses(app: App) -> None:
    small = add(app, go('\tfmt.Fprintln(w, "hi")'))
    assert len(small.component) < 3_500_000
    names = [one.name for one in binary.imports(small.component)]
    assert not any("key-value" in name or "outgoing-handler" in name or "sqlite" in name for name in names)
    stores = add(app, language("go").starter("kv"), key_value_stores=("default",))  # type: ignore[attr-defined]
    assert "fermyon:spin/key-value@2.0.0" in [one.name for one in binary.imports(stores.component)]


def test_an_unchanged_cell_is_not_compiled_again(app: App) -> None:
    build = add(app, go('\tfmt.Fprintln(w, "same")'))
    again = language("go").build(app["f"].function, BuildContext())
    assert again == build
    assert again.seconds < build.seconds


def test_a_key_value_store_is_read_and_written(app: App) -> None:
    source = go(
        """
	store, err := kv.Open(r.URL.Query().Get("label"))
	if err != nil {
		fmt.Fprint(w, "open: ", err)
		return
	}
	none, err := store.Get("none")
	fmt.Fprintln(w, len(none), err, store.Set("a", []byte{0, 255}), store.Set("b", nil))
	a, err := store.Get("a")
	has, _ := store.Exists("b")
	fmt.Fprintln(w, a, err, has, store.Delete("b"), store.Delete("b"))
	has, _ = store.Exists("b")
	keys := []string{}
	for key, err := range store.GetKeys() {
		keys = append(keys, fmt.Sprint(key, err))
	}
	sort.Strings(keys)
	fmt.Fprintln(w, has, keys)
"""
    )
    add(app, source, key_value_stores=("default",))
    app.kv()["z"] = b"1"
    assert app.get("/f?label=default").text == (
        "0 <nil> <nil> <nil>\n[0 255] <nil> true <nil> <nil>\nfalse [a<nil> z<nil>]\n"
    )
    assert app.get("/f?label=other").text == "open: access denied"


def test_ten_thousand_keys_are_listed(app: App) -> None:
    app.kv().update({f"key-{n:05}": b"" for n in range(10_000)})
    add(
        app,
        go(
            """
	store, _ := kv.OpenDefault()
	count, length := 0, 0
	for key, err := range store.GetKeys() {
		if err != nil {
			panic(err)
		}
		count, length = count+1, length+len(key)
	}
	fmt.Fprint(w, count, " ", length)
"""
        ),
        key_value_stores=("default",),
    )
    assert app.get("/f").text == "10000 90000"


def test_a_database_is_one_of_database_sql(app: App) -> None:
    source = go(
        """
	db := sqlite.Open("default")
	defer db.Close()
	_, err := db.Exec("CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB, n TEXT)")
	fmt.Fprintln(w, err)
	done, err := db.Exec("INSERT INTO t VALUES (?, ?, ?, ?, ?)", -1<<40, 1.5, "ä", []byte{0, 1}, nil)
	id, _ := done.LastInsertId()
	changed, _ := done.RowsAffected()
	fmt.Fprintln(w, id, changed, err)
	var i int64
	var f float64
	var s string
	var b []byte
	var n *string
	err = db.QueryRow("SELECT * FROM t WHERE i < ?", true).Scan(&i, &f, &s, &b, &n)
	fmt.Fprintln(w, i, f, s, b, n, err)
	rows, err := db.Query("SELECT 1 AS one UNION SELECT 2 ORDER BY one")
	columns, _ := rows.Columns()
	for rows.Next() {
		var one int
		rows.Scan(&one)
		columns = append(columns, fmt.Sprint(one))
	}
	fmt.Fprintln(w, columns, err, rows.Err())
	_, err = db.Exec("nonsense")
	fmt.Fprintln(w, err != nil, strings.Contains(fmt.Sprint(err), "syntax"))
	fmt.Fprintln(w, sqlite.Open("other").Ping() == nil, sqlite.Open("other").QueryRow("SELECT 1").Err())
"""
    )
    add(app, source, sqlite_databases=("default",))
    assert app.get("/f").text == (
        "<nil>\n1 1 <nil>\n-1099511627776 1.5 ä [0 1] <nil> <nil>\n[one 1 2] <nil> <nil>\n"
        "true true\nfalse access denied\n"
    )


def test_a_variable_is_read(app: App) -> None:
    app.set_variable("greeting", "hé")
    source = go('\tfmt.Fprint(w, strings.Join([]string{get("word"), get("other")}, "|"))') + (
        "func get(name string) string {\n\tvalue, err := variables.Get(name)\n\treturn fmt.Sprint(value, err)\n}\n"
    )
    add(app, source, variables={"word": "{{ greeting }}"})
    found, other = app.get("/f").text.split("|")
    assert found == "hé<nil>"
    assert "other" in other


SERVER = Function(
    "server",
    go(
        """
	body, _ := io.ReadAll(r.Body)
	switch {
	case strings.HasSuffix(r.URL.Path, "/moved"):
		http.Redirect(w, r, "/server/there?x=1", http.StatusFound)
	default:
		w.Header().Set("x-seen", r.Method+" "+r.Header.Get("content-type")+" "+r.Header.Get("x-mine"))
		w.WriteHeader(202)
		fmt.Fprintf(w, "%s %s", r.URL.RequestURI(), body)
	}
"""
    ),
    language="go",
    routes=("/server/...",),
)

CLIENT = go(
    """
	base := "http://self.alt/server"
	show := func(response *http.Response, err error) {
		if err != nil {
			fmt.Fprintln(w, "error:", err)
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		seen := response.Header.Get("X-Seen")
		fmt.Fprintf(w, "%d %s %s %q %v\\n", response.StatusCode, response.Status, seen, body, err)
	}
	show(http.Get(base + "/a?b=c"))
	show(http.Post(base, "text/x", strings.NewReader("posted")))
	show(http.PostForm(base, url.Values{"k": {"v w"}}))
	show(http.Get(base + "/moved"))
	show(spinhttp.Get(base + "/moved"))
	show(http.Head(base))
	request, _ := http.NewRequest("PUT", base, strings.NewReader(strings.Repeat("x", 100000)))
	request.Header.Set("x-mine", "1")
	response, err := http.DefaultClient.Do(request)
	body, _ := io.ReadAll(response.Body)
	fmt.Fprintln(w, response.StatusCode, len(body), response.Header.Get("x-seen"), err)
	show(http.Get("http://denied.example/"))
	show(http.Get("://"))
"""
)


def test_other_functions_and_servers_are_asked(app: App) -> None:
    app.add(SERVER)
    add(app, CLIENT, allowed_outbound_hosts=("http://self",))
    answer = app.get("/f")
    lines = answer.text.splitlines()
    assert lines[0] == '202 202 Accepted GET   "/server/a?b=c " <nil>'
    assert lines[1] == '202 202 Accepted POST text/x  "/server posted" <nil>'
    assert lines[2] == '202 202 Accepted POST application/x-www-form-urlencoded  "/server k=v+w" <nil>'
    assert lines[3] == '202 202 Accepted GET   "/server/there?x=1 " <nil>'
    assert lines[4].startswith('302 302 Found  "')
    assert lines[5].startswith("202 202 Accepted HEAD")
    assert lines[6] == "202 100008 PUT  1 <nil>"
    assert lines[7].startswith("error: ")
    assert "HTTP request denied" in lines[7]
    assert [denied.option for denied in answer.denied] == ["--allow http://denied.example"]
    assert "missing protocol scheme" in lines[8]


def test_a_response_is_streamed_while_it_is_made(app: App) -> None:
    add(
        app,
        go(
            """
	for i := range 3 {
		fmt.Fprintln(w, i)
		time.Sleep(20 * time.Millisecond)
	}
"""
        ),
    )

    class Pieces:
        def __init__(self) -> None:
            self.pieces: list[bytes] = []

        def begin(self, status: int, headers: Headers) -> None:
            self.pieces.append(b"")

        def write(self, data: bytes) -> bool:
            self.pieces.append(bytes(data))
            return True

        def end(self, outcome: object) -> None:
            self.pieces.append(b"end")

    sink = Pieces()
    call = app.submit(Request("GET", "/f"), sink)
    assert call is not None
    call.wait()
    assert sink.pieces == [b"", b"0\n", b"1\n", b"2\n", b"end"]


def test_goroutines_and_time_work(app: App) -> None:
    add(
        app,
        go(
            """
	results := make(chan int)
	for i := range 10 {
		go func() {
			time.Sleep(time.Duration(10-i) * time.Millisecond)
			results <- i
		}()
	}
	sum := 0
	for range 10 {
		sum += <-results
	}
	fmt.Fprint(w, sum, " ", time.Now().Year() > 2000)
"""
        ),
    )
    assert app.get("/f").text == "45 true"


def test_much_memory_is_collected(app: App) -> None:
    add(
        app,
        go(
            """
	store, _ := kv.OpenDefault()
	store.Set("k", make([]byte, 100000))
	total := 0
	for range 2000 {
		value, _ := store.Get("k")
		total += len(value)
	}
	fmt.Fprint(w, total)
"""
        ),
        key_value_stores=("default",),
    )
    assert app.get("/f").text == "200000000"


def test_an_instance_answers_many_requests(app: App) -> None:
    add(app, "var count int\n" + go("\tcount++\n\tfmt.Fprint(w, count)"), reuse=50)
    assert [app.get("/f").text for _ in range(50)] == [str(n + 1) for n in range(50)]
    assert app.get("/f").text == "1"


def test_files_and_the_environment_are_read(app: App, tmp_path: object) -> None:
    source = go('\tdata, err := os.ReadFile("/a.txt")\n\tfmt.Fprint(w, string(data), err, os.Getenv("A"))')
    (tmp_path / "a.txt").write_text("text")  # type: ignore[operator]
    add(app, source, files=(("a.txt", ""),), folder=str(tmp_path), environment={"A": "b"})
    assert app.get("/f").text == "text<nil>b"


def test_a_panic_is_logged_with_the_line_of_the_source(app: App) -> None:
    add(app, go("\tvar none []int\n\t_ = none[len(r.URL.Path)]"))
    answer = app.get("/f")
    assert answer.status == 500
    text = "\n".join(line.text for line in answer.logs)
    assert "panic: runtime error: index out of range [2] with length 0" in text
    assert "f.go:3 " in text


def test_more_of_net_http_is_built_with_gos_own(app: App) -> None:
    source = go('\tfmt.Fprint(w, http.DetectContentType([]byte("<html>")))')
    build = add(app, source)
    assert app.get("/f").text == "text/html; charset=utf-8"
    assert "makes it large" in build.warnings[0]
    assert len(build.component) > 4_500_000


PARITY = """
func add(mux *http.ServeMux, pattern string) (wrong any) {
	defer func() {
		if wrong = recover(); wrong != nil {
			wrong = true
		}
	}()
	mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	return false
}

func handle(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /f/items/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "item ", r.PathValue("id"), " ", r.Pattern)
	})
	mux.HandleFunc("POST /f/items/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.ParseForm(), r.Form, r.PostForm, r.FormValue("a"), r.PostFormValue("q"))
	})
	mux.HandleFunc("GET /f/items/new", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "new") })
	mux.HandleFunc("/f/tree/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "tree ", r.URL.Path) })
	mux.HandleFunc("/f/rest/{path...}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.PathValue("path"))
	})
	mux.HandleFunc("/f/exact/{$}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "exact") })
	mux.Handle("/f/strip/", http.StripPrefix("/f/strip", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.Path)
	})))
	mux.HandleFunc("/f/cookies", func(w http.ResponseWriter, r *http.Request) {
		for _, cookie := range r.Cookies() {
			fmt.Fprintf(w, "%s=%s %v;", cookie.Name, cookie.Value, cookie.Quoted)
		}
		_, err := r.Cookie("none")
		one, _ := r.Cookie("a")
		fmt.Fprintln(w, err, one)
		made := &http.Cookie{Name: "n", Value: "a b;c", Path: "/x", Domain: ".example.org", MaxAge: 60, Secure: true,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Expires: time.Unix(1e9, 0)}
		fmt.Fprintln(w, made, &http.Cookie{Name: "b d"})
		fmt.Fprintln(w, &http.Cookie{Name: "d", MaxAge: -1, SameSite: http.SameSiteNoneMode})
	})
	mux.HandleFunc("/f/set", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "n", Value: "v"})
		http.Error(w, "no <b>", 418)
	})
	mux.HandleFunc("/f/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), 302)
	})
	mux.HandleFunc("/f/auth", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, fmt.Sprint(r.BasicAuth()), r.UserAgent(), r.Referer(), r.ProtoAtLeast(1, 1), r.Context().Err())
	})
	mux.HandleFunc("/f/limit", func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 5))
		fmt.Fprintf(w, "%s %v", data, err)
	})
	mux.HandleFunc("/f/names", func(w http.ResponseWriter, r *http.Request) {
		header := http.Header{}
		header.Add("x-a", "1")
		header.Add("X-A", "2")
		header.Set("content-type", "t")
		header["raw"] = []string{"r"}
		copied := header.Clone()
		header.Del("X-a")
		fmt.Fprintln(w, header, copied.Values("x-A"), copied.Get("raw"), http.CanonicalHeaderKey("a b-c"),
			http.CanonicalHeaderKey("www-AUTH-x1"), http.StatusText(404), http.StatusText(299), http.StatusTeapot)
		request, err := http.NewRequest("", "http://h/p?q", strings.NewReader("abc"))
		fmt.Fprintln(w, request.Method, request.Host, request.ContentLength, request.URL, err, http.TimeFormat)
		_, err = http.NewRequest("a b", "/", nil)
		fmt.Fprintln(w, err != nil)
		again, _ := request.GetBody()
		text, _ := io.ReadAll(again)
		request.SetBasicAuth("u", "p")
		request.AddCookie(&http.Cookie{Name: "a", Value: "1"})
		request.AddCookie(&http.Cookie{Name: "b", Value: "2"})
		fmt.Fprintln(w, string(text), request.Header)
	})
	mux.HandleFunc("/f/conflicts", func(w http.ResponseWriter, r *http.Request) {
		patterns := []string{"/a", "/a/", "/a/{$}", "/{x}", "/{x}/", "GET /a", "HEAD /a", "/a/{x}", "/{x}/a",
			"/a/{x...}", "h/a", "h/{x}", "/{x}/{y}", "GET /{x}/a", "/a/{y}", "POST /a/b", "/a/b", "/{x...}", "/", "a",
			"/a{x}", "/{x...}/b", "/{$}/a", "k /"}
		for _, one := range patterns {
			for _, other := range patterns {
				mux := http.NewServeMux()
				fmt.Fprintln(w, one, other, add(mux, one), add(mux, other))
			}
		}
	})
	mux.ServeHTTP(w, r)
}
"""

ASKED = [
    Request("GET", "/f/items/7%2F8"),
    Request("HEAD", "/f/items/7"),
    Request("PUT", "/f/items/7"),
    Request(
        "POST",
        "/f/items/7?a=1&q=2",
        Headers({"content-type": "application/x-www-form-urlencoded; charset=utf-8"}),
        b"a=3&b=c+d",
    ),
    Request("POST", "/f/items/7?a=1", Headers({"content-type": "text/plain"}), b"a=3"),
    Request("GET", "/f/items/new"),
    Request("GET", "/f/items/"),
    Request("GET", "/f/tree"),
    Request("GET", "/f/tree/a/b"),
    Request("GET", "/f/rest/a/b%20c/"),
    Request("GET", "/f/exact/"),
    Request("GET", "/f/exact/x"),
    Request("GET", "/f/strip/a/b"),
    Request("GET", "/f/cookies", Headers({"cookie": 'a=1; b="q"; a=2;c; =x'})),
    Request("GET", "/f/set"),
    Request("GET", "/f/moved?to=../x?y=1"),
    Request("GET", "/f/moved?to=there%22%3E"),
    Request("GET", "/f/moved?to=https://example.org/a"),
    Request("POST", "/f/moved?to=/f/x/"),
    Request("GET", "/f/auth", Headers({"authorization": "Basic dTpwOnE=", "user-agent": "ua", "referer": "re"})),
    Request("GET", "/f/auth", Headers({"authorization": "Bearer x"})),
    Request("POST", "/f/limit", body=b"123456"),
    Request("POST", "/f/limit", body=b"12345"),
    Request("GET", "/f/names"),
    Request("GET", "/f/nothing"),
    Request("GET", "/f/conflicts"),
]


def test_our_net_http_answers_as_gos_own_does(app: App) -> None:
    source = Source.of(PARITY)
    small = Function("small", PARITY, language="go", routes=("/f/...",))
    build = language("go").build(small, BuildContext())
    assert not build.warnings
    files = {compiler.CELL: source.completed(report.file_of(small)), glue.FILE: glue.glue(source, small.routes)}
    whole = compiler.make(files, (), lambda _what, _done=None: None, whole_http=True)
    app.add(Function("small", build.component, language="wasm", routes=("/f/...",)))
    found = [seen(app.handle(request)) for request in ASKED]
    app.remove("small")
    app.add(Function("whole", whole.wasm, language="wasm", routes=("/f/...",)))
    asked = {f"{n} {request.method} {request.target}": request for n, request in enumerate(ASKED)}
    whole_found = {name: seen(app.handle(request)) for name, request in asked.items()}
    assert dict(zip(asked, found, strict=True)) == whole_found


def seen(response: Response) -> tuple[int, list[tuple[str, str]], str]:
    assert response.error is None, response.logs
    return response.status, sorted(response.headers), response.text


def test_the_compiled_result_names_no_path_of_this_machine() -> None:
    build = language("go").build(Function("f", go('\tfmt.Fprint(w, "x")'), language="go"), BuildContext())
    assert b"/root/" not in build.component
    assert b"site-packages" not in build.component
    assert str(compiler.GUEST).encode() not in build.component


def test_json_is_written_and_read() -> None:
    source = go(
        """
	var given struct{ A []int }
	err := json.NewDecoder(r.Body).Decode(&given)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"sum": len(given.A), "err": err})
"""
    )
    response = answer("go", source, Request("POST", "/f", body=b'{"a": [1, 2]}'))
    assert json.loads(response.body) == {"sum": 2, "err": None}
