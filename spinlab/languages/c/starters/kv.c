#include "spin.h"

// Counts its visitors in a key-value store: --kv default
void handle(spin_request *req, spin_response *res) {
    spin_store *store = spin_kv_open("default");
    if (!store) {
        spin_status(res, 500);
        spin_printf(res, "the store can't be used: %s\n", spin_error());
        return;
    }

    spin_bytes before = spin_kv_get(store, "visits");
    int visits = 0;
    for (size_t i = 0; i < before.size; i++) visits = visits * 10 + (before.data[i] - '0');

    const char *after = spin_format("%d", visits + 1);
    spin_kv_set_text(store, "visits", after);
    spin_printf(res, "visit number %s of %s\n", after, spin_path(req));
}
