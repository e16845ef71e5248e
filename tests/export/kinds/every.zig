const std = @import("std");
const spin = @import("spin.zig");

const Request = *spin.Request;
const Response = *spin.Response;

const Kinds = struct {
    pub fn empty(_: Request, _: Response) !void {}

    pub fn none(_: Request, res: Response) !void {
        try res.status(204);
    }

    pub fn text(_: Request, res: Response) !void {
        try res.setHeader("content-type", "text/plain; charset=utf-8");
        try res.write("h\u{e9}llo W\u{d6}RLD!");
    }

    pub fn binary(_: Request, res: Response) !void {
        var all: [1024]u8 = undefined;
        for (&all, 0..) |*byte, i| byte.* = @truncate(i);
        try res.write(&all);
    }

    pub fn json(req: Request, res: Response) !void {
        try res.setHeader("content-type", "application/json");
        try res.print("{{\"list\":[1,2.5,null,true],\"text\":\"\u{fc}\",\"method\":\"{s}\"}}", .{req.method()});
    }

    pub fn big(_: Request, res: Response) !void {
        const all = try spin.allocator.alloc(u8, 1 << 20);
        for (all, 0..) |*byte, i| byte.* = "0123456789abcdef"[i % 16];
        try res.write(all);
    }

    pub fn stream(_: Request, res: Response) !void {
        for (0..5) |n| {
            try res.print("piece {d}\n", .{n});
            try res.flush();
        }
    }

    pub fn echo(req: Request, res: Response) !void {
        try res.setHeader("content-type", req.header("content-type") orelse "none");
        try res.write(try req.body());
    }

    pub fn headers(req: Request, res: Response) !void {
        try res.addHeader("x-answer", "one");
        try res.addHeader("x-answer", "two");
        try res.write(req.header("x-many") orelse "");
    }

    pub fn path(req: Request, res: Response) !void {
        try res.print("{s} {s}", .{ req.path(), req.queryString() });
    }

    pub fn teapot(_: Request, res: Response) !void {
        try res.status(418);
        try res.write("short and stout");
    }

    pub fn fails(_: Request, _: Response) !void {
        return error.Wrong;
    }

    pub fn leaves(_: Request, _: Response) !void {
        @panic("it leaves");
    }
};

const Kind = struct { name: []const u8, answer: *const fn (Request, Response) anyerror!void };

const kinds = [_]Kind{
    .{ .name = "empty", .answer = Kinds.empty },
    .{ .name = "none", .answer = Kinds.none },
    .{ .name = "text", .answer = Kinds.text },
    .{ .name = "binary", .answer = Kinds.binary },
    .{ .name = "json", .answer = Kinds.json },
    .{ .name = "big", .answer = Kinds.big },
    .{ .name = "stream", .answer = Kinds.stream },
    .{ .name = "echo", .answer = Kinds.echo },
    .{ .name = "headers", .answer = Kinds.headers },
    .{ .name = "path", .answer = Kinds.path },
    .{ .name = "teapot", .answer = Kinds.teapot },
    .{ .name = "fails", .answer = Kinds.fails },
    .{ .name = "leaves", .answer = Kinds.leaves },
};

pub fn handle(req: Request, res: Response) !void {
    var words = std.mem.splitScalar(u8, req.path()["/all/".len..], '/');
    const kind = words.first();
    spin.log("asked for {s}", .{kind});
    for (kinds) |found| {
        if (std.mem.eql(u8, found.name, kind)) return found.answer(req, res);
    }
    try res.status(404);
}
