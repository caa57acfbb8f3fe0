/*
 * Messages of portal/udp: opened flows, datagrams, ends.
 * Covers: modules/portal/udp/wire.c
 * Needs: modules/portal/shared/section/reason.c
 */
#include <stdlib.h>
#include <string.h>

#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* What was understood can be said again, and is understood the same. */
static void
check_again(const struct wire_message *m)
{
	struct pst_pool *pool = pst_pool_new(SIZE_MAX);
	struct pst_account *account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	struct wire_message again;
	struct pst_reader r;
	struct pst_buf buf;

	check(!pst_buf_new(&buf, pool, account, WIRE_HEAD_MAX, m->len, 0));
	if (m->len)
		memcpy(pst_buf_put(&buf, m->len), m->data, m->len);
	wire_push(&buf, m);
	r = pst_buf_reader(&buf);
	check(!wire_read(&again, &r) && !pst_reader_left(&r));
	check(again.kind == m->kind && again.flow == m->flow && again.version == m->version &&
	    again.reason == m->reason && again.len == m->len);
	check(!m->len || !memcmp(again.data, m->data, m->len));
	pst_buf_free(&buf);
	pst_account_close(&account);
	pst_pool_free(&pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_reader(data, len);
	struct wire_message m;

	if (wire_read(&m, &r) || m.kind == WIRE_UNKNOWN)
		return 0;
	check((m.kind == WIRE_OPEN || m.kind == WIRE_OPENED) == (m.version > 0));
	check((m.kind == WIRE_END) == (m.reason > 0) && (!m.reason || wire_reason_text(m.reason)));
	check(m.data ? m.data > data && m.data + m.len <= data + len : !m.len);
	check_again(&m);
	return 0;
}
