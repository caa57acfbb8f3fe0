/*
 * capability/request: a function sees the request it answers, changes it for the steps that follow, and
 * sets headers of the answer (spec functions.md 1.5).
 */
#include <errno.h>
#include <stdlib.h>

#include "field.h"

struct request_conf {
	bool allow_get_field;
	bool allow_set_field;
};

struct request {
	struct pst_section_env *senv;
	const struct request_conf *conf;
};

static const struct pst_opt request_options[] = {
	PST_OPT(BOOL, struct request_conf, allow_get_field, "true", "functions may read the request"),
	PST_OPT(BOOL, struct request_conf, allow_set_field, "true", "functions may change it"),
	PST_OPT_END,
};

static void
request_get_field(void *capability, struct pst_host_call *call)
{
	const struct request *self = capability;
	const struct pst_coordinated *request = call->execution->request;
	struct field field = { 0 };

	if (!self->conf->allow_get_field || !request ||
	    field_get(&field, request, call->number[0], &call->text[0])) {
		pst_host_code(call, -1);
		return;
	}
	pst_host_result(call, field.bytes, field.len);
	free(field.own);
}

/* Guests depend on this not failing: what goes wrong is logged, and that is all. */
static void
request_set_field(void *capability, struct pst_host_call *call)
{
	const struct request *self = capability;
	struct pst_coordinated *request = call->execution->request;
	int rc = !self->conf->allow_set_field ? PST_E_DENIED
	    : !request ? PST_E_NOTHING
	    : field_set(request, call->number[0], &call->text[0], &call->text[1]);

	if (rc)
		pst_debug(call->execution->log, "a field of the request is not set",
		    PST_I64("kind", call->number[0]), PST_RC(rc));
	pst_host_result(call, "", 0);
}

static void
resp_set_header(void *capability, struct pst_host_call *call)
{
	struct pst_coordinated *request = call->execution->request;
	int rc = request ? field_answer(request, &call->text[0], &call->text[1]) : PST_E_NOTHING;

	if (rc)
		pst_debug(call->execution->log, "a header of the answer is not set", PST_RC(rc));
	pst_host_code(call, 0);
}

static const struct pst_host_function request_serves[] = {
	{ .name = "request_get_field", .now = request_get_field },
	{ .name = "request_set_field", .now = request_set_field },
	{ .name = "resp_set_header", .now = resp_set_header },
	{ .name = NULL },
};
static const struct pst_capability_ops request_ops = {
	.size = sizeof request_ops,
	.serves = request_serves,
};

static int
request_open(void **out, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct request *self = calloc(1, sizeof *self);

	if (!self)
		return -ENOMEM;
	self->senv = senv;
	self->conf = conf;
	*out = self;
	pst_section_up(senv);
	return PST_OK;
}

static void
request_close(void *out)
{
	struct request *self = out;
	struct pst_section_env *senv = self->senv;

	free(self);
	pst_section_closed(senv);
}

static const struct pst_section request_sections[] = {
	PST_SECTION("capability", struct request_conf, request_options, NULL, request_open, request_close),
	PST_SECTION_END,
};

PST_MODULE(capability_request, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions see and change the request", .sections = request_sections,
    .ops = &request_ops);
