const spin = @import("spin.zig");

// Says hello, and what it was sent.
pub fn handle(req: *spin.Request, res: *spin.Response) !void {
    const body = try req.body();
    try res.print("Hello 10000 {s} {d}", .{ req.path(), body.len });
}
