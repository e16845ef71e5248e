//! Where a function in Zig begins: calls `handle` of main.zig.

const std = @import("std");
const spin = @import("spin.zig");
const main = @import("main.zig");

pub const std_options: std.Options = if (@hasDecl(main, "std_options")) main.std_options else .{ .logFn = spin.logFn };
pub const panic = if (@hasDecl(main, "panic")) main.panic else std.debug.FullPanic(spin.panicked);

comptime {
    if (!@hasDecl(main, "handle")) @compileError("there is no pub fn handle");
}

export fn handle(req: *spin.Request, res: *spin.Response) void {
    const result = main.handle(req, res);
    if (@typeInfo(@TypeOf(result)) == .error_union) result catch |err| {
        const why = spin.lastError();
        spin.log("handle failed: error.{s}{s}{s}", .{ @errorName(err), if (why.len == 0) "" else ": ", why });
        @trap();
    };
}
