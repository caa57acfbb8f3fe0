/*
 * Records of one direction, as a peer with the right keys sends them, in any
 * order, altered, cut or again: each is taken once, while it is in the window.
 *
 * Four bytes are a record: where its number lies from the highest that was
 * taken, what is done to it, its length. An opener that refuses stays as it is.
 * Covers: modules/channel/noise/record.c
 */
#include <stdlib.h>
#include <string.h>

#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NUMBERS 4096 /* that are tried, from 0 */

enum deed { SEND, ALTER, CUT, DEEDS };

struct direction {
	struct pst_pool *pool;
	struct pst_account *account;
	struct pst_aead *seal, *open;
	struct opener opener;
	uint64_t highest;
	bool taken[NUMBERS];
};

static void
check(bool right)
{
	if (!right)
		abort();
}

/* The sealer as it is before record n, which may begin an epoch. */
static void
sealer_at(struct sealer *s, struct pst_aead *aead, uint64_t n)
{
	uint8_t key[PST_KEY_LEN] = { 7 };

	check(!pst_aead_set_key(aead, key));
	for (uint64_t epoch = 0; n && epoch < (n - 1) / RECORD_PERIOD; epoch++) {
		check(!record_rekey(aead, key));
		check(!pst_aead_set_key(aead, key));
	}
	check(!sealer_init(s, aead, key));
	s->n = n;
}

/* Without room, and when its numbers are used up; it stays as it is. */
static bool
sealer_refuses(struct sealer s, struct pst_buf buf)
{
	uint64_t n = s.n;
	bool refused = sealer_seal(&s, &(struct pst_buf){ buf.block, buf.start, buf.end, buf.end }) &&
	    s.n == n;

	s.n = UINT64_MAX;
	refused &= sealer_seal(&s, &buf) == PST_E_LIMIT;
	sealer_fini(&s);
	return refused;
}

static bool
acceptable(const struct direction *d, uint64_t n)
{
	uint64_t epoch = n / RECORD_PERIOD, now = d->highest / RECORD_PERIOD;

	if (n > d->highest)
		return n - d->highest <= RECORD_WINDOW && epoch <= now + 1;
	return d->highest - n <= RECORD_WINDOW && !d->taken[n];
}

static void
deliver(struct direction *d, uint64_t n, enum deed deed, uint8_t where, size_t len)
{
	bool right = deed == SEND && acceptable(d, n);
	uint8_t plain[UINT8_MAX];
	struct sealer sealer;
	struct pst_buf buf;
	uint64_t got;
	int rc;

	memset(plain, (int)n, sizeof plain);
	check(!pst_buf_new(&buf, d->pool, d->account, RECORD_NONCE, len, PST_TAG_LEN));
	memcpy(pst_buf_put(&buf, len), plain, len);
	sealer_at(&sealer, d->seal, n);
	check(sealer_refuses(sealer, buf));
	check(!sealer_seal(&sealer, &buf) && sealer.n == n + 1);
	if (deed == ALTER)
		buf.start[where % pst_buf_len(&buf)] ^= (uint8_t)(1 + where / 2);
	else if (deed == CUT)
		buf.end -= 1 + where % pst_buf_len(&buf);
	rc = opener_open(&d->opener, &buf, &got);
	check(!rc == right);
	if (!rc) {
		check(got == n && pst_buf_len(&buf) == len && !memcmp(buf.start, plain, len));
		d->taken[n] = true;
		d->highest = n > d->highest ? n : d->highest;
	}
	pst_buf_free(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_reader(data, len);
	struct direction d = { .highest = 0 };
	const uint8_t key[PST_KEY_LEN] = { 7 };

	d.pool = pst_pool_new(SIZE_MAX);
	d.account = pst_account_new(d.pool, SIZE_MAX, NULL, NULL);
	check(!pst_aead_new(&d.seal, true) && !pst_aead_new(&d.open, false));
	check(!opener_init(&d.opener, d.open, key));
	while (pst_reader_left(&r) >= 4) {
		int64_t n = (int64_t)d.highest + (int8_t)pst_read_u8(&r);
		enum deed deed = pst_read_u8(&r) % DEEDS;
		uint8_t where = pst_read_u8(&r);
		size_t length = pst_read_u8(&r);

		if (n >= 0 && n < NUMBERS)
			deliver(&d, (uint64_t)n, deed, where, length);
	}
	opener_fini(&d.opener);
	pst_aead_free(&d.seal);
	pst_aead_free(&d.open);
	pst_account_close(&d.account);
	pst_pool_free(&d.pool);
	return 0;
}
