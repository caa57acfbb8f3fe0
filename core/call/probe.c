/* How busy is a callee? */
#include "call/message.h"

#include <errno.h>

/* Each probe has a return route of its own, so any id will do. */
static const uint8_t id_byte;
static const struct pst_call_id id = { &id_byte, sizeof id_byte };

static int
load_read(struct pst_call_message *msg, const struct pst_buf *payload)
{
	if (pst_call_message_read(msg, payload->start, pst_buf_len(payload)))
		return PST_E_PROTOCOL;
	if (msg->kind == PST_CALL_KIND_FAILURE && pst_call_code_read(&msg->code) == PST_CALL_DENIED)
		return PST_E_DENIED;
	return msg->kind == PST_CALL_KIND_LOAD ? PST_OK : PST_E_PROTOCOL;
}

static void
answered(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct pst_call_probe *probe = pst_container_of(request, struct pst_call_probe, request);
	struct pst_call_message msg;

	if (!rc)
		rc = load_read(&msg, &answer->payload);
	probe->fn(probe, rc, rc ? NULL : &msg.load);
}

int
pst_call_probe(struct pst_env *env, struct pst_call_probe *probe, const struct pst_route *route,
    uint64_t timeout_ms,
    void (*fn)(struct pst_call_probe *probe, int rc, const struct pst_call_load *load))
{
	uint8_t bytes[PST_CALL_SHORT_MAX];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct pst_buf buf;
	int rc;

	pst_call_write_probe(&w, &id);
	rc = pst_env_buf(&buf, env, bytes, pst_writer_len(&w), PST_RX_HEADROOM, PST_RX_TAILROOM);
	if (rc)
		buf = (struct pst_buf)PST_BUF_INIT; /* the request then says so, in time */
	probe->fn = fn;
	return pst_request_send(env, &probe->request, route, &buf, timeout_ms, answered);
}
