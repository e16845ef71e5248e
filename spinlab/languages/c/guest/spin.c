/* What spin.h declares, over wasi:http 0.2 and Spin's interfaces: their functions imported as the canonical ABI has them.

   The linker keeps what is called, so an interface is imported only when the function uses it. With SPIN_LIBC memory
   and formats are those of the libc; without it there is no libc at all. With SPIN_ADAPTED too, an adapter answers what
   the libc asks, in place of libc.c. */

#include "spin.h"

#ifdef SPIN_LIBC
#include <stdio.h>
#include <stdlib.h>
#endif

#define FROM(interface, function) __attribute__((import_module(interface), import_name(function))) extern
#define EXPORT(function) __attribute__((export_name(function)))
#define TYPES "wasi:http/types@0.2.0"
#define STREAMS "wasi:io/streams@0.2.0"
#define KEY_VALUE "fermyon:spin/key-value@2.0.0"

typedef int32_t handle_t;

/* Where a function of the host leaves its result: a tag, then what it is about. */
typedef union {
    uint8_t tag;
    uint8_t bytes[96];
    uint32_t words[24];
    uint64_t longs[12];
} result_t;

/* ---- Memory ---- */

/* Blocks of the request that is being handled, the newest first. */
typedef struct block {
    struct block *next;
    size_t size;
} block_t;

static block_t *blocks;

#ifdef SPIN_LIBC

static void *take(size_t size) {
    block_t *block = malloc(sizeof(block_t) + size + 1);
    if (!block) __builtin_trap();
    block->next = blocks;
    blocks = block;
    return block + 1;
}

static void give_back(void) {
    while (blocks) {
        block_t *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}

#else

extern uint8_t __heap_base;

#define PAGE 65536u
static block_t *spare; /* blocks of earlier requests */
static uint8_t *at, *end;

/* A block of at least this size, at the end of the memory: whatever else grows the memory keeps what it got. */
static void new_block(size_t size) {
    block_t **link = &spare;
    while (*link && (*link)->size < size) link = &(*link)->next;
    block_t *block = *link;
    if (block) {
        *link = block->next;
    } else if (!end) {
        block = (block_t *)(((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15);
        end = (uint8_t *)(__builtin_wasm_memory_size(0) * PAGE);
        if ((size_t)(end - (uint8_t *)block) < size) {
            new_block(size);
            return;
        }
        block->size = (size_t)(end - (uint8_t *)block);
    } else {
        size_t pages = (size + PAGE - 1) / PAGE;
        size_t page = __builtin_wasm_memory_grow(0, pages);
        if (page == (size_t)-1) __builtin_trap();
        block = (block_t *)(page * PAGE);
        block->size = pages * PAGE;
    }
    block->next = blocks;
    blocks = block;
    at = (uint8_t *)(block + 1);
    end = (uint8_t *)block + block->size;
}

static void *take(size_t size) {
    size_t whole = (size + 1 + 15) & ~(size_t)15;
    if (whole < size || whole > SIZE_MAX - PAGE - sizeof(block_t)) __builtin_trap();
    if (!at || (size_t)(end - at) < whole) new_block(whole + sizeof(block_t) + 16);
    uint8_t *p = (uint8_t *)(((uintptr_t)at + 15) & ~(uintptr_t)15);
    at = p + whole;
    return p;
}

static void give_back(void) {
    while (blocks) {
        block_t *next = blocks->next;
        blocks->next = spare;
        spare = blocks;
        blocks = next;
    }
    at = NULL;
}

#endif

static size_t length(const char *text) {
    size_t n = 0;
    while (text[n]) n++;
    return n;
}

static void copy(void *to, const void *from, size_t size) {
    __builtin_memcpy(to, from, size);
}

void *spin_alloc(size_t size) {
    return take(size);
}

/* The host puts texts and lists here; the byte after them is zero, so that texts end. */
EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    (void)align; /* all blocks are aligned to 16, more than anything needs */
    char *p = take(size);
    if (old) copy(p, old, old_size < size ? old_size : size);
    p[size] = 0;
    return p;
}

static const char *text_of(const char *data, size_t size) {
    char *p = take(size);
    copy(p, data, size);
    p[size] = 0;
    return p;
}

/* ---- Errors ---- */

static const char *error_text = "";

const char *spin_error(void) {
    return error_text;
}

static bool fails(const char *why) {
    error_text = why;
    return false;
}

/* What only writes leaves the error as it is, so that it can be written. */
static bool works(void) {
    error_text = "";
    return true;
}

/* ---- Streams ---- */

FROM(STREAMS, "[method]input-stream.blocking-read") void stream_read(handle_t, int64_t, result_t *);
FROM(STREAMS, "[method]output-stream.check-write") void stream_check(handle_t, result_t *);
FROM(STREAMS, "[method]output-stream.write") void stream_write(handle_t, const void *, size_t, result_t *);
FROM(STREAMS, "[method]output-stream.blocking-flush") void stream_flush(handle_t, result_t *);
FROM(STREAMS, "[method]output-stream.blocking-write-and-flush") void stream_send(handle_t, const void *, size_t, result_t *);
FROM(STREAMS, "[method]output-stream.subscribe") handle_t stream_ready(handle_t);
FROM(STREAMS, "[resource-drop]input-stream") void input_drop(handle_t);
FROM(STREAMS, "[resource-drop]output-stream") void output_drop(handle_t);
FROM("wasi:io/error@0.2.0", "[resource-drop]error") void error_drop(handle_t);
FROM("wasi:io/poll@0.2.0", "[method]pollable.block") void pollable_block(handle_t);
FROM("wasi:io/poll@0.2.0", "[resource-drop]pollable") void pollable_drop(handle_t);

#define AT_ONCE 4096u /* what a stream takes in one blocking call (wasi:io) */

static void await_pollable(handle_t pollable) {
    pollable_block(pollable);
    pollable_drop(pollable);
}

/* Let go of the error that closed a stream. The result's error is at byte `at`: what it is, and its handle. */
static bool closed(result_t *result, size_t offset) {
    if (result->bytes[offset] == 0) error_drop((handle_t)result->words[offset / 4 + 1]);
    return fails("the other side closed the connection");
}

static bool send_bytes(handle_t stream, const char *data, size_t size, bool flush) {
    result_t result;
    if (size <= AT_ONCE && flush) {
        stream_send(stream, data, size, &result);
        return result.tag ? closed(&result, 4) : true;
    }
    while (size) {
        stream_check(stream, &result);
        if (result.tag) return closed(&result, 8);
        uint64_t room = result.longs[1];
        if (!room) {
            await_pollable(stream_ready(stream));
            continue;
        }
        size_t part = size < room ? size : (size_t)room;
        stream_write(stream, data, part, &result);
        if (result.tag) return closed(&result, 4);
        data += part;
        size -= part;
    }
    if (!flush) return true;
    stream_flush(stream, &result);
    return result.tag ? closed(&result, 4) : true;
}

/* ---- Fields and bodies ---- */

FROM(TYPES, "[constructor]fields") handle_t fields_new(void);
FROM(TYPES, "[method]fields.append") void fields_append(handle_t, const char *, size_t, const char *, size_t, result_t *);
FROM(TYPES, "[method]fields.delete") void fields_delete(handle_t, const char *, size_t, result_t *);
FROM(TYPES, "[method]fields.get") void fields_get(handle_t, const char *, size_t, result_t *);
FROM(TYPES, "[resource-drop]fields") void fields_drop(handle_t);
FROM(TYPES, "[method]incoming-body.stream") void incoming_body_stream(handle_t, result_t *);
FROM(TYPES, "[resource-drop]incoming-body") void incoming_body_drop(handle_t);
FROM(TYPES, "[method]outgoing-body.write") void outgoing_body_write(handle_t, result_t *);
FROM(TYPES, "[static]outgoing-body.finish") void outgoing_body_finish(handle_t, int32_t, handle_t, result_t *);

static const char *field(handle_t fields, const char *name, size_t size) {
    result_t result;
    fields_get(fields, name, size, &result);
    if (!result.words[1]) return NULL;
    return *(const char *const *)(uintptr_t)result.words[0];
}

static bool put_field(handle_t fields, const char *name, const char *value) {
    static const char *const why[] = {"the header is no valid text", "the header is the host's own", "too late"};
    result_t result;
    fields_append(fields, name, length(name), value, length(value), &result);
    return result.tag ? fails(why[result.bytes[1] % 3]) : true;
}

/* A body that comes in: not begun, open, or at its end. */
typedef struct {
    handle_t body, stream;
    bool open, ended;
    const char *rest; /* of what the host gave at once */
    size_t left;
} source_t;

static bool source_open(source_t *source, handle_t body) {
    result_t result;
    source->body = body;
    incoming_body_stream(body, &result);
    if (result.tag) return fails("the body was taken already");
    source->stream = (handle_t)result.words[1];
    source->open = true;
    return true;
}

static void source_close(source_t *source) {
    if (source->open) {
        input_drop(source->stream);
        incoming_body_drop(source->body);
    }
    source->open = false;
    source->ended = true;
}

/* The next bytes, whatever the host gives; false at the end. */
static bool source_next(source_t *source, spin_bytes *part, size_t most) {
    result_t result;
    works();
    while (!source->ended) {
        if (source->left) {
            part->data = source->rest;
            part->size = source->left < most ? source->left : most;
            source->rest += part->size;
            source->left -= part->size;
            return true;
        }
        stream_read(source->stream, 65536, &result);
        if (result.tag) {
            if (result.bytes[4] == 0) closed(&result, 4);
            source_close(source);
            return false;
        }
        source->rest = (const char *)(uintptr_t)result.words[1];
        source->left = result.words[2];
    }
    return false;
}

static size_t source_read(source_t *source, void *into, size_t size) {
    spin_bytes part;
    if (!size || !source_next(source, &part, size)) return 0;
    copy(into, part.data, part.size);
    return part.size;
}

static spin_bytes source_all(source_t *source) {
    char *all = NULL;
    size_t size = 0, room = 0;
    spin_bytes part;
    while (source_next(source, &part, SIZE_MAX)) {
        if (size + part.size + 1 > room) {
            room = (size + part.size + 1) * 2;
            char *larger = take(room);
            if (size) copy(larger, all, size);
            all = larger;
        }
        copy(all + size, part.data, part.size);
        size += part.size;
    }
    if (error_text[0]) return (spin_bytes){NULL, 0};
    if (!all) all = take(1);
    all[size] = 0;
    return (spin_bytes){all, size};
}

/* ---- The request ---- */

FROM(TYPES, "[method]incoming-request.method") void request_method(handle_t, result_t *);
FROM(TYPES, "[method]incoming-request.path-with-query") void request_path(handle_t, result_t *);
FROM(TYPES, "[method]incoming-request.headers") handle_t request_headers(handle_t);
FROM(TYPES, "[method]incoming-request.consume") void request_consume(handle_t, result_t *);
FROM(TYPES, "[resource-drop]incoming-request") void request_drop(handle_t);

struct spin_request {
    handle_t handle, fields;
    bool has_fields;
    const char *path, *query;
    source_t source;
    bool taken, whole;
    spin_bytes body;
};

static const char *const METHODS[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
#define OTHER 9

const char *spin_method(spin_request *req) {
    result_t result;
    request_method(req->handle, &result);
    return result.tag < OTHER ? METHODS[result.tag] : (const char *)(uintptr_t)result.words[1];
}

static void split_path(spin_request *req) {
    if (req->path) return;
    result_t result;
    request_path(req->handle, &result);
    char *p = result.tag ? (char *)(uintptr_t)result.words[1] : (char *)text_of("/", 1);
    req->path = p;
    while (*p && *p != '?') p++;
    req->query = *p ? p + 1 : p;
    *p = 0;
}

const char *spin_path(spin_request *req) {
    split_path(req);
    return req->path;
}

const char *spin_query_string(spin_request *req) {
    split_path(req);
    return req->query;
}

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The text between two places of a URL without its escapes. */
static const char *decoded(const char *from, const char *to, bool plus) {
    char *text = take((size_t)(to - from)), *p = text;
    while (from < to) {
        if (*from == '%' && to - from > 2 && digit(from[1]) >= 0 && digit(from[2]) >= 0) {
            *p++ = (char)(digit(from[1]) * 16 + digit(from[2]));
            from += 3;
        } else {
            *p++ = plus && *from == '+' ? ' ' : *from;
            from++;
        }
    }
    *p = 0;
    return text;
}

static bool same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

const char *spin_query(spin_request *req, const char *name) {
    const char *p = spin_query_string(req);
    while (*p) {
        const char *stop = p, *equals = NULL;
        while (*stop && *stop != '&') {
            if (*stop == '=' && !equals) equals = stop;
            stop++;
        }
        if (same(decoded(p, equals ? equals : stop, true), name)) {
            return equals ? decoded(equals + 1, stop, true) : "";
        }
        p = *stop ? stop + 1 : stop;
    }
    return NULL;
}

const char *spin_header(spin_request *req, const char *name) {
    if (!req->has_fields) req->fields = request_headers(req->handle);
    req->has_fields = true;
    return field(req->fields, name, length(name));
}

const char *spin_param(spin_request *req, const char *name) {
    static const char mark[] = "spin-path-match-";
    size_t size = length(name);
    char *full = take(sizeof mark + size), *p = full + sizeof mark - 1;
    copy(full, mark, sizeof mark - 1);
    for (; *name; name++) {
        char c = *name == '_' ? '-' : *name;
        *p++ = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    *p = 0;
    const char *value = spin_header(req, full);
    return value ? decoded(value, value + length(value), false) : NULL;
}

static bool take_body(spin_request *req) {
    if (req->taken) return works();
    result_t result;
    req->taken = true;
    request_consume(req->handle, &result);
    if (result.tag) {
        req->source.ended = true;
        return fails("the body was taken already");
    }
    return source_open(&req->source, (handle_t)result.words[1]);
}

size_t spin_read(spin_request *req, void *into, size_t size) {
    return take_body(req) ? source_read(&req->source, into, size) : 0;
}

spin_bytes spin_body(spin_request *req) {
    if (!req->whole && take_body(req)) {
        req->body = source_all(&req->source);
        req->whole = true;
    }
    return req->body;
}

/* ---- The response ---- */

FROM(TYPES, "[constructor]outgoing-response") handle_t response_new(handle_t);
FROM(TYPES, "[method]outgoing-response.set-status-code") int32_t response_status(handle_t, int32_t);
FROM(TYPES, "[method]outgoing-response.body") void response_body(handle_t, result_t *);
FROM(TYPES, "[static]response-outparam.set")
void response_set(handle_t, int32_t, handle_t, int32_t, int64_t, int32_t, int32_t, int32_t, int32_t);

struct spin_response {
    handle_t out, fields, body, stream;
    int status;
    bool sent, gone;
    char *kept; /* the body so far */
    size_t size, room;
};

bool spin_status(spin_response *res, int status) {
    if (res->sent) return fails("the head was sent already");
    if (status < 100 || status > 999) return fails("a status has three digits");
    res->status = status;
    return true;
}

bool spin_add_header(spin_response *res, const char *name, const char *value) {
    return res->sent ? fails("the head was sent already") : put_field(res->fields, name, value);
}

bool spin_set_header(spin_response *res, const char *name, const char *value) {
    result_t result;
    if (res->sent) return fails("the head was sent already");
    fields_delete(res->fields, name, length(name), &result); /* what is wrong with the name is told by the next call */
    return put_field(res->fields, name, value);
}

static void send_head(spin_response *res) {
    result_t result;
    if (res->sent) return;
    res->sent = true;
    handle_t response = response_new(res->fields);
    response_status(response, res->status);
    response_body(response, &result);
    res->body = (handle_t)result.words[1];
    response_set(res->out, 0, response, 0, 0, 0, 0, 0, 0);
    outgoing_body_write(res->body, &result);
    res->stream = (handle_t)result.words[1];
}

static bool send_body(spin_response *res, const char *data, size_t size) {
    if (res->gone) return fails("the client went away");
    if (size && !send_bytes(res->stream, data, size, true)) res->gone = true;
    return !res->gone;
}

bool spin_flush(spin_response *res) {
    send_head(res);
    size_t size = res->size;
    res->size = 0;
    return send_body(res, res->kept, size);
}

bool spin_write(spin_response *res, const void *data, size_t size) {
    if (res->sent) return send_body(res, data, size);
    if (size > SIZE_MAX / 4 || res->size > SIZE_MAX / 4) return fails("the body is too large");
    if (res->size + size > res->room) {
        res->room = (res->size + size) * 2;
        char *larger = take(res->room);
        if (res->size) copy(larger, res->kept, res->size);
        res->kept = larger;
    }
    if (size) copy(res->kept + res->size, data, size);
    res->size += size;
    return true;
}

bool spin_print(spin_response *res, const char *text) {
    return spin_write(res, text, length(text));
}

static void finish(spin_response *res) {
    result_t result;
    spin_flush(res);
    output_drop(res->stream);
    outgoing_body_finish(res->body, 0, 0, &result);
}

#ifndef SPIN_LIBC
extern void __wasm_call_ctors(void); /* the libc's start calls it */
#endif

EXPORT("wasi:http/incoming-handler@0.2.0#handle") void spin_entry(handle_t request, handle_t out) {
#ifndef SPIN_LIBC
    static bool begun;
    if (!begun) __wasm_call_ctors();
    begun = true;
#endif
    spin_request req = {.handle = request};
    spin_response res = {.out = out, .fields = fields_new(), .status = 200};
    works();
    handle(&req, &res);
    source_close(&req.source);
    if (req.has_fields) fields_drop(req.fields);
    request_drop(req.handle);
    finish(&res);
#ifdef SPIN_LIBC
    fflush(NULL);
#endif
    give_back();
}

/* ---- Key-value stores ---- */

FROM(KEY_VALUE, "[static]store.open") void store_open(const char *, size_t, result_t *);
FROM(KEY_VALUE, "[method]store.get") void store_get(handle_t, const char *, size_t, result_t *);
FROM(KEY_VALUE, "[method]store.set") void store_set(handle_t, const char *, size_t, const void *, size_t, result_t *);
FROM(KEY_VALUE, "[method]store.delete") void store_delete(handle_t, const char *, size_t, result_t *);
FROM(KEY_VALUE, "[method]store.exists") void store_exists(handle_t, const char *, size_t, result_t *);
FROM(KEY_VALUE, "[method]store.get-keys") void store_keys(handle_t, result_t *);

struct spin_store {
    handle_t handle;
};

/* Whether a store did it; else its error: which one, and for the last one a text. */
static bool stored(result_t *result) {
    static const char *const why[] = {"too many stores are open", "there is no such store", "access denied"};
    if (!result->tag) return works();
    return fails(result->bytes[4] < 3 ? why[result->bytes[4]] : (const char *)(uintptr_t)result->words[2]);
}

spin_store *spin_kv_open(const char *label) {
    result_t result;
    store_open(label, length(label), &result);
    if (!stored(&result)) return NULL;
    spin_store *store = take(sizeof(spin_store));
    store->handle = (handle_t)result.words[1];
    return store;
}

spin_bytes spin_kv_get(spin_store *store, const char *key) {
    result_t result;
    store_get(store->handle, key, length(key), &result);
    if (!stored(&result) || !result.bytes[4]) return (spin_bytes){NULL, 0};
    return (spin_bytes){(const char *)(uintptr_t)result.words[2], result.words[3]};
}

bool spin_kv_set(spin_store *store, const char *key, const void *value, size_t size) {
    result_t result;
    store_set(store->handle, key, length(key), value, size, &result);
    return stored(&result);
}

bool spin_kv_set_text(spin_store *store, const char *key, const char *text) {
    return spin_kv_set(store, key, text, length(text));
}

bool spin_kv_delete(spin_store *store, const char *key) {
    result_t result;
    store_delete(store->handle, key, length(key), &result);
    return stored(&result);
}

bool spin_kv_exists(spin_store *store, const char *key) {
    result_t result;
    store_exists(store->handle, key, length(key), &result);
    return stored(&result) && result.bytes[4];
}

const char *const *spin_kv_keys(spin_store *store) {
    result_t result;
    store_keys(store->handle, &result);
    if (!stored(&result)) return NULL;
    const spin_bytes *found = (const spin_bytes *)(uintptr_t)result.words[1];
    size_t count = result.words[2];
    const char **keys = take((count + 1) * sizeof(char *));
    for (size_t i = 0; i < count; i++) keys[i] = found[i].data;
    keys[count] = NULL;
    return keys;
}

/* ---- Variables ---- */

FROM("fermyon:spin/variables@2.0.0", "get") void variable_get(const char *, size_t, result_t *);

const char *spin_variable(const char *name) {
    result_t result;
    variable_get(name, length(name), &result);
    if (result.tag) {
        fails((const char *)(uintptr_t)result.words[2]);
        return NULL;
    }
    works();
    return (const char *)(uintptr_t)result.words[1];
}

/* ---- Requests to others ---- */

FROM(TYPES, "[constructor]outgoing-request") handle_t outgoing_new(handle_t);
FROM(TYPES, "[method]outgoing-request.set-method") int32_t outgoing_method(handle_t, int32_t, const char *, size_t);
FROM(TYPES, "[method]outgoing-request.set-path-with-query") int32_t outgoing_path(handle_t, int32_t, const char *, size_t);
FROM(TYPES, "[method]outgoing-request.set-scheme") int32_t outgoing_scheme(handle_t, int32_t, int32_t, const char *, size_t);
FROM(TYPES, "[method]outgoing-request.set-authority") int32_t outgoing_authority(handle_t, int32_t, const char *, size_t);
FROM(TYPES, "[method]outgoing-request.body") void outgoing_body(handle_t, result_t *);
FROM(TYPES, "[resource-drop]outgoing-request") void outgoing_drop(handle_t);
FROM(TYPES, "[constructor]request-options") handle_t options_new(void);
FROM(TYPES, "[method]request-options.set-connect-timeout") int32_t options_connect(handle_t, int32_t, int64_t);
FROM(TYPES, "[method]request-options.set-first-byte-timeout") int32_t options_first(handle_t, int32_t, int64_t);
FROM(TYPES, "[method]request-options.set-between-bytes-timeout") int32_t options_between(handle_t, int32_t, int64_t);
FROM("wasi:http/outgoing-handler@0.2.0", "handle") void outgoing_send(handle_t, int32_t, handle_t, result_t *);
FROM(TYPES, "[method]future-incoming-response.subscribe") handle_t future_ready(handle_t);
FROM(TYPES, "[method]future-incoming-response.get") void future_get(handle_t, result_t *);
FROM(TYPES, "[resource-drop]future-incoming-response") void future_drop(handle_t);
FROM(TYPES, "[method]incoming-response.status") int32_t incoming_status(handle_t);
FROM(TYPES, "[method]incoming-response.headers") handle_t incoming_headers(handle_t);
FROM(TYPES, "[method]incoming-response.consume") void incoming_consume(handle_t, result_t *);

struct spin_answer {
    handle_t handle, fields;
    bool has_fields;
    source_t source;
};

/* In the order of wasi:http's error-code. */
static const char *const CODES[] = {
    "DNS timeout", "DNS error", "destination not found", "destination unavailable", "destination IP prohibited",
    "destination IP unroutable", "connection refused", "connection terminated", "connection timeout",
    "connection read timeout", "connection write timeout", "connection limit reached", "TLS protocol error",
    "TLS certificate error", "TLS alert received", "HTTP request denied: is the host allowed?",
    "HTTP request length required", "HTTP request body size", "HTTP request method invalid", "HTTP request URI invalid",
    "HTTP request URI too long", "HTTP request header section size", "HTTP request header size",
    "HTTP request trailer section size", "HTTP request trailer size", "HTTP response incomplete",
    "HTTP response header section size", "HTTP response header size", "HTTP response body size",
    "HTTP response trailer section size", "HTTP response trailer size", "HTTP response transfer coding",
    "HTTP response content coding", "HTTP response timeout", "HTTP upgrade failed", "HTTP protocol error",
    "loop detected", "configuration error", "internal error",
};

static bool refused(uint8_t code) {
    return fails(code < sizeof CODES / sizeof *CODES ? CODES[code] : "unknown error");
}

static bool starts(const char *text, const char *with) {
    while (*with && *text == *with) text++, with++;
    return !*with;
}

/* Take a URL apart into the request. */
static bool set_url(handle_t request, const char *url) {
    bool secure = starts(url, "https://");
    if (secure || starts(url, "http://")) {
        url += secure ? 8 : 7;
        size_t host = 0;
        while (url[host] && url[host] != '/' && url[host] != '?' && url[host] != '#') host++;
        if (outgoing_scheme(request, 1, secure, NULL, 0)) return fails("the scheme can't be used");
        if (!host || outgoing_authority(request, 1, url, host)) return fails("the URL has no valid host");
        url += host;
    } else if (url[0] != '/') {
        return fails("a URL begins with http://, https:// or, for this app, with /");
    }
    size_t size = 0;
    while (url[size] && url[size] != '#') size++;
    char *path = take(size + 1);
    path[0] = '/';
    size_t slash = url[0] != '/';
    copy(path + slash, url, size);
    return outgoing_path(request, 1, path, size + slash) ? fails("the URL's path is not valid") : true;
}

static bool set_method(handle_t request, const char *method) {
    int32_t number = 0;
    while (number < OTHER && !same(METHODS[number], method)) number++;
    bool other = number == OTHER;
    return outgoing_method(request, number, other ? method : NULL, other ? length(method) : 0) ? fails("no such method") : true;
}

static handle_t options_of(unsigned timeout) {
    handle_t options = options_new();
    int64_t nanoseconds = (int64_t)timeout * 1000000;
    options_connect(options, 1, nanoseconds);
    options_first(options, 1, nanoseconds);
    options_between(options, 1, nanoseconds);
    return options;
}

static handle_t outgoing_of(const spin_outgoing *request, bool *ok) {
    handle_t fields = fields_new();
    *ok = true;
    for (const char *const *p = request->headers; *ok && p && p[0] && p[1]; p += 2) *ok = put_field(fields, p[0], p[1]);
    handle_t made = outgoing_new(fields);
    const char *method = request->method ? request->method : request->body ? "POST" : "GET";
    *ok = *ok && set_method(made, method) && set_url(made, request->url);
    return made;
}

/* Send what the request says; the rest of its body follows while the host already waits for the answer. */
static bool send_request(const spin_outgoing *request, handle_t *future) {
    result_t result;
    bool ok;
    handle_t made = outgoing_of(request, &ok);
    if (!ok) {
        outgoing_drop(made);
        return false;
    }
    outgoing_body(made, &result);
    handle_t body = (handle_t)result.words[1];
    outgoing_body_write(body, &result);
    handle_t stream = (handle_t)result.words[1];
    outgoing_send(made, request->timeout != 0, request->timeout ? options_of(request->timeout) : 0, &result);
    bool sent = !result.tag;
    if (sent) *future = (handle_t)result.words[2];
    else refused(result.bytes[8]);
    const char *why = error_text;
    /* A server may answer before it has read all: its answer counts, not that. */
    if (sent && request->size) send_bytes(stream, request->body, request->size, true);
    output_drop(stream);
    outgoing_body_finish(body, 0, 0, &result);
    error_text = sent ? "" : why;
    return sent;
}

spin_answer *spin_send(const spin_outgoing *request) {
    result_t result;
    handle_t future;
    if (!send_request(request, &future)) return NULL;
    for (;;) {
        future_get(future, &result);
        if (result.tag) break;
        await_pollable(future_ready(future));
    }
    future_drop(future);
    if (result.bytes[8] || result.bytes[16]) {
        if (result.bytes[8]) fails("the answer was taken already");
        else refused(result.bytes[24]);
        return NULL;
    }
    works();
    spin_answer *answer = take(sizeof(spin_answer));
    *answer = (spin_answer){.handle = (handle_t)result.words[6]};
    handle_t response = answer->handle;
    incoming_consume(response, &result);
    if (result.tag || !source_open(&answer->source, (handle_t)result.words[1])) answer->source.ended = true;
    return answer;
}

int spin_answer_status(spin_answer *answer) {
    return incoming_status(answer->handle);
}

const char *spin_answer_header(spin_answer *answer, const char *name) {
    if (!answer->has_fields) answer->fields = incoming_headers(answer->handle);
    answer->has_fields = true;
    return field(answer->fields, name, length(name));
}

spin_bytes spin_answer_body(spin_answer *answer) {
    return source_all(&answer->source);
}

size_t spin_answer_read(spin_answer *answer, void *into, size_t size) {
    return source_read(&answer->source, into, size);
}

/* ---- The log ---- */

FROM("wasi:cli/stderr@0.2.0", "get-stderr") handle_t get_stderr(void);

void spin_log(const char *text) {
    const char *before = error_text; /* a log that nobody reads is no error */
    size_t size = length(text);
    char *line = take(size + 1);
    copy(line, text, size);
    line[size] = '\n';
    handle_t stream = get_stderr();
    send_bytes(stream, line, size + 1, true);
    output_drop(stream);
    error_text = before;
}

#include "format.c"

#if defined SPIN_LIBC && !defined SPIN_ADAPTED
#include "libc.c"
#endif
