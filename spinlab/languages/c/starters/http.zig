const spin = @import("spin.zig");

pub fn handle(req: *spin.Request, res: *spin.Response) !void {
    const name = req.query("name") orelse "world";

    try res.setHeader("content-type", "text/plain; charset=utf-8");
    try res.print("Hello, {s}! This was {s} {s}\n", .{ name, req.method(), req.path() });
}
