#include "spin.h"

// Asks another function, here itself: --allow http://self
void handle(spin_request *req, spin_response *res) {
    if (spin_query(req, "inner")) {
        spin_print(res, "the answer from inside\n");
        return;
    }

    spin_outgoing request = {.url = spin_format("%s?inner", spin_path(req))};
    spin_answer *answer = spin_send(&request);
    if (!answer) {
        spin_status(res, 502);
        spin_printf(res, "no answer: %s\n", spin_error());
        return;
    }
    spin_bytes body = spin_answer_body(answer);
    spin_printf(res, "status %d: ", spin_answer_status(answer));
    spin_write(res, body.data, body.size);
}
