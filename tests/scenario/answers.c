/*
 * service/answers: a function that is none, for scenarios of calls. What it
 * does is in the resource that is asked for:
 *
 *     /echo    200, and the body that came
 *     /who     200, and who calls: an identifier, or "inside"
 *     /head    200, and the request: method, resource, header x-what
 *     /big     200, and 3,000,000 times "x"
 *     /hold    no answer; logs "cancelled" when nobody waits any more
 *     /404     such a status
 *     /trap    such a failure; and /busy, which says when to try again
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/admission.h>
#include <postern/call.h>
#include <postern/module.h>

#define BIG 3000000
#define HELD_MAX 100

struct answers_conf {
	struct pst_list authorized;
	uint64_t body;
};

struct answers {
	struct pst_section_env *senv;
	struct pst_callee callee;
	struct pst_admission *admission;
	struct pst_called *held[HELD_MAX];
};

static const struct pst_opt answers_options[] = {
	PST_OPT(LIST, struct answers_conf, authorized, NULL, "who may call"),
	PST_OPT(SIZE, struct answers_conf, body, "8M", "longest body of a call"),
	PST_OPT_END,
};

static struct pst_admission_conf
admission_conf(const struct answers_conf *c)
{
	return (struct pst_admission_conf){ .authorized = &c->authorized, .may = "call it" };
}

static int
answers_check(const void *conf, struct pst_err *err)
{
	const struct pst_admission_conf admission = admission_conf(conf);

	return pst_admission_look(&admission, err);
}

static bool
admits(struct pst_callee *callee, const struct pst_gate *from)
{
	struct answers *a = pst_container_of(callee, struct answers, callee);

	return !from || from->local || (from->peer && pst_admission_allows(a->admission, from->peer));
}

/* ---- answers ---- */

static void
say(struct pst_called **call, unsigned status, const char *text)
{
	struct pst_map headers = { 0 };

	if (pst_map_put(&headers, "content-type", "text/plain", 10) == PST_OK)
		pst_called_answer(call, status, &headers, (uint8_t *)strdup(text), strlen(text));
	pst_map_fini(&headers);
}

static void
echo(struct pst_called **call)
{
	uint8_t *body = (*call)->body;
	size_t len = (*call)->body_len;

	(*call)->body = NULL;
	pst_called_answer(call, 200, NULL, body, len);
}

static void
big(struct pst_called **call)
{
	uint8_t *body = malloc(BIG);

	if (body)
		memset(body, 'x', BIG);
	pst_called_answer(call, 200, NULL, body, body ? BIG : 0);
}

static void
head(struct pst_called **call)
{
	const struct pst_map_item *what = pst_map_get(&(*call)->headers, "x-what");
	char text[200];

	snprintf(text, sizeof text, "%s %s %s", (*call)->method, (*call)->resource,
	    what ? (const char *)what->value : "-");
	say(call, 200, text);
}

static void
fail(struct pst_called **call, enum pst_call_code code, uint32_t retry_after_ms)
{
	const struct pst_call_failure failure = { code, "as you wish", retry_after_ms, code == PST_CALL_TRAP };

	pst_called_fail(call, &failure);
}

static struct pst_called **
place_of(struct answers *a, const struct pst_called *call)
{
	for (size_t i = 0; i < HELD_MAX; i++)
		if (a->held[i] == call)
			return &a->held[i];
	return NULL;
}

static void
cancelled(struct pst_called *call)
{
	struct answers *a = pst_container_of(call->callee, struct answers, callee);

	pst_info(pst_section_log(a->senv), "cancelled");
	fail(place_of(a, call), PST_CALL_CANCELLED, 0);
}

static void
hold(struct pst_called **call)
{
	struct answers *a = pst_container_of((*call)->callee, struct answers, callee);
	struct pst_called **place = place_of(a, NULL);

	if (!place) {
		fail(call, PST_CALL_BUSY, 0);
		return;
	}
	(*call)->cancelled = cancelled;
	*place = *call;
	pst_info(pst_section_log(a->senv), "held");
}

static void
called(struct pst_callee *callee, struct pst_called *call)
{
	const char *what = call->resource;

	if (!strcmp(what, "/echo"))
		echo(&call);
	else if (!strcmp(what, "/who"))
		say(&call, 200, call->peer ? pst_peer_text(call->peer) : "inside");
	else if (!strncmp(what, "/head", 5))
		head(&call);
	else if (!strcmp(what, "/big"))
		big(&call);
	else if (!strcmp(what, "/hold"))
		hold(&call);
	else if (!strcmp(what, "/trap"))
		fail(&call, PST_CALL_TRAP, 0);
	else if (!strcmp(what, "/busy"))
		fail(&call, PST_CALL_BUSY, 1500);
	else
		say(&call, 404, "no such thing\n");
}

/* ---- the section ---- */

static int
answers_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	const struct answers_conf *c = conf;
	const struct pst_admission_conf admission = admission_conf(c);
	struct answers *a = calloc(1, sizeof *a);
	int rc;

	if (!a)
		return -ENOMEM;
	a->senv = senv;
	a->callee = (struct pst_callee){
		.log = pst_section_log(senv),
		.called = called,
		.admits = admits,
		.body_max = c->body,
		.calls_max = HELD_MAX,
	};
	rc = pst_admission_open(&a->admission, senv, &admission, err);
	if (!rc)
		rc = pst_callee_open(&a->callee, pst_section_env(senv), pst_section_name(senv));
	if (rc) {
		pst_admission_free(&a->admission);
		free(a);
		return rc;
	}
	*self = a;
	pst_section_up(senv);
	return PST_OK;
}

static void
answers_close(void *self)
{
	struct answers *a = self;
	struct pst_section_env *senv = a->senv;

	pst_callee_close(&a->callee);
	for (size_t i = 0; i < HELD_MAX; i++)
		if (a->held[i])
			fail(&a->held[i], PST_CALL_UNKNOWN, 0);
	pst_admission_free(&a->admission);
	free(a);
	pst_section_closed(senv);
}

static const struct pst_section answers_sections[] = {
	PST_SECTION("service", struct answers_conf, answers_options, answers_check, answers_open,
	    answers_close),
	PST_SECTION_END,
};

PST_MODULE(service_answers, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "answers calls as they ask for", .sections = answers_sections);
