/*
 * Enrollment tickets: a one-time code with all that its holder needs to find
 * the project, its authority, and to know them (spec trust.md 5.6).
 *
 * A ticket is a secret for as long as its code holds: whoever has it becomes
 * a member. It lies in guarded memory and is wiped when it is freed. No
 * signature protects it.
 *
 * Forms: plain, seven fields with commas between; JSON; hex of the plain one.
 * Behind the seventh field, where Ockam ignores them, further routes may stand
 * as `project=ROUTE` and `authority=ROUTE`; in JSON they are the lists `project`
 * and `authority` of the object `routes`. The older form of Ockam, JSON with the
 * whole project inside, or its hex, is read and not written.
 */
#ifndef POSTERN_TICKET_H
#define POSTERN_TICKET_H

#include <postern/identity.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_CODE_LEN 32
/* Ours. Two histories of the longest that fit a handshake are 525 KB in the hex form. */
#define PST_TICKET_MAX (640 * 1024)
#define PST_TICKET_NAME_MAX 255
/* Of each kind, the first one included. */
#define PST_TICKET_ROUTES_MAX 8

/* Who is to be met: its history, and the identifier that this proves. */
struct pst_ticket_identity {
	struct pst_identifier identifier;
	const uint8_t *history;
	size_t history_len;
};

struct pst_ticket {
	uint8_t code[PST_CODE_LEN]; /* secret */
	/* What the project is called; without commas. */
	const char *project_name;
	/* What Ockam calls it by: the first /service/ of its route, else its name. */
	const char *project_id;
	struct pst_ticket_identity project, authority;
	/* Multiaddrs; at least one each, in the order in which they are to be tried. */
	size_t project_routes, authority_routes;
	const char *project_route[PST_TICKET_ROUTES_MAX];
	const char *authority_route[PST_TICKET_ROUTES_MAX];
};

enum pst_ticket_form {
	PST_TICKET_PLAIN,
	PST_TICKET_JSON,
	PST_TICKET_HEX,
};

/*
 * Read a ticket of any form, white space around it allowed, and verify both
 * histories; the project's identifier has to be that of its history.
 * Sentences never quote the ticket. -EBADMSG for what is none, PST_E_AUTH for
 * a history that does not hold, PST_E_LIMIT, -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_ticket_read(struct pst_ticket **out, const char *text, size_t len,
    struct pst_err *err);
PST_API void pst_ticket_free(struct pst_ticket **ticket);

/*
 * Write one, as a string on the heap that pst_ticket_text_free() wipes. Of the
 * identities only the histories count, project_id is made from the first route.
 * Ockam takes it only if that has a /service/. -EINVAL with a sentence.
 */
PST_API PST_MUST_CHECK int pst_ticket_write(char **out, const struct pst_ticket *ticket,
    enum pst_ticket_form form, struct pst_err *err);
PST_API void pst_ticket_text_free(char **text);

#ifdef __cplusplus
}
#endif
#endif
