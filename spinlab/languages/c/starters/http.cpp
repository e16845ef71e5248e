#include "spin.hpp"

void handle(spin::Request &req, spin::Response &res) {
    res.header("content-type", "text/plain; charset=utf-8");
    res << "Hello, " << req.query("name").value_or("world") << "! This was " << req.method() << " " << req.path() << "\n";
}
