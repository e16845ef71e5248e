#include <stdlib.h>
#include <string.h>

#include "spin.h"

static spin_request *req;
static spin_response *res;

static void empty(void) {}

static void none(void) { spin_status(res, 204); }

static void text(void) {
    spin_set_header(res, "content-type", "text/plain; charset=utf-8");
    spin_print(res, "h\xc3\xa9llo W\xc3\x96RLD!");
}

static void binary(void) {
    unsigned char all[1024];
    for (int i = 0; i < 1024; i++) all[i] = (unsigned char)i;
    spin_write(res, all, sizeof all);
}

static void json(void) {
    spin_set_header(res, "content-type", "application/json");
    spin_printf(res, "{\"list\":[1,2.5,null,true],\"text\":\"\xc3\xbc\",\"method\":\"%s\"}", spin_method(req));
}

static void big(void) {
    char *all = malloc(1 << 20);
    for (int i = 0; i < 1 << 20; i += 16) memcpy(all + i, "0123456789abcdef", 16);
    spin_write(res, all, 1 << 20);
    free(all);
}

static void stream(void) {
    for (int n = 0; n < 5; n++) {
        spin_printf(res, "piece %d\n", n);
        spin_flush(res);
    }
}

static void echo(void) {
    const char *type = spin_header(req, "content-type");
    spin_set_header(res, "content-type", type ? type : "none");
    spin_bytes body = spin_body(req);
    spin_write(res, body.data, body.size);
}

static void headers(void) {
    spin_add_header(res, "x-answer", "one");
    spin_add_header(res, "x-answer", "two");
    spin_print(res, spin_header(req, "x-many"));
}

static void path(void) { spin_printf(res, "%s %s", spin_path(req), spin_query_string(req)); }

static void teapot(void) {
    spin_status(res, 418);
    spin_print(res, "short and stout");
}

static void fails(void) { __builtin_trap(); }

static void leaves(void) { exit(3); }

static const struct {
    const char *name;
    void (*answer)(void);
} kinds[] = {
    {"empty", empty}, {"none", none},       {"text", text}, {"binary", binary}, {"json", json},   {"big", big},     {"stream", stream},
    {"echo", echo},   {"headers", headers}, {"path", path}, {"teapot", teapot}, {"fails", fails}, {"leaves", leaves},
};

void handle(spin_request *request, spin_response *response) {
    req = request;
    res = response;
    const char *kind = spin_path(req) + strlen("/all/");
    spin_logf("asked for %s", kind);
    size_t size = strcspn(kind, "/");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].name) == size && !strncmp(kinds[i].name, kind, size)) {
            kinds[i].answer();
            return;
        }
    spin_status(res, 404);
}
