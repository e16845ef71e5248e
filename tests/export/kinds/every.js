const kinds = {
  empty: () => "",
  none: () => new Response(null, { status: 204 }),
  text: () => "h\u00e9llo W\u00d6RLD!",
  binary: () => Uint8Array.from({ length: 1024 }, (_, n) => n),
  json: (request) => ({ list: [1, 2.5, null, true], text: "\u00fc", method: request.method }),
  big: () => "0123456789abcdef".repeat(65536),
  *stream() {
    for (let n = 0; n < 5; n++) yield `piece ${n}\n`;
  },
  async echo(request) {
    const body = new Uint8Array(await request.arrayBuffer());
    return new Response(body, { headers: { "content-type": request.headers.get("content-type") ?? "none" } });
  },
  headers(request) {
    const headers = new Headers([["x-answer", "one"], ["x-answer", "two"]]);
    return new Response(request.headers.get("x-many"), { headers });
  },
  path(request) {
    const pairs = [...new URL(request.url).searchParams].map(([name, value]) => `${name}=${value}`);
    return `${request.path} ${pairs.join(";")}`;
  },
  teapot: () => [418, "short and stout"],
  fails: () => {
    throw new Error("it fails");
  },
  wrong: () => 1,
  rejects: () => Promise.reject(new Error("it rejects")),
};

function handle(request) {
  const kind = request.path.split("/")[2];
  console.log("asked for", kind);
  return Object.hasOwn(kinds, kind) ? kinds[kind](request) : [404, ""];
}
