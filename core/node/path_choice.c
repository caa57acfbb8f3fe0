#include <postern/choice.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/path.h"

#define LOOK_EVERY_MS 1000
/* Better for so long: a link that comes and goes is not gone back to each time. */
#define BETTER_FOR_MS 5000
/*
 * Of how fast they answer. The gap between the two rules keeps a choice from going to
 * and fro: what is half as slow as another and 2 ms faster is not within 1.3 times and 1 ms of it.
 */
#define ABOUT_AS_FAST(us) ((us) * 13 / 10 + 1000)
#define FAR_FASTER(us) ((us) / 2 > 2000 ? (us) / 2 : (us) > 2000 ? (us) - 2000 : 0)

struct way {
	struct pst_choice *choice;
	const char *to; /* NULL: as the rest of the configuration says */
	struct pst_path *path;
	struct pst_route route;
	struct pst_gate *gate; /* NULL: it is down */
	uint64_t better_ms;    /* since when it is better than the one that serves; 0: it is not */
};

struct pst_choice {
	struct pst_env *env;
	const struct pst_log *log;
	const struct pst_path_events *events;
	void *arg;
	struct way *serving; /* NULL: none is up */
	const char *why;     /* it serves */
	struct pst_timer timer;
	size_t open;
	void (*on_closed)(void *arg);
	void *on_closed_arg;
	size_t count;
	struct way way[];
};

/* ---- which ---- */

static bool
faster(const struct way *w, const struct way *than)
{
	uint64_t ours = path_answers_us(w->path), theirs = path_answers_us(than->path);

	if (!ours || !theirs)
		return false;
	return w < than ? ours <= ABOUT_AS_FAST(theirs) : ours < FAR_FASTER(theirs);
}

/* The last of a list of fields: it ends before it where no probe was answered yet. */
#define ANSWERS_US(us) PST_U64((us) ? "answers_us" : NULL, (us))

static void
serve(struct pst_choice *c, struct way *w, const char *why)
{
	uint64_t answers_us = path_answers_us(w->path);

	c->serving = w;
	c->why = why;
	for (size_t i = 0; i < c->count; i++)
		c->way[i].better_ms = 0;
	if (c->count > 1)
		pst_info(c->log, "the route that serves", PST_STR("to", w->to), PST_STR("why", why),
		    ANSWERS_US(answers_us));
	c->events->up(c->arg, &w->route, w->gate);
}

/* The first of those that answer, or else that are up. */
static struct way *
instead(struct pst_choice *c)
{
	struct way *any = NULL;

	for (size_t i = 0; i < c->count; i++) {
		if (path_sound(c->way[i].path))
			return &c->way[i];
		if (!any && c->way[i].gate)
			any = &c->way[i];
	}
	return any;
}

/* Is there a better one? It is looked at each second. */
static void
look(struct pst_timer *timer)
{
	struct pst_choice *c = pst_container_of(timer, struct pst_choice, timer);
	struct way *serving = c->serving;
	uint64_t now = pst_now_ms(c->env);

	pst_timer_start(c->env, timer, LOOK_EVERY_MS, look);
	for (size_t i = 0; serving && serving == c->serving && i < c->count; i++) {
		struct way *w = &c->way[i];

		if (w == serving || !path_sound(w->path))
			w->better_ms = 0;
		else if (!path_sound(serving->path))
			serve(c, w, "the one before does not answer");
		else if (!faster(w, serving))
			w->better_ms = 0;
		else if (!w->better_ms)
			w->better_ms = now;
		else if (now - w->better_ms >= BETTER_FOR_MS)
			serve(c, w, w < serving ? "it is written first" : "it is faster");
	}
}

/* ---- the paths ---- */

static void
way_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct way *w = arg;

	w->route = *route;
	w->gate = gate;
	if (!w->choice->serving)
		serve(w->choice, w, "it was up first");
}

static void
way_down(void *arg, int rc)
{
	struct way *w = arg, *other;
	struct pst_choice *c = w->choice;

	w->gate = NULL;
	w->better_ms = 0;
	if (c->serving != w)
		return;
	other = instead(c);
	if (other) {
		serve(c, other, "the one before was lost");
		return;
	}
	c->serving = NULL;
	c->events->down(c->arg, rc);
}

static const struct pst_path_events way_events = {
	.up = way_up,
	.down = way_down,
};

/* ---- life ---- */

static bool
stands_before(const struct pst_list *to, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(to->item[k], to->item[i]))
			return true;
	return false;
}

int
pst_choice_check(const struct pst_path_conf *conf, const struct pst_list *to, struct pst_err *err)
{
	struct pst_path_conf one = *conf;
	const char *key = conf->key ? conf->key : "to";
	int rc = PST_OK;

	if (to->count == 0)
		return pst_path_check(conf, err);
	if (to->count > PST_CHOICE_PATHS)
		return pst_fail(err, PST_E_CONF, "%s: %zu routes, more than %d", key, to->count, PST_CHOICE_PATHS);
	for (size_t i = 0; !rc && i < to->count; i++) {
		one.to = to->item[i];
		rc = stands_before(to, i) ? pst_fail(err, PST_E_CONF, "%s: route \"%s\" stands there twice", key, one.to)
		                          : pst_path_check(&one, err);
	}
	return rc;
}

void
pst_choice_look(const struct pst_path_conf *conf, const struct pst_list *to, struct pst_look *look)
{
	struct pst_path_conf one = *conf;

	if (to->count == 0)
		pst_path_look(conf, look);
	for (size_t i = 0; i < to->count; i++) {
		one.to = to->item[i];
		pst_path_look(&one, look);
	}
}

static void
choice_free(struct pst_choice *c)
{
	pst_timer_stop(c->env, &c->timer);
	free(c);
}

int
pst_choice_open(struct pst_choice **out, struct pst_section_env *senv, const struct pst_path_conf *conf,
    const struct pst_list *to, const struct pst_path_events *events, void *arg, struct pst_err *err)
{
	size_t count = to->count ? to->count : 1;
	struct pst_choice *c = calloc(1, sizeof *c + count * sizeof c->way[0]);
	int rc = PST_OK;

	if (!c)
		return -ENOMEM;
	*c = (struct pst_choice){ .env = pst_section_env(senv), .log = pst_section_log(senv),
		.events = events, .arg = arg, .count = count };
	for (size_t i = 0; !rc && i < count; i++) {
		struct pst_path_conf one = *conf;

		one.to = to->count ? to->item[i] : conf->to;
		one.one_of_several = count > 1;
		c->way[i].choice = c;
		c->way[i].to = one.to;
		rc = pst_path_open(&c->way[i].path, senv, &one, &way_events, &c->way[i], err);
	}
	if (rc) {
		for (size_t i = 0; i < count && c->way[i].path; i++)
			pst_path_close(&c->way[i].path, NULL, NULL);
		choice_free(c);
		return rc;
	}
	c->open = count;
	if (count > 1)
		pst_timer_start(c->env, &c->timer, LOOK_EVERY_MS, look);
	*out = c;
	return PST_OK;
}

static void
way_closed(void *arg)
{
	struct pst_choice *c = arg;
	void (*on_closed)(void *arg) = c->on_closed;
	void *on_closed_arg = c->on_closed_arg;

	if (--c->open)
		return;
	choice_free(c);
	if (on_closed)
		on_closed(on_closed_arg);
}

void
pst_choice_close(struct pst_choice **out, void (*on_closed)(void *arg), void *arg)
{
	struct pst_choice *c = *out;

	*out = NULL;
	c->on_closed = on_closed;
	c->on_closed_arg = arg;
	pst_timer_stop(c->env, &c->timer);
	for (size_t i = 0; i < c->count; i++)
		pst_path_close(&c->way[i].path, way_closed, c);
}

/* ---- one of them ---- */

/* NULL: that is not up any more. */
static struct pst_path *
path_by(const struct pst_choice *c, const struct pst_gate *gate)
{
	for (size_t i = 0; gate && i < c->count; i++)
		if (c->way[i].gate == gate)
			return c->way[i].path;
	return NULL;
}

void
pst_choice_suspect(struct pst_choice *c, const struct pst_gate *gate)
{
	struct pst_path *path = path_by(c, gate);

	if (path)
		pst_path_suspect(path);
}

struct pst_admission *
pst_choice_admission(const struct pst_choice *c, const struct pst_gate *gate)
{
	const struct pst_path *path = path_by(c, gate);

	return path ? pst_path_admission(path) : NULL;
}

/* ---- what serves ---- */

static struct pst_path *
path_of(const struct pst_choice *c)
{
	return c->serving ? c->serving->path : c->way[0].path;
}

uint64_t
pst_choice_patience_ms(const struct pst_choice *c)
{
	return pst_path_patience_ms(path_of(c));
}

void
pst_choice_status(const struct pst_choice *c, struct pst_status *status)
{
	pst_path_status(path_of(c), status);
	for (size_t i = 0; c->count > 1 && i < c->count; i++) {
		const struct way *w = &c->way[i];
		const char *up = path_sound(w->path) ? "up" : "silent"; /* to its last probe */
		char why[WHY_TEXT];
		uint64_t answers_us = w->gate ? path_answers_us(w->path) : 0;

		pst_status_item(status, "routes", PST_FIELDS(PST_STR("to", w->to),
		    PST_STR("state", w == c->serving ? "serves" : w->gate ? up : "down"),
		    PST_STR("why", w == c->serving ? c->why : path_why(w->path, why, sizeof why)),
		    ANSWERS_US(answers_us)));
	}
}
