/* spin.h: HTTP functions for Spin in C, and in C++.

   A function is one file that defines

       void handle(spin_request *req, spin_response *res)

   Texts that spin_... functions give end with a zero byte, and like all memory from spin_alloc they are there until the
   end of the request. A function that can fail says so by its result (NULL or false), and spin_error() says why. */

#ifndef SPIN_H
#define SPIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct spin_request spin_request;
typedef struct spin_response spin_response;
typedef struct spin_store spin_store;
typedef struct spin_answer spin_answer;

/* Bytes with their number; data is NULL when there is nothing. A zero byte follows them. */
typedef struct {
    const char *data;
    size_t size;
} spin_bytes;

/* What you write. */
void handle(spin_request *req, spin_response *res);

/* ---- The request ---- */

const char *spin_method(spin_request *req);       /* "GET" */
const char *spin_path(spin_request *req);         /* "/div/6/3", as it was sent, without the query */
const char *spin_query_string(spin_request *req); /* "a=1&b=2", as it was sent; "" when there is none */

/* The first value of a name in the query, decoded; NULL when it is not there. */
const char *spin_query(spin_request *req, const char *name);

/* What a route's :name matched, decoded; NULL when the route has no such name. */
const char *spin_param(spin_request *req, const char *name);

/* The first value of a header, whatever the case of its name; NULL when it is not there. */
const char *spin_header(spin_request *req, const char *name);

/* The whole body, the same at each call. NULL with an error when the client went away. */
spin_bytes spin_body(spin_request *req);

/* The next bytes of the body as they arrive; 0 at its end. */
size_t spin_read(spin_request *req, void *into, size_t size);

/* ---- The response ---- */

/* Before anything was sent: 200 when it is not called. */
bool spin_status(spin_response *res, int status);
bool spin_set_header(spin_response *res, const char *name, const char *value); /* in place of others of the name */
bool spin_add_header(spin_response *res, const char *name, const char *value); /* beside others of the name */

/* Add to the body. It is kept until handle returns, or sent at once after spin_flush. */
bool spin_write(spin_response *res, const void *data, size_t size);
bool spin_print(spin_response *res, const char *text);
bool spin_printf(spin_response *res, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Send the head and what was written; from here on the body is streamed. False when the client went away. */
bool spin_flush(spin_response *res);

/* ---- Key-value stores (--kv LABEL) ---- */

spin_store *spin_kv_open(const char *label); /* NULL when the function may not use it */

/* A value; data is NULL when the key is not there (then spin_error() is "") or the store failed. */
spin_bytes spin_kv_get(spin_store *store, const char *key);
bool spin_kv_set(spin_store *store, const char *key, const void *value, size_t size);
bool spin_kv_set_text(spin_store *store, const char *key, const char *text);
bool spin_kv_delete(spin_store *store, const char *key);
bool spin_kv_exists(spin_store *store, const char *key);

/* All keys, with NULL after the last one; NULL when the store failed. */
const char *const *spin_kv_keys(spin_store *store);

/* ---- Variables (--var NAME) ---- */

const char *spin_variable(const char *name); /* NULL when there is none, or the function may not read it */

/* ---- Requests to others (--allow URL) ---- */

typedef struct {
    const char *method;          /* NULL: "GET", or "POST" when there is a body */
    const char *url;             /* "https://example.com/x?y=z"; "/path" for this app itself */
    const char *const *headers;  /* name, value, name, value, ... NULL; may be NULL */
    const void *body;            /* may be NULL */
    size_t size;                 /* bytes of the body */
    unsigned timeout;            /* milliseconds to connect, and to wait for bytes; 0: the host's own limits */
} spin_outgoing;

/* Send all of it, then wait for the head of the answer; NULL when it failed. */
spin_answer *spin_send(const spin_outgoing *request);
int spin_answer_status(spin_answer *answer);
const char *spin_answer_header(spin_answer *answer, const char *name); /* NULL when it is not there */
spin_bytes spin_answer_body(spin_answer *answer);                      /* the whole body, once */
size_t spin_answer_read(spin_answer *answer, void *into, size_t size); /* as it arrives; 0 at its end */

/* ---- And ---- */

/* A line in the function's log. */
void spin_log(const char *text);
void spin_logf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Why the last spin_... function failed; "" when it did not. What writes the response or the log and does not fail
   leaves it as it is. */
const char *spin_error(void);

/* Memory until the end of the request; never NULL: a function that gets none is stopped. */
void *spin_alloc(size_t size);

/* The formatted text; without a libc: d i u x X c s p f g %, with flags, width, precision, and l ll z. */
const char *spin_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif
