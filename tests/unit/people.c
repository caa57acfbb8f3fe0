#include "people.h"

#include <stdio.h>

#include "make_history.h"
#include "trust/identity.h"
#include "trust/peers.h"
#include "trust/trust.h"

extern const struct pst_module vault_file_LTX_pst_module;
extern const struct pst_module store_sqlite_LTX_pst_module;
extern const struct pst_module service_authority_LTX_pst_module;

struct fake_node node;
struct fake_section section, identity;
struct memory_store store;
struct person person[PEERS];
uint64_t clock_s;
const char *members[3];

static struct fake_section vault, sqlite;
static struct pst_peers *peers;
static struct authority_conf conf;
static char boss[100], second[100];

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
	struct pst_history *history;

	memset(&m, 0, sizeof m);
	memset(p, 0, sizeof *p);
	maker_change(&m, number + 1, 1, 1u << 31);
	assert_int_equal(maker_read(&m, &history), PST_OK);
	assert_int_equal(pst_peers_add(peers, &p->peer, history), PST_OK);
	pst_history_unref(&history);
	pst_identifier_format(p->id, pst_peer_identifier(p->peer));
	assert_int_equal(pst_gate_open(node.env.router, &p->gate, comes_back), PST_OK);
	p->gate.peer = p->peer;
}

/* ---- asking ---- */

void
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

unsigned
ask(struct person *p, const char *service, enum pst_method method, const char *path,
    const void *body, size_t len)
{
	send_to(p, service, method, path, body, len);
	fake_wait(&node, &p->answered);
	return p->status;
}

void
refused(struct person *p, unsigned status, unsigned want, const char *text)
{
	assert_int_equal(status, want);
	assert_string_equal(p->text, text);
}

unsigned
direct(struct person *p, enum pst_method method, const char *path)
{
	return ask(p, "direct_authenticator", method, path, NULL, 0);
}

unsigned
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

void
redeem_send(struct person *p, const uint8_t code[CODE_LEN])
{
	uint8_t body[CODE_BODY_LEN];

	send_to(p, "enrollment_token_acceptor", PST_METHOD_POST, "/", body,
	    code_body(body, sizeof body, code));
}

unsigned
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

unsigned
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

void
code_make(uint64_t ttl_s, uint64_t uses, uint8_t code[CODE_LEN])
{
	assert_int_equal(code_make_for(BOSS, "app", "web", ttl_s, uses, code), 200);
}

unsigned
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

size_t
in_store(const char *what)
{
	char prefix[KEY_MAX], name[PST_IDENTIFIER_TEXT];

	pst_identifier_format(name, pst_identity_identifier(identity.self));
	snprintf(prefix, sizeof prefix, "authority/%s/%s/", name, what);
	return memory_store_count(&store, prefix);
}

bool
is_member(const struct person *p)
{
	char key[KEY_MAX];
	struct authority a = { .now = NULL };

	pst_identifier_format(a.name, pst_identity_identifier(identity.self));
	return memory_store_find(&store, member_key(key, &a, pst_peer_identifier(p->peer)));
}

/* ---- the section ---- */

int
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

int
people_setup(void **state)
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

int
people_teardown(void **state)
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
