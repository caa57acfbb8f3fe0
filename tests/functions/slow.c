/*
 * capability/slow: answers fetch_url when so many milliseconds are over as its URL says, the method being
 * how: 0 it can be cancelled, 1 it cannot, 2 by an error, 3 within the call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/capability.h>

struct slow {
	struct pst_section_env *senv;
	size_t waiting, cancelled;
};

struct wait {
	struct pst_timer timer;
	struct slow *slow;
	struct pst_host_call *call;
};

static const struct pst_opt slow_options[] = { PST_OPT_END };

static void
answer(struct wait *wait)
{
	struct pst_host_call *call = wait->call;

	wait->slow->waiting--;
	free(wait);
	if (call->number[0] == 2)
		pst_host_error(call, "too slow");
	else
		pst_host_result(call, call->text[1].bytes, call->text[1].len);
}

static void
time_over(struct pst_timer *timer)
{
	answer(pst_container_of(timer, struct wait, timer));
}

static void
cancel(struct pst_host_call *call)
{
	struct wait *wait = call->arg;
	struct slow *slow = wait->slow;

	slow->cancelled++;
	pst_info(pst_section_log(slow->senv), "cancelled", PST_U64("times", slow->cancelled));
	pst_timer_stop(pst_section_env(slow->senv), &wait->timer);
	answer(wait);
}

static void
fetch_url(void *capability, struct pst_host_call *call)
{
	struct slow *slow = capability;
	struct wait *wait = calloc(1, sizeof *wait);
	char digits[16] = "";

	if (!wait) {
		pst_host_code(call, -1);
		return;
	}
	memcpy(digits, call->text[0].bytes, call->text[0].len < 15 ? call->text[0].len : 15);
	wait->slow = slow;
	wait->call = call;
	call->arg = wait;
	slow->waiting++;
	if (call->number[0] == 3) {
		answer(wait);
		return;
	}
	if (call->number[0] == 0)
		call->cancel = cancel;
	pst_info(pst_section_log(slow->senv), "waiting", PST_U64("waiting", slow->waiting));
	pst_timer_start(pst_section_env(slow->senv), &wait->timer, strtoul(digits, NULL, 10), time_over);
}

static const struct pst_host_function slow_serves[] = {
	{ .name = "fetch_url", .later = fetch_url },
	{ .name = NULL },
};
static const struct pst_capability_ops slow_ops = { .size = sizeof slow_ops, .serves = slow_serves };

static int
slow_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct slow *slow = calloc(1, sizeof *slow);

	if (!slow)
		return -ENOMEM;
	slow->senv = senv;
	*self = slow;
	pst_section_up(senv);
	return PST_OK;
}

static void
slow_close(void *self)
{
	struct slow *slow = self;
	struct pst_section_env *senv = slow->senv;

	if (slow->waiting)
		abort(); /* a function has closed that did not wait for its host call */
	free(slow);
	pst_section_closed(senv);
}

static const struct pst_section slow_sections[] = {
	PST_SECTION("capability", char, slow_options, NULL, slow_open, slow_close),
	PST_SECTION_END,
};

PST_MODULE(capability_slow, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "answers after a while", .sections = slow_sections, .ops = &slow_ops);
