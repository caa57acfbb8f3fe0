/* What reading and writing tickets share (postern/ticket.h). */
#ifndef PST_TRUST_TICKET_H
#define PST_TRUST_TICKET_H

#include <postern/ticket.h>

/* Fields of the plain form. */
enum pst_ticket_field {
	PST_TICKET_PROJECT_ROUTE,
	PST_TICKET_PROJECT_IDENTIFIER,
	PST_TICKET_PROJECT_NAME,
	PST_TICKET_CODE,
	PST_TICKET_PROJECT_HISTORY,
	PST_TICKET_AUTHORITY_HISTORY,
	PST_TICKET_AUTHORITY_ROUTE,
	PST_TICKET_FIELDS,
};

/* In front of a further route, in a field behind those. */
#define PST_TICKET_FURTHER_PROJECT "project="
#define PST_TICKET_FURTHER_AUTHORITY "authority="

/* May it stand in a ticket? A sentence if not. */
PST_MUST_CHECK int pst_ticket_check_name(const char *name, struct pst_err *err);
PST_MUST_CHECK int pst_ticket_check_route(const char *route, struct pst_err *err);
/* The first /service/ of the route, else name; out: PST_MULTIADDR_VALUE bytes. */
void pst_ticket_project_id(char *out, size_t size, const char *route, const char *name);

#endif
