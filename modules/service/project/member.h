/*
 * The inside of a member: what lasts of it (member.c), and its conversations with
 * an authority (enrol.c).
 */
#ifndef PROJECT_MEMBER_H
#define PROJECT_MEMBER_H

#include <postern/api.h>
#include <postern/path.h>

#include "project.h"

enum standing {
	STANDING_NONE,    /* no ticket yet */
	STANDING_JOINING, /* the code is to be redeemed */
	STANDING_MEMBER,
	STANDING_REFUSED, /* the code was: only another ticket helps */
};

struct member {
	struct project *project;
	void *store;
	const struct pst_store_ops *store_ops;
	unsigned pending; /* answers of the store we wait for */
	bool closing;
	enum standing standing;
	struct pst_ticket *ticket; /* NULL: none */
	struct pst_ticket *other;  /* to join by, if the authority says that we are no member */
	bool accepted;             /* its authority, by our identity */
	bool ready;                /* others may use our routes: a credential is shown, or there is none to be had */
	struct pst_ask *joining;   /* who waits for it */
	struct pst_identity_watch rekeyed; /* our authority, for one */
	uint64_t refused_at;       /* since when the authority says no, to a code or a member; 0: it does not */
	char why[PST_ERR_TEXT];    /* the last thing that went wrong; empty: nothing */

	/* one conversation with an authority */
	struct pst_path *path;
	bool path_closing;
	size_t turn; /* which of the routes */
	size_t tried; /* of them, in vain, since the last success */
	uint64_t again_ms;
	struct pst_timer timer; /* the end of a try, or the next one */
	struct pst_api_ask ask;
	struct pst_route_buf at; /* the authority's channel listener, while the path is up */
	char route[2 * PST_MULTIADDR_VALUE];
	char authority[PST_IDENTIFIER_TEXT];
	const char *authority_item[2];
	struct pst_list authority_list, no_hops;
	char route_text[2 * PST_MULTIADDR_VALUE]; /* for who asks for ours */
};

/* member.c: keep the ticket as it is now; fn(m, rc). It begins with member_answered(). */
void member_keep(struct member *m, void (*fn)(void *arg, int rc));
void member_forget(struct member *m);
/* An answer of the store has come: false when the section closes and m may be gone. */
bool member_answered(struct member *m);
/* Free it, when it closes and nothing is under way any more. */
void member_gone(struct member *m);
/* Join by this ticket, kept first, in place of the one there is. */
void member_rejoin(struct member *m, struct pst_ticket **ticket);
/* What went wrong last; NULL: what rc says. */
void member_problem(struct member *m, int rc, const char *what);
/* Answer who waits, if somebody does. */
void member_joined(struct member *m, int rc);

/* enrol.c: a conversation after so many ms, in place of what is under way. */
void enrol_later(struct member *m, uint64_t ms);
/* None any more. m->path_closing as long as it takes. */
void enrol_end(struct member *m);

#endif
