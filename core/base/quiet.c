#include <postern/quiet.h>

static void
list(struct pst_quiets *quiets, struct pst_quiet *quiet)
{
	quiet->heard_ms = pst_now_ms(quiets->env);
	quiet->later = NULL;
	quiet->earlier = quiets->latest;
	*(quiets->latest ? &quiets->latest->later : &quiets->longest) = quiet;
	quiets->latest = quiet;
}

static void
unlist(struct pst_quiets *quiets, struct pst_quiet *quiet)
{
	*(quiet->later ? &quiet->later->earlier : &quiets->latest) = quiet->earlier;
	*(quiet->earlier ? &quiet->earlier->later : &quiets->longest) = quiet->later;
}

static void look(struct pst_timer *timer);

/* For who is due first; whoever is heard meanwhile is due later, which is seen when it rings. */
static void
timer_set(struct pst_quiets *quiets)
{
	uint64_t now = pst_now_ms(quiets->env), due;

	if (!quiets->longest || quiets->limit_ms == PST_QUIET_FOREVER)
		return;
	due = quiets->longest->heard_ms + quiets->limit_ms;
	pst_timer_start(quiets->env, &quiets->timer, due > now ? due - now : 0, look);
}

static void
look(struct pst_timer *timer)
{
	struct pst_quiets *quiets = pst_container_of(timer, struct pst_quiets, timer);
	uint64_t now = pst_now_ms(quiets->env);

	while (quiets->longest && now - quiets->longest->heard_ms >= quiets->limit_ms)
		quiets->over(quiets->longest);
	timer_set(quiets);
}

void
pst_quiet_enter(struct pst_quiets *quiets, struct pst_quiet *quiet)
{
	quiet->in = true;
	quiets->count++;
	list(quiets, quiet);
	if (!quiet->earlier)
		timer_set(quiets);
}

void
pst_quiet_heard(struct pst_quiets *quiets, struct pst_quiet *quiet)
{
	if (!quiet->in)
		return;
	unlist(quiets, quiet);
	list(quiets, quiet);
}

void
pst_quiet_leave(struct pst_quiets *quiets, struct pst_quiet *quiet)
{
	if (!quiet->in)
		return;
	quiet->in = false;
	quiets->count--;
	unlist(quiets, quiet);
	if (!quiets->longest)
		pst_timer_stop(quiets->env, &quiets->timer);
}
