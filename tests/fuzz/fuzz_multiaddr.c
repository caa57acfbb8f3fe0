/*
 * Multiaddrs as text and as bytes: each form leads to the other and back.
 * Covers: core/route/multiaddr.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/multiaddr.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Every hop with its word, a slash and a value, twice. */
#define TEXT_MAX (PST_MULTIADDR_HOPS * (PST_MULTIADDR_VALUE + 16))

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_taken(const struct pst_multiaddr *ma)
{
	static uint8_t bytes[TEXT_MAX], again[TEXT_MAX];
	static char text[TEXT_MAX];
	struct pst_multiaddr other;
	struct pst_writer w = pst_writer(bytes, sizeof bytes), v = pst_writer(again, sizeof again);
	struct pst_reader r;

	pst_multiaddr_encode(&w, ma);
	check(!w.status);
	r = pst_reader(bytes, pst_writer_len(&w));
	pst_multiaddr_decode(&r, &other);
	check(!r.status && other.count == ma->count);
	for (size_t i = 0; i < ma->count; i++)
		check(*pst_protocol_name(ma->hop[i].protocol));
	if (!ma->count) /* no bytes are no hops; no text says that */
		return;
	pst_multiaddr_format(&other, text, sizeof text);
	check(!pst_multiaddr_parse(&other, text, NULL));
	pst_multiaddr_encode(&v, &other);
	check(pst_writer_len(&v) == pst_writer_len(&w) && !memcmp(bytes, again, pst_writer_len(&w)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_reader(data, len);
	struct pst_err err = PST_ERR_INIT;
	struct pst_multiaddr ma;
	char *text = strndup((const char *)data, len);

	if (!pst_multiaddr_parse(&ma, text, &err))
		check_taken(&ma);
	else
		check(err.text[0]);
	free(text);
	pst_multiaddr_decode(&r, &ma);
	if (!r.status)
		check_taken(&ma);
	return 0;
}
