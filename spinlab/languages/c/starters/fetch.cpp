#include "spin.hpp"

// Asks another function, here itself: --allow http://self
void handle(spin::Request &req, spin::Response &res) {
    if (req.query("inner")) {
        res << "the answer from inside\n";
        return;
    }

    spin::Answer answer = spin::send(std::string(req.path()) + "?inner");
    if (!answer) {
        res.status(502);
        res << "no answer: " << spin::error() << "\n";
        return;
    }
    res << "status " << answer.status() << ": " << answer.body();
}
