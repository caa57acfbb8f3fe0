/*
 * Enrollment tickets: what is taken is written in each form and read the same.
 * Covers: core/trust/ticket.c core/trust/ticket_write.c
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <postern/ticket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_routes(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	check(a_count == b_count && a_count >= 1 && a_count <= PST_TICKET_ROUTES_MAX);
	for (size_t i = 0; i < a_count; i++)
		check(!strcmp(a[i], b[i]));
}

static void
check_identity(const struct pst_ticket_identity *a, const struct pst_ticket_identity *b)
{
	check(pst_identifier_equal(&a->identifier, &b->identifier));
	check(a->history_len == b->history_len && !memcmp(a->history, b->history, a->history_len));
}

static void
check_form(const struct pst_ticket *t, enum pst_ticket_form form)
{
	struct pst_ticket *again;
	char *text;

	check(!pst_ticket_write(&text, t, form, NULL));
	check(!pst_ticket_read(&again, text, strlen(text), NULL));
	check(!memcmp(again->code, t->code, sizeof t->code));
	check(!strcmp(again->project_name, t->project_name));
	check_routes(again->project_route, again->project_routes, t->project_route, t->project_routes);
	check_routes(again->authority_route, again->authority_routes, t->authority_route,
	    t->authority_routes);
	check_identity(&again->project, &t->project);
	check_identity(&again->authority, &t->authority);
	pst_ticket_free(&again);
	pst_ticket_text_free(&text);
}

/* What could not be read is not written. */
static void
check_refused(const struct pst_ticket *t)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_ticket bad[4] = { *t, *t, *t, *t };
	char *text;

	bad[0].project_name = "a,b";
	bad[1].project_route[0] = "/service/a,b";
	bad[2].authority_routes = 0;
	bad[3].authority.history_len--;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		check(pst_ticket_write(&text, &bad[i], PST_TICKET_PLAIN, &err) && !text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_ticket *t;

	if (sodium_init() < 0)
		return 0;
	if (pst_ticket_read(&t, (const char *)data, len, &err)) {
		check(!t && *err.text);
		check(!strstr(err.text, "c0c1c2c3")); /* the code of the seeds */
		return 0;
	}
	check(strlen(t->project_id) < PST_TICKET_NAME_MAX + 1);
	for (enum pst_ticket_form form = PST_TICKET_PLAIN; form <= PST_TICKET_HEX; form++)
		check_form(t, form);
	check_refused(t);
	pst_ticket_free(&t);
	return 0;
}
