/* The file of the vault. What any vault promises is asked by pst-conform (tests/conform). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "fake_vault.h"
#include "trust/signature.h"

extern const struct pst_module vault_file_LTX_pst_module;

struct conf {
	const char *path;
	const char *passphrase_file;
};

struct fixture {
	struct fake_node node;
	struct fake_section vault;
	struct conf conf;
	char path[PATH_MAX + 32];
	char passphrase[PATH_MAX + 32];
};

static int
vault_open(struct fixture *f)
{
	return fake_open(&f->vault, &f->node, vault_file_LTX_pst_module.sections,
	    vault_file_LTX_pst_module.ops, "default", &f->conf);
}

static void
file_write(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	fake_node_init(&f->node);
	snprintf(f->path, sizeof f->path, "%s/vault.cbor", f->node.state_dir);
	snprintf(f->passphrase, sizeof f->passphrase, "%s/passphrase", f->node.state_dir);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	fake_node_fini(&f->node);
	free(f);
	return 0;
}

static struct pst_vault_call
make(struct fixture *f, enum pst_key_kind kind)
{
	struct pst_vault_call call = { 0 };

	call.key.kind = kind;
	assert_int_equal(fake_ask(&f->vault, make, &call), PST_OK);
	return call;
}

/* A signature of 32 bytes by the key of this handle, checked. */
static void
check_signs(struct fixture *f, const char *handle, const struct pst_public_key *key)
{
	struct pst_vault_call call = { 0 };
	struct pst_signature signature = { key->kind, { 0 } };

	snprintf(call.handle, sizeof call.handle, "%s", handle);
	randombytes_buf(call.message, sizeof call.message);
	assert_int_equal(fake_ask(&f->vault, sign, &call), PST_OK);
	memcpy(signature.bytes, call.result, sizeof signature.bytes);
	assert_true(pst_signature_verify(&signature, key, call.message));
	call.message[0] ^= 1;
	assert_false(pst_signature_verify(&signature, key, call.message));
}

static void
keys_of_each_kind_are_made_and_stay(void **state)
{
	static const struct {
		enum pst_key_kind kind;
		uint8_t len;
	} kinds[] = { { PST_KEY_ED25519, 32 }, { PST_KEY_P256, 65 }, { PST_KEY_X25519, 32 } };
	struct fixture *f = *state;
	struct pst_vault_call made[3];
	struct stat st;

	assert_int_equal(vault_open(f), PST_OK);
	assert_int_equal(access(f->path, F_OK), -1);
	for (int i = 0; i < 3; i++) {
		uint8_t hash[32];
		char hex[65];

		made[i] = make(f, kinds[i].kind);
		assert_int_equal(made[i].key.len, kinds[i].len);
		crypto_hash_sha256(hash, made[i].key.bytes, made[i].key.len);
		assert_string_equal(made[i].handle, sodium_bin2hex(hex, sizeof hex, hash, 32));
	}
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	fake_close(&f->vault);

	assert_int_equal(vault_open(f), PST_OK);
	for (int i = 0; i < 3; i++) {
		struct pst_vault_call call = { 0 };

		memcpy(call.handle, made[i].handle, sizeof call.handle);
		assert_int_equal(fake_ask(&f->vault, public_key, &call), PST_OK);
		assert_int_equal(call.key.kind, kinds[i].kind);
		assert_memory_equal(call.key.bytes, made[i].key.bytes, kinds[i].len);
	}
	check_signs(f, made[0].handle, &made[0].key);
	check_signs(f, made[1].handle, &made[1].key);
	assert_string_equal(
	    ((const struct pst_vault_ops *)f->vault.ops)->protection(f->vault.self), "clear");
	fake_close(&f->vault);
}

static void
an_imported_key_is_known_by_its_public_one(void **state)
{
	/* tests/vectors/trust.json, verifying-key-alice and verifying-key-p256 */
	static const char *const expect[] = {
		"65b60673d6ed884bf01c2c222d82ada0740f29ac3355d6a925c81f17f47a27b8",
		"d4c36f11cfbfee3d61748cac238a9146aab3cecef80af939a3c400383eb501d9",
	};
	struct fixture *f = *state;
	struct pst_vault_call call = { 0 };
	static const uint8_t zeros[32];

	assert_int_equal(vault_open(f), PST_OK);
	for (int kind = PST_KEY_ED25519; kind <= PST_KEY_P256; kind++) {
		for (int twice = 0; twice < 2; twice++) {
			for (int i = 0; i < 32; i++)
				call.secret[i] = (uint8_t)(1 + 16 * kind + i);
			call.key.kind = kind;
			assert_int_equal(fake_ask(&f->vault, import, &call), PST_OK);
			assert_string_equal(call.handle, expect[kind]);
			assert_memory_equal(call.secret, zeros, 32);
		}
	}
	/* 0 and the group's order are no scalars */
	call.key.kind = PST_KEY_P256;
	assert_int_equal(fake_ask(&f->vault, import, &call), -EINVAL);
	memset(call.secret, 0xff, 32);
	assert_int_equal(fake_ask(&f->vault, import, &call), -EINVAL);
	assert_memory_equal(call.secret, zeros, 32);
	call.key.kind = 7;
	assert_int_equal(fake_ask(&f->vault, import, &call), -EINVAL);
	assert_int_equal(fake_ask(&f->vault, make, &call), -EINVAL);
	fake_close(&f->vault);
}

struct listing {
	bool done;
	int rc;
	size_t count;
};

static void
on_list(void *arg, int rc, const struct pst_vault_key *keys, size_t count)
{
	struct listing *listing = arg;

	listing->done = true;
	listing->rc = rc;
	listing->count = count;
}

static struct listing
list(struct fixture *f)
{
	struct listing listing = { false };

	((const struct pst_vault_ops *)f->vault.ops)->list(f->vault.self, on_list, &listing);
	assert_false(listing.done);
	fake_wait(&f->node, &listing.done);
	return listing;
}

static void
a_passphrase_seals_and_opens(void **state)
{
	struct fixture *f = *state;
	struct pst_vault_call a, b;
	char bytes[4096];
	FILE *file;
	size_t len;

	/* in clear at first */
	assert_int_equal(vault_open(f), PST_OK);
	a = make(f, PST_KEY_ED25519);
	fake_close(&f->vault);

	file_write(f->passphrase, "open sesame\n", 0600);
	f->conf.passphrase_file = f->passphrase;
	assert_int_equal(vault_open(f), PST_OK); /* seals it */
	assert_string_equal(
	    ((const struct pst_vault_ops *)f->vault.ops)->protection(f->vault.self), "sealed");
	b = make(f, PST_KEY_P256);
	fake_close(&f->vault);

	file_write(f->passphrase, "open sesame", 0640);
	assert_int_equal(vault_open(f), PST_OK);
	check_signs(f, a.handle, &a.key);
	check_signs(f, b.handle, &b.key);
	fake_close(&f->vault);

	file_write(f->passphrase, "open barley", 0600);
	assert_int_equal(vault_open(f), PST_E_AUTH);
	assert_non_null(strstr(f->vault.sentence, "wrong passphrase"));
	fake_close(&f->vault);

	f->conf.passphrase_file = NULL;
	assert_int_equal(vault_open(f), PST_E_AUTH);
	assert_non_null(strstr(f->vault.sentence, "no passphrase_file"));
	fake_close(&f->vault);

	/* every byte of the file is looked at */
	file = fopen(f->path, "r");
	len = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	bytes[len - 1] ^= 1;
	file = fopen(f->path, "w");
	fwrite(bytes, 1, len, file);
	fclose(file);
	file_write(f->passphrase, "open sesame\r\n", 0600);
	f->conf.passphrase_file = f->passphrase;
	assert_int_equal(vault_open(f), PST_E_AUTH);
	fake_close(&f->vault);
}

static void
a_bad_passphrase_file_is_refused(void **state)
{
	struct fixture *f = *state;

	f->conf.passphrase_file = f->passphrase;
	assert_int_equal(vault_open(f), PST_E_CONF);
	fake_close(&f->vault);
	file_write(f->passphrase, "x\n", 0644);
	assert_int_equal(vault_open(f), PST_E_CONF);
	fake_close(&f->vault);
	file_write(f->passphrase, "\n", 0600);
	assert_int_equal(vault_open(f), PST_E_CONF);
	fake_close(&f->vault);
}

static void
check_refused(struct fixture *f, int rc, const char *sentence)
{
	assert_int_equal(vault_open(f), rc);
	assert_non_null(strstr(f->vault.sentence, sentence));
	fake_close(&f->vault);
}

static void
a_file_that_others_may_read_is_refused(void **state)
{
	struct fixture *f = *state;
	char other[PATH_MAX + 64];

	assert_int_equal(vault_open(f), PST_OK);
	make(f, PST_KEY_ED25519);
	fake_close(&f->vault);
	chmod(f->path, 0640);
	check_refused(f, PST_E_CONF, "unreadable or too open key file");
	chmod(f->path, 0604);
	check_refused(f, PST_E_CONF, "mode 0604");
	chmod(f->path, 0600);
	if (geteuid() == 0 && chown(f->path, 12345, 0) == 0) {
		check_refused(f, PST_E_CONF, "belongs to user 12345");
		assert_int_equal(chown(f->path, 0, 0), 0);
	}
	snprintf(other, sizeof other, "%s/other", f->node.state_dir);
	assert_int_equal(rename(f->path, other), 0);
	assert_int_equal(symlink(other, f->path), 0);
	check_refused(f, PST_E_CONF, "symbolic link");
	unlink(f->path);
	assert_int_equal(mkdir(f->path, 0700), 0);
	check_refused(f, PST_E_CONF, "is not a file");
	rmdir(f->path);
}

static void
a_damaged_file_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *sentence;
	} files[] = {
		{ "", 0, "not a vault" },
		{ "hello", 5, "not a vault" },
		{ "\x83\x6dpostern vault\x02\x82\x00\x81\x40", 20, "newer Postern" },
		{ "\x83\x6dpostern vault\x01\x82\x02\x80", 18, "damaged" },
		{ "\x83\x6dpostern vault\x01\x82\x00\x81\x41\x05", 21, "its keys" },
		{ "\x83\x6dpostern vault\x01\x82\x00\x81\x44\x81\x82\x00\x40", 24, "its keys" },
		{ "\x83\x6dpostern vault\x01\x82\x01\x85\x40", 20, "damaged" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		FILE *file = fopen(f->path, "w");

		assert_int_equal(fwrite(files[i].bytes, 1, files[i].len, file), files[i].len);
		fclose(file);
		chmod(f->path, 0600);
		assert_int_not_equal(vault_open(f), PST_OK);
		assert_non_null(strstr(f->vault.sentence, files[i].sentence));
		fake_close(&f->vault);
	}
}

static void
nothing_is_written_over_what_somebody_else_wrote(void **state)
{
	struct fixture *f = *state;
	struct fake_section second = { 0 };
	struct pst_vault_call call = { 0 };

	assert_int_equal(vault_open(f), PST_OK);
	assert_int_equal(fake_open(&second, &f->node, vault_file_LTX_pst_module.sections,
			     vault_file_LTX_pst_module.ops, "default", &f->conf),
	    PST_OK);
	make(f, PST_KEY_ED25519);
	assert_int_equal(fake_ask(&second, make, &call), PST_E_CONFLICT);
	fake_close(&second);
	make(f, PST_KEY_ED25519);
	fake_close(&f->vault);
	assert_int_equal(vault_open(f), PST_OK);
	assert_int_equal(list(f).count, 2);

	/* nor into a directory that others may write to */
	chmod(f->node.state_dir, 0777);
	assert_int_equal(fake_ask(&f->vault, make, &call), -EPERM);
	chmod(f->node.state_dir, 0700);
	assert_int_equal(list(f).count, 2);
	fake_close(&f->vault);
}

static void
a_vault_may_be_closed_while_it_opens(void **state)
{
	struct fixture *f = *state;
	struct pst_err err = PST_ERR_INIT;
	const struct pst_section *row = vault_file_LTX_pst_module.sections;

	f->vault.node = &f->node;
	f->vault.name = "default";
	f->vault.section = row;
	assert_int_equal(row->open(&f->vault.self, &f->vault, &f->conf, &err), PST_OK);
	fake_close(&f->vault);
	assert_false(f->vault.up);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(keys_of_each_kind_are_made_and_stay),
		test(an_imported_key_is_known_by_its_public_one),
		test(a_passphrase_seals_and_opens),
		test(a_bad_passphrase_file_is_refused),
		test(a_file_that_others_may_read_is_refused),
		test(a_damaged_file_is_refused),
		test(nothing_is_written_over_what_somebody_else_wrote),
		test(a_vault_may_be_closed_while_it_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
