//! HTTP functions for Spin in Zig.
//!
//! A function is one file that defines
//!
//!     pub fn handle(req: *spin.Request, res: *spin.Response) !void
//!
//! Slices that these functions give are there until the end of the request, and so is what `spin.allocator` gives.
//! When one returns an error, `spin.lastError()` says why.

const std = @import("std");

pub const Error = error{ RequestFailed, ResponseFailed, StoreFailed, VariableFailed, SendFailed };

/// Memory until the end of the request; nothing has to be freed.
pub const allocator: std.mem.Allocator = .{ .ptr = undefined, .vtable = &.{
    .alloc = alloc,
    .resize = std.mem.Allocator.noResize,
    .remap = std.mem.Allocator.noRemap,
    .free = std.mem.Allocator.noFree,
} };

/// Why the last of these functions failed; empty when it did not.
pub fn lastError() []const u8 {
    return std.mem.span(spin_error());
}

/// A line in the function's log.
pub fn log(comptime format: []const u8, args: anytype) void {
    spin_log((std.fmt.allocPrintSentinel(allocator, format, args, 0) catch return).ptr);
}

pub const Request = opaque {
    pub fn method(req: *Request) []const u8 {
        return std.mem.span(spin_method(req));
    }

    /// As it was sent, without the query.
    pub fn path(req: *Request) []const u8 {
        return std.mem.span(spin_path(req));
    }

    /// As it was sent; empty when there is none.
    pub fn queryString(req: *Request) []const u8 {
        return std.mem.span(spin_query_string(req));
    }

    /// The first value of a name in the query, decoded.
    pub fn query(req: *Request, name: []const u8) ?[]const u8 {
        return std.mem.span(spin_query(req, z(name)) orelse return null);
    }

    /// What a route's :name matched, decoded.
    pub fn param(req: *Request, name: []const u8) ?[]const u8 {
        return std.mem.span(spin_param(req, z(name)) orelse return null);
    }

    /// The first value of a header, whatever the case of its name.
    pub fn header(req: *Request, name: []const u8) ?[]const u8 {
        return std.mem.span(spin_header(req, z(name)) orelse return null);
    }

    /// The whole body, the same at each call.
    pub fn body(req: *Request) Error![]const u8 {
        return spin_body(req).slice() orelse error.RequestFailed;
    }

    /// The next bytes of the body as they arrive; 0 at its end.
    pub fn read(req: *Request, into: []u8) Error!usize {
        return counted(spin_read(req, into.ptr, into.len), error.RequestFailed);
    }
};

pub const Response = opaque {
    /// Before anything was sent: 200 when it is not called.
    pub fn status(res: *Response, code: u16) Error!void {
        if (!spin_status(res, code)) return error.ResponseFailed;
    }

    /// In place of others of the name.
    pub fn setHeader(res: *Response, name: []const u8, value: []const u8) Error!void {
        if (!spin_set_header(res, z(name), z(value))) return error.ResponseFailed;
    }

    /// Beside others of the name.
    pub fn addHeader(res: *Response, name: []const u8, value: []const u8) Error!void {
        if (!spin_add_header(res, z(name), z(value))) return error.ResponseFailed;
    }

    /// Add to the body. It is kept until handle returns, or sent at once after `flush`.
    pub fn write(res: *Response, data: []const u8) Error!void {
        if (!spin_write(res, data.ptr, data.len)) return error.ResponseFailed;
    }

    pub fn print(res: *Response, comptime format: []const u8, args: anytype) Error!void {
        return res.write(std.fmt.allocPrint(allocator, format, args) catch return error.ResponseFailed);
    }

    /// Send the head and what was written; from here on the body is streamed.
    pub fn flush(res: *Response) Error!void {
        if (!spin_flush(res)) return error.ResponseFailed;
    }
};

/// A key-value store (--kv LABEL).
pub const Store = opaque {
    pub fn open(label: []const u8) Error!*Store {
        return spin_kv_open(z(label)) orelse error.StoreFailed;
    }

    /// A value; null when the key is not there.
    pub fn get(store: *Store, key: []const u8) Error!?[]const u8 {
        const found = spin_kv_get(store, z(key));
        if (failed()) return error.StoreFailed;
        return found.slice();
    }

    pub fn set(store: *Store, key: []const u8, value: []const u8) Error!void {
        if (!spin_kv_set(store, z(key), value.ptr, value.len)) return error.StoreFailed;
    }

    pub fn delete(store: *Store, key: []const u8) Error!void {
        if (!spin_kv_delete(store, z(key))) return error.StoreFailed;
    }

    pub fn exists(store: *Store, key: []const u8) Error!bool {
        const found = spin_kv_exists(store, z(key));
        if (failed()) return error.StoreFailed;
        return found;
    }

    /// All keys.
    pub fn keys(store: *Store) Error![]const []const u8 {
        const found = spin_kv_keys(store) orelse return error.StoreFailed;
        var count: usize = 0;
        while (found[count] != null) count += 1;
        const list = allocator.alloc([]const u8, count) catch return error.StoreFailed;
        for (list, found) |*to, from| to.* = std.mem.span(from.?);
        return list;
    }
};

/// A variable (--var NAME).
pub fn variable(name: []const u8) Error![]const u8 {
    return std.mem.span(spin_variable(z(name)) orelse return error.VariableFailed);
}

/// A request to others (--allow URL).
pub const Outgoing = struct {
    method: []const u8 = "GET",
    /// "https://example.com/x?y=z"; "/path" for this app itself.
    url: []const u8,
    /// Names and values in turn.
    headers: []const []const u8 = &.{},
    body: []const u8 = "",
    /// Milliseconds to connect, and to wait for bytes; 0: the host's own limits.
    timeout: u32 = 0,

    /// Send it and wait for the head of the answer.
    pub fn send(request: Outgoing) Error!*Answer {
        const headers = allocator.alloc(?[*:0]const u8, request.headers.len + 1) catch return error.SendFailed;
        for (headers[0..request.headers.len], request.headers) |*to, from| to.* = z(from);
        headers[request.headers.len] = null;
        return spin_send(&.{
            .method = z(request.method),
            .url = z(request.url),
            .headers = headers.ptr,
            .body = if (request.body.len == 0) null else request.body.ptr,
            .size = request.body.len,
            .timeout = request.timeout,
        }) orelse error.SendFailed;
    }
};

pub const Answer = opaque {
    pub fn status(answer: *Answer) u16 {
        return @intCast(spin_answer_status(answer));
    }

    pub fn header(answer: *Answer, name: []const u8) ?[]const u8 {
        return std.mem.span(spin_answer_header(answer, z(name)) orelse return null);
    }

    /// The whole body, once.
    pub fn body(answer: *Answer) Error![]const u8 {
        return spin_answer_body(answer).slice() orelse error.SendFailed;
    }

    /// The next bytes of the body as they arrive; 0 at its end.
    pub fn read(answer: *Answer, into: []u8) Error!usize {
        return counted(spin_answer_read(answer, into.ptr, into.len), error.SendFailed);
    }
};

/// What `std.log` does.
pub fn logFn(comptime level: std.log.Level, comptime _: @EnumLiteral(), comptime format: []const u8, args: anytype) void {
    log(level.asText() ++ ": " ++ format, args);
}

/// What happens when the function can't go on.
pub fn panicked(message: []const u8, _: ?usize) noreturn {
    spin_log(z(message));
    @trap();
}

// What spin.c offers.

const Bytes = extern struct {
    data: ?[*]const u8,
    size: usize,

    fn slice(bytes: Bytes) ?[]const u8 {
        return (bytes.data orelse return null)[0..bytes.size];
    }
};

const Sent = extern struct {
    method: [*:0]const u8,
    url: [*:0]const u8,
    headers: [*]const ?[*:0]const u8,
    body: ?[*]const u8,
    size: usize,
    timeout: c_uint,
};

extern fn spin_method(*Request) [*:0]const u8;
extern fn spin_path(*Request) [*:0]const u8;
extern fn spin_query_string(*Request) [*:0]const u8;
extern fn spin_query(*Request, [*:0]const u8) ?[*:0]const u8;
extern fn spin_param(*Request, [*:0]const u8) ?[*:0]const u8;
extern fn spin_header(*Request, [*:0]const u8) ?[*:0]const u8;
extern fn spin_body(*Request) Bytes;
extern fn spin_read(*Request, [*]u8, usize) usize;
extern fn spin_status(*Response, c_int) bool;
extern fn spin_set_header(*Response, [*:0]const u8, [*:0]const u8) bool;
extern fn spin_add_header(*Response, [*:0]const u8, [*:0]const u8) bool;
extern fn spin_write(*Response, [*]const u8, usize) bool;
extern fn spin_flush(*Response) bool;
extern fn spin_kv_open([*:0]const u8) ?*Store;
extern fn spin_kv_get(*Store, [*:0]const u8) Bytes;
extern fn spin_kv_set(*Store, [*:0]const u8, [*]const u8, usize) bool;
extern fn spin_kv_delete(*Store, [*:0]const u8) bool;
extern fn spin_kv_exists(*Store, [*:0]const u8) bool;
extern fn spin_kv_keys(*Store) ?[*]const ?[*:0]const u8;
extern fn spin_variable([*:0]const u8) ?[*:0]const u8;
extern fn spin_send(*const Sent) ?*Answer;
extern fn spin_answer_status(*Answer) c_int;
extern fn spin_answer_header(*Answer, [*:0]const u8) ?[*:0]const u8;
extern fn spin_answer_body(*Answer) Bytes;
extern fn spin_answer_read(*Answer, [*]u8, usize) usize;
extern fn spin_log([*:0]const u8) void;
extern fn spin_error() [*:0]const u8;
extern fn spin_alloc(usize) [*]align(16) u8;

fn alloc(_: *anyopaque, len: usize, alignment: std.mem.Alignment, _: usize) ?[*]u8 {
    const wanted = alignment.toByteUnits();
    if (wanted <= 16) return spin_alloc(len);
    return @ptrFromInt(std.mem.alignForward(usize, @intFromPtr(spin_alloc(len + wanted)), wanted));
}

fn z(text: []const u8) [*:0]const u8 {
    const copy = spin_alloc(text.len + 1);
    @memcpy(copy[0..text.len], text);
    copy[text.len] = 0;
    return copy[0..text.len :0];
}

fn failed() bool {
    return spin_error()[0] != 0;
}

fn counted(size: usize, comptime why: Error) Error!usize {
    return if (size == 0 and failed()) why else size;
}
