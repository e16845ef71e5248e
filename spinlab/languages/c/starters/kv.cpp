#include "spin.hpp"

#include <cstdlib>

// Counts its visitors in a key-value store: --kv default
void handle(spin::Request &req, spin::Response &res) {
    spin::Store store("default");
    if (!store) {
        res.status(500);
        res << "the store can't be used: " << spin::error() << "\n";
        return;
    }

    int visits = std::atoi(store.get("visits").value_or("0").c_str()) + 1;
    store.set("visits", std::to_string(visits));
    res << "visit number " << visits << " of " << req.path() << "\n";
}
