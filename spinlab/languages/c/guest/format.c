/* spin_printf and its like: the libc's formats where there is one, else the everyday part of them. */

#include "spin.h"

typedef struct {
    char *data;
    size_t size, room;
} buffer_t;

static const char *format(const char *text, va_list values, size_t *size);

const char *spin_format(const char *text, ...) {
    va_list values;
    size_t size;
    va_start(values, text);
    const char *made = format(text, values, &size);
    va_end(values);
    return made;
}

bool spin_printf(spin_response *res, const char *text, ...) {
    va_list values;
    size_t size;
    va_start(values, text);
    const char *made = format(text, values, &size);
    va_end(values);
    return spin_write(res, made, size);
}

void spin_logf(const char *text, ...) {
    va_list values;
    size_t size;
    va_start(values, text);
    const char *made = format(text, values, &size);
    va_end(values);
    spin_log(made);
}

#ifdef SPIN_LIBC

#include <stdio.h>

static const char *format(const char *text, va_list values, size_t *size) {
    va_list again;
    va_copy(again, values);
    int needed = vsnprintf(NULL, 0, text, again);
    va_end(again);
    *size = needed < 0 ? 0 : (size_t)needed;
    char *made = spin_alloc(*size + 1);
    if (needed < 0) made[0] = 0;
    else vsnprintf(made, *size + 1, text, values);
    return made;
}

#else

typedef struct {
    bool left, zero, plus, space;
    int width, precision; /* precision below 0: not given */
} spec_t;

static void put(buffer_t *out, const char *data, size_t size) {
    if (out->size + size + 1 > out->room) {
        size_t room = (out->size + size + 1) * 2;
        char *larger = spin_alloc(room);
        if (out->size) __builtin_memcpy(larger, out->data, out->size);
        out->data = larger;
        out->room = room;
    }
    if (size) __builtin_memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void fill(buffer_t *out, char c, int count) {
    while (count-- > 0) put(out, &c, 1);
}

/* A text in its width; a number's sign stays before its zeros. */
static void padded(buffer_t *out, const spec_t *spec, const char *sign, const char *data, size_t size, bool zeros) {
    size_t signs = 0;
    while (sign[signs]) signs++;
    int missing = spec->width - (int)(size + signs);
    if (!spec->left && !zeros) fill(out, ' ', missing);
    put(out, sign, signs);
    if (!spec->left && zeros) fill(out, '0', missing);
    put(out, data, size);
    if (spec->left) fill(out, ' ', missing);
}

static const char *sign_of(const spec_t *spec, bool negative) {
    return negative ? "-" : spec->plus ? "+" : spec->space ? " " : "";
}

/* The digits of a number before `end`; gives where they begin. */
static char *digits(char *end, uint64_t number, unsigned base, bool upper) {
    do {
        unsigned digit = (unsigned)(number % base);
        *--end = (char)(digit < 10 ? '0' + digit : (upper ? 'A' : 'a') + digit - 10);
        number /= base;
    } while (number);
    return end;
}

static void put_integer(buffer_t *out, const spec_t *spec, uint64_t number, bool negative, unsigned base, bool upper) {
    char room[64], *end = room + sizeof room, *begin = digits(end, number, base, upper);
    int least = spec->precision > 40 ? 40 : spec->precision;
    if (!number && least == 0) begin = end;
    while (end - begin < least) *--begin = '0';
    padded(out, spec, sign_of(spec, negative), begin, (size_t)(end - begin), spec->zero && spec->precision < 0);
}

/* A number from 0 to below 10^19 with digits after its point. */
static size_t fixed(char *into, double number, int precision) {
    double scale = 1;
    for (int i = 0; i < precision; i++) scale *= 10;
    uint64_t whole = (uint64_t)number;
    uint64_t part = (uint64_t)((number - (double)whole) * scale + 0.5);
    if (part >= (uint64_t)scale) whole++, part = 0;
    char room[32], *end = room + sizeof room, *begin = digits(end, whole, 10, false);
    size_t size = (size_t)(end - begin);
    __builtin_memcpy(into, begin, size);
    if (precision > 0) {
        into[size++] = '.';
        begin = digits(end, part, 10, false);
        while (end - begin < precision) *--begin = '0';
        __builtin_memcpy(into + size, begin, (size_t)precision);
        size += (size_t)precision;
    }
    return size;
}

static size_t without_zeros(const char *data, size_t size) {
    bool point = false;
    for (size_t i = 0; i < size; i++) point = point || data[i] == '.';
    while (point && size > 1 && data[size - 1] == '0') size--;
    return size > 1 && data[size - 1] == '.' ? size - 1 : size;
}

static size_t with_exponent(char *into, double number, int exponent, int precision, bool general) {
    size_t size = fixed(into, number, precision);
    if (general) size = without_zeros(into, size);
    into[size++] = 'e';
    into[size++] = exponent < 0 ? '-' : '+';
    char room[8], *end = room + sizeof room, *begin = digits(end, (uint64_t)(exponent < 0 ? -exponent : exponent), 10, false);
    while (end - begin < 2) *--begin = '0';
    __builtin_memcpy(into + size, begin, (size_t)(end - begin));
    return size + (size_t)(end - begin);
}

static void put_double(buffer_t *out, const spec_t *spec, double number, bool general) {
    char room[64];
    size_t size;
    bool negative = __builtin_signbit(number);
    if (negative) number = -number;
    int precision = spec->precision < 0 ? 6 : spec->precision > 17 ? 17 : spec->precision;
    if (number != number || number > 1.7976931348623157e308) {
        padded(out, spec, sign_of(spec, negative), number != number ? "nan" : "inf", 3, false);
        return;
    }
    int exponent = 0;
    double scaled = number;
    while (scaled >= 10) scaled /= 10, exponent++;
    while (scaled && scaled < 1) scaled *= 10, exponent--;
    if (general && precision == 0) precision = 1;
    if (general && number && (exponent < -4 || exponent >= precision)) {
        size = with_exponent(room, scaled, exponent, precision - 1, true);
    } else if (!general && exponent > 18) {
        size = with_exponent(room, scaled, exponent, precision, false);
    } else {
        size = fixed(room, number, general ? precision - 1 - exponent : precision);
        if (general) size = without_zeros(room, size);
    }
    padded(out, spec, sign_of(spec, negative), room, size, spec->zero);
}

static const char *number_in(const char *text, int *number) {
    *number = 0;
    while (*text >= '0' && *text <= '9') {
        if (*number < 100000) *number = *number * 10 + (*text - '0');
        text++;
    }
    return text;
}

typedef struct {
    va_list list;
} values_t;

static const char *read_spec(const char *text, spec_t *spec, values_t *values) {
    *spec = (spec_t){.precision = -1};
    for (;; text++) {
        if (*text == '-') spec->left = true;
        else if (*text == '0') spec->zero = true;
        else if (*text == '+') spec->plus = true;
        else if (*text == ' ') spec->space = true;
        else break;
    }
    if (*text == '*') {
        spec->width = va_arg(values->list, int);
        if (spec->width < 0) spec->left = true, spec->width = -spec->width;
        text++;
    } else {
        text = number_in(text, &spec->width);
    }
    if (*text != '.') return text;
    if (text[1] != '*') return number_in(text + 1, &spec->precision);
    spec->precision = va_arg(values->list, int);
    return text + 2;
}

static void put_text(buffer_t *out, const spec_t *spec, const char *text) {
    size_t size = 0;
    if (!text) text = "(null)";
    while ((spec->precision < 0 || size < (size_t)spec->precision) && text[size]) size++;
    padded(out, spec, "", text, size, false);
}

/* One value; gives false for a letter that is none of ours. */
static bool put_value(buffer_t *out, const spec_t *spec, char letter, int longs, values_t *values) {
    char c;
    switch (letter) {
    case 'd':
    case 'i': {
        int64_t n = longs > 1 ? va_arg(values->list, long long) : va_arg(values->list, int);
        put_integer(out, spec, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, n < 0, 10, false);
        return true;
    }
    case 'u':
    case 'x':
    case 'X': {
        uint64_t n = longs > 1 ? va_arg(values->list, unsigned long long) : va_arg(values->list, unsigned);
        spec_t plain = *spec;
        plain.plus = plain.space = false;
        put_integer(out, &plain, n, false, letter == 'u' ? 10 : 16, letter == 'X');
        return true;
    }
    case 'p': {
        put_integer(out, spec, (uintptr_t)va_arg(values->list, void *), false, 16, false);
        return true;
    }
    case 'c':
        c = (char)va_arg(values->list, int);
        padded(out, spec, "", &c, 1, false);
        return true;
    case 's':
        put_text(out, spec, va_arg(values->list, const char *));
        return true;
    case 'f':
    case 'g':
        put_double(out, spec, va_arg(values->list, double), letter == 'g');
        return true;
    default:
        return false;
    }
}

static const char *format(const char *text, va_list given, size_t *size) {
    buffer_t out = {0};
    values_t values;
    va_copy(values.list, given);
    while (*text) {
        size_t plain = 0;
        while (text[plain] && text[plain] != '%') plain++;
        put(&out, text, plain);
        text += plain;
        if (!*text) break;
        const char *begin = text++;
        spec_t spec;
        text = read_spec(text, &spec, &values);
        int longs = 0;
        while (*text == 'l' || *text == 'z' || *text == 'h' || *text == 't') longs += *text++ == 'l';
        if (*text == '%') put(&out, "%", 1);
        else if (!*text || !put_value(&out, &spec, *text, longs, &values)) put(&out, begin, (size_t)(text - begin) + (*text != 0));
        if (*text) text++;
    }
    va_end(values.list);
    put(&out, "", 0);
    if (!out.data) out.data = spin_alloc(1);
    out.data[out.size] = 0;
    *size = out.size;
    return out.data;
}

#endif
