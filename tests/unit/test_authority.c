/*
 * The authority over a store in memory, asked by peers through doors: who may
 * what, who wins a race, and what another node, a clock or a full disk does.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_history.h"
#include "memory_store.h"
#include "trust/identity.h"
#include "trust/peers.h"
#include "trust/trust.h"

#include "authority.h"

extern const struct pst_module vault_file_LTX_pst_module;
extern const struct pst_module store_sqlite_LTX_pst_module;
extern const struct pst_module service_authority_LTX_pst_module;

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

static struct fake_node node;
static struct fake_section vault, sqlite, identity, section;
static struct memory_store store;
static struct pst_peers *peers;
static struct person person[PEERS];
static uint64_t clock_s;
static struct authority_conf conf;
static char boss[100], second[100];
static const char *members[3];

#define BOSS (&person[0])   /* an enroller of the file */
#define SECOND (&person[1]) /* a member of the file, without a role */

static uint64_t
fake_now(void)
{
	return clock_s;
}

/* ---- people ---- */

static void
comes_back(struct pst_worker *worker, struct pst_message *m)
{
	struct person *p = pst_container_of(worker, struct person, gate.worker);
	struct pst_api_response response;

	assert_int_equal(pst_api_response_read(&response, m->payload.start, pst_buf_len(&m->payload)), PST_OK);
	p->answered = true;
	p->status = response.status;
	pst_api_error_text(&response, p->text, sizeof p->text);
	p->len = pst_reader_left(&response.body);
	assert_in_range(p->len, 0, sizeof p->body);
	memcpy(p->body, response.body.p, p->len);
}

static void
person_make(struct person *p, uint32_t number)
{
	static struct maker m;
	static uint8_t bytes[PST_HISTORY_MAX + 2048];
	struct pst_reader r;
	struct pst_history *history;

	memset(&m, 0, sizeof m);
	memset(p, 0, sizeof *p);
	maker_change(&m, number + 1, 1, 1u << 31);
	r = pst_reader(bytes, maker_history(&m, bytes));
	assert_int_equal(pst_history_read(&history, &r, NULL), PST_OK);
	assert_int_equal(pst_peers_add(peers, &p->peer, history), PST_OK);
	pst_history_unref(&history);
	pst_identifier_format(p->id, pst_peer_identifier(p->peer));
	assert_int_equal(pst_gate_open(node.env.router, &p->gate, comes_back), PST_OK);
	p->gate.peer = p->peer;
}

/* ---- asking ---- */

static void
send_to(struct person *p, const char *service, enum pst_method method, const char *path,
    const void *body, size_t len)
{
	uint8_t bytes[PST_API_HEAD_MAX + 1024];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct pst_route_buf rb;
	struct pst_message m;

	pst_route_buf_init(&rb);
	assert_int_equal(pst_route_add(&rb, PST_ADDRESS_LOCAL, service, strlen(service)), PST_OK);
	pst_api_request_write(&w, 1, method, path, len);
	pst_write_bytes(&w, body, len);
	assert_int_equal(w.status, PST_OK);
	m = (struct pst_message){
		.onward = pst_route_buf_view(&rb),
		.back = pst_worker_route(&p->gate.worker),
		.from = &p->gate,
	};
	p->answered = false;
	assert_int_equal(pst_env_buf(&m.payload, &node.env, bytes, pst_writer_len(&w), 0, 0), PST_OK);
	assert_int_equal(pst_router_send(node.env.router, &m), PST_OK);
}

static unsigned
ask(struct person *p, const char *service, enum pst_method method, const char *path,
    const void *body, size_t len)
{
	send_to(p, service, method, path, body, len);
	fake_wait(&node, &p->answered);
	return p->status;
}

static unsigned
direct(struct person *p, enum pst_method method, const char *path)
{
	return ask(p, "direct_authenticator", method, path, NULL, 0);
}

static unsigned
direct_of(struct person *p, enum pst_method method, const struct person *whom)
{
	char path[100];

	snprintf(path, sizeof path, "/members/%s", whom->id);
	return direct(p, method, path);
}

static size_t
code_body(uint8_t *out, size_t size, const uint8_t code[CODE_LEN])
{
	struct pst_writer w = pst_writer(out, size);

	one_time_code_write(&w, code);
	return pst_writer_len(&w);
}

static void
redeem_send(struct person *p, const uint8_t code[CODE_LEN])
{
	uint8_t body[CODE_BODY_LEN];

	send_to(p, "enrollment_token_acceptor", PST_METHOD_POST, "/", body,
	    code_body(body, sizeof body, code));
}

static unsigned
redeem(struct person *p, const uint8_t code[CODE_LEN])
{
	redeem_send(p, code);
	fake_wait(&node, &p->answered);
	return p->status;
}

/* Body of CreateToken with one attribute. */
static size_t
token_body(uint8_t *out, size_t size, const char *name, const char *value, uint64_t ttl_s,
    uint64_t uses)
{
	struct pst_writer w = pst_writer(out, size);

	pst_cbor_write_map(&w, 3);
	pst_cbor_write_uint(&w, 1);
	pst_cbor_write_map(&w, 1);
	pst_cbor_write_text(&w, name, strlen(name));
	pst_cbor_write_text(&w, value, strlen(value));
	pst_cbor_write_uint(&w, 2);
	pst_cbor_write_uint(&w, ttl_s);
	pst_cbor_write_uint(&w, 3);
	pst_cbor_write_uint(&w, uses);
	return pst_writer_len(&w);
}

static unsigned
code_make_for(struct person *p, const char *name, const char *value, uint64_t ttl_s,
    uint64_t uses, uint8_t code[CODE_LEN])
{
	uint8_t body[256];
	size_t len = token_body(body, sizeof body, name, value, ttl_s, uses);
	unsigned status = ask(p, "enrollment_token_issuer", PST_METHOD_POST, "/tokens", body, len);

	if (status == 200)
		assert_int_equal(one_time_code_read(code, pst_reader(p->body, p->len)), PST_OK);
	return status;
}

static void
code_make(uint64_t ttl_s, uint64_t uses, uint8_t code[CODE_LEN])
{
	assert_int_equal(code_make_for(BOSS, "app", "web", ttl_s, uses, code), 200);
}

static unsigned
add_member(struct person *p, const struct person *whom, const char *name, const char *value)
{
	uint8_t body[256];
	struct pst_writer w = pst_writer(body, sizeof body);

	pst_cbor_write_map(&w, 2);
	pst_cbor_write_uint(&w, 1);
	identifier_write(&w, pst_peer_identifier(whom->peer));
	pst_cbor_write_uint(&w, 2);
	pst_cbor_write_map(&w, 1);
	pst_cbor_write_text(&w, name, strlen(name));
	pst_cbor_write_text(&w, value, strlen(value));
	return ask(p, "direct_authenticator", PST_METHOD_POST, "/", body, pst_writer_len(&w));
}

static size_t
in_store(const char *what)
{
	char prefix[KEY_MAX], name[PST_IDENTIFIER_TEXT];

	pst_identifier_format(name, pst_identity_identifier(identity.self));
	snprintf(prefix, sizeof prefix, "authority/%s/%s/", name, what);
	return memory_store_count(&store, prefix);
}

static bool
is_member(const struct person *p)
{
	char key[KEY_MAX];
	struct authority a = { .now = NULL };

	pst_identifier_format(a.name, pst_identity_identifier(identity.self));
	return memory_store_find(&store, member_key(key, &a, pst_peer_identifier(p->peer)));
}

/* ---- the section ---- */

static int
authority_up(void)
{
	int rc;

	memset(&section, 0, sizeof section);
	fake_refer(&section, "identity", "default", &identity);
	section.ref[1].kind = "store";
	section.ref[1].name = "memory";
	static struct fake_section memory;
	memory.self = &store;
	memory.ops = &memory_store_ops;
	section.ref[1].to = &memory;
	rc = fake_open(&section, &node, service_authority_LTX_pst_module.sections, NULL, "authority", &conf);
	if (!rc)
		((struct authority *)section.self)->now = fake_now;
	return rc;
}

static int
setup(void **state)
{
	static const struct { const char *path, *passphrase_file; } files = { NULL, NULL };
	static const struct pst_identity_conf identity_conf = { .vault = "default", .channel_vault = "", .store = "default" };

	clock_s = (uint64_t)time(NULL);
	fake_node_init(&node);
	assert_int_equal(pst_router_new(&node.env.router, &node.env), PST_OK);
	memory_store_init(&store, &node.env);
	assert_int_equal(pst_peers_new(&peers, &node.env, NULL, NULL), PST_OK);
	for (uint32_t i = 0; i < PEERS; i++)
		person_make(&person[i], i);
	memset(&identity, 0, sizeof identity);
	assert_int_equal(fake_open(&vault, &node, vault_file_LTX_pst_module.sections,
	    vault_file_LTX_pst_module.ops, "default", &files), PST_OK);
	assert_int_equal(fake_open(&sqlite, &node, store_sqlite_LTX_pst_module.sections,
	    store_sqlite_LTX_pst_module.ops, "default", &files), PST_OK);
	fake_refer(&identity, "vault", "default", &vault);
	fake_refer(&identity, "store", "default", &sqlite);
	assert_int_equal(fake_open(&identity, &node, pst_trust_sections, NULL, "default", &identity_conf),
	    PST_OK);
	snprintf(boss, sizeof boss, "%s ockam-role=enroller", BOSS->id);
	snprintf(second, sizeof second, "%s app=db", SECOND->id);
	members[0] = boss;
	members[1] = second;
	conf = (struct authority_conf){ "default", "memory", "p1", { 2, members }, 3600000 };
	assert_int_equal(authority_up(), PST_OK);
	return 0;
}

static int
teardown(void **state)
{
	fake_close(&section);
	for (size_t i = 0; i < PEERS; i++) {
		pst_gate_close(node.env.router, &person[i].gate);
		pst_peer_unref(&person[i].peer);
	}
	pst_peers_close(&peers);
	fake_close(&identity);
	fake_close(&sqlite);
	fake_close(&vault);
	memory_store_fini(&store);
	assert_int_equal(pst_router_workers(node.env.router), 0);
	pst_router_free(&node.env.router);
	fake_node_fini(&node);
	return 0;
}

/* ---- who may what ---- */

static void
refused(struct person *p, unsigned status, unsigned want, const char *text)
{
	assert_int_equal(status, want);
	assert_string_equal(p->text, text);
}

static void
strangers_and_members_may_not_what_enrollers_may(void **state)
{
	struct person *other = &person[5];
	uint8_t code[CODE_LEN];

	for (struct person *p = SECOND; p <= &person[2]; p++) {
		refused(p, code_make_for(p, "a", "b", 60, 1, code), 403,
		    "Non-enroller is trying to issue an enrollment token");
		refused(p, direct(p, PST_METHOD_GET, "/"), 403, "Non-enroller is trying to list members");
		refused(p, direct(p, PST_METHOD_GET, "/member_ids"), 403, "Non-enroller is trying to list members");
		refused(p, direct_of(p, PST_METHOD_GET, SECOND), 403, "Non-enroller is trying to retrieve a member");
		refused(p, direct_of(p, PST_METHOD_DELETE, SECOND), 403, "Non-enroller is trying to delete a member");
		refused(p, direct(p, PST_METHOD_DELETE, "/members"), 403, "Non-enroller is trying to list members");
		assert_int_equal(add_member(p, other, "a", "b"), 403);
		assert_non_null(strstr(p->text, "is trying to add a member I"));
	}
	assert_int_equal(in_store("member"), 2);
	assert_int_equal(in_store("code"), 0);
	refused(&person[2], ask(&person[2], "credential_issuer", PST_METHOD_POST, "/", NULL, 0), 403,
	    "unauthorized member");
}

static void
paths_and_bodies_that_are_none_are_answered(void **state)
{
	struct person *p = BOSS;
	static const char *const services[] = {
		"credential_issuer", "enrollment_token_issuer", "enrollment_token_acceptor", "direct_authenticator"
	};

	for (size_t i = 0; i < 4; i++) {
		refused(p, ask(p, services[i], PST_METHOD_PATCH, "/", NULL, 0), 400, "unknown path");
		refused(p, ask(p, services[i], PST_METHOD_POST, "/x/y", NULL, 0), 400, "unknown path");
	}
	assert_int_equal(ask(p, services[1], PST_METHOD_POST, "/", "\xff", 1), 400);
	assert_int_equal(ask(p, services[2], PST_METHOD_POST, "/", "\xa1\x01\x41x", 4), 400);
	assert_int_equal(ask(p, services[2], PST_METHOD_POST, "/", "\xa0", 1), 400);
	assert_int_equal(ask(p, services[3], PST_METHOD_POST, "/", "\xa0", 1), 400);
	assert_int_equal(ask(p, services[3], PST_METHOD_POST, "/", NULL, 0), 400);
	refused(p, direct(p, PST_METHOD_GET, "/Inot"), 400, "unknown path");
	refused(p, direct(p, PST_METHOD_DELETE, "/"), 400, "unknown path");
	/* an attribute twice, one that is no text, a use of none */
	assert_int_equal(ask(p, services[1], PST_METHOD_POST, "/", "\xa1\x01\xa2\x61" "a\x61" "b\x61" "a\x61" "c", 11), 400);
	assert_int_equal(ask(p, services[1], PST_METHOD_POST, "/", "\xa1\x01\xa1\x61" "a\x61\x07", 7), 400);
	assert_int_equal(ask(p, services[1], PST_METHOD_POST, "/", "\xa1\x03\x00", 3), 400);
	assert_int_equal(in_store("code"), 0);
}

static void
members_are_added_shown_and_deleted(void **state)
{
	struct person *p = BOSS, *other = &person[5];
	struct member member = { .attributes.count = 0 };
	uint8_t want[ENTRY_MAX];
	struct pst_writer w = pst_writer(want, sizeof want);

	assert_int_equal(add_member(p, other, "app", "web"), 200);
	assert_int_equal(p->len, 0);
	assert_int_equal(attributes_add_word(&member.attributes, "app=web", 7), PST_OK);
	member.added_by = *pst_peer_identifier(p->peer);
	member.added_at = clock_s;
	entry_write(&w, &member);
	assert_int_equal(direct_of(p, PST_METHOD_GET, other), 200);
	assert_int_equal(p->len, pst_writer_len(&w));
	assert_memory_equal(p->body, want, p->len);
	assert_int_equal(direct(p, PST_METHOD_GET, "/member_ids"), 200);
	assert_int_equal(p->len, 1 + 3 * 34);
	assert_int_equal(p->body[0], 0x83);
	assert_int_equal(direct(p, PST_METHOD_GET, "/members"), 200);
	assert_int_equal(p->body[0], 0xa3);
	assert_int_equal(direct_of(p, PST_METHOD_DELETE, other), 200);
	assert_false(is_member(other));
	assert_int_equal(direct_of(p, PST_METHOD_GET, other), 403);
	assert_non_null(strstr(p->text, "not found"));
	assert_int_equal(direct_of(p, PST_METHOD_DELETE, other), 200); /* nothing to do */
}

static void
who_is_named_in_the_file_stays_and_all_others_go(void **state)
{
	struct person *p = BOSS, *enroller = &person[5];

	refused(p, direct_of(p, PST_METHOD_DELETE, SECOND), 403,
	    "Enroller is trying to delete a pre trusted identity");
	assert_int_equal(add_member(p, enroller, "ockam-role", "enroller"), 200);
	assert_int_equal(add_member(enroller, &person[6], "a", "b"), 200);
	assert_int_equal(add_member(enroller, &person[7], "a", "b"), 200);
	assert_int_equal(direct(enroller, PST_METHOD_DELETE, "/members"), 200);
	assert_true(is_member(enroller) && is_member(BOSS) && is_member(SECOND));
	assert_int_equal(in_store("member"), 3);
	/* added anew by hand, it is no longer of the file, until that is read again */
	assert_int_equal(add_member(p, SECOND, "a", "b"), 200);
	assert_int_equal(direct_of(p, PST_METHOD_DELETE, SECOND), 200);
	fake_close(&section);
	assert_int_equal(authority_up(), PST_OK);
	assert_true(is_member(SECOND));
}

static void
the_file_s_members_are_replaced_as_a_set(void **state)
{
	static char third[100];
	const struct memory_item *before;
	unsigned commits;

	assert_int_equal(add_member(BOSS, &person[6], "a", "b"), 200);
	fake_close(&section);
	snprintf(third, sizeof third, "%s  app=x  component=y", person[3].id);
	members[1] = third;
	assert_int_equal(authority_up(), PST_OK);
	assert_false(is_member(SECOND));
	assert_true(is_member(BOSS) && is_member(&person[3]) && is_member(&person[6]));
	/* the same again changes nothing */
	before = store.items;
	commits = store.commits;
	fake_close(&section);
	assert_int_equal(authority_up(), PST_OK);
	assert_ptr_equal(store.items, before);
	assert_int_equal(store.commits, commits);
}

static void
a_store_that_fails_keeps_the_section_down(void **state)
{
	fake_close(&section);
	store.fail = -ENOSPC;
	assert_int_equal(authority_up(), -ENOSPC);
	store.fail = 0;
	fake_close(&section);
	assert_int_equal(authority_up(), PST_OK);
}

/* ---- codes ---- */

static bool
holds(const struct person *p, const char *bytes)
{
	size_t n = strlen(bytes);

	for (size_t i = 0; i + n <= p->len; i++)
		if (!memcmp(p->body + i, bytes, n))
			return true;
	return false;
}

static void
a_code_makes_a_member_once(void **state)
{
	struct person *p = &person[5];
	uint8_t code[CODE_LEN], other[CODE_LEN];

	code_make(60, 1, code);
	memcpy(other, code, sizeof other);
	other[31] ^= 1;
	refused(p, redeem(p, other), 403, "Unknown enrollment token");
	assert_int_equal(redeem(p, code), 200);
	assert_int_equal(p->len, 0);
	assert_true(is_member(p));
	assert_int_equal(in_store("code"), 0);
	refused(p, redeem(p, code), 403, "Already a member");
	refused(&person[6], redeem(&person[6], code), 403, "Unknown enrollment token");
	assert_int_equal(ask(p, "credential_issuer", PST_METHOD_POST, "/credential", NULL, 0), 200);
	assert_true(p->len > 100);
	/* its attribute, and the project's name */
	assert_true(holds(p, "\x43" "app\x43web\x50trust_context_id\x42p1"));
}

static void
a_member_does_not_use_up_a_code(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 1, code);
	refused(SECOND, redeem(SECOND, code), 403, "Already a member");
	assert_int_equal(redeem(&person[5], code), 200);
}

static void
a_code_one_second_late_is_none_and_goes(void **state)
{
	uint8_t code[CODE_LEN], later[CODE_LEN];

	code_make(60, 5, code);
	code_make(61, 5, later);
	clock_s += 60;
	refused(&person[5], redeem(&person[5], code), 403, "Unknown enrollment token");
	assert_int_equal(redeem(&person[5], later), 200);
	sweep_begin(section.self);
	for (int i = 0; i < 10; i++)
		uv_run(&node.loop, UV_RUN_NOWAIT);
	assert_int_equal(in_store("code"), 1);
}

static void
of_a_hundred_that_race_for_one_use_one_wins(void **state)
{
	uint8_t code[CODE_LEN];
	unsigned won = 0;

	code_make(60, 1, code);
	for (int i = 5; i < 105; i++)
		redeem_send(&person[i], code);
	for (int i = 5; i < 105; i++) {
		fake_wait(&node, &person[i].answered);
		won += person[i].status == 200;
	}
	assert_int_equal(won, 1);
	assert_int_equal(in_store("member"), 3);
	assert_int_equal(in_store("code"), 0);
}

static void
of_as_many_uses_as_there_are_racers_all_win(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 100, code);
	for (int i = 5; i < 105; i++)
		redeem_send(&person[i], code);
	for (int i = 5; i < 105; i++) {
		fake_wait(&node, &person[i].answered);
		assert_int_equal(person[i].status, 200);
	}
	assert_int_equal(in_store("member"), 102);
	assert_int_equal(in_store("code"), 0);
}

/* Another node redeems one use of each code just before we do, nine times. */
static void
another_redeems(struct memory_store *s, unsigned commit)
{
	uint8_t value[RECORD_MAX];
	struct pst_writer w = pst_writer(value, sizeof value);
	struct code code;

	if (commit >= 9)
		return;
	for (struct memory_item *item = s->items; item; item = item->next) {
		if (!strstr(item->key, "/code/"))
			continue;
		assert_int_equal(code_read(&code, item->value, item->len), PST_OK);
		code.uses--;
		code_write(&w, &code);
		memory_store_put(s, item->key, value, pst_writer_len(&w));
		return;
	}
}

static void
what_another_node_has_changed_is_looked_at_again(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 10, code);
	store.commits = 0;
	store.before = another_redeems;
	assert_int_equal(redeem(&person[5], code), 200);
	assert_int_equal(store.commits, 10);
	assert_int_equal(in_store("code"), 0);
}

/* Somebody else is always faster. */
static void
always_faster(struct memory_store *s, unsigned commit)
{
	another_redeems(s, 0);
}

static void
there_is_an_end_to_trying(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 1000, code);
	store.commits = 0;
	store.before = always_faster;
	refused(&person[5], redeem(&person[5], code), 403, "Error adding member using enrollment token");
	assert_int_equal(store.commits, TRIES_MAX);
	store.before = NULL;
	assert_int_equal(redeem(&person[5], code), 200);
}

static void
a_full_disk_takes_nothing_and_blocks_nobody(void **state)
{
	uint8_t code[CODE_LEN], none[CODE_LEN];

	code_make(60, 2, code);
	store.fail = -ENOSPC;
	assert_int_equal(redeem(&person[5], code), 500);
	assert_int_equal(code_make_for(BOSS, "a", "b", 60, 1, none), 500);
	assert_int_equal(direct(BOSS, PST_METHOD_GET, "/"), 500);
	store.fail = 0;
	assert_false(is_member(&person[5]));
	assert_int_equal(redeem(&person[5], code), 200);
	assert_int_equal(redeem(&person[6], code), 200);
	assert_int_equal(redeem(&person[7], code), 403);
}

static void
only_an_enroller_makes_enrollers(void **state)
{
	uint8_t code[CODE_LEN];
	struct person *p = &person[5];

	assert_int_equal(code_make_for(BOSS, "ockam-role", "enroller", 60, 1, code), 200);
	assert_int_equal(redeem(p, code), 200);
	assert_int_equal(code_make_for(p, "ockam-role", "enroller", 60, 1, code), 200);
	assert_int_equal(direct_of(p, PST_METHOD_DELETE, BOSS), 403);
}

static void
closing_answers_those_who_wait(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 100, code);
	for (int i = 5; i < 25; i++)
		redeem_send(&person[i], code);
	send_to(SECOND, "credential_issuer", PST_METHOD_POST, "/", NULL, 0);
	fake_close(&section);
	for (int i = 5; i < 25; i++)
		assert_true(person[i].answered);
	assert_true(SECOND->answered);
	/* what was answered with 200 is so, and nothing else */
	for (int i = 5; i < 25; i++)
		assert_int_equal(is_member(&person[i]), person[i].status == 200);
	assert_int_equal(authority_up(), PST_OK);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(strangers_and_members_may_not_what_enrollers_may),
		TEST(paths_and_bodies_that_are_none_are_answered),
		TEST(members_are_added_shown_and_deleted),
		TEST(who_is_named_in_the_file_stays_and_all_others_go),
		TEST(the_file_s_members_are_replaced_as_a_set),
		TEST(a_store_that_fails_keeps_the_section_down),
		TEST(a_code_makes_a_member_once),
		TEST(a_member_does_not_use_up_a_code),
		TEST(a_code_one_second_late_is_none_and_goes),
		TEST(of_a_hundred_that_race_for_one_use_one_wins),
		TEST(of_as_many_uses_as_there_are_racers_all_win),
		TEST(what_another_node_has_changed_is_looked_at_again),
		TEST(there_is_an_end_to_trying),
		TEST(a_full_disk_takes_nothing_and_blocks_nobody),
		TEST(only_an_enroller_makes_enrollers),
		TEST(closing_answers_those_who_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
