"""C++ and Zig: their own words for what C has."""

from __future__ import annotations

import pytest

from spinlab import Request
from spinlab.http import Headers
from tests.languages.compiled import answer, body

pytestmark = pytest.mark.toolchain

ECHO = {
    "cpp": body(
        "cpp",
        """
    res.status(201);
    res.header("x-a", "1");
    res << req.method() << ' ' << req.path() << ' ' << req.query_string() << ' ' << req.query("q").value_or("-") << ' '
        << req.query("none").value_or("-") << ' ' << req.param("id").value_or("-") << ' '
        << req.header("X-One").value_or("-") << ' ' << req.body();
    """,
    ),
    "zig": body(
        "zig",
        """
    try res.status(201);
    try res.setHeader("x-a", "1");
    try res.print("{s} {s} {s} {s} {s} {s} {s} {s}", .{ req.method(), req.path(), req.queryString(),
        req.query("q") orelse "-", req.query("none") orelse "-", req.param("id") orelse "-",
        req.header("X-One") orelse "-", try req.body() });
    """,
    ),
}
STORE = {
    "cpp": body(
        "cpp",
        """
    spin::Store store("default");
    store.set("a", std::string_view("1\\0002", 3));
    store.set("b", "two");
    res << store.get("a")->size() << store.get("none").has_value() << store.exists("a");
    store.remove("a");
    res << store.exists("a") << ' ';
    for (const auto &key : store.keys()) res << key;
    res << ' ' << spin::variable("greeting").value_or("-") << ' ' << spin::variable("other").value_or("-");
    """,
    ),
    "zig": body(
        "zig",
        """
    _ = req;
    const store = try spin.Store.open("default");
    try store.set("a", "1\\x002");
    try store.set("b", "two");
    const one: u8 = @intFromBool(try store.get("none") != null);
    try res.print("{d}{d}{d}", .{ (try store.get("a")).?.len, one, @intFromBool(try store.exists("a")) });
    try store.delete("a");
    try res.print("{d} ", .{@intFromBool(try store.exists("a"))});
    for (try store.keys()) |key| try res.write(key);
    try res.print(" {s} {s}", .{ try spin.variable("greeting"), spin.variable("other") catch "-" });
    """,
    ),
}
STREAM = {
    "cpp": body(
        "cpp",
        """
    res << "one,";
    res.flush();
    char part[100];
    while (size_t n = req.read(part, sizeof part)) res.write({part, n});
    """,
    ),
    "zig": body(
        "zig",
        """
    try res.write("one,");
    try res.flush();
    var part: [100]u8 = undefined;
    while (true) {
        const n = try req.read(&part);
        if (n == 0) break;
        try res.write(part[0..n]);
    }
    """,
    ),
}
SEND = {
    "cpp": body("cpp", """
    if (req.query("inner")) {
        res.status(202);
        res.header("x-b", req.header("x-a").value_or(""));
        res << req.body();
        return;
    }
    auto answer = spin::send("/f?inner", "PUT", "ping", {{"x-a", "one"}}, 1000);
    res << answer.status() << ' ' << answer.header("x-b").value_or("-") << ' ' << answer.body();
    if (!spin::send("http://example.com/")) res << ' ' << spin::error();
    """),
    "zig": body("zig", """
    if (req.query("inner") != null) {
        try res.status(202);
        try res.setHeader("x-b", req.header("x-a") orelse "");
        return res.write(try req.body());
    }
    const headers = &.{ "x-a", "one" };
    const answer = try (spin.Outgoing{
        .url = "/f?inner", .method = "PUT", .body = "ping", .headers = headers, .timeout = 1000,
    }).send();
    try res.print("{d} {s} {s}", .{ answer.status(), answer.header("x-b") orelse "-", try answer.body() });
    _ = (spin.Outgoing{ .url = "http://example.com/" }).send() catch try res.print(" {s}", .{spin.lastError()});
    """),
}  # fmt: skip
BOTH = pytest.mark.parametrize("name", ["cpp", "zig"])


@BOTH
def test_a_request_is_seen_and_answered(name: str) -> None:
    request = Request("POST", "/f/a%20b?q=c+d", Headers({"x-one": "first"}), b"body")
    response = answer(name, ECHO[name], request, route="/f/:id")
    assert response.text == "POST /f/a%20b q=c+d c d - a b first body"
    assert (response.status, response.headers.get("x-a")) == (201, "1")


@BOTH
def test_stores_and_variables_are_used(name: str) -> None:
    response = answer(name, STORE[name], key_value_stores=("default",), variables={"greeting": "hello"})
    assert response.text == "3010 b hello -"


@BOTH
def test_bodies_are_streamed(name: str) -> None:
    assert answer(name, STREAM[name], Request("POST", "/f", body=b"x" * 1234)).body == b"one," + b"x" * 1234


@BOTH
def test_others_are_asked(name: str) -> None:
    response = answer(name, SEND[name], allowed_outbound_hosts=("http://self",))
    assert response.text == "202 one ping HTTP request denied: is the host allowed?"


def test_a_cell_of_cpp_may_have_the_handler_of_c() -> None:
    source = (
        '#include "spin.h"\n#include <string>\n'
        "void handle(spin_request *req, spin_response *res) {\n"
        '    std::string s = "x"; spin_print(res, (s + s).c_str());\n}\n'
    )
    assert answer("cpp", source).text == "xx"


def test_global_objects_of_cpp_are_made_once() -> None:
    source = (
        '#include "spin.hpp"\n#include <cstdio>\nstruct A { A() { std::puts("made"); } int n = 7; };\nstatic A a;\n'
        "static std::string s(100, 'x');\n"
        "void handle(spin::Request &req, spin::Response &res) { res << a.n << s.size(); }\n"
    )
    response = answer("cpp", source)
    assert response.text == "7100"
    assert [line.text for line in response.logs] == ["made"]


def test_streams_of_cpp_go_to_the_log() -> None:
    source = '#include "spin.hpp"\n#include <iostream>\nvoid handle(spin::Request &req, spin::Response &res) '
    source += '{ std::cout << "out" << std::endl; std::cerr << "err\\n"; }\n'
    assert {(x.stream, x.text) for x in answer("cpp", source).logs} == {("stdout", "out"), ("stderr", "err")}


def test_an_error_that_a_zig_handler_returns_is_told() -> None:
    response = answer("zig", body("zig", '_ = req; _ = res; _ = try spin.Store.open("default");'))
    assert response.status == 500
    assert "handle failed: error.StoreFailed: access denied" in [line.text for line in response.logs]


def test_a_panic_of_zig_is_told() -> None:
    response = answer("zig", body("zig", '_ = req; _ = res; @panic("no way on");'))
    assert response.status == 500
    assert "no way on" in [line.text for line in response.logs]


def test_a_zig_handler_may_not_fail_at_all() -> None:
    source = 'const spin = @import("spin.zig");\npub fn handle(_: *spin.Request, res: *spin.Response) void {\n'
    assert answer("zig", source + '    res.write("hi") catch {};\n}\n').text == "hi"


def test_the_log_of_zigs_library_is_the_functions_log() -> None:
    source = 'const std = @import("std");\n' + body(
        "zig", '_ = req; _ = res; std.log.warn("n={d}", .{7}); spin.log("x", .{});'
    )
    assert [line.text for line in answer("zig", source).logs] == ["warning: n=7", "x"]


def test_memory_of_zig_is_aligned_and_had_from_several_sources() -> None:
    source = 'const std = @import("std");\n' + body(
        "zig",
        """
    _ = req;
    const a = try spin.allocator.alignedAlloc(u8, .@"64", 100);
    const b = try std.heap.wasm_allocator.alloc(u8, 300000);
    const c = try spin.allocator.alloc(u64, 200000);
    @memset(a, 1);
    @memset(b, 2);
    @memset(c, 3);
    const aligned = @intFromPtr(a.ptr) % 64 == 0;
    try res.print("{} {d} {d} {d}", .{ aligned, a[99], b[299999], c[199999] });
    """,
    )
    assert answer("zig", source).text == "true 1 2 3"


def test_a_program_of_zig_runs_under_wagi() -> None:
    source = (
        'const std = @import("std");\npub fn main() !void {\n    const out = "content-type: text/plain\\n\\nhi\\n";\n'
        "    const parts = [_]std.os.wasi.ciovec_t{.{ .base = out, .len = out.len }};\n    var n: usize = 0;\n"
        "    _ = std.os.wasi.fd_write(1, &parts, 1, &n);\n}\n"
    )
    assert answer("zig", source, executor="wagi").text == "hi\n"
