/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_parse.c - the text of --resources.
 *
 *     cpus:24;mem:24576;ports:[21000-24000,30000-34000];bugs(role):{a,b}
 *
 * or a JSON array of Resource objects.  Numbers are read without strtod(),
 * whose decimal point depends on the locale of the application.
 *
 * Thread: one at a time.  Texts follow fromSimpleString() and
 * validateCommandLineResources() in Mesos' src/common/resources.cpp. */
#include <config.h>

/* The field of the older form of reservations is read here. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "model/resources.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/vec.h>

#include "model/resource.h"
#include "model/roles.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* --- pieces of text --- */

struct piece {
    const char *s;              /* borrowed; not NUL-terminated */
    size_t len;
};

#define PIECE_ARGS(p) (int) (p).len, (p).s

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct piece
trim(struct piece p)
{
    while (p.len > 0 && is_blank(p.s[0])) {
        p.s++;
        p.len--;
    }
    while (p.len > 0 && is_blank(p.s[p.len - 1])) {
        p.len--;
    }
    return p;
}

/* Cuts 'p' at the first 'c': returns what is before, and leaves what is
 * behind.  Without a 'c', all of it. */
static struct piece
cut(struct piece *p, char c)
{
    const char *end = p->len > 0 ? memchr(p->s, c, p->len) : NULL;
    struct piece head = *p;

    if (end) {
        head.len = (size_t) (end - p->s);
        p->s = end + 1;
        p->len -= head.len + 1;
    } else {
        p->s += p->len;
        p->len = 0;
    }
    return head;
}

/* --- numbers --- */

/* "24.5e3" as it stands in the text: digits * 10^exponent. */
struct decimal {
    uint64_t digits;            /* the first ones; see DIGITS_MAX */
    int64_t exponent;
    bool has_digits;
};

/* Further digits only count as places: amounts have fewer. */
#define DIGITS_MAX (UINT64_MAX / 10 - 1)

/* Exponents beyond it make no difference to what is too large, or 0. */
#define EXPONENT_MAX 1000

/* The digits at the start of 'p'; what is behind them. */
static struct piece
read_digits(struct piece p, bool is_fraction, struct decimal *d)
{
    for (; p.len > 0 && is_digit(p.s[0]); p.s++, p.len--) {
        d->has_digits = true;
        if (d->digits <= DIGITS_MAX) {
            d->digits = d->digits * 10 + (uint64_t) (p.s[0] - '0');
            d->exponent -= is_fraction;
        } else {
            d->exponent += !is_fraction;
        }
    }
    return p;
}

/* "e3", "E-3"; 'p' as it is if there is no such thing. */
static struct piece
read_exponent(struct piece p, struct decimal *d)
{
    bool has_sign = p.len > 1 && (p.s[1] == '-' || p.s[1] == '+');
    size_t start = has_sign ? 2 : 1;
    int64_t value = 0;

    if (p.len <= start || (p.s[0] != 'e' && p.s[0] != 'E')
        || !is_digit(p.s[start])) {
        return p;
    }
    bool is_negative = p.s[1] == '-';

    for (p.s += start, p.len -= start; p.len > 0 && is_digit(p.s[0]);
         p.s++, p.len--) {
        value = value < EXPONENT_MAX ? value * 10 + (p.s[0] - '0') : value;
    }
    d->exponent += is_negative ? -value : value;
    return p;
}

/* In thousandths, rounded; false if that is too much. */
static bool
decimal_to_scalar(const struct decimal *d, int64_t *ret)
{
    uint64_t value = d->digits;
    int64_t exponent = d->exponent + 3;

    for (; exponent > 0 && value > 0; exponent--) {
        if (value >= RESOURCE_SCALAR_MAX) {
            return false;
        }
        value *= 10;
    }
    for (; exponent < -1 && value > 0; exponent++) {
        value /= 10;
    }
    if (exponent == -1) {
        value = (value + 5) / 10;
    }
    *ret = (int64_t) value;
    return value < RESOURCE_SCALAR_MAX;
}

/* "24", "0.5", "1e3"; false if it is no such number. */
static bool
parse_scalar(struct piece p, int64_t *ret)
{
    struct decimal d = { .digits = 0 };

    p = read_digits(p, false, &d);
    if (p.len > 0 && p.s[0] == '.') {
        p.s++;
        p.len--;
        p = read_digits(p, true, &d);
    }
    if (d.has_digits) {
        p = read_exponent(p, &d);
    }
    return d.has_digits && p.len == 0 && decimal_to_scalar(&d, ret);
}

/* --- values --- */

static bool
parse_whole(struct piece p, uint64_t *ret)
{
    uint64_t value = 0;

    for (size_t i = 0; i < p.len; i++) {
        if (!is_digit(p.s[i]) || __builtin_mul_overflow(value, 10, &value)
            || __builtin_add_overflow(value, p.s[i] - '0', &value)) {
            return false;
        }
    }
    *ret = value;
    return p.len > 0;
}

/* Between the brackets: "21000-24000, 30000-34000". */
static struct error *
parse_ranges(struct piece p, struct resource *ret)
{
    VEC(struct range) data = VEC_EMPTY;

    while (p.len > 0) {
        struct piece end = trim(cut(&p, ','));
        struct piece begin = trim(cut(&end, '-'));
        struct range range;

        if (!parse_whole(begin, &range.begin)
            || !parse_whole(trim(end), &range.end)) {
            vec_fini(&data);
            return error_create(ERROR_PARSE, "Expecting non-negative integers "
                                "in '%.*s'", PIECE_ARGS(begin));
        }
        if (range.begin > range.end) {
            vec_fini(&data);
            return error_create(ERROR_INVALID,
                                "Invalid ranges resource: begin > end");
        }
        vec_push(&data, range);
    }
    if (data.n == 0) {
        return error_create(ERROR_PARSE, "Expecting one or more \"ranges\"");
    }
    ret->type = RESOURCE_RANGES;
    ranges_init_take(&ret->ranges, data.data, data.n);
    return NULL;
}

static struct error *
parse_set(struct piece p, struct resource *ret)
{
    VEC(char *) data = VEC_EMPTY;

    while (p.len > 0) {
        struct piece item = trim(cut(&p, ','));

        if (item.len > 0) {
            vec_push(&data, xstrndup(item.s, item.len));
        }
    }
    ret->type = RESOURCE_SET;
    if (!string_set_init_take(&ret->set, data.data, data.n)) {
        return error_create(ERROR_INVALID,
                            "Invalid set resource: duplicated elements");
    }
    return NULL;
}

static bool
is_enclosed(struct piece p, char open, char close)
{
    return p.len >= 2 && p.s[0] == open && p.s[p.len - 1] == close
           && !memchr(p.s + 1, open, p.len - 1)
           && !memchr(p.s, close, p.len - 1);
}

static struct error *
parse_value(struct piece p, struct resource *ret)
{
    struct piece inside = { p.s + 1, p.len - 2 };

    if (p.len == 0) {
        return error_create(ERROR_PARSE, "Expecting non-empty string");
    }
    if (is_enclosed(p, '[', ']')) {
        return parse_ranges(inside, ret);
    }
    if (is_enclosed(p, '{', '}')) {
        return parse_set(inside, ret);
    }
    ret->type = RESOURCE_SCALAR;
    if (!parse_scalar(p, &ret->scalar)) {
        return error_create(ERROR_PARSE, "Bad type for resource: expecting a "
                            "number, [ranges] or {a set}");
    }
    return NULL;
}

/* --- entries --- */

static struct message *
create_static_reservation(const char *role)
{
    struct message *meta = message_create(&v1__resource__descriptor);
    V1__Resource *root = message_root(meta);
    V1__Resource__ReservationInfo *r =
        message_new(meta, &v1__resource__reservation_info__descriptor);

    r->has_type = true;
    r->type = V1__RESOURCE__RESERVATION_INFO__TYPE__STATIC;
    r->role = message_strdup(meta, role);
    root->name = message_strdup(meta, "");
    root->reservations = message_array(meta, 1, sizeof *root->reservations);
    root->reservations[0] = r;
    root->n_reservations = 1;
    return meta;
}

/* "name(role)" or "name". */
static struct error *
parse_name(struct piece p, const char *default_role, struct resource *ret)
{
    struct piece name = p;
    autofree char *role = NULL;

    if (p.len > 0 && memchr(p.s, '(', p.len)) {
        name = trim(cut(&p, '('));
        if (p.len == 0 || memchr(p.s, ')', p.len) != p.s + p.len - 1) {
            return error_create(ERROR_PARSE, "mismatched parentheses");
        }
        struct piece inside = trim((struct piece) { p.s, p.len - 1 });

        role = xstrndup(inside.s, inside.len);
    } else {
        role = xstrdup(default_role);
    }
    if (name.len == 0) {
        return error_create(ERROR_PARSE, "Empty resource name");
    }
    struct error *error = role_validate(role);

    if (error) {
        return error;
    }
    autofree char *text = xstrndup(name.s, name.len);

    ret->name = resource_name_create(text);
    ret->meta = strcmp(role, "*") ? create_static_reservation(role) : NULL;
    return NULL;
}

static struct error *
parse_entry(struct piece p, const char *default_role, struct resource *ret)
{
    struct piece value = p;
    struct piece name = trim(cut(&value, ':'));

    if (name.s + name.len == value.s
        || (value.len > 0 && memchr(value.s, ':', value.len))) {
        return error_create(ERROR_PARSE, "Bad value for resources, missing or "
                            "extra ':' in %.*s", PIECE_ARGS(p));
    }
    ret->n_shared = 1;
    struct error *error = parse_name(name, default_role, ret);

    if (!error) {
        error = parse_value(trim(value), ret);
    }
    return error_wrap(error, "Failed to parse resource '%.*s'",
                      PIECE_ARGS(p));
}

/* --- what a command line may not have --- */

static struct error *
check_entry(const struct resource *r)
{
    const V1__Resource *meta = resource_meta(r);

    if (!meta) {
        return NULL;
    }
    if (meta->disk && meta->disk->persistence) {
        return error_create(ERROR_INVALID, "Persistent volumes cannot be "
                            "specified at the command line");
    }
    if (meta->revocable) {
        return error_create(ERROR_INVALID, "Revocable resources cannot be "
                            "specified at the command line; do not include a "
                            "'revocable' key in the resources JSON");
    }
    for (size_t i = 0; i < meta->n_reservations; i++) {
        if (meta->reservations[i]->type
            == V1__RESOURCE__RESERVATION_INFO__TYPE__DYNAMIC) {
            return error_create(ERROR_INVALID, "Dynamic reservations cannot "
                                "be specified at the command line; do not "
                                "include a reservation of type DYNAMIC in the "
                                "resources JSON");
        }
    }
    return NULL;
}

static struct error *
check(const struct resources *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct error *error = check_entry(&r->entries[i]);

        if (error) {
            return error;
        }
        for (size_t k = 0; k < i; k++) {
            if (!strcmp(r->entries[i].name, r->entries[k].name)
                && r->entries[i].type != r->entries[k].type) {
                return error_create(ERROR_INVALID, "Resources with the same "
                                    "name ('%s') but different types are not "
                                    "allowed", r->entries[i].name);
            }
        }
    }
    return NULL;
}

/* --- both forms --- */

static struct error *
parse_simple(const char *text, const char *default_role,
             struct resources *sum)
{
    struct piece rest = { text, strlen(text) };

    while (rest.len > 0) {
        struct piece p = trim(cut(&rest, ';'));
        struct resource entry = { 0 };

        if (p.len == 0) {
            continue;
        }
        struct error *error = parse_entry(p, default_role, &entry);

        if (error) {
            resource_fini(&entry);
            return error;
        }
        resources_add_entry(sum, &entry);
    }
    return NULL;
}

/* An array is no message: it becomes the only field of one. */
static struct error *
parse_json(const char *text, const char *default_role, struct resources *sum)
{
    autofini(strbuf) object = STRBUF(LIMIT_MESSAGE_SIZE);
    autodestroy(message) *m = NULL;

    strbuf_printf(&object, "{\"resources\":%s}", text);
    struct error *error = message_decode_json(
        &v1__offer__operation__unreserve__descriptor, object.data, object.len,
        &m);

    if (error) {
        return error_wrap(error, "Failed to parse resources");
    }
    V1__Offer__Operation__Unreserve *root = message_root(m);

    for (size_t i = 0; i < root->n_resources; i++) {
        V1__Resource *r = root->resources[i];

        if (r->n_reservations == 0 && (!r->role || !strcmp(r->role, "*"))
            && !r->reservation) {
            r->role = message_strdup(m, default_role);
        }
    }
    return resources_decode(root->resources, root->n_resources, sum);
}

struct error *
resources_parse(const char *text, const char *default_role,
                struct resources *ret)
{
    struct resources sum = { 0 };
    const char *begin = text;

    while (is_blank(*begin)) {
        begin++;
    }
    struct error *error = *begin == '['
                              ? parse_json(begin, default_role, &sum)
                              : parse_simple(begin, default_role, &sum);

    if (!error) {
        error = check(&sum);
    }
    if (error) {
        resources_fini(&sum);
        return error;
    }
    *ret = sum;
    return NULL;
}
