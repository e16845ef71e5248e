from __future__ import annotations

from spinlab.host import DONE, ERROR, Caller, Effect, Files, Host, Record, Result
from spinlab.http import Denied


class Asking:
    """A caller as capabilities see it."""

    def __init__(self, files: Files | None = None, *, loading: bool = False) -> None:
        self.name = "hello"
        self.files = files or Files()
        self.loading = loading
        self.denials: list[Denied] = []
        self.stderr: list[str] = []
        self.records: list[Record] = []

    def deny(self, denied: Denied, hint: str) -> None:
        self.denials.append(denied)
        self.stderr += hint.splitlines()

    def note(self, text: str) -> None:
        self.stderr += text.splitlines()

    def effect(self, number: int) -> Effect | None:
        return None

    def record(self, record: Record) -> None:
        self.records.append(record)


def start(op: str, args: str, caller: Asking, host: Host | None = None) -> Result:
    found = (host or Host()).start(op, args, b"", caller)
    assert isinstance(found, Result)
    return found


def test_the_mounted_files_are_served() -> None:
    asking = Asking(Files({"/app/hello.py": b"source"}))
    assert start("fs-preopens", "", asking).head == "d 1 0 r /"
    assert start("fs-open", "1\nf\napp", asking).head == "d 2 0 r"
    assert start("fs-stat-at", "1\n\napp/hello.py", asking).head.startswith("f 3 1 6 ")
    assert start("fs-list", "2", asking).head == "f hello.py"
    assert start("fs-read", "3\n2\n3", asking).data == b"urc"


def test_a_sandbox_without_files_has_no_preopened_directory() -> None:
    assert start("fs-preopens", "", Asking()) == Result(DONE, "")


def test_errors_of_files_have_the_names_of_wasi() -> None:
    asking = Asking(Files({"a/b": b""}))
    found = {path: start("fs-stat-at", f"1\n\n{path}", asking).head for path in ("x", "a/b/c", "../x")}
    assert found == {"x": "no-entry", "a/b/c": "not-directory", "../x": "not-permitted"}
    assert start("fs-read", "1\n0\n1", asking).head == "is-directory"
    assert start("fs-read", "1\nx\n1", asking).head == "invalid"
    assert start("fs-unlink", "1\na/b", asking).head == "not-permitted"
    assert start("fs-nothing", "", asking).head == "unsupported"


def test_what_nobody_serves_is_denied_in_the_words_of_the_manifest() -> None:
    asking = Asking()
    result = start("http", "GET https://example.com/x\n- - -\nwhole", asking)
    assert (result.status, result.head) == (ERROR, "HTTP-request-denied")
    assert asking.denials == [
        Denied(
            "outbound HTTP",
            "https://example.com:443",
            "--allow https://example.com",
            'allowed_outbound_hosts = ["https://example.com"]',
        )
    ]
    wanted = "https://example.com:443"
    (record,) = asking.records
    assert (record.frozen(0).outcome, record.frozen(0).denied) == ("denied", asking.denials[0])
    assert asking.stderr == [
        f"A component tried to make an outbound network connection to disallowed destination '{wanted}'.",
        f"To allow this request, add 'allowed_outbound_hosts = [\"{wanted}\"]' to the manifest component section.",
    ]


def test_a_capability_serves_its_family_and_the_longest_name_wins() -> None:
    served: list[str] = []

    def answer(name: str):  # type: ignore[no-untyped-def]
        def serve(op: str, args: str, data: bytes, call: Caller) -> Result:
            served.append(f"{name}:{op}")
            return Result()

        return serve

    host = Host({"http": answer("http"), "key-value": answer("kv"), "key-value.open": answer("open")})
    for op in ("http", "http-read", "key-value.open", "key-value.get"):
        start(op, "", Asking(), host)
    assert served == ["http:http", "http:http-read", "open:key-value.open", "kv:key-value.get"]
    assert start("httpx", "", Asking(), host).status == ERROR


def test_a_capability_that_fails_is_an_error_for_the_guest() -> None:
    def broken(op: str, args: str, data: bytes, call: Caller) -> Result:
        raise RuntimeError("disk on fire")

    result = start("http", "GET http://x/", Asking(), Host({"http": broken}))
    assert (result.status, result.head, result.data) == (ERROR, "internal-error", b"http: disk on fire")


def test_while_code_is_loaded_only_files_are_there_and_the_reason_is_said() -> None:
    asking = Asking(Files({"a": b"1"}), loading=True)
    assert start("fs-read", "2\n0\n1", asking).data == b"1"
    result = start("http", "GET http://example.com/", asking)
    assert result.head == "internal-error"
    assert b"while the code of the function is being loaded" in result.data
    assert asking.denials == []
    assert asking.stderr == [result.data.decode()]
