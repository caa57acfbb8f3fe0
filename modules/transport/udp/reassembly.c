#include "reassembly.h"

#include <errno.h>

/* The window moves on by so many. */
static void
window_slide(struct window *w, struct partial_store *store, uint16_t by)
{
	uint16_t out = by < REASSEMBLY_WINDOW ? by : REASSEMBLY_WINDOW;

	for (uint16_t i = 0; i < REASSEMBLY_WINDOW; i++) {
		if (i < out)
			partial_drop(&w->partial[i], store);
		if (i + out < REASSEMBLY_WINDOW) {
			w->partial[i] = w->partial[i + out];
			w->done[i] = w->done[i + out];
			w->partial[i + out] = (struct partial){ 0 };
		} else {
			w->done[i] = false;
		}
	}
	w->oldest = (uint16_t)(w->oldest + by);
}

static bool
window_shed(struct window *w, struct partial_store *store)
{
	for (size_t i = 0; i < REASSEMBLY_WINDOW; i++)
		if (w->partial[i].come) {
			partial_drop(&w->partial[i], store);
			return true;
		}
	return false;
}

/* A window that has the number between so many below its oldest and so many above. */
static struct window *
window_find(struct reassembly *r, uint16_t number, uint16_t below, uint16_t above)
{
	for (size_t i = 0; i < REASSEMBLY_WINDOWS; i++)
		if (r->window[i].begun && (uint16_t)(number - r->window[i].oldest + below) < below + above)
			return &r->window[i];
	return NULL;
}

/* The number's window, which is the first from here on; NULL: it is late. */
static struct window *
window_of(struct reassembly *r, struct partial_store *store, uint16_t number)
{
	struct window *w = window_find(r, number, 0, REASSEMBLY_WINDOW), *first = r->window, moved;

	if (!w)
		w = window_find(r, number, 0, REASSEMBLY_FAR);
	if (!w && window_find(r, number, REASSEMBLY_FAR, 0))
		return NULL;
	if (!w) {
		w = &r->window[REASSEMBLY_WINDOWS - 1];
		while (window_shed(w, store))
			;
		*w = (struct window){ .begun = true, .oldest = number };
	}
	moved = *w;
	*w = *first;
	*first = moved;
	return first;
}

/* Where the number stands in its window, which moves as far as it must; or -ESTALE. */
static int
window_at(struct window *w, struct partial_store *store, uint16_t number)
{
	uint16_t ahead = (uint16_t)(number - w->oldest);

	if (ahead >= REASSEMBLY_WINDOW) {
		window_slide(w, store, ahead - (REASSEMBLY_WINDOW - 1));
		ahead = REASSEMBLY_WINDOW - 1;
	}
	return w->done[ahead] ? -ESTALE : ahead;
}

int
reassembly_take(struct reassembly *r, struct partial_store *store, const struct datagram *d,
    struct assembled *out)
{
	struct window *w = window_of(r, store, d->number);
	int at = w ? window_at(w, store, d->number) : -ESTALE, rc;
	struct partial *partial;

	*out = (struct assembled){ 0 };
	if (at < 0)
		return at;
	partial = &w->partial[at];
	if (d->total == 1 && !d->offset && d->len && !partial->total) {
		w->done[at] = true;
		out->only = d->part;
		out->len = d->len;
		return PST_OK;
	}
	rc = partial_add(partial, store, d);
	if (!rc && partial_whole(partial)) {
		w->done[at] = true;
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
	return window_shed(&r->window[1], store) || window_shed(&r->window[0], store);
}

void
reassembly_forget(struct reassembly *r, struct partial_store *store)
{
	while (reassembly_shed(r, store))
		;
	*r = (struct reassembly){ 0 };
}
