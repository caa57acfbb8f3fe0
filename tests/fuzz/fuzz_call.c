/*
 * Messages of function calls, of both directions: what is taken is written anew and taken the same.
 * Covers: core/call/message.c core/call/message_write.c
 * Needs: core/call/map.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/utf8.h>

#include "call/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LEN_MAX 8192

static struct pst_pool *pool;
static struct pst_account *account;

static void
check(bool right)
{
	if (!right)
		abort();
}

static char *
text_copy(const struct pst_call_text *text)
{
	char *copy = malloc(text->len + 1);

	check(pst_utf8_plain((const uint8_t *)text->p, text->len));
	memcpy(copy, text->p, text->len);
	copy[text->len] = '\0';
	return copy;
}

static bool
same(const struct pst_call_text *a, const struct pst_call_text *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->p, b->p, a->len));
}

static bool
maps_same(const struct pst_map *a, const struct pst_map *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (strcmp(a->items[i].name, b->items[i].name) || a->items[i].len != b->items[i].len ||
		    memcmp(a->items[i].value, b->items[i].value, a->items[i].len))
			return false;
	return a->count == b->count;
}

/* What both have, whatever the kind. */
static void
check_same(const struct pst_call_message *m, const uint8_t *data, size_t len,
    const struct pst_map *headers)
{
	struct pst_call_message again;
	struct pst_map map = { 0 };

	check(!pst_call_message_read(&again, data, len));
	check(again.kind == m->kind && again.id.len == m->id.len &&
	    !memcmp(again.id.p, m->id.p, m->id.len));
	check(same(&again.method, &m->method) && same(&again.resource, &m->resource));
	check(again.deadline_ms == m->deadline_ms && again.grant == m->grant &&
	    again.status == m->status && again.started == m->started);
	check(again.body_len == m->body_len &&
	    (!m->body_len || !memcmp(again.body, m->body, m->body_len)));
	check(!memcmp(&again.load, &m->load, sizeof m->load));
	if (headers)
		check(!pst_call_headers_read(&map, again.headers) && maps_same(&map, headers));
	pst_map_fini(&map);
}

/* As little room in front as there may be: then the bytes move. */
static struct pst_buf
body_of(const struct pst_call_message *m)
{
	struct pst_buf body;

	check(!pst_buf_new(&body, pool, account, m->flags % 2 ? 600 : 0, m->body_len, 0));
	memcpy(pst_buf_put(&body, m->body_len), m->body, m->body_len);
	return body;
}

static void
check_call(const struct pst_call_message *m, const struct pst_map *headers)
{
	char *method = text_copy(&m->method), *resource = text_copy(&m->resource);
	const struct pst_call_head head = {
		.method = method, .resource = resource, .headers = headers, .deadline_ms = m->deadline_ms,
	};
	struct pst_buf body = body_of(m);

	check(!pst_call_push_call(&body, &m->id, &head, (unsigned)m->flags & 7));
	check(pst_buf_len(&body) - m->body_len <= pst_call_head_room(&head));
	check_same(m, body.start, pst_buf_len(&body), headers);
	pst_buf_free(&body);
	free(method);
	free(resource);
}

static void
check_answer(const struct pst_call_message *m, const struct pst_map *headers)
{
	struct pst_buf body = body_of(m);

	check(!pst_call_push_answer(&body, &m->id, m->status, headers, (unsigned)m->flags & 7));
	check(pst_buf_len(&body) - m->body_len <= pst_call_answer_room(headers));
	check_same(m, body.start, pst_buf_len(&body), headers);
	pst_buf_free(&body);
}

static void
check_piece(const struct pst_call_message *m)
{
	struct pst_buf body = body_of(m);

	check(!pst_call_push_piece(&body, &m->id, (unsigned)m->flags & 7));
	check(pst_buf_len(&body) - m->body_len <= PST_CALL_PIECE_ROOM);
	check_same(m, body.start, pst_buf_len(&body), NULL);
	pst_buf_free(&body);
}

/* A text that is too long is cut, and the code may be one that is not known. */
static void
check_failure(const struct pst_call_message *m, struct pst_writer *w)
{
	char *text = text_copy(&m->text);
	const struct pst_call_failure failure = {
		.code = pst_call_code_read(&m->code), .text = text, .started = m->started,
	};
	struct pst_call_message again;

	pst_call_write_failure(w, &m->id, &failure);
	check(!w->status && !pst_call_message_read(&again, w->start, pst_writer_len(w)));
	check(pst_call_code_read(&again.code) == failure.code && again.started == m->started);
	check(again.text.len <= m->text.len && !memcmp(again.text.p, text, again.text.len));
	check(m->text.len > PST_CALL_TEXT_MAX || again.text.len == m->text.len);
	free(text);
}

static void
check_short(const struct pst_call_message *m)
{
	uint8_t bytes[PST_CALL_SHORT_MAX];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);

	if (m->kind == PST_CALL_KIND_FAILURE) {
		check_failure(m, &w);
		return;
	}
	if (m->kind == PST_CALL_KIND_CANCEL)
		pst_call_write_cancel(&w, &m->id);
	else if (m->kind == PST_CALL_KIND_GRANT)
		pst_call_write_grant(&w, &m->id, m->grant);
	else if (m->kind == PST_CALL_KIND_PROBE)
		pst_call_write_probe(&w, &m->id);
	else if (m->kind == PST_CALL_KIND_LOAD)
		pst_call_write_load(&w, &m->id, &m->load);
	else
		return;
	check(!w.status);
	check_same(m, bytes, pst_writer_len(&w), NULL);
}

/* Headers that no message may have are not written either. */
static void
check_strange(const uint8_t *data, size_t len)
{
	struct pst_map map = { 0 };
	struct pst_call_id id = { (const uint8_t *)"7", 1 };
	struct pst_buf body;
	char name[16] = "";
	size_t n = len < sizeof name ? len : sizeof name - 1;
	bool good;

	memcpy(name, data, n);
	n = strlen(name);
	good = pst_call_name_good(name, n) && pst_call_value_good(data + n, len - n);
	check(!pst_map_put(&map, name, data + n, len - n));
	check(!pst_buf_new(&body, pool, account, 0, 0, 0));
	check(!pst_call_push_answer(&body, &id, 200, &map, 0) == good);
	pst_buf_free(&body);
	pst_map_fini(&map);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_call_message m;
	struct pst_map headers = { 0 };
	bool good = true;

	if (len > LEN_MAX)
		return 0;
	if (!pool) {
		pool = pst_pool_new(SIZE_MAX);
		account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	}
	check_strange(data, len);
	if (pst_call_message_read(&m, data, len))
		return 0;
	check(m.id.p && m.id.len >= 1 && m.id.len <= PST_CALL_ID_MAX);
	if (m.kind == PST_CALL_KIND_CALL || m.kind == PST_CALL_KIND_ANSWER)
		good = !pst_call_headers_read(&headers, m.headers);
	if (good && m.kind == PST_CALL_KIND_CALL)
		check_call(&m, &headers);
	else if (good && m.kind == PST_CALL_KIND_ANSWER)
		check_answer(&m, &headers);
	else if (m.kind == PST_CALL_KIND_PIECE)
		check_piece(&m);
	else
		check_short(&m);
	pst_map_fini(&headers);
	return 0;
}
