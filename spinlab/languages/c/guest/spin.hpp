// spin.hpp: HTTP functions for Spin in C++, on top of spin.h.
//
// A function is one file that defines
//
//     void handle(spin::Request &req, spin::Response &res)
//
// or, with spin.h alone, void handle(spin_request *req, spin_response *res).

#ifndef SPIN_HPP
#define SPIN_HPP

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spin.h"

namespace spin {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::optional<std::string> text_or_none(const char *text) {
    return text ? std::optional<std::string>(text) : std::nullopt;
}

inline std::optional<std::string> bytes_or_none(spin_bytes bytes) {
    return bytes.data ? std::optional<std::string>(std::in_place, bytes.data, bytes.size) : std::nullopt;
}

// Why the last of these functions failed; empty when it did not.
inline std::string_view error() { return spin_error(); }

// A line in the function's log.
inline void log(const std::string &text) { spin_log(text.c_str()); }

class Request {
public:
    explicit Request(spin_request *request) : request_(request) {}
    std::string_view method() const { return spin_method(request_); }
    std::string_view path() const { return spin_path(request_); }                 // without the query
    std::string_view query_string() const { return spin_query_string(request_); } // as it was sent
    std::optional<std::string> query(const std::string &name) const { return text_or_none(spin_query(request_, name.c_str())); }
    std::optional<std::string> param(const std::string &name) const { return text_or_none(spin_param(request_, name.c_str())); }
    std::optional<std::string> header(const std::string &name) const { return text_or_none(spin_header(request_, name.c_str())); }
    std::string body() const { return bytes_or_none(spin_body(request_)).value_or(""); }
    size_t read(void *into, size_t size) const { return spin_read(request_, into, size); } // 0 at the end

private:
    spin_request *request_;
};

class Response {
public:
    explicit Response(spin_response *response) : response_(response) {}
    bool status(int code) { return spin_status(response_, code); }
    bool header(const std::string &name, const std::string &value) { return spin_set_header(response_, name.c_str(), value.c_str()); }
    bool write(std::string_view data) { return spin_write(response_, data.data(), data.size()); }
    bool flush() { return spin_flush(response_); } // send what was written; from here on the body is streamed
    Response &operator<<(std::string_view text) { return write(text), *this; }
    Response &operator<<(char c) { return write({&c, 1}), *this; }
    Response &operator<<(const char *text) { return write(text), *this; }
    Response &operator<<(int n) { return spin_printf(response_, "%d", n), *this; }
    Response &operator<<(unsigned n) { return spin_printf(response_, "%u", n), *this; }
    Response &operator<<(long n) { return spin_printf(response_, "%ld", n), *this; }
    Response &operator<<(unsigned long n) { return spin_printf(response_, "%lu", n), *this; }
    Response &operator<<(long long n) { return spin_printf(response_, "%lld", n), *this; }
    Response &operator<<(unsigned long long n) { return spin_printf(response_, "%llu", n), *this; }
    Response &operator<<(double n) { return spin_printf(response_, "%g", n), *this; }

private:
    spin_response *response_;
};

// A key-value store (--kv LABEL). False when the function may not use it, or the last call failed: see spin::error().
class Store {
public:
    explicit Store(const std::string &label = "default") : store_(spin_kv_open(label.c_str())) {}
    explicit operator bool() const { return store_ != nullptr; }
    std::optional<std::string> get(const std::string &key) { return store_ ? bytes_or_none(spin_kv_get(store_, key.c_str())) : std::nullopt; }
    bool set(const std::string &key, std::string_view value) { return store_ && spin_kv_set(store_, key.c_str(), value.data(), value.size()); }
    bool remove(const std::string &key) { return store_ && spin_kv_delete(store_, key.c_str()); }
    bool exists(const std::string &key) { return store_ && spin_kv_exists(store_, key.c_str()); }
    std::vector<std::string> keys() {
        std::vector<std::string> all;
        const char *const *found = store_ ? spin_kv_keys(store_) : nullptr;
        for (; found && *found; found++) all.emplace_back(*found);
        return all;
    }

private:
    spin_store *store_;
};

// A variable (--var NAME); none when it is not there, or the function may not read it.
inline std::optional<std::string> variable(const std::string &name) { return text_or_none(spin_variable(name.c_str())); }

// The answer of another server. False when there is none: see spin::error().
class Answer {
public:
    explicit Answer(spin_answer *answer) : answer_(answer) {}
    explicit operator bool() const { return answer_ != nullptr; }
    int status() const { return answer_ ? spin_answer_status(answer_) : 0; }
    std::optional<std::string> header(const std::string &name) const { return answer_ ? text_or_none(spin_answer_header(answer_, name.c_str())) : std::nullopt; }
    std::string body() { return answer_ ? bytes_or_none(spin_answer_body(answer_)).value_or("") : ""; } // once
    size_t read(void *into, size_t size) { return answer_ ? spin_answer_read(answer_, into, size) : 0; }

private:
    spin_answer *answer_;
};

// Send a request (--allow URL) and wait for the head of the answer; timeout in milliseconds.
inline Answer send(const std::string &url, const std::string &method = "GET", std::string_view body = {}, const Fields &headers = {}, unsigned timeout = 0) {
    std::vector<const char *> fields;
    for (const auto &[name, value] : headers) fields.insert(fields.end(), {name.c_str(), value.c_str()});
    fields.push_back(nullptr);
    spin_outgoing request = {method.c_str(), url.c_str(), fields.data(), body.empty() ? nullptr : body.data(), body.size(), timeout};
    return Answer(spin_send(&request));
}

} // namespace spin

// What you write.
void handle(spin::Request &req, spin::Response &res);

extern "C" inline __attribute__((used)) void handle(spin_request *req, spin_response *res) {
    spin::Request request(req);
    spin::Response response(res);
    handle(request, response);
}

#endif
