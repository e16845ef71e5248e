// The short form of a function: `function handle(request)`, and what it may return.
//
// `handle` gets the request of the web (`request.method`, `.headers`, `await request.text()`, `await request.json()`)
// with three more properties: `path`, `query` (name -> first value) and `params` (the named parts of the route,
// decoded). It returns, perhaps as a promise:
//
//   a string                     text/plain
//   an object or array           JSON
//   a Uint8Array or ArrayBuffer  application/octet-stream
//   a Response                   as it is
//   [status, body], [status, body, headers]
//   a generator or ReadableStream, whose items (strings or bytes) are sent as they come
//
// This file is plain JavaScript without dependencies. In a project of Spin's template it stands beside the source.

const ALLOWED =
  "a string, object, array, Uint8Array, Response, [status, body], [status, body, headers], generator or ReadableStream";
const TEXT = "text/plain; charset=utf-8";
const BYTES = "application/octet-stream";
const MARK = "spin-path-match-";

// Answer a request with a function in the short form: a promise of a `Response`.
//
// Parameters:
//   handle: the function.
//   request: what `event.request` is.
//   failed: told what goes wrong after the first item of a stream has been sent.
export async function answer(handle, request, failed = (error) => console.error(error)) {
  return respond(await handle(complete(request)), failed);
}

function complete(request) {
  const url = new URL(request.url);
  return Object.defineProperties(request, {
    path: { value: url.pathname, enumerable: true },
    query: { get: once(() => first(url.searchParams)), enumerable: true },
    params: { get: once(() => parameters(request.headers)), enumerable: true },
  });
}

function once(make) {
  let made;
  return () => (made ??= make());
}

// Each name with the first of its values.
function first(pairs) {
  const found = Object.create(null);
  for (const [name, value] of pairs) found[name] ??= value;
  return found;
}

// The named parts of the route. Spin sends them as headers, where case is lost and `_` becomes `-`: all spellings do.
function parameters(headers) {
  const found = Object.create(null);
  for (const [name, value] of headers) {
    if (name.startsWith(MARK)) found[name.slice(MARK.length)] = decodeURIComponent(value);
  }
  const same = (name) => (typeof name === "string" ? name.toLowerCase().replaceAll("_", "-") : name);
  return new Proxy(found, {
    get: (target, name) => target[same(name)],
    has: (target, name) => same(name) in target,
  });
}

async function respond(result, failed) {
  let status = 200;
  let headers = {};
  let body = result;
  if (isTriple(result)) [status, body, headers = {}] = result;
  if (body instanceof Response) {
    if (body !== result) throw new TypeError(`handle() returned a Response inside an array; return ${ALLOWED}`);
    return body;
  }
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`handle() returned ${kind(status)} as the status; it is a number such as 404`);
  }
  const given = new Headers(headers);
  const [content, type] = await encode(body, failed, body === result);
  if (type && !given.has("content-type")) given.set("content-type", type);
  return new Response(content, { status, headers: given });
}

// Whether an array is a status with a body; one of two numbers is a list.
function isTriple(value) {
  return (
    Array.isArray(value) &&
    (value.length === 2 || value.length === 3) &&
    Number.isInteger(value[0]) &&
    value[0] >= 100 &&
    value[0] <= 999 &&
    typeof value[1] !== "number"
  );
}

async function encode(body, failed, whole) {
  if (typeof body === "string") return [body, TEXT];
  if ((body === null || body === undefined) && !whole) return [null, ""];
  if (typeof body !== "object" || body === null) throw new TypeError(`handle() returned ${kind(body)}; return ${ALLOWED}`);
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return [body, BYTES];
  if (body instanceof Blob) return [body, body.type || BYTES];
  if (body instanceof FormData || body instanceof URLSearchParams) return [body, ""];
  if (body instanceof ReadableStream) return stream(body.getReader(), "read", failed);
  if (typeof body.next === "function" && (body[Symbol.asyncIterator] || body[Symbol.iterator])) {
    return stream(body, "next", failed);
  }
  return [JSON.stringify(body), "application/json"];
}

// A stream of what a generator or reader gives; its first item is made at once, so that it can fail in time.
async function stream(source, step, failed) {
  const encoder = new TextEncoder();
  const begun = await source[step]();
  let ready = begun.done ? undefined : bytes(begun.value, encoder);
  const pull = async (controller) => {
    try {
      if (ready === undefined) {
        const item = begun.done ? begun : await source[step]();
        if (item.done) return controller.close();
        ready = bytes(item.value, encoder);
      }
      controller.enqueue(ready);
      ready = undefined;
    } catch (error) {
      failed(error);
      controller.error(`${error}`);
    }
  };
  const cancel = (reason) => (source.cancel ?? source.return)?.call(source, reason);
  return [new ReadableStream({ pull, cancel }), typeof begun.value === "string" ? TEXT : BYTES];
}

function bytes(value, encoder) {
  if (typeof value === "string") return encoder.encode(value);
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError(`a stream is made of strings and Uint8Arrays, not of ${kind(value)}`);
}

function kind(value) {
  if (value === undefined || value === null) return String(value);
  if (typeof value === "function") return "a function";
  return `${typeof value} (${String(value).slice(0, 40)})`;
}
