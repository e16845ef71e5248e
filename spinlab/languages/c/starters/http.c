#include "spin.h"

void handle(spin_request *req, spin_response *res) {
    const char *name = spin_query(req, "name");

    spin_set_header(res, "content-type", "text/plain; charset=utf-8");
    spin_printf(res, "Hello, %s! This was %s %s\n", name ? name : "world", spin_method(req), spin_path(req));
}
