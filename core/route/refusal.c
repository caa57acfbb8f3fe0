#include <postern/refusal.h>

#include <string.h>

#include <postern/cbor.h>

/* Of portals: "PST", format 1, in front of what Ockam does not know. */
static const uint8_t offer[] = { 0x50, 0x53, 0x54, 0x01 };

enum {
	PING = 0,
	PONG = 1,
	DISCONNECT = 2,
	ITEM_REASON = 4,
	FLOW_OPEN = 0,
	FLOW_END = 3,
};

const char *
pst_refusal_text(enum pst_refusal why)
{
	return why == PST_REFUSAL_KIND ? "the outlet is of the other kind, tcp or udp" : "there is no such outlet";
}

/* ---- a Ping ---- */

static void
disconnect_write(struct pst_writer *w, enum pst_refusal why)
{
	const char *text = pst_refusal_text(why);
	size_t len = strlen(text);

	pst_write_bytes(w, offer, sizeof offer);
	pst_write_uvarint(w, ITEM_REASON);
	pst_write_uvarint(w, 2 + len); /* both numbers are below 128 */
	pst_write_uvarint(w, why);
	pst_write_data(w, text, len);
}

/* Ockam's is one byte, which at an address that nobody has may be anything. */
static bool
ping_answer(struct pst_writer *w, struct pst_reader *r, enum pst_refusal why, bool *pong)
{
	const uint8_t *prefix;

	if (pst_read_u8(r) != PING || r->status)
		return false;
	*pong = pst_reader_left(r) == 0;
	prefix = *pong ? NULL : pst_read_bytes(r, sizeof offer);
	if (*pong ? why == PST_REFUSAL_NOBODY : !prefix || memcmp(prefix, offer, sizeof offer) != 0)
		return false;
	pst_write_u8(w, DISCONNECT);
	if (!*pong)
		disconnect_write(w, why);
	return true;
}

/* ---- a flow ---- */

static bool
flow_answer(struct pst_writer *w, struct pst_reader *r, enum pst_refusal why)
{
	struct pst_cbor_list list = pst_cbor_array(r);
	uint64_t kind, flow, version;
	size_t len;

	kind = pst_cbor_more(r, &list) ? pst_cbor_uint(r) : UINT64_MAX;
	flow = pst_cbor_more(r, &list) ? pst_cbor_uint(r) : 0;
	version = pst_cbor_more(r, &list) ? pst_cbor_uint(r) : 0;
	if (!pst_cbor_more(r, &list))
		return false;
	pst_cbor_bytes(r, &len);
	pst_cbor_leave(r, &list);
	if (r->status || kind != FLOW_OPEN || !version)
		return false;
	pst_cbor_write_array(w, 3);
	pst_cbor_write_uint(w, FLOW_END);
	pst_cbor_write_uint(w, flow);
	pst_cbor_write_uint(w, why);
	return true;
}

size_t
pst_refusal_write(uint8_t out[static PST_REFUSAL_MAX], struct pst_reader *first, enum pst_refusal why,
    bool *pong)
{
	struct pst_writer w = pst_writer(out, PST_REFUSAL_MAX);
	struct pst_reader again = *first;

	*pong = false;
	return ping_answer(&w, first, why, pong) || flow_answer(&w, &again, why) ? pst_writer_len(&w) : 0;
}

/* ---- saying it ---- */

static bool
say(struct pst_env *env, const struct pst_message *m, const uint8_t *bytes, size_t len)
{
	const struct pst_route nowhere = PST_ROUTE_EMPTY;
	struct pst_buf buf;

	if (pst_env_buf(&buf, env, bytes, len, PST_RX_HEADROOM, PST_RX_TAILROOM))
		return false;
	pst_buf_charge(&buf, pst_buf_account(&m->payload));
	return pst_send(pst_env_router(env), &m->back, &nowhere, &buf) == PST_OK;
}

bool
pst_refuse(struct pst_env *env, const struct pst_message *m, enum pst_refusal why)
{
	struct pst_reader r = pst_buf_reader(&m->payload);
	uint8_t answer[PST_REFUSAL_MAX], first = PONG;
	bool pong;
	size_t len;

	if (!m->from || !m->from->peer || m->onward.hops != 1 || !m->back.hops ||
	    (why == PST_REFUSAL_NOBODY && !pst_env_extensions(env)) || pst_pool_over(pst_env_pool(env)))
		return false;
	len = pst_refusal_write(answer, &r, why, &pong);
	if (!len || (pong && !say(env, m, &first, 1)))
		return false;
	return say(env, m, answer, len);
}
