/*
 * service/knock: sends many messages along a path, of several sizes in turn,
 * and checks that the far end's echo answers each in order and byte for byte.
 * It logs how many came back, and then is quiet.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/path.h>

#define HEAD 8 /* each message begins with its number */
#define SIZE_LARGEST (16 << 20)

struct knock_conf {
	const char *to, *channel;
	int64_t count, window;
	struct pst_list sizes;
};

struct knock {
	struct pst_section_env *senv;
	const struct knock_conf *conf;
	struct pst_path *path;
	struct pst_route *route; /* to the far end; NULL while there is none */
	struct pst_worker worker;
	int64_t sent, came;
	uint8_t *bytes;
	bool wrong;
};

static const struct pst_opt knock_options[] = {
	PST_OPT(STR, struct knock_conf, to, NULL, "multiaddr of an echo", .of = "required"),
	PST_OPT(REF, struct knock_conf, channel, NULL, "the section whose channels are used", .of = "channel"),
	PST_OPT(INT, struct knock_conf, count, "1000", "messages"),
	PST_OPT(INT, struct knock_conf, window, "64", "messages under way"),
	PST_OPT(LIST, struct knock_conf, sizes, "64", "their sizes, in turn"),
	PST_OPT_END,
};

/* The Nth message, at knock->bytes. */
static size_t
make(struct knock *knock, int64_t n)
{
	const struct pst_list *sizes = &knock->conf->sizes;
	size_t len = strtoul(sizes->item[(size_t)n % sizes->count], NULL, 10);

	len = len < HEAD ? HEAD : len > SIZE_LARGEST ? SIZE_LARGEST : len;
	for (size_t i = 0; i < HEAD; i++)
		knock->bytes[i] = (uint8_t)(n >> 8 * i);
	for (size_t i = HEAD; i < len; i += 1000)
		knock->bytes[i] = (uint8_t)(n + (int64_t)i / 1000);
	return len;
}

static void
knock_more(struct knock *knock)
{
	struct pst_env *env = pst_section_env(knock->senv);
	struct pst_route own = pst_worker_route(&knock->worker);

	while (knock->route && knock->sent < knock->conf->count &&
	    knock->sent < knock->came + knock->conf->window) {
		size_t len = make(knock, knock->sent++);
		struct pst_buf buf;

		if (pst_env_buf(&buf, env, knock->bytes, len, PST_RX_HEADROOM, PST_RX_TAILROOM) ||
		    pst_send(pst_env_router(env), knock->route, &own, &buf)) {
			pst_error(pst_section_log(knock->senv), "cannot send", PST_U64("message", (uint64_t)knock->sent));
			return;
		}
	}
}

static void
answered(struct pst_worker *worker, struct pst_message *m)
{
	struct knock *knock = pst_container_of(worker, struct knock, worker);
	size_t len = make(knock, knock->came);

	if (pst_buf_len(&m->payload) != len || memcmp(m->payload.start, knock->bytes, len) != 0) {
		if (!knock->wrong)
			pst_error(pst_section_log(knock->senv), "another answer", PST_U64("message", (uint64_t)knock->came));
		knock->wrong = true;
		return;
	}
	pst_buf_free(&m->payload);
	if (++knock->came == knock->conf->count)
		pst_info(pst_section_log(knock->senv), "all came back", PST_U64("messages", (uint64_t)knock->came));
	knock_more(knock);
}

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct knock *knock = arg;

	knock->worker.reach_gate = gate->id;
	knock->route = pst_route_copy(route);
	knock->sent = knock->came; /* those lost with a route are sent again */
	knock_more(knock);
}

static void
path_down(void *arg, int rc)
{
	struct knock *knock = arg;

	pst_info(pst_section_log(knock->senv), "route lost", PST_RC(rc));
	free(knock->route);
	knock->route = NULL;
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

static void
knock_free(void *arg)
{
	struct knock *knock = arg;
	struct pst_section_env *senv = knock->senv;

	pst_worker_stop(pst_env_router(pst_section_env(senv)), &knock->worker);
	free(knock->route);
	free(knock->bytes);
	free(knock);
	pst_section_closed(senv);
}

static void
knock_close(void *self)
{
	struct knock *knock = self;

	pst_path_close(&knock->path, knock_free, knock);
}

static int
knock_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	static const char *const star[] = { "*", NULL };
	static const struct pst_list anybody = { 1, star }, none;
	const struct knock_conf *c = conf;
	struct pst_path_conf path = { .to = c->to, .authorized = &anybody, .hops = &none, .channel = c->channel };
	struct knock *knock = calloc(1, sizeof *knock);
	int rc = -ENOMEM;

	if (!knock)
		return rc;
	knock->senv = senv;
	knock->conf = c;
	knock->bytes = calloc(1, SIZE_LARGEST);
	if (knock->bytes)
		rc = pst_worker_start(pst_env_router(pst_section_env(senv)), &knock->worker, PST_REACH_GATE, answered);
	if (!rc)
		rc = pst_path_open(&knock->path, senv, &path, &path_events, knock, err);
	if (rc) {
		pst_worker_stop(pst_env_router(pst_section_env(senv)), &knock->worker);
		free(knock->bytes);
		free(knock);
		return rc;
	}
	*self = knock;
	pst_section_up(senv);
	return PST_OK;
}

static const struct pst_section knock_sections[] = {
	PST_SECTION("service", struct knock_conf, knock_options, NULL, knock_open, knock_close),
	PST_SECTION_END,
};

PST_MODULE(service_knock, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "sends many messages to an echo", .sections = knock_sections);
