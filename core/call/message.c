#include "call/message.h"

#include <errno.h>
#include <string.h>

#include <postern/utf8.h>

static const char *const code_texts[] = {
	[PST_CALL_TRAP] = "trap",
	[PST_CALL_DEADLINE] = "deadline",
	[PST_CALL_MEMORY] = "memory",
	[PST_CALL_BUSY] = "busy",
	[PST_CALL_DENIED] = "denied",
	[PST_CALL_UNKNOWN] = "unknown",
	[PST_CALL_CANCELLED] = "cancelled",
	[PST_CALL_INTERNAL] = "internal",
};
#define CODES (sizeof code_texts / sizeof *code_texts)

const char *
pst_call_code_text(enum pst_call_code code)
{
	return code_texts[code];
}

enum pst_call_code
pst_call_code_read(const struct pst_call_text *text)
{
	for (size_t i = 0; i < CODES; i++)
		if (strlen(code_texts[i]) == text->len && !memcmp(code_texts[i], text->p, text->len))
			return (enum pst_call_code)i;
	return PST_CALL_INTERNAL;
}

/* ---- what may stand in a head ---- */

bool
pst_call_name_good(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool letter = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9');

		if (!letter && (!p[i] || !strchr("!#$%&'*+-.^_`|~", p[i])))
			return false;
	}
	return len > 0 && len <= PST_CALL_NAME_MAX;
}

bool
pst_call_value_good(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;
	size_t n;

	for (; p < end; p += n) {
		n = 1;
		if (*p >= 0x20 && *p < 0x7f)
			continue; /* nearly always */
		n = pst_utf8_len(p, (size_t)(end - p));
		if (!n || (*p != '\t' && pst_utf8_control(p)))
			return false;
	}
	return true;
}

/* ---- reading ---- */

/* Every message of a kind has all of its items; those behind are for later. */
static void
item(struct pst_reader *r, struct pst_cbor_list *items)
{
	if (!pst_cbor_more(r, items))
		r->status = -EBADMSG;
}

static uint64_t
read_uint(struct pst_reader *r, struct pst_cbor_list *items)
{
	item(r, items);
	return pst_cbor_uint(r);
}

static uint32_t
read_u32(struct pst_reader *r, struct pst_cbor_list *items)
{
	uint64_t v = read_uint(r, items);

	if (v > UINT32_MAX)
		r->status = -EBADMSG;
	return (uint32_t)v;
}

static struct pst_call_text
read_text(struct pst_reader *r, struct pst_cbor_list *items)
{
	struct pst_call_text text;

	item(r, items);
	text.p = pst_cbor_text(r, &text.len);
	if (text.p && !pst_utf8_plain((const uint8_t *)text.p, text.len))
		r->status = -EBADMSG;
	return text;
}

static void
read_headers(struct pst_reader *r, struct pst_cbor_list *items, struct pst_call_message *out)
{
	item(r, items);
	out->headers = *r;
	pst_cbor_skip(r);
	out->headers.end = r->p;
}

static void
read_body(struct pst_reader *r, struct pst_cbor_list *items, struct pst_call_message *out)
{
	item(r, items);
	out->body = pst_cbor_bytes(r, &out->body_len);
}

static void
read_call(struct pst_reader *r, struct pst_cbor_list *items, struct pst_call_message *out)
{
	out->method = read_text(r, items);
	out->resource = read_text(r, items);
	read_headers(r, items, out);
	out->deadline_ms = read_uint(r, items);
	out->flags = read_uint(r, items);
	read_body(r, items, out);
}

static void
read_piece(struct pst_reader *r, struct pst_cbor_list *items, struct pst_call_message *out)
{
	out->flags = read_uint(r, items);
	read_body(r, items, out);
}

static void
read_answer(struct pst_reader *r, struct pst_cbor_list *items, struct pst_call_message *out)
{
	uint64_t status = read_uint(r, items);

	if (status < 100 || status > 999)
		r->status = -EBADMSG;
	out->status = (unsigned)status;
	read_headers(r, items, out);
	out->flags = read_uint(r, items);
	read_body(r, items, out);
}

static void
read_failure(struct pst_reader *r, struct pst_cbor_list *items, struct pst_call_message *out)
{
	out->code = read_text(r, items);
	out->text = read_text(r, items);
	out->retry_after_ms = read_uint(r, items);
	item(r, items);
	out->started = pst_cbor_bool(r);
}

static void
read_grant(struct pst_reader *r, struct pst_cbor_list *items, struct pst_call_message *out)
{
	out->grant = read_uint(r, items);
}

static void
read_load(struct pst_reader *r, struct pst_cbor_list *items, struct pst_call_message *out)
{
	out->load.running = read_u32(r, items);
	out->load.queued = read_u32(r, items);
	out->load.capacity = read_u32(r, items);
	item(r, items);
	pst_cbor_fixed(r, out->load.version, sizeof out->load.version);
}

static void (*const readers[])(struct pst_reader *r, struct pst_cbor_list *items,
    struct pst_call_message *out) = {
	[PST_CALL_KIND_CALL] = read_call,
	[PST_CALL_KIND_PIECE] = read_piece,
	[PST_CALL_KIND_ANSWER] = read_answer,
	[PST_CALL_KIND_FAILURE] = read_failure,
	[PST_CALL_KIND_GRANT] = read_grant,
	[PST_CALL_KIND_LOAD] = read_load,
};

int
pst_call_message_read(struct pst_call_message *out, const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_reader(data, len);
	struct pst_cbor_list items = pst_cbor_array(&r);
	size_t n;

	memset(out, 0, sizeof *out);
	out->kind = read_uint(&r, &items);
	item(&r, &items);
	out->id.p = pst_cbor_bytes(&r, &n);
	if (r.status || !n || n > PST_CALL_ID_MAX) {
		out->id.p = NULL;
		return -EBADMSG;
	}
	out->id.len = n;
	if (out->kind < sizeof readers / sizeof *readers && readers[out->kind])
		readers[out->kind](&r, &items, out);
	if (r.status)
		return r.status;
	return out->body_len > PST_CALL_PIECE || len - out->body_len > PST_CALL_HEAD_MAX ? PST_E_LIMIT
	                                                                                 : PST_OK;
}

static int
header_put(struct pst_map *out, const char *name, size_t name_len, const char *value, size_t len)
{
	char copy[PST_CALL_NAME_MAX + 1];

	if (!pst_call_name_good(name, name_len) || !pst_call_value_good((const uint8_t *)value, len))
		return -EBADMSG;
	memcpy(copy, name, name_len);
	copy[name_len] = '\0';
	return pst_map_put(out, copy, value, len);
}

int
pst_call_headers_read(struct pst_map *out, struct pst_reader r)
{
	struct pst_cbor_list map = pst_cbor_map(&r);
	int rc = PST_OK;

	*out = (struct pst_map){ 0 };
	while (!rc && pst_cbor_more(&r, &map)) {
		size_t name_len, len;
		const char *name = pst_cbor_text(&r, &name_len), *value = pst_cbor_text(&r, &len);

		if (r.status)
			break;
		rc = out->count == PST_CALL_HEADERS_MAX ? PST_E_LIMIT
		                                        : header_put(out, name, name_len, value, len);
	}
	return rc ? rc : r.status;
}
