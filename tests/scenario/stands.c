/*
 * service/stands: stands for a function, in scenarios. Its worker is named like the
 * section, and does one thing with each call, which it prints on a line:
 *
 *     does = say      argument and body          does = header   sets one, "NAME VALUE"
 *     does = request  the request, as it came    does = change   state[argument] is the body
 *     does = error    run error "CODE MESSAGE"   does = never    and prints when that is no longer waited for
 *     does = fail     failure CODE               does = size     so many bytes
 *
 * delay = TIME: what it says it says so much later, one call beside the other.
 * A reload changes what it does while it is open, but not to argument = refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/call.h>
#include <postern/linked.h>
#include <postern/module.h>

enum does { SAY, REQUEST, ERROR, FAIL, HEADER, CHANGE, NEVER, SIZE };

struct stands_conf {
	int does;
	const char *argument;
	int64_t capacity;
	bool started;
	uint64_t delay;
};

/* A call that is answered when its time has come. */
struct later {
	struct later *next, **link;
	struct pst_timer timer;
	struct stands *stands;
	struct pst_called *call;
};

struct stands {
	struct pst_section_env *senv;
	const struct stands_conf *conf;
	struct pst_callee callee;
	struct pst_called *never; /* the last that was not answered */
	struct later *later;
	uint32_t running;
};

static const struct pst_opt stands_options[] = {
	PST_OPT(ENUM, struct stands_conf, does, "say", "what", .of = "say request error fail header change never size"),
	PST_OPT(STR, struct stands_conf, argument, "", "with what"),
	PST_OPT(INT, struct stands_conf, capacity, "8", "told to probes"),
	PST_OPT(BOOL, struct stands_conf, started, "no", "what a failure says of itself"),
	PST_OPT(TIME, struct stands_conf, delay, "0", "how long it takes to answer"),
	PST_OPT_END,
};

static void
print(struct stands *a, const char *what)
{
	printf("%s %s\n", pst_section_name(a->senv), what);
	fflush(stdout);
}

static void
cancelled(struct pst_called *call)
{
	struct stands *a = call->arg;

	print(a, "cancelled");
	a->never = NULL;
	a->running--;
	pst_called_fail(&call, &(struct pst_call_failure){ PST_CALL_CANCELLED, "cancelled", 0, true });
}

/* printf() into what an answer takes. */
static uint8_t *
text(size_t *len, const char *fmt, ...)
{
	char *out;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&out, fmt, args);
	va_end(args);
	if (n < 0)
		abort();
	*len = (size_t)n;
	return (uint8_t *)out;
}

static int
put(struct pst_map *map, const char *name, const char *value)
{
	return pst_map_put(map, name, value, strlen(value));
}

static int
put_error(struct pst_map *headers, int code, const char *message)
{
	char json[256];

	snprintf(json, sizeof json, "{\"code\":%d,\"message\":\"%s\"}", code, message);
	return put(headers, PST_COORDINATED_ERROR_HEADER, json);
}

/* The request as it is from now on. */
static void
change(struct stands *a, struct pst_map *headers, const struct pst_called *call)
{
	const struct pst_map_item *item = pst_map_get(&call->headers, PST_CALL_REQUEST_HEADER);
	struct pst_coordinated request;
	char *json;
	size_t len;

	if (!item || pst_coordinated_read(&request, item->value, item->len))
		abort();
	if (pst_map_put(&request.state, a->conf->argument, call->body, call->body_len) ||
	    put(&request.headers, "x-changed", "yes") || pst_coordinated_write(&request, false, &json, &len) ||
	    pst_map_put(headers, PST_CALL_REQUEST_HEADER, json, len))
		abort();
	free(json);
	pst_coordinated_fini(&request);
}

static void
answer(struct stands *a, struct pst_called *call)
{
	const struct pst_map_item *request = pst_map_get(&call->headers, PST_CALL_REQUEST_HEADER);
	const char *argument = a->conf->argument;
	struct pst_map headers = { 0 };
	char word[64] = "", rest[192] = "";
	unsigned status = 200;
	uint8_t *body = NULL;
	size_t len = 0;
	int rc = 0;

	sscanf(argument, "%63s %191[^\n]", word, rest);
	switch ((enum does)a->conf->does) {
	case SAY:
		body = text(&len, "%s%.*s", argument, (int)call->body_len, (const char *)call->body);
		break;
	case REQUEST:
		body = text(&len, "%s", request ? (const char *)request->value : "none");
		break;
	case ERROR:
		status = atoi(word) >= 200 && atoi(word) < 600 ? (unsigned)atoi(word) : 500;
		rc = put_error(&headers, atoi(word), rest);
		body = text(&len, "{\"status\":%u,\"message\":\"%s\"}", status, rest);
		break;
	case HEADER:
		rc = put(&headers, word, rest);
		body = text(&len, "%s", rest);
		break;
	case CHANGE:
		change(a, &headers, call);
		break;
	case SIZE:
		len = strtoul(argument, NULL, 10);
		body = calloc(1, len);
		break;
	default:
		break;
	}
	if (rc)
		abort();
	pst_called_answer(&call, status, &headers, body, len);
	pst_map_fini(&headers);
}

static struct pst_called *
later_take(struct later *later)
{
	struct pst_called *call = later->call;

	pst_linked_leave(later);
	pst_timer_stop(call->callee->env, &later->timer);
	later->stands->running--;
	free(later);
	return call;
}

static void
later_due(struct pst_timer *timer)
{
	struct later *later = pst_container_of(timer, struct later, timer);
	struct stands *a = later->stands;

	answer(a, later_take(later));
}

static void
later_cancelled(struct pst_called *call)
{
	later_take(call->arg);
	pst_called_fail(&call, &(struct pst_call_failure){ PST_CALL_CANCELLED, "cancelled", 0, true });
}

static void
later_new(struct stands *a, struct pst_called *call)
{
	struct later *later = calloc(1, sizeof *later);

	if (!later)
		abort();
	later->stands = a;
	later->call = call;
	call->arg = later;
	call->cancelled = later_cancelled;
	a->running++;
	pst_linked_enter(&a->later, later);
	pst_timer_start(call->callee->env, &later->timer, a->conf->delay, later_due);
}

static void
called(struct pst_callee *callee, struct pst_called *call)
{
	struct stands *a = pst_container_of(callee, struct stands, callee);
	struct pst_call_failure failure = { PST_CALL_INTERNAL, "as it was told to", 0, a->conf->started };

	print(a, "called");
	if (a->conf->does == NEVER) {
		call->arg = a;
		call->cancelled = cancelled;
		a->never = call;
		a->running++;
	} else if (a->conf->does == FAIL) {
		while (failure.code && strcmp(pst_call_code_text(failure.code), a->conf->argument))
			failure.code--;
		pst_called_fail(&call, &failure);
	} else if (a->conf->delay) {
		later_new(a, call);
	} else {
		answer(a, call);
	}
}

static void
probed(struct pst_callee *callee, struct pst_call_load *load)
{
	struct stands *a = pst_container_of(callee, struct stands, callee);

	load->running = a->running;
	load->capacity = (uint32_t)a->conf->capacity;
}

static int
stands_change(void *self, const void *conf, struct pst_err *err)
{
	struct stands *a = self;
	const struct stands_conf *c = conf;

	if (!strcmp(c->argument, "refused"))
		return pst_fail(err, PST_E_LIMIT, "argument: refused");
	a->conf = c;
	return PST_OK;
}

static const struct pst_section_hooks stands_hooks = {
	.size = sizeof stands_hooks,
	.change = stands_change,
};

static int
stands_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct stands *a = calloc(1, sizeof *a);
	int rc;

	if (!a)
		return -ENOMEM;
	a->senv = senv;
	a->conf = conf;
	a->callee = (struct pst_callee){
		.log = pst_section_log(senv),
		.called = called,
		.probed = probed,
		.body_max = 64 * 1024 * 1024,
		.calls_max = 1000,
	};
	rc = pst_callee_open(&a->callee, pst_section_env(senv), pst_section_name(senv));
	if (rc) {
		free(a);
		return rc;
	}
	pst_section_hook(senv, &stands_hooks);
	*self = a;
	pst_section_up(senv);
	return PST_OK;
}

static void
stands_close(void *self)
{
	struct stands *a = self;
	struct pst_section_env *senv = a->senv;

	pst_callee_close(&a->callee);
	if (a->never)
		cancelled(a->never);
	while (a->later)
		later_cancelled(a->later->call);
	free(a);
	pst_section_closed(senv);
}

static const struct pst_section sections[] = {
	PST_SECTION("service", struct stands_conf, stands_options, NULL, stands_open, stands_close),
	PST_SECTION_END,
};

PST_MODULE(service_stands, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "stands for functions in scenarios", .sections = sections);
