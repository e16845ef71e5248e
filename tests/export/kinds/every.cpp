#include <cstdlib>
#include <map>
#include <string>

#include "spin.hpp"

using Answer = void (*)(spin::Request &, spin::Response &);

static std::string big() {
    std::string all;
    for (int i = 0; i < 65536; i++) all += "0123456789abcdef";
    return all;
}

static std::string binary() {
    std::string all;
    for (int i = 0; i < 1024; i++) all += char(i);
    return all;
}

static const std::map<std::string, Answer> kinds = {
    {"empty", [](auto &, auto &) {}},
    {"none", [](auto &, auto &res) { res.status(204); }},
    {"text",
     [](auto &, auto &res) {
         res.header("content-type", "text/plain; charset=utf-8");
         res << "h\u00e9llo W\u00d6RLD!";
     }},
    {"binary", [](auto &, auto &res) { res << binary(); }},
    {"json",
     [](auto &req, auto &res) {
         res.header("content-type", "application/json");
         res << R"({"list":[1,2.5,null,true],"text":")" << "\u00fc" << R"(","method":")" << req.method() << "\"}";
     }},
    {"big", [](auto &, auto &res) { res << big(); }},
    {"stream",
     [](auto &, auto &res) {
         for (int n = 0; n < 5; n++) {
             res << "piece " << n << "\n";
             res.flush();
         }
     }},
    {"echo",
     [](auto &req, auto &res) {
         res.header("content-type", req.header("content-type").value_or("none"));
         res << req.body();
     }},
    {"headers", [](auto &req, auto &res) { res << req.header("x-many").value_or(""); }},
    {"path", [](auto &req, auto &res) { res << req.path() << " " << req.query_string(); }},
    {"teapot",
     [](auto &, auto &res) {
         res.status(418);
         res << "short and stout";
     }},
    {"fails", [](auto &, auto &) { __builtin_trap(); }},
    {"leaves", [](auto &, auto &) { std::exit(3); }},
};

void handle(spin::Request &req, spin::Response &res) {
    std::string kind(req.path().substr(5));
    kind = kind.substr(0, kind.find('/'));
    spin::log("asked for " + kind);
    auto found = kinds.find(kind);
    if (found == kinds.end()) {
        res.status(404);
        return;
    }
    found->second(req, res);
}
