#include "spin.h"

// Says hello, and what it was sent.
void handle(spin_request *req, spin_response *res) {
    spin_bytes body = spin_body(req);
    spin_printf(res, "Hello 10000 %s %d", spin_path(req), (int)body.size);
}
