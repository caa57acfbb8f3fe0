/* Links, and letters by them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transport.h"

/* What comes in the same turns of the loop has come. */
#define STILL 300

/* ---- links ---- */

static void
near_up(void *arg, struct pst_link *link)
{
	struct near *near = arg;

	near->up = near->link == link;
	near->settled = true;
	near->events++;
}

static void
near_lost(void *arg, int rc)
{
	struct near *near = arg;

	near->link = NULL;
	near->over = near->settled = true;
	near->rc = rc;
	near->events++;
}

static const struct pst_link_events near_events = {
	.up = near_up,
	.lost = near_lost,
};

void
near_begin(struct near *near, struct transport_kit *kit, const char *host, uint16_t port)
{
	int rc;

	*near = (struct near){ .kit = kit };
	rc = kit->ops->connect(&near->link, kit->c->self, host, port, &near_events, near);
	if (rc || near->events)
		conform_ok(kit->c, false, "no event comes within connect(), which returns PST_OK");
}

void
near_open(struct near *near, struct transport_kit *kit)
{
	near_begin(near, kit, kit->host, kit->port);
	conform_wait(kit->c, &near->settled, "a link does not come up");
	if (!near->up)
		conform_bail("a link does not come up at %s: %s", kit->c->rest[0], pst_strerror(near->rc));
}

void
near_close(struct near *near)
{
	if (near->link)
		near->kit->ops->close(&near->link);
}

/* ---- letters ---- */

static uint8_t
byte_of(uint32_t number, size_t i)
{
	return (uint8_t)(number * 31 + i * 7 + (i >> 8));
}

static bool
letter_read(struct pst_buf *letter, uint32_t *number)
{
	struct pst_reader r = pst_buf_reader(letter);
	size_t len = pst_buf_len(letter);

	*number = pst_read_be32(&r);
	if (r.status)
		return false;
	for (size_t i = 4; i < len; i++)
		if (letter->start[i] != byte_of(*number, i))
			return false;
	return true;
}

int
letter_send(struct near *near, const char *name, struct reader *back, uint32_t number, size_t len)
{
	struct pst_env *env = near->kit->c->env;
	struct pst_route gate = pst_worker_route(&near->link->gate.worker), onward;
	struct pst_route home = back ? pst_worker_route(&back->worker) : (struct pst_route)PST_ROUTE_EMPTY;
	uint8_t *bytes = malloc(len);
	struct pst_writer w = pst_writer(bytes, 4);
	struct pst_route_buf rb;
	struct pst_buf buf;
	int rc;

	pst_write_be32(&w, number);
	for (size_t i = 4; i < len; i++)
		bytes[i] = byte_of(number, i);
	pst_route_buf_init(&rb);
	rc = pst_route_add_route(&rb, &gate);
	if (!rc)
		rc = pst_route_add(&rb, PST_ADDRESS_LOCAL, name, strlen(name));
	onward = pst_route_buf_view(&rb);
	if (!rc)
		rc = pst_env_buf(&buf, env, bytes, len, PST_LINK_FRONT, 0);
	free(bytes);
	return rc ? rc : pst_send(pst_env_router(env), &onward, &home, &buf);
}

/* ---- readers ---- */

static void
answer(struct reader *reader, struct pst_message *m)
{
	struct pst_route own = pst_worker_route(&reader->worker);
	struct pst_buf letter = pst_buf_take(&m->payload);

	(void)pst_send(pst_env_router(reader->kit->c->env), &m->back, &own, &letter);
}

static void
letter_came(struct pst_worker *worker, struct pst_message *m)
{
	struct reader *reader = pst_container_of(worker, struct reader, worker);
	uint32_t number;

	reader->gate = m->from;
	if (!letter_read(&m->payload, &number))
		reader->wrong = true;
	else
		reader->disorder = reader->disorder || number != reader->seen;
	reader->seen++;
	reader->all = reader->seen >= reader->wanted;
	if (reader->keeps && reader->kept_count < KEPT_MAX)
		reader->kept[reader->kept_count++] = pst_buf_take(&m->payload);
	else if (reader->answers)
		answer(reader, m);
}

void
reader_start(struct reader *reader, struct transport_kit *kit, const char *name, enum pst_reach reach)
{
	struct pst_router *router = pst_env_router(kit->c->env);
	int rc;

	memset(reader, 0, sizeof *reader);
	reader->kit = kit;
	rc = name ? pst_worker_start_named(router, &reader->worker, name, reach, letter_came)
	          : pst_worker_start(router, &reader->worker, reach, letter_came);
	if (rc)
		conform_rc(kit->c, rc, PST_OK, "a worker is there that reads");
}

void
reader_expect(struct reader *reader, uint32_t wanted)
{
	reader->seen = 0;
	reader->wanted = wanted;
	reader->all = reader->wrong = reader->disorder = false;
}

void
reader_let_go(struct reader *reader)
{
	while (reader->kept_count)
		pst_buf_free(&reader->kept[--reader->kept_count]);
}

void
reader_stop(struct reader *reader)
{
	reader_let_go(reader);
	pst_worker_stop(pst_env_router(reader->kit->c->env), &reader->worker);
}

void
settle(struct transport_kit *kit, const uint32_t *count)
{
	uint32_t before = *count;

	for (unsigned still = 0; still < STILL; still++) {
		uv_run(&kit->c->loop, UV_RUN_NOWAIT);
		if (*count != before)
			still = 0;
		before = *count;
	}
}
