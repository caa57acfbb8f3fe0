/*
 * An authority over a store in memory, and people who ask it through doors, as
 * peers by channels do: what its tests share. person[0] is an enroller by the
 * file, person[1] a member by it; all others are strangers.
 */
#ifndef PEOPLE_H
#define PEOPLE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority.h"
#include "memory_store.h"

#define PEERS 110

/* A channel: what comes back by it is kept. */
struct person {
	struct pst_gate gate;
	struct pst_peer *peer;
	char id[PST_IDENTIFIER_TEXT];
	bool answered;
	unsigned status;
	char text[PST_API_TEXT_MAX];
	uint8_t body[4096];
	size_t len;
};

#define BOSS (&person[0])   /* an enroller of the file */
#define SECOND (&person[1]) /* a member of the file, without a role */

extern struct fake_node node;
extern struct fake_section section; /* the authority's */
extern struct fake_section identity;
extern struct memory_store store;
extern struct person person[PEERS];
extern uint64_t clock_s;        /* what the authority takes for the time */
extern const char *members[3];  /* of its file: the first two are read when it opens */

/* A cmocka set-up and tear-down; the latter asserts that nothing is left. */
int people_setup(void **state);
int people_teardown(void **state);
#define PEOPLE_TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, people_teardown)
/* Open the authority's section, which was closed: PST_OK, or why not. */
int authority_up(void);

/* Send a request; p->answered says when the answer is there. */
void send_to(struct person *p, const char *service, enum pst_method method, const char *path,
    const void *body, size_t len);
/* Send, wait, and return the status; the answer is in *p. */
unsigned ask(struct person *p, const char *service, enum pst_method method, const char *path,
    const void *body, size_t len);
/* Of direct_authenticator: a path; and that of a member. */
unsigned direct(struct person *p, enum pst_method method, const char *path);
unsigned direct_of(struct person *p, enum pst_method method, const struct person *whom);
unsigned add_member(struct person *p, const struct person *whom, const char *name, const char *value);
/* A code with one attribute; by BOSS, app=web. */
unsigned code_make_for(struct person *p, const char *name, const char *value, uint64_t ttl_s,
    uint64_t uses, uint8_t code[CODE_LEN]);
void code_make(uint64_t ttl_s, uint64_t uses, uint8_t code[CODE_LEN]);
void redeem_send(struct person *p, const uint8_t code[CODE_LEN]);
unsigned redeem(struct person *p, const uint8_t code[CODE_LEN]);
/* It was answered so. */
void refused(struct person *p, unsigned status, unsigned want, const char *text);

/* How many records there are: "member", "code" or "revoked". */
size_t in_store(const char *what);
bool is_member(const struct person *p);

#endif
