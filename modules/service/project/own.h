/*
 * The inside of a project's own node: the section (own.c), and what commands ask
 * of it, tickets (tickets.c) and members (members.c).
 */
#ifndef PROJECT_OWN_H
#define PROJECT_OWN_H

#include <postern/api.h>

#include "project.h"

struct own {
	struct project *project;
	struct pst_worker passage; /* the worker ID */
	char id[64];
	struct question *questions;
	char route[2 * PST_MULTIADDR_VALUE];
};

/* A command's, while the authority is asked. */
struct question {
	struct own *own;
	struct question *next, **link;
	struct pst_ask *ask;
	struct pst_api_ask api;
};

/* own.c: ask a service of the authority beside us; fn ends the question. */
void own_question(struct own *own, struct pst_ask *ask, const char *service, enum pst_method method,
    const char *path, const struct pst_writer *body,
    void (*fn)(struct pst_api_ask *api, int rc, const struct pst_api_response *response));
/* False after the question was ended, because the authority does not do it. */
bool own_answered(struct question *q, int rc, const struct pst_api_response *response);
void own_question_done(struct question *q, int rc, const char *sentence);

/* tickets.c */
void own_ticket(struct own *own, struct pst_ask *ask);
/* members.c */
void own_members(struct own *own, struct pst_ask *ask);
void own_revoke(struct own *own, struct pst_ask *ask);

#endif
