"""C: what a cell sees of a request, what it answers, and which imports that takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab import Function, Request
from spinlab.http import Headers
from spinlab.languages import BuildContext, language
from spinlab.toolchains import component
from tests.languages.compiled import answer, body, serving

pytestmark = pytest.mark.toolchain


def c(text: str, before: str = "") -> str:
    return before + body("c", text)


def test_method_path_query_and_headers_are_seen() -> None:
    source = c(
        'spin_printf(res, "%s|%s|%s|%s|%s|%s", spin_method(req), spin_path(req), spin_query_string(req),'
        ' spin_query(req, "a b"), spin_query(req, "none") ? "?" : "absent", spin_header(req, "X-One"));'
    )
    request = Request("PATCH", "/f?x=1&a+b=%C3%A9%26%2&x=2", Headers({"x-one": "first"}))
    assert answer("c", source, request).text == "PATCH|/f|x=1&a+b=%C3%A9%26%2&x=2|é&%2|absent|first"


def test_parameters_of_the_route_are_decoded() -> None:
    source = c(
        'spin_printf(res, "%s|%s|%s", spin_param(req, "user_id"), spin_param(req, "B"),'
        ' spin_param(req, "c") ? "?" : "absent");'
    )
    request = Request("GET", "/f/a%20b/%2F+")
    assert answer("c", source, request, route="/f/:user_id/:b").text == "a b|/+|absent"


def test_a_method_that_has_no_number_is_seen() -> None:
    assert answer("c", c("spin_print(res, spin_method(req));"), Request("BREW", "/f")).text == "BREW"


@pytest.mark.parametrize("size", [0, 1, 4096, 65536, 1_000_000])
def test_a_body_comes_whole_and_goes_back(size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    source = c("spin_bytes all = spin_body(req); spin_bytes again = spin_body(req);"
               " if (all.data == again.data) spin_write(res, all.data, all.size);")  # fmt: skip
    assert answer("c", source, Request("POST", "/f", body=data[:size])).body == data[:size]


def test_a_body_is_read_in_pieces() -> None:
    source = c("char part[100]; size_t n; while ((n = spin_read(req, part, sizeof part))) spin_write(res, part, n);")
    assert answer("c", source, Request("POST", "/f", body=b"x" * 12345)).body == b"x" * 12345


def test_status_and_headers_are_answered() -> None:
    source = c(
        'spin_status(res, 418); spin_add_header(res, "x-a", "1"); spin_add_header(res, "x-a", "2");'
        ' spin_set_header(res, "x-b", "1"); spin_set_header(res, "x-b", "2");'
    )
    response = answer("c", source)
    assert response.status == 418
    assert response.headers.get_all("x-a") == ["1", "2"]
    assert response.headers.get_all("x-b") == ["2"]
    assert response.body == b""


def test_what_can_not_be_answered_is_told() -> None:
    source = c(
        'spin_printf(res, "%d %s|", spin_status(res, 42), spin_error());'
        'spin_printf(res, "%d %s|", spin_set_header(res, "a b", "c"), spin_error());'
        'spin_flush(res); spin_printf(res, "%d %s", spin_status(res, 201), spin_error());'
    )
    assert answer("c", source).text == (
        "0 a status has three digits|0 the header is no valid text|0 the head was sent already"
    )


def test_a_response_is_streamed_after_the_first_flush() -> None:
    source = c(
        'spin_print(res, "one,"); spin_flush(res);'
        'for (int i = 0; i < 3; i++) spin_printf(res, "%d,", i);'
        "static char large[200000]; for (int i = 0; i < 200000; i++) large[i] = 'x'; spin_write(res, large, 200000);"
    )
    assert answer("c", source).body == b"one,0,1,2," + b"x" * 200_000


@pytest.mark.parametrize(
    ("form", "values", "text"),
    [
        ("%d %i %u", "-5, 7, 4294967295u", "-5 7 4294967295"),
        ("%lld", "-9223372036854775807LL - 1", "-9223372036854775808"),
        ("%llu", "18446744073709551615ULL", "18446744073709551615"),
        ("%x %X %08x", "255, 255, 48879", "ff FF 0000beef"),
        ("[%5d|%-5d|%05d|%+d|% d]", "42, 42, -42, 42, 42", "[   42|42   |-0042|+42| 42]"),
        ("[%5s|%-5s|%.2s|%*s]", '"abc", "abc", "abc", 4, "x"', "[  abc|abc  |ab|   x]"),
        ("%c%c%%", "'a', 'b'", "ab%"),
        ("%f %.2f %.0f", "1.5, 2.345, 2.6", "1.500000 2.35 3"),
        ("%g %g %g %g", "0.1, 1e20, 1e-10, 100000.0", "0.1 1e+20 1e-10 100000"),
        ("%g %f", "__builtin_inf(), -__builtin_nan(\"\")", "inf -nan"),
        ("%zu %ld", "sizeof(int), -1L", "4 -1"),
        ("%.3d|%.0d", "5, 0", "005|"),
        ("", "0", ""),
        ("%s", "(char *)0", "(null)"),
        ("%10.3f|%-10.1f|%010.2f", "3.14159, 2.5, -1.5", "     3.142|2.5       |-000001.50"),
        ("%.1f %.2f", "0.95, 9.999", "0.9 10.00"),
    ],
)  # fmt: skip
def test_formats_are_those_of_c(form: str, values: str, text: str) -> None:
    quoted = form.replace('"', '\\"')
    source = c(f'spin_printf(res, "{quoted}", {values});', '#pragma clang diagnostic ignored "-Wformat"\n')
    assert answer("c", source).text in (text, text.replace("0.9 ", "1.0 "))  # 0.95 is a hair below


def test_a_key_value_store_is_used() -> None:
    source = c("""
    spin_store *store = spin_kv_open("default");
    spin_kv_set(store, "a", "1\\0002", 3);
    spin_kv_set_text(store, "b", "two");
    spin_bytes a = spin_kv_get(store, "a"), none = spin_kv_get(store, "none");
    spin_printf(res, "%zu %d %s|", a.size, none.data == NULL, spin_error());
    spin_kv_delete(store, "a");
    spin_printf(res, "%d %d|", spin_kv_exists(store, "a"), spin_kv_exists(store, "b"));
    for (const char *const *key = spin_kv_keys(store); *key; key++) spin_printf(res, "%s,", *key);
    """)
    assert answer("c", source, key_value_stores=("default",)).text == "3 1 |0 1|b,"


def test_a_store_that_is_not_granted_is_denied() -> None:
    response = answer("c", c('spin_printf(res, "%d %s", spin_kv_open("default") != 0, spin_error());'))
    assert response.text == "0 access denied"
    assert response.denied


def test_a_variable_is_read_and_one_that_is_not_granted_is_told() -> None:
    source = c("""
    spin_print(res, spin_variable("greeting"));
    const char *other = spin_variable("other"), *why = spin_error();
    spin_printf(res, "|%d|%s", !other, why);
    """)
    assert answer("c", source, variables={"greeting": "hello"}).text.startswith("hello|1|no variable for")


def test_another_function_is_asked() -> None:
    asks = c("""
    const char *headers[] = {"x-a", "one", NULL};
    spin_outgoing request = {.method = "PUT", .url = "http://g.spin.internal/g?q=1#fragment", .headers = headers,
                             .body = "ping", .size = 4, .timeout = 5000};
    spin_answer *answer = spin_send(&request);
    if (!answer) { spin_print(res, spin_error()); return; }
    spin_bytes all = spin_answer_body(answer);
    spin_printf(res, "%d %s %s", spin_answer_status(answer), spin_answer_header(answer, "X-B"), all.data);
    """)
    answers = c("""
    spin_status(res, 201);
    spin_set_header(res, "x-b", spin_header(req, "x-a"));
    spin_printf(res, "%s %s %s %s", spin_method(req), spin_path(req), spin_query(req, "q"), spin_body(req).data);
    """)
    with serving("c", asks, allowed_outbound_hosts=("http://*.spin.internal",)) as app:
        app.add(Function("g", answers, language="c", routes=("/g",)))
        assert app.handle(Request("GET", "/f")).text == "201 one PUT /g 1 ping"


def test_a_large_body_goes_out_and_comes_back() -> None:
    asks = c("""
    size_t size = 3000000; char *data = spin_alloc(size);
    for (size_t i = 0; i < size; i++) data[i] = (char)i;
    spin_answer *answer = spin_send(&(spin_outgoing){.url = "/g", .body = data, .size = size});
    if (!answer) { spin_print(res, spin_error()); return; }
    char part[1000]; size_t n, sum = 0, wrong = 0;
    while ((n = spin_answer_read(answer, part, sizeof part))) {
        for (size_t i = 0; i < n; i++) wrong += part[i] != (char)(sum + i);
        sum += n;
    }
    spin_printf(res, "%zu %zu", sum, wrong);
    """)
    echo = c("spin_bytes all = spin_body(req); spin_write(res, all.data, all.size);")
    with serving("c", asks, allowed_outbound_hosts=("http://self",)) as app:
        app.add(Function("g", echo, language="c", routes=("/g",)))
        assert app.handle(Request("GET", "/f")).text == "3000000 0"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "HTTP request denied: is the host allowed?"),
        ("ftp://example.com/", "a URL begins with http://, https:// or, for this app, with /"),
        ("http:///x", "the URL has no valid host"),
        ("", "a URL begins with http://, https:// or, for this app, with /"),
    ],
)
def test_a_request_that_can_not_be_sent_is_told(url: str, why: str) -> None:
    source = c(f'spin_printf(res, "%d %s", spin_send(&(spin_outgoing){{.url = "{url}"}}) != 0, spin_error());')
    assert answer("c", source).text == f"0 {why}"


def test_the_log_is_written() -> None:
    response = answer("c", c('spin_log("one"); spin_logf("%d", 2);'))
    assert [line.text for line in response.logs] == ["one", "2"]


def test_without_a_libc_only_what_is_called_is_imported() -> None:
    plain = language("c").build(Function("f", c('spin_print(res, "hi");'), language="c"), BuildContext())
    text = component.wit(plain.component)
    imports = [line.split()[1].rstrip(";") for line in text.splitlines() if line.startswith("  import")]
    assert {i.partition("@")[0] for i in imports} == {
        "wasi:io/error",
        "wasi:io/poll",
        "wasi:io/streams",
        "wasi:http/types",
    }
    assert len(plain.component) < 20_000


def test_each_capability_is_an_import_of_its_own() -> None:
    words = {
        'spin_kv_open("x");': "fermyon:spin/key-value@2.0.0",
        'spin_variable("x");': "fermyon:spin/variables@2.0.0",
        'spin_send(&(spin_outgoing){.url = "/x"});': "wasi:http/outgoing-handler@0.2.0",
        'spin_log("x");': "wasi:cli/stderr@0.2.0",
    }
    for call, interface in words.items():
        made = language("c").build(Function("f", c(call), language="c"), BuildContext()).component
        assert [i for i in words.values() if i.encode() in made] == [interface]


LIBC = """#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
"""


def test_the_c_library_is_there_when_its_headers_are() -> None:
    source = c("""
    char *text = strdup("abc"); text[0] = 'X';
    struct timespec pause = {0, 1000000}; time_t now = time(NULL); clock_t ticks; (void)ticks;
    nanosleep(&pause, NULL); usleep(1000);
    spin_printf(res, "%s %.3f %d %s %5.1f", text, sqrt(2.0), now > 1600000000, getenv("GREETING"), 2.25);
    free(text);
    """, LIBC)  # fmt: skip
    assert answer("c", source, environment={"GREETING": "hello"}).text == "Xbc 1.414 1 hello   2.2"


def test_standard_output_and_error_are_the_log() -> None:
    source = c('printf("to the log\\nand more"); fprintf(stderr, "error %d\\n", 7); puts("");', LIBC)
    logs = answer("c", source).logs
    assert {(line.stream, line.text) for line in logs} == {
        ("stdout", "to the log"),
        ("stdout", "and more"),
        ("stderr", "error 7"),
    }


def test_a_component_with_the_c_library_has_no_adapter_and_is_small() -> None:
    source = c('printf("%d\\n", atoi(spin_path(req) + 1)); spin_print(res, "hi");', LIBC)
    made = language("c").build(Function("f", source, language="c"), BuildContext()).component
    assert b"wasi:filesystem" not in made
    assert len(made) < 60_000


def test_files_that_are_mounted_are_read(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("first line\nsecond\n")
    source = c("""
    char line[100]; FILE *file = fopen("/words.txt", "r");
    if (!file) { spin_printf(res, "none: %s", strerror(errno)); return; }
    fgets(line, sizeof line, file); spin_print(res, line); fclose(file);
    """, LIBC)  # fmt: skip
    options = {"files": (("words.txt", "/words.txt"),), "folder": str(tmp_path)}
    assert answer("c", source, **options).text == "first line\n"
    assert "none" in answer("c", source).text


def test_exit_and_abort_end_the_request_and_are_told() -> None:
    for call in ("exit(3);", "abort();", "__builtin_trap();"):
        response = answer("c", c(call, LIBC))
        assert response.status == 500
        assert response.error is not None


def test_memory_is_given_back_between_requests_of_one_instance() -> None:
    for before in ("", "#include <stdlib.h>\n"):
        source = c("""
        static int n;
        spin_bytes all = spin_body(req);
        spin_alloc(1000000);
        spin_printf(res, "%d %zu", ++n, all.size);
        """, before)  # fmt: skip
        with serving("c", source, reuse=50) as app:
            answers = [app.handle(Request("POST", "/f", body=b"x" * 100_000)).text for _ in range(50)]
        assert answers[-1].endswith(" 100000")
        assert len({a.split()[0] for a in answers}) > 1


def test_memory_that_runs_out_is_told() -> None:
    for text in ("for (;;) spin_alloc(1000000);", "spin_alloc((size_t)-1);", "spin_alloc((size_t)-100);"):
        response = answer("c", c(text))
        assert response.status == 500
        assert response.error is not None


def test_a_recursion_without_end_is_stopped() -> None:
    deep = """
    __attribute__((noinline)) int deep(volatile int n) {
        volatile int a[100];
        a[n % 100] = n;
        return deep(n + 1) + a[5];
    }
    """
    source = c('spin_printf(res, "%d", deep(1));', deep)
    response = answer("c", source)
    assert response.status == 500


def test_a_program_with_main_runs_under_wagi() -> None:
    source = (
        "#include <stdio.h>\n#include <stdlib.h>\nint main(void) {\n"
        '  printf("content-type: text/plain\\n\\n%s %s", getenv("REQUEST_METHOD"), getenv("QUERY_STRING"));\n}\n'
    )
    assert answer("c", source, Request("GET", "/f?a=1"), executor="wagi").text == "GET a=1"


@pytest.mark.parametrize("name", ["c", "cpp", "c++", "zig"])
@pytest.mark.parametrize("template", ["http", "kv", "fetch"])
def test_every_starter_answers_as_it_is(name: str, template: str) -> None:
    text = language(name).starter(template)
    granted = {"key_value_stores": ("default",), "allowed_outbound_hosts": ("http://self",)}
    with serving(language(name).name, text, **granted) as app:
        response = app.handle(Request("GET", "/f"))
        assert response.status == 200
        assert app.functions["f"].build.warnings == ()
    expected = {
        "http": "Hello, world! This was GET /f",
        "kv": "visit number 1 of /f",
        "fetch": "status 200: the answer",
    }
    assert response.text.startswith(expected[template])
