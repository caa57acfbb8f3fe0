/*
 * Datagrams of several peers in any order, held against a plain model: which
 * messages are whole, with which bytes, what is late, and what is counted.
 *
 * The first byte says how much may be kept: where that binds, only bounds are
 * looked at. Then steps of seven bytes, as long as there are some:
 *
 *     peer and time   low bits who, one of six, high bits how many seconds have passed
 *     number          the last one's, plus a signed byte; times 64 where offset's high bit is set
 *     offset, total   a byte each: 255 is the largest there is
 *     length          of the part
 *     fill, first     its bytes
 *
 * Covers: modules/transport/udp/partial.c modules/transport/udp/peers.c modules/transport/udp/reassembly.c
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PEERS 8
#define STEP 7
#define PART_MAX 8
/* Parts of one message that the model can hold. */
#define PARTS_MAX 64

static void
check(bool right)
{
	if (!right)
		abort();
}

/* ---- the model: a table of all numbers ---- */

struct message {
	bool done;
	uint16_t total;
	int part_len; /* -1: not known */
	uint16_t come;
	struct {
		uint16_t offset;
		uint16_t len;
		uint8_t bytes[PART_MAX];
	} part[PARTS_MAX]; /* in the order they came */
};

struct model {
	uint64_t taken_ms;
	struct model_window {
		bool begun;
		uint16_t oldest;
		struct message message[REASSEMBLY_WINDOW];
	} window[REASSEMBLY_WINDOWS];
	size_t last; /* the one that was used */
};

static struct model models[PEERS];

static void
message_reset(struct message *m)
{
	m->done = false;
	m->total = m->come = 0;
	m->part_len = -1;
}

static void
window_reset(struct model_window *w)
{
	w->begun = false;
	for (size_t i = 0; i < REASSEMBLY_WINDOW; i++)
		message_reset(&w->message[i]);
}

static void
model_reset(struct model *model)
{
	model->taken_ms = 0;
	model->last = 0;
	for (size_t i = 0; i < REASSEMBLY_WINDOWS; i++)
		window_reset(&model->window[i]);
}

/* Which of the parts has that offset; as many as there are: none. */
static uint16_t
part_of(const struct message *m, uint16_t offset)
{
	uint16_t i = 0;

	while (i < m->come && m->part[i].offset != offset)
		i++;
	return i;
}

/* -1: refused; 0: kept, or there; 1: whole; 2: the model has no more room. */
static int
message_add(struct message *m, const struct datagram *d)
{
	bool last = d->offset + 1 == d->total;
	uint16_t i = part_of(m, d->offset);

	if (!d->total || d->offset >= d->total || (m->total && m->total != d->total))
		return -1;
	if (!d->len && (!last || d->total == 1))
		return -1;
	if (i < m->come)
		return m->part[i].len == d->len && !memcmp(m->part[i].bytes, d->part, d->len) ? 0 : -1;
	if (!last && m->part_len >= 0 && (size_t)m->part_len != d->len)
		return -1;
	if (i == PARTS_MAX)
		return 2;
	m->total = d->total;
	if (!last)
		m->part_len = (int)d->len;
	m->part[i].offset = d->offset;
	m->part[i].len = (uint16_t)d->len;
	memcpy(m->part[i].bytes, d->part, d->len);
	return ++m->come == m->total;
}

static void
check_whole(const struct message *m, struct assembled *out, struct partial_store *store)
{
	uint8_t ours[PARTS_MAX * PART_MAX], theirs[PARTS_MAX * PART_MAX];
	size_t at = 0;

	for (uint16_t offset = 0; offset < m->total; offset++) {
		uint16_t i = part_of(m, offset);

		memcpy(ours + at, m->part[i].bytes, m->part[i].len);
		at += m->part[i].len;
	}
	check(out->len == at);
	assembled_end(out, store, theirs);
	check(!memcmp(ours, theirs, at));
}

static void
window_slide(struct model_window *w, uint16_t by)
{
	while (by--) {
		memmove(w->message, w->message + 1, sizeof w->message - sizeof *w->message);
		message_reset(&w->message[REASSEMBLY_WINDOW - 1]);
		w->oldest++;
	}
}

/* How far the number is from the window's oldest: from -32768 on, and INT_MAX where there is none. */
static int
apart(const struct model_window *w, uint16_t number)
{
	return w->begun ? (int16_t)(number - w->oldest) : INT_MAX;
}

/* The window of the number; NULL: it is late. */
static struct model_window *
model_window(struct model *model, uint16_t number)
{
	static const int reach[] = { REASSEMBLY_WINDOW, REASSEMBLY_FAR };
	struct model_window *w[] = { &model->window[model->last], &model->window[!model->last] };

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 2; j++)
			if (apart(w[j], number) >= 0 && apart(w[j], number) < reach[i])
				return w[j];
	for (size_t j = 0; j < 2; j++)
		if (apart(w[j], number) < 0 && apart(w[j], number) >= -REASSEMBLY_FAR)
			return NULL;
	window_reset(w[1]);
	w[1]->begun = true;
	w[1]->oldest = number;
	return w[1];
}

/* False: the model is at its end. */
static bool
model_take(struct model *model, uint64_t now_ms, const struct datagram *d, int rc,
    struct assembled *out, struct partial_store *store)
{
	struct model_window *w;
	struct message *m;
	int ahead, become;

	if (now_ms - model->taken_ms >= PEERS_QUIET_MS)
		model_reset(model);
	w = model_window(model, d->number);
	if (!w) {
		check(rc == -ESTALE);
		return true;
	}
	model->last = (size_t)(w - model->window);
	ahead = apart(w, d->number);
	if (ahead > REASSEMBLY_WINDOW - 1) {
		window_slide(w, (uint16_t)(ahead - (REASSEMBLY_WINDOW - 1)));
		ahead = REASSEMBLY_WINDOW - 1;
	}
	m = &w->message[ahead];
	if (m->done) {
		check(rc == -ESTALE);
		return true;
	}
	model->taken_ms = now_ms;
	become = message_add(m, d);
	if (become == 2)
		return false;
	check(rc == (become < 0 ? -EBADMSG : PST_OK));
	check(!out->len == (become < 1));
	if (become == 1)
		check_whole(m, out, store);
	if (become)
		message_reset(m);
	m->done = become == 1;
	return true;
}

static size_t
model_used(void)
{
	size_t used = 0;

	for (size_t p = 0; p < PEERS; p++)
		for (size_t w = 0; w < REASSEMBLY_WINDOWS * REASSEMBLY_WINDOW; w++) {
			const struct message *m = &models[p].window[w / REASSEMBLY_WINDOW].message[w % REASSEMBLY_WINDOW];

			for (uint16_t i = 0; i < m->come; i++)
				used += partial_cost(m->part[i].len);
		}
	return used;
}

/* ---- the steps ---- */

static struct datagram
step_read(const uint8_t *p, uint16_t *number, uint8_t part[PART_MAX])
{
	struct datagram d = { .part = part };

	*number = (uint16_t)(*number + (int8_t)p[1] * (p[2] & 0x80 ? 64 : 1));
	d.number = *number;
	d.offset = p[2] == 255 ? 65534 : p[2] & 0x7f;
	d.total = p[3] == 255 ? 65535 : p[3];
	d.len = p[4] % (PART_MAX + 1);
	memset(part, p[5], PART_MAX);
	part[0] = p[6];
	return d;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct peers peers = { .most = PEERS, .store.limit = 1024 * 1024 };
	uint16_t number = 0;
	uint64_t now_ms = PEERS_QUIET_MS;
	bool modelled;

	if (!len)
		return 0;
	modelled = *data >= 0x80;
	if (!modelled) {
		peers.most = 1 + (*data & 3);
		peers.store.limit = *data * 8;
	}
	for (size_t i = 0; i < PEERS; i++)
		model_reset(&models[i]);
	for (data++, len--; len >= STEP; data += STEP, len -= STEP) {
		struct sockaddr_storage from = { .ss_family = *data & 1 ? AF_INET : AF_INET6 };
		uint8_t part[PART_MAX], who = *data & (*data & 1 ? 3 : 7); /* only IPv6 has interfaces */
		struct datagram d = step_read(data, &number, part);
		struct assembled out;
		int rc;

		((struct sockaddr_in *)&from)->sin_port = who & 2;
		((struct sockaddr_in6 *)&from)->sin6_scope_id = who & 4;
		now_ms += (uint64_t)(*data >> 4) * 1000;
		rc = peers_take(&peers, &from, now_ms, &d, &out);
		check(peers.store.used <= peers.store.limit && peers.count <= peers.most);
		if (modelled &&
		    !model_take(&models[who], now_ms, &d, rc, &out, &peers.store))
			modelled = false; /* the model has no room for more */
		check(!out.len || !rc);
		assembled_end(&out, &peers.store, NULL);
		check(!modelled || peers.store.used == model_used());
	}
	peers_fini(&peers);
	check(!peers.store.used && !peers.tree);
	return 0;
}
