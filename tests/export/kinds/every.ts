type Kind = (request: Asked) => unknown;
interface Asked extends Request {
  readonly path: string;
}

const kinds: Record<string, Kind> = {
  empty: () => "",
  none: () => new Response(null, { status: 204 }),
  text: () => "h\u00e9llo W\u00d6RLD!",
  binary: (): Uint8Array => Uint8Array.from({ length: 1024 }, (_, n) => n),
  json: (request) => ({ list: [1, 2.5, null, true], text: "\u00fc", method: request.method }),
  big: () => "0123456789abcdef".repeat(65536),
  *stream(): Generator<string> {
    for (let n = 0; n < 5; n++) yield `piece ${n}\n`;
  },
  async echo(request): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    return new Response(body, { headers: { "content-type": request.headers.get("content-type") ?? "none" } });
  },
  path: (request) => request.path,
  teapot: () => [418, "short and stout"] as const,
  fails: (): never => {
    throw new Error("it fails");
  },
};

function handle(request: Asked): unknown {
  const kind = request.path.split("/")[2]!;
  return Object.hasOwn(kinds, kind) ? kinds[kind](request) : [404, ""];
}
