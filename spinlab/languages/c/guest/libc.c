/* What wasi-libc asks of WASI preview 1, answered by WASI 0.2 itself, so that no adapter is needed between them.

   Output, clocks, randomness, the environment and the end of the program; there are no files here. What is missing stays
   an import of preview 1, and a function that has one is linked with an adapter in place of this file. */

#include "spin.h"

#define FROM(interface, function) __attribute__((import_module(interface), import_name(function))) extern
#define PREVIEW1(function) __imported_wasi_snapshot_preview1_##function

typedef int32_t handle_t;
typedef int32_t pointer_t;

enum { SUCCESS = 0, BADF = 8, INVAL = 28, NOTSUP = 58, SPIPE = 70 };

typedef struct {
    uint64_t seconds;
    uint32_t nanoseconds;
} datetime_t;

typedef struct {
    spin_bytes name, value;
} pair_t;

typedef struct {
    void *data;
    size_t size;
} list_t;

FROM("wasi:io/streams@0.2.0", "[method]output-stream.blocking-write-and-flush")
void write_now(handle_t, const void *, size_t, uint32_t *);
FROM("wasi:io/streams@0.2.0", "[resource-drop]output-stream") void drop_stream(handle_t);
FROM("wasi:io/error@0.2.0", "[resource-drop]error") void drop_error(handle_t);
FROM("wasi:io/poll@0.2.0", "[method]pollable.block") void block(handle_t);
FROM("wasi:io/poll@0.2.0", "[resource-drop]pollable") void drop_pollable(handle_t);
FROM("wasi:cli/stdout@0.2.0", "get-stdout") handle_t stdout_stream(void);
FROM("wasi:cli/stderr@0.2.0", "get-stderr") handle_t stderr_stream(void);
FROM("wasi:cli/environment@0.2.0", "get-environment") void get_environment(list_t *);
FROM("wasi:cli/exit@0.2.0", "exit") void exit_with(int32_t failed);
FROM("wasi:clocks/monotonic-clock@0.2.0", "now") int64_t monotonic_now(void);
FROM("wasi:clocks/monotonic-clock@0.2.0", "resolution") int64_t monotonic_resolution(void);
FROM("wasi:clocks/monotonic-clock@0.2.0", "subscribe-duration") handle_t after(int64_t);
FROM("wasi:clocks/wall-clock@0.2.0", "now") void wall_now(datetime_t *);
FROM("wasi:clocks/wall-clock@0.2.0", "resolution") void wall_resolution(datetime_t *);
FROM("wasi:random/random@0.2.0", "get-random-bytes") void random_bytes(int64_t, list_t *);

static void *at(pointer_t pointer) {
    return (void *)(uintptr_t)(uint32_t)pointer;
}

int32_t PREVIEW1(args_sizes_get)(pointer_t count, pointer_t size) {
    *(uint32_t *)at(count) = 0;
    *(uint32_t *)at(size) = 0;
    return SUCCESS;
}

int32_t PREVIEW1(args_get)(pointer_t list, pointer_t text) {
    (void)list, (void)text;
    return SUCCESS;
}

int32_t PREVIEW1(environ_sizes_get)(pointer_t count, pointer_t size) {
    list_t found;
    get_environment(&found);
    const pair_t *pairs = found.data;
    uint32_t sum = 0;
    for (size_t i = 0; i < found.size; i++) sum += pairs[i].name.size + pairs[i].value.size + 2;
    *(uint32_t *)at(count) = found.size;
    *(uint32_t *)at(size) = sum;
    return SUCCESS;
}

int32_t PREVIEW1(environ_get)(pointer_t list, pointer_t text) {
    list_t found;
    get_environment(&found);
    const pair_t *pairs = found.data;
    char **entries = at(list), *p = at(text);
    for (size_t i = 0; i < found.size; i++) {
        entries[i] = p;
        __builtin_memcpy(p, pairs[i].name.data, pairs[i].name.size);
        p += pairs[i].name.size;
        *p++ = '=';
        __builtin_memcpy(p, pairs[i].value.data, pairs[i].value.size);
        p += pairs[i].value.size;
        *p++ = 0;
    }
    return SUCCESS;
}

int32_t PREVIEW1(clock_time_get)(int32_t clock, int64_t precision, pointer_t into) {
    datetime_t time;
    (void)precision;
    if (clock == 0) {
        wall_now(&time);
        *(uint64_t *)at(into) = time.seconds * 1000000000u + time.nanoseconds;
    } else {
        *(int64_t *)at(into) = monotonic_now();
    }
    return SUCCESS;
}

int32_t PREVIEW1(clock_res_get)(int32_t clock, pointer_t into) {
    datetime_t time;
    if (clock == 0) {
        wall_resolution(&time);
        *(uint64_t *)at(into) = time.seconds * 1000000000u + time.nanoseconds;
    } else {
        *(int64_t *)at(into) = monotonic_resolution();
    }
    return SUCCESS;
}

int32_t PREVIEW1(random_get)(pointer_t into, int32_t size) {
    list_t found;
    random_bytes((uint32_t)size, &found);
    __builtin_memcpy(at(into), found.data, found.size);
    return SUCCESS;
}

int32_t PREVIEW1(fd_write)(int32_t fd, pointer_t parts, int32_t count, pointer_t written) {
    if (fd != 1 && fd != 2) return BADF;
    const list_t *list = at(parts);
    size_t size = 0;
    for (int32_t i = 0; i < count; i++) size += list[i].size;
    char *all = spin_alloc(size), *p = all;
    for (int32_t i = 0; i < count; i++) {
        if (list[i].size) __builtin_memcpy(p, list[i].data, list[i].size);
        p += list[i].size;
    }
    handle_t stream = fd == 1 ? stdout_stream() : stderr_stream();
    uint32_t result[4];
    for (size_t done = 0; done < size; done += 4096) {
        size_t part = size - done < 4096 ? size - done : 4096;
        write_now(stream, all + done, part, result);
        if (!(result[0] & 0xff)) continue;
        if (!(result[1] & 0xff)) drop_error((handle_t)result[2]);
        break; /* nobody reads the log any more: what is left goes nowhere */
    }
    drop_stream(stream);
    *(uint32_t *)at(written) = size;
    return SUCCESS;
}

int32_t PREVIEW1(fd_read)(int32_t fd, pointer_t parts, int32_t count, pointer_t read) {
    (void)parts, (void)count;
    if (fd != 0) return BADF;
    *(uint32_t *)at(read) = 0;
    return SUCCESS;
}

int32_t PREVIEW1(fd_seek)(int32_t fd, int64_t offset, int32_t whence, pointer_t now) {
    (void)offset, (void)whence, (void)now;
    return fd >= 0 && fd <= 2 ? SPIPE : BADF;
}

int32_t PREVIEW1(fd_close)(int32_t fd) {
    return fd >= 0 && fd <= 2 ? SUCCESS : BADF;
}

/* Zig's own part of the libc calls it by this name. */
int32_t zig_fd_close(int32_t fd) __asm__("fd_close|wasi_snapshot_preview1");

int32_t zig_fd_close(int32_t fd) {
    return PREVIEW1(fd_close)(fd);
}

int32_t PREVIEW1(fd_fdstat_get)(int32_t fd, pointer_t into) {
    if (fd < 0 || fd > 2) return BADF;
    uint64_t *stat = at(into);
    stat[0] = 2; /* a terminal: lines are written when they end */
    stat[1] = fd == 0 ? 1 << 1 : 1 << 6;
    stat[2] = 0;
    return SUCCESS;
}

int32_t PREVIEW1(sched_yield)(void) {
    return SUCCESS;
}

/* Only what sleep() and its like ask: one clock, for a while or until a time of it. */
int32_t PREVIEW1(poll_oneoff)(pointer_t in, pointer_t out, int32_t count, pointer_t events) {
    const uint64_t *asked = at(in);
    const uint32_t *words = at(in);
    if (count != 1 || (asked[1] & 0xff) != 0) return NOTSUP;
    int64_t duration = (int64_t)asked[3];
    if (asked[5] & 1) {
        int64_t now;
        PREVIEW1(clock_time_get)((int32_t)words[4], 0, (pointer_t)(uintptr_t)&now);
        duration = duration > now ? duration - now : 0;
    }
    handle_t pollable = after(duration);
    block(pollable);
    drop_pollable(pollable);
    uint64_t *event = at(out);
    event[0] = asked[0];
    event[1] = event[2] = event[3] = 0;
    *(uint32_t *)at(events) = 1;
    return SUCCESS;
}

_Noreturn void PREVIEW1(proc_exit)(int32_t code) {
    exit_with(code != 0);
    __builtin_trap();
}
