#include "reassembly.h"

#include <errno.h>

/* Half the numbers: from here on a difference means older. */
#define OLDER 0x8000

/* The window moves on by so many. */
static void
window_slide(struct reassembly *r, struct partial_store *store, uint16_t by)
{
	uint16_t out = by < REASSEMBLY_WINDOW ? by : REASSEMBLY_WINDOW;

	for (uint16_t i = 0; i < REASSEMBLY_WINDOW; i++) {
		if (i < out)
			partial_drop(&r->partial[i], store);
		if (i + out < REASSEMBLY_WINDOW) {
			r->partial[i] = r->partial[i + out];
			r->done[i] = r->done[i + out];
			r->partial[i + out] = (struct partial){ 0 };
		} else {
			r->done[i] = false;
		}
	}
	r->oldest = (uint16_t)(r->oldest + by);
}

/* Another close to it has come, and none of the window's since. */
static bool
far_agreed(struct reassembly *r, uint16_t number)
{
	uint16_t apart = (uint16_t)(number - r->far + REASSEMBLY_WINDOW);

	if (r->doubted && apart <= 2 * REASSEMBLY_WINDOW)
		return true;
	r->doubted = true;
	r->far = number;
	return false;
}

/* Where the number stands in the window, which moves as far as it must; or -ESTALE. */
static int
window_at(struct reassembly *r, struct partial_store *store, uint16_t number)
{
	uint16_t ahead;

	if (!r->begun) {
		r->begun = true;
		r->oldest = number;
	}
	ahead = (uint16_t)(number - r->oldest);
	if (ahead >= OLDER || (ahead >= REASSEMBLY_FAR && !far_agreed(r, number)))
		return -ESTALE;
	r->doubted = false;
	if (ahead >= REASSEMBLY_WINDOW) {
		window_slide(r, store, ahead - (REASSEMBLY_WINDOW - 1));
		ahead = REASSEMBLY_WINDOW - 1;
	}
	return r->done[ahead] ? -ESTALE : ahead;
}

int
reassembly_take(struct reassembly *r, struct partial_store *store, const struct datagram *d,
    struct assembled *out)
{
	int at = window_at(r, store, d->number), rc;
	struct partial *partial;

	*out = (struct assembled){ 0 };
	if (at < 0)
		return at;
	partial = &r->partial[at];
	if (d->total == 1 && !d->offset && d->len && !partial->total) {
		r->done[at] = true;
		out->only = d->part;
		out->len = d->len;
		return PST_OK;
	}
	rc = partial_add(partial, store, d);
	if (!rc && partial_whole(partial)) {
		r->done[at] = true;
		out->partial = *partial;
		out->len = partial->len;
		*partial = (struct partial){ 0 };
	}
	return rc;
}

void
assembled_end(struct assembled *assembled, struct partial_store *store, uint8_t *out)
{
	if (out && assembled->only)
		memcpy(out, assembled->only, assembled->len);
	else if (out)
		partial_copy(&assembled->partial, out);
	partial_drop(&assembled->partial, store);
	*assembled = (struct assembled){ 0 };
}

bool
reassembly_shed(struct reassembly *r, struct partial_store *store)
{
	for (size_t i = 0; i < REASSEMBLY_WINDOW; i++)
		if (r->partial[i].come) {
			partial_drop(&r->partial[i], store);
			return true;
		}
	return false;
}

void
reassembly_forget(struct reassembly *r, struct partial_store *store)
{
	while (reassembly_shed(r, store))
		;
	*r = (struct reassembly){ 0 };
}
