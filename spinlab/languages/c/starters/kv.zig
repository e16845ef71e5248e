const std = @import("std");
const spin = @import("spin.zig");

// Counts its visitors in a key-value store: --kv default
pub fn handle(req: *spin.Request, res: *spin.Response) !void {
    const store = try spin.Store.open("default");
    const before = try store.get("visits") orelse "0";
    const visits = try std.fmt.parseInt(u64, before, 10) + 1;

    try store.set("visits", try std.fmt.allocPrint(spin.allocator, "{d}", .{visits}));
    try res.print("visit number {d} of {s}\n", .{ visits, req.path() });
}
