#include "quic_trains.h"

#include <errno.h>
#include <stdlib.h>

int
quic_trains_held(struct quic_pipe *p)
{
	int rc = p->held ? socket_train(p->socket, p->held) : PST_OK;

	if (!rc) {
		free(p->held);
		p->held = NULL;
	}
	return rc;
}

/* Keep what the kernel did not take, until it is writable. */
static int
train_go(struct quic_pipe *p, struct train *train)
{
	int rc = train->end ? socket_train(p->socket, train) : PST_OK;

	if (rc != -EAGAIN)
		return rc;
	p->held = malloc(sizeof *p->held);
	if (p->held) /* else that much is lost, as on the way */
		memcpy(p->held, train, sizeof *train);
	return rc;
}

/* The next datagram begins a train. */
void
quic_train_begin(struct train *t, const struct quic_path *path, size_t len, size_t fits)
{
	t->to = path->theirs;
	t->from = path->ours;
	t->first = 0;
	t->end = t->segment = len;
	t->whole = len > fits;
}

static bool
same_way(const struct train *t, const struct quic_path *path)
{
	return !peers_order(&t->to, &path->theirs) && !peers_order(&t->from, &path->ours);
}

static bool
train_full(const struct train *t)
{
	return t->end >= TRAIN_COUNT * t->segment || sizeof t->bytes - t->end < QUIC_DATAGRAM_MAX;
}

/*
 * Whatever there is to send, in trains: datagrams as long as may be, of one
 * way, and a shorter one that ends it. Others are trains of their own.
 */
int
quic_trains_go(struct quic_pipe *p, uint64_t now)
{
	struct train *t = p->scratch;
	size_t fits = quic_conn_fits(&p->conn);
	ssize_t len = 1;
	int rc = PST_OK;

	t->end = 0;
	while (!rc && len > 0) {
		struct quic_path path = { 0 };
		uint8_t *at = t->bytes + t->end;

		len = quic_conn_write(&p->conn, at, QUIC_DATAGRAM_MAX, &path, now);
		if (len > 0 && t->end && ((size_t)len > t->segment || !same_way(t, &path))) {
			rc = train_go(p, t);
			memmove(t->bytes, at, (size_t)len);
			t->end = 0;
		}
		if (len > 0 && !t->end)
			quic_train_begin(t, &path, (size_t)len, fits);
		else if (len > 0)
			t->end += (size_t)len;
		if (!rc && t->end && (t->segment != fits || (size_t)len != fits || train_full(t))) {
			rc = train_go(p, t);
			t->end = 0;
		}
	}
	return rc ? rc : (int)len;
}
