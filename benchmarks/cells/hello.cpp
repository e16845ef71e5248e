#include "spin.hpp"

// Says hello, and what it was sent.
void handle(spin::Request &req, spin::Response &res) {
    res << "Hello 10000 " << req.path() << " " << req.body().size();
}
