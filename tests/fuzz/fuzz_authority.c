/*
 * Bodies of requests to an authority, and its records in a store that others
 * may share: what is taken is written anew, and taken the same.
 *
 * The first byte says which it is.
 * Covers: modules/service/authority/attributes.c modules/service/authority/message.c modules/service/authority/record.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/utf8.h>

#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint8_t bytes[ENTRY_MAX], again_bytes[ENTRY_MAX];

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_attributes(const struct attributes *a, bool text)
{
	size_t total = 0;
	char shown[64], whole[ATTRIBUTES_BYTES + 2 * ATTRIBUTES_MAX + 1];

	check(a->count <= ATTRIBUTES_MAX);
	for (size_t i = 0; i < a->count; i++) {
		const struct pst_attribute *one = &a->item[i];
		struct attributes copy = *a;

		total += (size_t)one->name_len + one->value_len;
		check(!attributes_add(&copy, one)); /* each name once */
		check(!text || (pst_utf8_plain(one->name, one->name_len) &&
		    pst_utf8_plain(one->value, one->value_len)));
	}
	check(total <= ATTRIBUTES_BYTES);
	attributes_format(a, shown, sizeof shown);
	attributes_format(a, whole, sizeof whole);
	attributes_enroller(a);
}

/* Written as a map of strings, they read the same; as arrays they fit. */
static void
check_written(const struct attributes *a)
{
	static struct attributes again;
	struct pst_writer w = pst_writer(bytes, ATTRIBUTES_ENCODED), v;
	struct pst_reader r;

	attributes_write(&w, a);
	check(!w.status);
	r = pst_reader(bytes, pst_writer_len(&w));
	attributes_read(&again, &r);
	check(!r.status && again.count == a->count);
	v = pst_writer(again_bytes, ATTRIBUTES_ENCODED);
	attributes_write(&v, &again);
	check(pst_writer_len(&v) == pst_writer_len(&w) && !memcmp(bytes, again_bytes, pst_writer_len(&w)));
	v = pst_writer(again_bytes, ATTRIBUTES_ARRAYS);
	attributes_write_arrays(&v, a);
	check(!v.status);
}

static void
fuzz_add_member(struct pst_reader r)
{
	static struct add_member asked;

	if (add_member_read(&asked, r))
		return;
	check_attributes(&asked.attributes, true);
	check_written(&asked.attributes);
}

static void
fuzz_create_token(struct pst_reader r)
{
	static struct create_token asked;

	if (create_token_read(&asked, r))
		return;
	check_attributes(&asked.attributes, true);
	check_written(&asked.attributes);
}

static void
fuzz_code(struct pst_reader r)
{
	uint8_t code[CODE_LEN], again[CODE_LEN];
	struct pst_writer w = pst_writer(bytes, CODE_BODY_LEN);

	if (one_time_code_read(code, r))
		return;
	one_time_code_write(&w, code);
	check(!w.status && !one_time_code_read(again, pst_reader(bytes, pst_writer_len(&w))));
	check(!memcmp(code, again, sizeof code));
}

static void
fuzz_member(struct pst_reader r)
{
	static struct member member, again;
	struct pst_writer w = pst_writer(bytes, RECORD_MAX), v = pst_writer(again_bytes, RECORD_MAX);

	if (member_read(&member, r.p, pst_reader_left(&r)))
		return;
	check_attributes(&member.attributes, false);
	member_write(&w, &member);
	check(!w.status && !member_read(&again, bytes, pst_writer_len(&w)));
	member_write(&v, &again);
	check(pst_writer_len(&v) == pst_writer_len(&w) && !memcmp(bytes, again_bytes, pst_writer_len(&w)));
	v = pst_writer(again_bytes, ENTRY_MAX);
	identifier_write(&v, &member.added_by);
	entry_write(&v, &member);
	check(!v.status);
}

static void
fuzz_code_record(struct pst_reader r)
{
	static struct code code, again;
	struct pst_writer w = pst_writer(bytes, RECORD_MAX), v = pst_writer(again_bytes, RECORD_MAX);

	if (code_read(&code, r.p, pst_reader_left(&r)))
		return;
	check_attributes(&code.attributes, false);
	code_write(&w, &code);
	check(!w.status && !code_read(&again, bytes, pst_writer_len(&w)));
	code_write(&v, &again);
	check(pst_writer_len(&v) == pst_writer_len(&w) && !memcmp(bytes, again_bytes, pst_writer_len(&w)));
}

static void
fuzz_revoked(struct pst_reader r)
{
	struct revoked revoked, again;
	struct pst_writer w = pst_writer(bytes, REVOKED_LEN);

	if (revoked_read(&revoked, r.p, pst_reader_left(&r)))
		return;
	revoked_write(&w, &revoked);
	check(!w.status && !revoked_read(&again, bytes, pst_writer_len(&w)));
	check(again.at == revoked.at && again.until == revoked.until);
}

/* NAME=VALUE words with blanks between. */
static void
fuzz_words(struct pst_reader r)
{
	static struct attributes attributes;

	attributes.count = 0;
	while (pst_reader_left(&r)) {
		const uint8_t *blank = memchr(r.p, ' ', pst_reader_left(&r));
		size_t n = blank ? (size_t)(blank - r.p) : pst_reader_left(&r);

		if (!attributes_add_word(&attributes, (const char *)r.p, n))
			check(memchr(r.p, '=', n) != NULL);
		r.p += n + (blank != NULL);
	}
	check_attributes(&attributes, true);
	check_written(&attributes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const fuzz[])(struct pst_reader r) = {
		fuzz_add_member,
		fuzz_create_token,
		fuzz_code,
		fuzz_member,
		fuzz_code_record,
		fuzz_words,
	};

	if (len && *data == 0xff)
		fuzz_revoked(pst_reader(data + 1, len - 1));
	else if (len)
		fuzz[*data % (sizeof fuzz / sizeof *fuzz)](pst_reader(data + 1, len - 1));
	return 0;
}
