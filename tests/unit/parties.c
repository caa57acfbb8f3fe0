#include "parties.h"

#include <stdio.h>

#include "trust/identity.h"
#include "trust/trust.h"

extern const struct pst_module store_sqlite_LTX_pst_module;

static const struct pst_identity_conf plain = { "default", "", "default" };
uint64_t clock_now;
unsigned keys_made;

uint64_t __wrap_pst_clock_now(void);

uint64_t
__wrap_pst_clock_now(void)
{
	return clock_now;
}

static void
make_counted(void *vault, struct pst_vault_call *call)
{
	keys_made++;
	VAULT_OPS->make(vault, call);
}

/* ---- the world ---- */

void
open_as(struct world *w, struct fake_section *identity, const char *name)
{
	memset(identity, 0, sizeof *identity);
	fake_refer(identity, "vault", "default", &w->vault);
	fake_refer(identity, "store", "default", &w->store);
	assert_int_equal(fake_open(identity, &w->node, pst_trust_sections, NULL, name, &plain), PST_OK);
}

struct pst_peer *
admit(struct fake_section *to, struct fake_section *who)
{
	struct pst_peer *peer;
	size_t len;
	const uint8_t *shown = pst_identity_presentation(who->self, &len);

	assert_int_equal(pst_identity_admit(to->self, &peer, shown, len,
			     pst_identity_static_key(who->self), NULL),
	    PST_OK);
	return peer;
}

void
accept_issuer(struct world *w, struct fake_section *who)
{
	struct pst_identifier id;
	size_t len;
	const uint8_t *history = pst_identity_history(w->issuer.self, &len);

	assert_int_equal(pst_identity_accept(who->self, &id, history, len, NULL), PST_OK);
	assert_true(pst_identifier_equal(&id, pst_identity_identifier(w->issuer.self)));
}

int
parties_setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	clock_now = NOW;
	keys_made = 0;
	fake_node_init(&w->node);
	w->vault_ops = *VAULT_OPS;
	w->vault_ops.make = make_counted;
	assert_int_equal(fake_open(&w->vault, &w->node, vault_file_LTX_pst_module.sections,
			     &w->vault_ops, "default", &w->conf),
	    PST_OK);
	assert_int_equal(fake_open(&w->store, &w->node, store_sqlite_LTX_pst_module.sections,
			     store_sqlite_LTX_pst_module.ops, "default", &w->conf),
	    PST_OK);
	open_as(w, &w->issuer, "issuer");
	open_as(w, &w->member, "member");
	open_as(w, &w->other, "other");
	w->member_peer = admit(&w->issuer, &w->member);
	*state = w;
	return 0;
}

int
parties_teardown(void **state)
{
	struct world *w = *state;

	pst_peer_unref(&w->member_peer);
	fake_close(&w->issuer);
	fake_close(&w->member);
	fake_close(&w->other);
	fake_close(&w->store);
	fake_close(&w->vault);
	fake_node_fini(&w->node);
	free(w);
	return 0;
}

/* ---- issuing ---- */

void
on_issued(struct pst_issue_call *call, int rc)
{
	struct issued *issued = pst_container_of(call, struct issued, call);

	assert_false(issued->done);
	issued->done = true;
	issued->rc = rc;
	if (rc)
		return;
	issued->len = call->len;
	issued->expires_at = call->expires_at;
	assert_true(call->len <= sizeof issued->bytes);
	memcpy(issued->bytes, call->credential, call->len);
}

const struct pst_attribute roles[2] = {
	{ (const uint8_t *)"role", (const uint8_t *)"web", 4, 3 },
	{ (const uint8_t *)"app", (const uint8_t *)"bank", 3, 4 },
};

void
issue_begin(struct world *w, struct issued *out, uint64_t ttl_s)
{
	*out = (struct issued){ .call = { .fn = on_issued, .subject = w->member_peer,
		.attributes = roles, .count = 2, .ttl_s = ttl_s } };
	pst_identity_issue(w->issuer.self, &out->call);
	assert_false(out->done);
}

struct issued
issue(struct world *w, uint64_t ttl_s)
{
	struct issued *issued = malloc(sizeof *issued), copy;

	issue_begin(w, issued, ttl_s);
	fake_wait(&w->node, &issued->done);
	copy = *issued;
	free(issued);
	return copy;
}

int
present(struct fake_section *who, const struct issued *issued)
{
	return pst_identity_present(who->self, issued->bytes, issued->len, NULL, NULL);
}

const char *
seen(struct world *w, struct fake_section *by)
{
	static char value[16];
	struct pst_peer *peer = admit(by, &w->member);
	const struct pst_attributes *attributes =
	    pst_peer_attributes(peer, pst_identity_identifier(w->issuer.self));
	const struct pst_attribute *a = attributes ? pst_attributes_find(attributes, "app", 3) : NULL;

	snprintf(value, sizeof value, "%.*s", a ? (int)a->value_len : 0, a ? (const char *)a->value : "");
	pst_peer_unref(&peer);
	return value;
}
