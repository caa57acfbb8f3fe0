/*
 * Three identities of one node, over a file vault and an SQLite store: one
 * issues, one is its member, and one meets the member. What tests of issuing
 * and showing share. The clock is the test's; link with --wrap=pst_clock_now.
 */
#ifndef PARTIES_H
#define PARTIES_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/store.h>

#include "fake_section.h"
#include "fake_vault.h"
#include "make_credential.h"

extern const struct pst_module vault_file_LTX_pst_module;
#define VAULT_OPS ((const struct pst_vault_ops *)vault_file_LTX_pst_module.ops)

#define NOW 1800000000
#define YEAR 31536000
#define DAY 86400

struct conf {
	const char *path;
	const char *passphrase_file; /* the vault's; the store reads path only */
};

struct world {
	struct fake_node node;
	struct fake_section vault, store;
	struct pst_vault_ops vault_ops; /* the file vault's, whose make is counted */
	struct conf conf;
	struct fake_section issuer, member, other;
	struct pst_peer *member_peer; /* as the issuer sees it */
};

struct issued {
	struct pst_issue_call call;
	bool done;
	int rc;
	uint8_t bytes[2048];
	size_t len;
	uint64_t expires_at;
};

extern uint64_t clock_now;
extern unsigned keys_made;
extern const struct pst_attribute roles[2];

/* A cmocka set-up and tear-down: *state is a struct world. */
int parties_setup(void **state);
int parties_teardown(void **state);
#define PARTIES_TEST(name) cmocka_unit_test_setup_teardown(name, parties_setup, parties_teardown)

/* Open the identity of that name, in the vault and store of all. */
void open_as(struct world *w, struct fake_section *identity, const char *name);
/* One as the other's peer, as a handshake makes it. */
struct pst_peer *admit(struct fake_section *to, struct fake_section *who);
void accept_issuer(struct world *w, struct fake_section *who);

/* The issuer says roles of the member: begin; or begin and wait. */
void issue_begin(struct world *w, struct issued *out, uint64_t ttl_s);
struct issued issue(struct world *w, uint64_t ttl_s);
void on_issued(struct pst_issue_call *call, int rc);
int present(struct fake_section *who, const struct issued *issued);
/* What this one sees in the member after a handshake, of the issuer. */
const char *seen(struct world *w, struct fake_section *by);

#endif
