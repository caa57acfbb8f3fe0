/* Writing the messages of calls. */
#include "call/message.h"

#include <errno.h>
#include <string.h>

#include <postern/utf8.h>

static void
write_start(struct pst_writer *w, unsigned items, enum pst_call_kind kind,
    const struct pst_call_id *id)
{
	pst_cbor_write_array(w, items);
	pst_cbor_write_uint(w, kind);
	pst_cbor_write_bytes(w, id->p, id->len);
}

static size_t
text_len(size_t n)
{
	return pst_cbor_head_len(n) + n;
}

static size_t
headers_len(const struct pst_map *headers)
{
	size_t n = pst_cbor_head_len(headers ? headers->count : 0);

	for (size_t i = 0; headers && i < headers->count; i++)
		n += text_len(strlen(headers->items[i].name)) + text_len(headers->items[i].len);
	return n;
}

static void
write_headers(struct pst_writer *w, const struct pst_map *headers)
{
	pst_cbor_write_map(w, headers ? headers->count : 0);
	for (size_t i = 0; headers && i < headers->count; i++) {
		const struct pst_map_item *h = &headers->items[i];

		pst_cbor_write_text(w, h->name, strlen(h->name));
		pst_cbor_write_text(w, (const char *)h->value, h->len);
	}
}

/* Array, kind, an id, flags, and the head of the body. */
static size_t
frame_len(const struct pst_call_id *id, unsigned flags, size_t body_len)
{
	return 2 + text_len(id->len) + pst_cbor_head_len(flags) + pst_cbor_head_len(body_len);
}

static const struct pst_call_id longest = { NULL, PST_CALL_ID_MAX };

size_t
pst_call_head_room(const struct pst_call_head *head)
{
	return frame_len(&longest, UINT8_MAX, PST_CALL_PIECE) + text_len(strlen(head->method)) +
	    text_len(strlen(head->resource)) + headers_len(head->headers) +
	    pst_cbor_head_len(head->deadline_ms);
}

size_t
pst_call_answer_room(const struct pst_map *headers)
{
	return frame_len(&longest, UINT8_MAX, PST_CALL_PIECE) + pst_cbor_head_len(UINT16_MAX) +
	    headers_len(headers);
}

static int
headers_check(const struct pst_map *headers)
{
	if (!headers)
		return PST_OK;
	if (headers->count > PST_CALL_HEADERS_MAX)
		return PST_E_LIMIT;
	for (size_t i = 0; i < headers->count; i++) {
		const struct pst_map_item *h = &headers->items[i];

		if (!pst_call_name_good(h->name, strlen(h->name)) || !pst_call_value_good(h->value, h->len))
			return -EINVAL;
	}
	return PST_OK;
}

/* A writer for n bytes in front of the body. */
static int
push(struct pst_writer *w, struct pst_buf *body, size_t n)
{
	int rc = n > PST_CALL_HEAD_MAX ? PST_E_LIMIT : PST_OK;

	if (!rc && pst_buf_headroom(body) < n)
		rc = pst_buf_reserve(body, n + PST_RX_HEADROOM, PST_RX_TAILROOM);
	if (!rc)
		*w = pst_writer(pst_buf_push(body, n), n);
	return rc;
}

int
pst_call_push_call(struct pst_buf *body, const struct pst_call_id *id,
    const struct pst_call_head *head, unsigned flags)
{
	size_t method = strlen(head->method), resource = strlen(head->resource);
	size_t len = pst_buf_len(body);
	struct pst_writer w;
	int rc = headers_check(head->headers);

	if (!rc && (!pst_utf8_plain((const uint8_t *)head->method, method) ||
	               !pst_utf8_plain((const uint8_t *)head->resource, resource)))
		rc = -EINVAL;
	if (!rc)
		rc = push(&w, body, frame_len(id, flags, len) + text_len(method) + text_len(resource) +
		                        headers_len(head->headers) + pst_cbor_head_len(head->deadline_ms));
	if (rc)
		return rc;
	write_start(&w, 8, PST_CALL_KIND_CALL, id);
	pst_cbor_write_text(&w, head->method, method);
	pst_cbor_write_text(&w, head->resource, resource);
	write_headers(&w, head->headers);
	pst_cbor_write_uint(&w, head->deadline_ms);
	pst_cbor_write_uint(&w, flags);
	pst_cbor_write_bytes_head(&w, len);
	return w.status;
}

int
pst_call_push_piece(struct pst_buf *body, const struct pst_call_id *id, unsigned flags)
{
	size_t len = pst_buf_len(body);
	struct pst_writer w;
	int rc = push(&w, body, frame_len(id, flags, len));

	if (rc)
		return rc;
	write_start(&w, 4, PST_CALL_KIND_PIECE, id);
	pst_cbor_write_uint(&w, flags);
	pst_cbor_write_bytes_head(&w, len);
	return w.status;
}

int
pst_call_push_answer(struct pst_buf *body, const struct pst_call_id *id, unsigned status,
    const struct pst_map *headers, unsigned flags)
{
	size_t len = pst_buf_len(body);
	struct pst_writer w;
	int rc = status < 100 || status > 999 ? -EINVAL : headers_check(headers);

	if (!rc)
		rc = push(&w, body, frame_len(id, flags, len) + pst_cbor_head_len(status) +
		                        headers_len(headers));
	if (rc)
		return rc;
	write_start(&w, 6, PST_CALL_KIND_ANSWER, id);
	pst_cbor_write_uint(&w, status);
	write_headers(&w, headers);
	pst_cbor_write_uint(&w, flags);
	pst_cbor_write_bytes_head(&w, len);
	return w.status;
}

/* As much of a sentence as is text, and fits. */
static size_t
plain_len(const char *text)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + strnlen(text, PST_CALL_TEXT_MAX);
	size_t n;

	while (p < end && (n = pst_utf8_len(p, (size_t)(end - p))) && !pst_utf8_control(p))
		p += n;
	return (size_t)(p - (const uint8_t *)text);
}

void
pst_call_write_failure(struct pst_writer *w, const struct pst_call_id *id,
    const struct pst_call_failure *failure)
{
	const char *code = pst_call_code_text(failure->code);

	write_start(w, 6, PST_CALL_KIND_FAILURE, id);
	pst_cbor_write_text(w, code, strlen(code));
	pst_cbor_write_text(w, failure->text, plain_len(failure->text));
	pst_cbor_write_uint(w, failure->retry_after_ms);
	pst_cbor_write_bool(w, failure->started);
}

void
pst_call_write_cancel(struct pst_writer *w, const struct pst_call_id *id)
{
	write_start(w, 2, PST_CALL_KIND_CANCEL, id);
}

void
pst_call_write_grant(struct pst_writer *w, const struct pst_call_id *id, uint64_t bytes)
{
	write_start(w, 3, PST_CALL_KIND_GRANT, id);
	pst_cbor_write_uint(w, bytes);
}

void
pst_call_write_probe(struct pst_writer *w, const struct pst_call_id *id)
{
	write_start(w, 2, PST_CALL_KIND_PROBE, id);
}

void
pst_call_write_load(struct pst_writer *w, const struct pst_call_id *id,
    const struct pst_call_load *load)
{
	write_start(w, 6, PST_CALL_KIND_LOAD, id);
	pst_cbor_write_uint(w, load->running);
	pst_cbor_write_uint(w, load->queued);
	pst_cbor_write_uint(w, load->capacity);
	pst_cbor_write_bytes(w, load->version, sizeof load->version);
}
