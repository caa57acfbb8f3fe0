/* Who may: by a list, by policies in the order in which they count, and for how long. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <postern/project.h>

#include "fake_section.h"
#include "make_credential.h"
#include "trust/admission.h"
#include "trust/clock.h"
#include "trust/peers.h"
#include "trust/trust.h"

#define NOW 1700000000
#define DAY 86400

static uint64_t clock_now;

/* The linker gives it for pst_clock_now(). */
uint64_t __wrap_pst_clock_now(void);

uint64_t
__wrap_pst_clock_now(void)
{
	return clock_now;
}

struct world {
	struct fake_node node;
	struct pst_peers *peers;
	struct issuer authority, other;
	struct pst_peer *peer;
	bool known; /* the project knows its authority */
	bool any_authority;
	struct fake_section project, outlet, rules[3];
	struct pst_admission *admission;
	struct pst_admitted inside[3];
	unsigned sent_away;
	bool one_gone;
};

static struct world *world;

/* ---- around it ---- */

static const struct pst_identifier *
authority_of(void *project)
{
	struct world *w = project;

	return w->known ? &w->authority.maker.identifier : NULL;
}

static const struct pst_project_ops project_ops = {
	.size = sizeof project_ops,
	.authority = authority_of,
};

static struct pst_history *
history_of(const struct maker *m)
{
	static uint8_t text[PST_HISTORY_MAX + 2048];
	struct pst_reader r = pst_reader(text, maker_history(m, text));
	struct pst_history *history;

	assert_int_equal(pst_history_read(&history, &r, NULL), PST_OK);
	return history;
}

static void
accept_issuer(struct world *w, const struct issuer *issuer)
{
	struct pst_history *history = history_of(&issuer->maker);

	assert_int_equal(pst_peers_accept(w->peers, history, NULL), PST_OK);
	pst_history_unref(&history);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct maker m = { .len = 0 };
	struct pst_history *history;

	world = w;
	clock_now = NOW;
	fake_node_init(&w->node);
	w->project = (struct fake_section){ .node = &w->node, .name = "acme", .self = w, .ops = &project_ops };
	w->outlet = (struct fake_section){ .node = &w->node, .name = "postgres" };
	fake_refer(&w->outlet, "project", "acme", &w->project);
	w->known = true;
	assert_int_equal(pst_peers_new(&w->peers, &w->node.env, NULL, NULL), PST_OK);
	issuer_make(&w->authority, 101, NOW, NOW + 10 * DAY);
	issuer_make(&w->other, 102, NOW, NOW + 10 * DAY);
	accept_issuer(w, &w->authority);
	accept_issuer(w, &w->other);
	maker_change(&m, 1, NOW, NOW + DAY);
	history = history_of(&m);
	assert_int_equal(pst_peers_add(w->peers, &w->peer, history), PST_OK);
	pst_history_unref(&history);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	pst_admission_free(&w->admission);
	for (size_t i = 0; i < 3; i++)
		if (w->rules[i].self)
			fake_close(&w->rules[i]);
	pst_rules_settle(&w->node.env);
	pst_peer_unref(&w->peer);
	pst_peers_close(&w->peers);
	assert_null(w->node.env.rules);
	assert_null(w->node.env.admissions);
	fake_node_fini(&w->node);
	free(w);
	return 0;
}

/* What an issuer says of the peer, for so long. */
static void
say(struct world *w, const struct issuer *issuer, const char *value, uint64_t from, uint64_t until)
{
	uint8_t bytes[1024];
	size_t len = issuer_say(issuer, pst_peer_identifier(w->peer), "app", value, from, until, bytes,
	    sizeof bytes);

	assert_int_equal(pst_peer_attest(w->peer, bytes, len, clock_now, NULL), PST_OK);
}

static int
open_with(struct world *w, const char *authorized, const char *allow, const char *project,
    struct pst_err *err)
{
	const char *items[] = { authorized, NULL };
	const struct pst_list list = { authorized != NULL, items };
	const struct pst_admission_conf conf = {
		.authorized = &list,
		.allow = allow,
		.project = project,
		.type = "tcp-outlet",
		.may = "use it",
		.any_authority = w->any_authority,
	};
	int rc;

	pst_admission_free(&w->admission);
	rc = pst_admission_look(&conf, err);
	return rc ? rc : pst_admission_open(&w->admission, &w->outlet, &conf, err);
}

static bool
may(struct world *w, const char *authorized, const char *allow, const char *project)
{
	assert_int_equal(open_with(w, authorized, allow, project, NULL), PST_OK);
	return pst_admission_allows(w->admission, w->peer);
}

static int
rule_open(struct world *w, size_t i, const char *name, int type, const char *resource,
    const char *allow)
{
	static struct pst_rule_conf conf[3];
	const struct pst_section *row = pst_trust_sections;

	while (strcmp(row->kind, "policy"))
		row++;
	conf[i] = (struct pst_rule_conf){ type, resource, allow };
	w->rules[i] = (struct fake_section){ .node = &w->node };
	return fake_open(&w->rules[i], &w->node, row, NULL, name, &conf[i]);
}

/* ---- tests ---- */

static void
list_and_policy_must_both_hold(void **state)
{
	struct world *w = *state;
	const char *who = pst_peer_text(w->peer);
	const char *stranger = "I0000000000000000000000000000000000000000000000000000000000000000";

	say(w, &w->authority, "web", NOW, NOW + 100);
	assert_true(may(w, who, NULL, NULL));
	assert_false(may(w, stranger, NULL, NULL));
	assert_true(may(w, "*", NULL, NULL));
	assert_true(pst_admission_anybody(w->admission));
	assert_false(pst_admission_names(w->admission, w->peer)); /* a star names nobody */
	assert_true(may(w, NULL, "app=web", "acme"));
	assert_true(pst_admission_names(w->admission, w->peer));
	assert_false(may(w, NULL, "app=db", "acme"));
	assert_false(pst_admission_names(w->admission, w->peer));
	assert_true(may(w, "*", "app=web", "acme"));
	assert_false(pst_admission_anybody(w->admission));
	assert_false(may(w, stranger, "app=web", "acme"));
	assert_false(may(w, who, "app=db", "acme"));
	assert_true(may(w, NULL, who, NULL)); /* an identifier is a policy, too */
	assert_true(may(w, NULL, "(= resource.id \"postgres\")", NULL));
}

static void
attributes_count_when_the_projects_authority_attests_them(void **state)
{
	struct world *w = *state;

	assert_false(may(w, NULL, NULL, "acme"));
	say(w, &w->other, "web", NOW, NOW + 100);
	assert_false(may(w, NULL, NULL, "acme")); /* another's credential */
	assert_false(may(w, NULL, "app=web", "acme"));
	say(w, &w->authority, "db", NOW, NOW + 100);
	assert_true(may(w, NULL, NULL, "acme"));
	assert_true(may(w, NULL, "app=db", "acme"));
	assert_false(may(w, NULL, "app=web", "acme"));
	assert_false(may(w, NULL, "app=db", NULL)); /* nobody's count without a project */
	assert_false(may(w, NULL, "(not (= subject.has_credential true))", NULL));
	w->known = false;
	assert_false(may(w, NULL, NULL, "acme"));
	assert_true(may(w, NULL, "(not (= subject.has_credential true))", "acme"));
	w->known = true;
	clock_now = NOW + 100;
	assert_false(may(w, NULL, "app=db", "acme"));
}

static void
any_one_of_several_authorities_may_convince(void **state)
{
	struct world *w = *state;

	w->any_authority = true;
	assert_true(may(w, NULL, "(not (= subject.has_credential true))", NULL));
	assert_false(may(w, NULL, "app=web", NULL));
	say(w, &w->authority, "web", NOW, NOW + 100);
	assert_true(may(w, NULL, "app=web", NULL));
	say(w, &w->other, "db", NOW, NOW + 200); /* and spoke last */
	assert_true(may(w, NULL, "app=web", NULL));
	assert_true(may(w, NULL, "app=db", NULL));
	assert_false(may(w, NULL, "app=web and app=db", NULL)); /* no one says both */
	assert_false(may(w, NULL, "(not (= subject.has_credential true))", NULL));
	clock_now = NOW + 100;
	assert_false(may(w, NULL, "app=web", NULL));
	assert_true(may(w, NULL, "app=db", NULL));
	/* who accepts it no more does not listen to it */
	pst_peers_unaccept(w->peers, &w->other.maker.identifier);
	assert_false(may(w, NULL, "app=db", NULL));
}

static void
a_resource_may_have_another_name_than_its_section(void **state)
{
	struct world *w = *state;
	const struct pst_list none = { 0, NULL };
	const struct pst_admission_conf conf = {
		.authorized = &none,
		.project = "acme",
		.type = "tcp-outlet",
		.may = "use it",
		.resource = "mysql",
	};

	assert_int_equal(rule_open(w, 0, "mysql", 0, "mysql", "(= resource.id \"mysql\")"), PST_OK);
	assert_false(may(w, NULL, NULL, "acme"));
	pst_admission_free(&w->admission);
	assert_int_equal(pst_admission_open(&w->admission, &w->outlet, &conf, NULL), PST_OK);
	assert_true(pst_admission_allows(w->admission, w->peer));
}

static void
the_rule_that_says_most_counts(void **state)
{
	struct world *w = *state;

	assert_int_equal(rule_open(w, 0, "all", 2, NULL, "app=type"), PST_OK);
	say(w, &w->authority, "type", NOW, NOW + 100);
	assert_true(may(w, NULL, NULL, "acme"));
	assert_true(may(w, "*", NULL, "acme"));
	assert_false(pst_admission_anybody(w->admission));
	assert_int_equal(rule_open(w, 1, "one", 0, "postgres", "app=name"), PST_OK);
	assert_false(may(w, NULL, NULL, "acme"));
	say(w, &w->authority, "name", NOW + 1, NOW + 100);
	assert_true(may(w, NULL, NULL, "acme"));
	assert_int_equal(rule_open(w, 2, "both", 2, "postgres", "app=both"), PST_OK);
	assert_false(may(w, NULL, NULL, "acme"));
	say(w, &w->authority, "both", NOW + 2, NOW + 100);
	assert_true(may(w, NULL, NULL, "acme"));
	assert_false(may(w, NULL, "app=own", "acme")); /* what the resource says itself */
	/* one that leaves is in force until the node has settled */
	fake_close(&w->rules[2]);
	w->rules[2].self = NULL;
	assert_true(may(w, NULL, NULL, "acme"));
	pst_rules_settle(&w->node.env);
	assert_false(may(w, NULL, NULL, "acme"));
}

static void
rules_for_other_resources_do_not_count(void **state)
{
	struct world *w = *state;

	say(w, &w->authority, "web", NOW, NOW + 100);
	assert_int_equal(rule_open(w, 0, "relays", 3, NULL, "app=no"), PST_OK);
	assert_int_equal(rule_open(w, 1, "mysql", 0, "mysql", "app=no"), PST_OK);
	assert_int_equal(rule_open(w, 2, "inlet", 1, "postgres", "app=no"), PST_OK);
	assert_true(may(w, NULL, NULL, "acme"));
	assert_true(may(w, "*", NULL, NULL));
	assert_true(pst_admission_anybody(w->admission));
}

static void
two_rules_for_the_same_are_one_too_many(void **state)
{
	struct world *w = *state;

	assert_int_equal(rule_open(w, 0, "a", 2, NULL, "app"), PST_OK);
	assert_int_equal(rule_open(w, 1, "b", 2, NULL, "app"), PST_E_CONF);
	assert_null(w->rules[1].self);
	/* but in place of one that leaves */
	fake_close(&w->rules[0]);
	w->rules[0].self = NULL;
	assert_int_equal(rule_open(w, 1, "a", 2, NULL, "app"), PST_OK);
}

static void
what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *authorized, *allow, *sentence;
	} table[] = {
		{ NULL, NULL, "authorized: say who may use it" },
		{ "Ixyz", NULL, "authorized: \"Ixyz\"" },
		{ NULL, "app = web", "allow: character 4" },
		{ "*", "(", "allow: character 2" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct pst_err err = PST_ERR_INIT;

		assert_int_equal(open_with(w, table[i].authorized, table[i].allow, NULL, &err), PST_E_CONF);
		assert_non_null(strstr(err.text, table[i].sentence));
		assert_null(w->admission);
	}
}

/* ---- who is inside ---- */

static void
sent_away(struct pst_admitted *admitted)
{
	world->sent_away++;
	world->one_gone = true;
	/* one may take others along, as a channel does those it carries */
	for (size_t i = 0; i < 3; i++)
		if (&world->inside[i] != admitted)
			pst_admission_leave(&world->inside[i]);
}

static void
enter_all(struct world *w)
{
	for (size_t i = 0; i < 3; i++)
		pst_admission_enter(w->admission, &w->inside[i], w->peer, sent_away);
}

static void
who_is_inside_leaves_when_the_attributes_do(void **state)
{
	struct world *w = *state;

	say(w, &w->authority, "web", NOW, NOW + 1);
	assert_true(may(w, NULL, "app=web", "acme"));
	enter_all(w);
	say(w, &w->authority, "web", NOW + 1, NOW + 2); /* refreshed: all stay */
	clock_now = NOW + 2;
	fake_wait(&w->node, &w->one_gone); /* the timer of what expires */
	assert_int_equal(w->sent_away, 1);
	assert_null(w->admission->inside);
}

static void
who_is_inside_leaves_when_a_rule_says_so(void **state)
{
	struct world *w = *state;

	say(w, &w->authority, "web", NOW, NOW + 100);
	assert_true(may(w, NULL, NULL, "acme"));
	enter_all(w);
	assert_int_equal(rule_open(w, 0, "a", 2, NULL, "app=web"), PST_OK);
	pst_rules_settle(&w->node.env);
	assert_int_equal(w->sent_away, 0);
	assert_int_equal(rule_open(w, 1, "b", 0, "postgres", "app=db"), PST_OK);
	assert_int_equal(w->sent_away, 0);
	pst_rules_settle(&w->node.env);
	assert_int_equal(w->sent_away, 1);
	assert_null(w->admission->inside);
	pst_rules_settle(&w->node.env);
	assert_int_equal(w->sent_away, 1);
}

static void
an_admission_that_goes_forgets_who_is_inside(void **state)
{
	struct world *w = *state;

	assert_true(may(w, "*", NULL, NULL));
	enter_all(w);
	pst_admission_leave(&w->inside[1]);
	pst_admission_leave(&w->inside[1]);
	pst_admission_free(&w->admission);
	pst_admission_leave(&w->inside[0]);
	assert_int_equal(w->sent_away, 0);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(list_and_policy_must_both_hold),
		test(attributes_count_when_the_projects_authority_attests_them),
		test(any_one_of_several_authorities_may_convince),
		test(a_resource_may_have_another_name_than_its_section),
		test(the_rule_that_says_most_counts),
		test(rules_for_other_resources_do_not_count),
		test(two_rules_for_the_same_are_one_too_many),
		test(what_is_wrong_is_said),
		test(who_is_inside_leaves_when_the_attributes_do),
		test(who_is_inside_leaves_when_a_rule_says_so),
		test(an_admission_that_goes_forgets_who_is_inside),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
