#include <postern/stream_link.h>

#include <errno.h>

/* Each command of the operator makes a link for a moment: that is not news. */
static enum pst_log_level
life_level(const struct pst_stream_link *link)
{
	return link->link.gate.local ? PST_LOG_DEBUG : PST_LOG_INFO;
}

/* Of strangers some may be left out, for which nobody else's is. */
static void
tell_open(struct pst_stream_link *link)
{
	struct pst_rate *rate = link->link.gate.admit ? &link->links->strange : &link->links->known;

	link->told = pst_log_begins(&link->log, life_level(link), link->accepted ? rate : NULL, "link open",
	    PST_FIELDS(PST_STR("side", link->accepted ? "accepted" : "connected")));
}

/* ---- traffic ---- */

/* A message leaves: our address off the route, the frame's head in front. */
static void
message_leaves(struct pst_worker *worker, struct pst_message *m)
{
	struct pst_stream_link *link = pst_container_of(worker, struct pst_stream_link, link.gate.worker);
	struct pst_route onward = pst_route_rest(&m->onward);
	int rc = link->links->bare ? pst_bare_push(&m->payload, &onward, &m->back)
	                           : pst_frame_push(&m->payload, &onward, &m->back);

	if (!rc)
		rc = pst_stream_send(&link->stream, &m->payload);
	if (!rc || rc == PST_E_CLOSED)
		return;
	pst_warn_rated(&link->log, &link->links->refused, "message not sent", PST_RC(rc));
	/* too long is the sender's fault, and others use the link; but short of
	 * memory a hole could open in somebody's stream: end it, from the loop */
	if (rc != PST_E_LIMIT)
		pst_stream_fail(&link->stream, rc);
}

static void
frame_received(void *arg, struct pst_buf *frame)
{
	struct pst_stream_link *link = arg;
	struct pst_route own = pst_worker_route(&link->link.gate.worker);
	struct pst_route_buf onward, back;
	int rc;

	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	rc = pst_route_add_route(&back, &own);
	if (!rc)
		rc = link->links->bare ? pst_bare_open(frame, &onward, &back) : pst_frame_open(frame, &onward, &back);
	if (rc) {
		pst_warn_rated(&link->log, &link->links->refused, "frame not understood", PST_RC(rc));
		pst_stream_link_end(link, rc);
		return;
	}
	if (!onward.hops) /* a heartbeat */
		return;

	struct pst_message m = {
		.onward = pst_route_buf_view(&onward),
		.back = pst_route_buf_view(&back),
		.payload = pst_buf_take(frame),
		.from = &link->link.gate,
	};

	/* what nobody takes is as good as silence */
	if (!pst_router_send(pst_env_router(link->links->env), &m))
		pst_quiet_heard(&link->links->quiet, &link->quiet);
}

/* Who is there is no peer of ours, if not even his first byte is right. */
static void
stranger_tell(struct pst_stream_link *link, int rc)
{
	if (!pst_told_lately(&link->links->told, link->link.peer_name, rc, pst_now_ms(link->links->env)))
		pst_warn(&link->log, "not what the route says",
		    PST_STR("why", "what it says are no messages: perhaps it is a web server, for /ws or /wss"));
}

static void
stream_failed(void *arg, int rc)
{
	struct pst_stream_link *link = arg;

	if (rc == PST_E_PROTOCOL && !link->accepted && !link->stream.version_seen)
		stranger_tell(link, rc);
	else if (rc == PST_E_PROTOCOL)
		pst_warn_rated(&link->log, &link->links->refused, "wrong version or frame length",
		    PST_RC(rc));
	pst_stream_link_end(link, rc);
}

static const struct pst_stream_events stream_events = {
	.frame = frame_received,
	.failed = stream_failed,
};

static void
account_has_room(void *arg)
{
	struct pst_stream_link *link = arg;

	if (link->up)
		pst_stream_resume(&link->stream);
}

/* ---- who passes, and how much ---- */

bool
pst_exposes(const struct pst_list *list, const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < list->count; i++) {
		size_t n = strlen(list->item[i]);

		if (n && list->item[i][n - 1] == '*' ? len >= n - 1 && !memcmp(list->item[i], name, n - 1)
		                                     : len == n && !memcmp(list->item[i], name, n))
			return true;
	}
	return false;
}

static bool
exposes(const struct pst_gate *gate, const uint8_t *name, size_t len)
{
	const struct pst_stream_link *link = pst_container_of(gate, struct pst_stream_link, link.gate);

	return pst_exposes(link->links->expose, name, len);
}

static void
strange_no_more(struct pst_stream_link *link)
{
	pst_host_leave(&link->links->hosts, &link->host);
	pst_quiet_leave(&link->links->quiet, &link->quiet);
}

static void
gate_admit(struct pst_gate *gate)
{
	struct pst_stream_link *link = pst_container_of(gate, struct pst_stream_link, link.gate);

	gate->admit = NULL;
	strange_no_more(link);
	if (!link->told)
		tell_open(link);
	link->stream.max_frame = (uint32_t)link->links->max_frame;
	link->stream.sparing = false;
	pst_account_set_window(link->link.account, link->links->window);
}

static void
gate_end(struct pst_gate *gate, int rc)
{
	pst_stream_fail(&pst_container_of(gate, struct pst_stream_link, link.gate)->stream, rc);
}

int
pst_stream_link_up(struct pst_stream_link *link)
{
	struct pst_stream_links *links = link->links;
	struct pst_gate *gate = &link->link.gate;
	bool unknown = links->unknown_window > 0;
	int rc = pst_gate_open(pst_env_router(links->env), gate, message_leaves);

	if (rc)
		return rc;
	link->link.account = pst_account_new(pst_env_pool(links->env),
	    unknown ? links->unknown_window : links->window, account_has_room, link);
	if (!link->link.account)
		return -ENOMEM;
	gate->worker.front = PST_LINK_FRONT;
	gate->exposes = exposes;
	gate->admit = unknown ? gate_admit : NULL;
	gate->end = gate_end;
	gate->log = &link->log;
	pst_stream_init(&link->stream, links->env, link->pipe, link->link.account,
	    (uint32_t)(unknown ? links->unknown_max_frame : links->max_frame), &stream_events, link);
	link->stream.sparing = unknown;
	link->up = true;
	link->link.connect_ms = pst_now_ms(links->env) - link->started_ms;
	if (link->accepted)
		pst_quiet_enter(&links->quiet, &link->quiet);
	tell_open(link);
	return pst_stream_start(&link->stream);
}

/* Who is not admitted and says nothing to anybody holds a link for a while only. */
static void
quiet_for_too_long(struct pst_quiet *quiet)
{
	pst_stream_link_end(pst_container_of(quiet, struct pst_stream_link, quiet), UV_ETIMEDOUT);
}

int
pst_stream_link_enter(struct pst_stream_link *link, const struct sockaddr_storage *from)
{
	if (pst_pool_over(pst_env_pool(link->links->env)))
		return PST_E_LIMIT;
	return pst_host_enter(&link->host, &link->links->hosts, from);
}

/* ---- life ---- */

void
pst_stream_links_init(struct pst_stream_links *links)
{
	links->hosts.most = links->unknown_links;
	links->quiet.env = links->env;
	links->quiet.limit_ms = links->unknown_window ? links->unknown_idle_ms : PST_QUIET_FOREVER;
	links->quiet.over = quiet_for_too_long;
}

void
pst_stream_link_init(struct pst_stream_link *link, struct pst_stream_links *links,
    const char *peer_name, bool accepted)
{
	link->links = links;
	link->next = links->first;
	link->prev = &links->first;
	if (link->next)
		link->next->prev = &link->next;
	links->first = link;
	link->accepted = accepted;
	links->accepted += accepted;
	link->holds = 1; /* released by end() */
	link->link.peer_name = peer_name;
	link->fields[0] = (struct pst_field)PST_STR("link", peer_name);
	link->log = (struct pst_log){
		.logger = links->log->logger,
		.parent = links->log,
		.fields = link->fields,
	};
	link->started_ms = pst_now_ms(links->env);
}

void
pst_stream_link_hold(struct pst_stream_link *link)
{
	link->holds++;
}

void
pst_stream_link_release(struct pst_stream_link *link)
{
	if (--link->holds)
		return;
	*link->prev = link->next;
	if (link->next)
		link->next->prev = link->prev;
	link->links->accepted -= link->accepted;
	link->links->gone(link);
}

static void
pipe_closed(void *arg)
{
	struct pst_stream_link *link = arg;

	if (link->up)
		pst_stream_fini(&link->stream);
	pst_account_close(&link->link.account);
	pst_stream_link_release(link);
}

static void
pipe_close(struct pst_stream_link *link)
{
	if (link->up)
		pst_stream_flush(&link->stream); /* the last words */
	pst_pipe_close(link->pipe, pipe_closed, link);
}

void
pst_stream_link_take(struct pst_stream_link *link, struct pst_pipe *pipe)
{
	link->pipe = pipe;
	pst_stream_link_hold(link); /* released when it is closed */
	if (link->ended)
		pipe_close(link);
}

void
pst_stream_link_connected(struct pst_stream_link *link, int rc)
{
	if (link->ended)
		return;
	if (!rc)
		rc = pst_stream_link_up(link);
	if (rc)
		pst_stream_link_end(link, rc);
	else
		link->events->up(link->arg, &link->link);
}

void
pst_stream_link_end(struct pst_stream_link *link, int rc)
{
	const struct pst_link_events *events;

	if (link->ended)
		return;
	link->ended = true;
	strange_no_more(link);
	if (link->links->ending)
		link->links->ending(link);
	if (link->told)
		pst_log_at(&link->log, life_level(link), "link closed", PST_RC(rc),
		    PST_U64("bytes_in", link->stream.bytes_in),
		    PST_U64("bytes_out", link->stream.bytes_out));
	pst_gate_close(pst_env_router(link->links->env), &link->link.gate);
	if (link->pipe)
		pipe_close(link);
	/* read late: who was told of the gate's end may have closed the link */
	events = link->events;
	link->events = NULL;
	if (events)
		events->lost(link->arg, rc);
	pst_stream_link_release(link);
}

void
pst_stream_link_refuse(struct pst_stream_link *link, int rc)
{
	pst_warn_rated(&link->log, &link->links->refused, "connection not accepted", PST_RC(rc));
	pst_stream_link_end(link, rc);
}

void
pst_stream_link_close(struct pst_link **out)
{
	struct pst_stream_link *link = pst_container_of(*out, struct pst_stream_link, link);

	*out = NULL;
	link->events = NULL;
	pst_stream_link_end(link, PST_OK);
}

bool
pst_stream_links_make_way(struct pst_stream_links *links)
{
	struct pst_quiet *longest = links->quiet.longest;

	if (longest)
		pst_stream_link_end(pst_container_of(longest, struct pst_stream_link, quiet), PST_E_LIMIT);
	return longest;
}

void
pst_stream_links_end(struct pst_stream_links *links)
{
	for (struct pst_stream_link *link = links->first, *next; link; link = next) {
		next = link->next;
		pst_stream_link_end(link, PST_E_CLOSED);
	}
}
