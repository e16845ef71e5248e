const std = @import("std");
const spin = @import("spin.zig");

// Asks another function, here itself: --allow http://self
pub fn handle(req: *spin.Request, res: *spin.Response) !void {
    if (req.query("inner") != null) return res.write("the answer from inside\n");

    const url = try std.fmt.allocPrint(spin.allocator, "{s}?inner", .{req.path()});
    const answer = try (spin.Outgoing{ .url = url }).send();
    try res.print("status {d}: {s}", .{ answer.status(), try answer.body() });
}
