#include "record.h"

#include <errno.h>
#include <sodium.h>

int
record_rekey(struct pst_aead *aead, uint8_t next[PST_KEY_LEN])
{
	uint8_t nonce[PST_NONCE_LEN], tag[PST_TAG_LEN];

	pst_aead_nonce(UINT64_MAX, nonce);
	memset(next, 0, PST_KEY_LEN);
	return pst_aead_seal(aead, nonce, NULL, 0, next, PST_KEY_LEN, tag);
}

/* ---- sealing ---- */

int
sealer_init(struct sealer *s, struct pst_aead *aead, const uint8_t key[PST_KEY_LEN])
{
	s->aead = aead;
	s->n = 0;
	return pst_aead_set_key(aead, key);
}

void
sealer_fini(struct sealer *s)
{
	sodium_memzero(s, sizeof *s);
}

static int
sealer_rekey(struct sealer *s)
{
	uint8_t next[PST_KEY_LEN];
	int rc = record_rekey(s->aead, next);

	if (!rc)
		rc = pst_aead_set_key(s->aead, next);
	sodium_memzero(next, sizeof next);
	return rc;
}

int
sealer_seal(struct sealer *s, struct pst_buf *buf)
{
	uint8_t nonce[PST_NONCE_LEN];
	size_t len = pst_buf_len(buf);
	uint8_t *data = buf->start;
	uint8_t *head, *tag;
	int rc;

	if (s->n == UINT64_MAX)
		return PST_E_LIMIT;
	/* before anything moves: a key may not be made anew twice */
	if (pst_buf_headroom(buf) < RECORD_NONCE || pst_buf_tailroom(buf) < PST_TAG_LEN)
		return -ENOBUFS;
	if (s->n && s->n % RECORD_PERIOD == 0) {
		rc = sealer_rekey(s);
		if (rc)
			return rc;
	}
	head = pst_buf_push(buf, RECORD_NONCE);
	tag = pst_buf_put(buf, PST_TAG_LEN);
	pst_aead_nonce(s->n, nonce);
	memcpy(head, nonce + PST_NONCE_LEN - RECORD_NONCE, RECORD_NONCE);
	rc = pst_aead_seal(s->aead, nonce, NULL, 0, data, len, tag);
	s->n++; /* spent, whatever happened */
	return rc;
}

/* ---- opening ---- */

int
opener_init(struct opener *o, struct pst_aead *aead, const uint8_t key[PST_KEY_LEN])
{
	int rc;

	memset(o, 0, sizeof *o);
	o->aead = aead;
	memcpy(o->key, key, PST_KEY_LEN);
	rc = pst_aead_new(&o->rekeyer, true);
	return rc ? rc : pst_aead_set_key(aead, key);
}

void
opener_fini(struct opener *o)
{
	pst_aead_free(&o->rekeyer);
	sodium_memzero(o, sizeof *o);
}

static bool
in_window(const struct opener *o, uint64_t n)
{
	if (n > o->highest)
		return n - o->highest <= RECORD_WINDOW;
	return o->highest - n <= RECORD_WINDOW && !(o->seen >> (o->highest - n) & 1);
}

static void
take(struct opener *o, uint64_t n)
{
	if (n > o->highest) {
		o->seen = o->seen << (n - o->highest) | 1;
		o->highest = n;
	} else {
		o->seen |= UINT64_C(1) << (o->highest - n);
	}
}

static int
next_key(struct opener *o, uint8_t next[PST_KEY_LEN])
{
	int rc = pst_aead_set_key(o->rekeyer, o->key);

	return rc ? rc : record_rekey(o->rekeyer, next);
}

/* Put the key of an epoch into the aead; `next` is used for the one to come. */
static int
load(struct opener *o, uint64_t epoch, const uint8_t next[PST_KEY_LEN])
{
	const uint8_t *key = epoch == o->epoch ? o->key : epoch < o->epoch ? o->previous : next;
	int rc;

	if (epoch == o->loaded)
		return PST_OK;
	rc = pst_aead_set_key(o->aead, key);
	/* a key that may turn out wrong is not remembered as loaded */
	o->loaded = rc || epoch > o->epoch ? UINT64_MAX : epoch;
	return rc;
}

int
opener_open(struct opener *o, struct pst_buf *buf, uint64_t *out)
{
	uint8_t nonce[PST_NONCE_LEN], next[PST_KEY_LEN] = { 0 };
	struct pst_reader r = pst_buf_reader(buf);
	uint64_t n = pst_read_be64(&r);
	uint64_t epoch = n / RECORD_PERIOD;
	size_t len;
	int rc;

	if (pst_buf_len(buf) < RECORD_OVERHEAD)
		return -EBADMSG;
	if (!in_window(o, n) || epoch > o->epoch + 1 || epoch + 1 < o->epoch)
		return PST_E_AUTH;
	rc = epoch > o->epoch ? next_key(o, next) : PST_OK;
	if (!rc)
		rc = load(o, epoch, next);
	if (rc)
		goto out;
	len = pst_buf_len(buf) - RECORD_OVERHEAD;
	pst_aead_nonce(n, nonce);
	rc = pst_aead_open(o->aead, nonce, NULL, 0, buf->start + RECORD_NONCE, len,
	    buf->start + RECORD_NONCE + len);
	if (rc)
		goto out;
	if (epoch > o->epoch) {
		memcpy(o->previous, o->key, PST_KEY_LEN);
		memcpy(o->key, next, PST_KEY_LEN);
		o->epoch = o->loaded = epoch;
	}
	take(o, n);
	*out = n;
	pst_buf_pull(buf, RECORD_NONCE);
	pst_buf_trim(buf, len);
out:
	sodium_memzero(next, sizeof next);
	return rc;
}
