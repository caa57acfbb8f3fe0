/*
 * A registration with the relay service, and its answer: a name that is taken
 * stands in an address and is answered so that the other half knows it.
 * Covers: modules/service/relay/message.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/utf8.h>

#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

static struct pst_buf
view(const uint8_t *data, size_t len)
{
	uint8_t *at = (uint8_t *)data; /* which is only read */

	return (struct pst_buf){ NULL, at, at + len, at + len };
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_buf payload = view(data, len), said;
	char name[RELAY_NAME_MAX + 1], again[RELAY_NAME_MAX + 1];
	uint8_t out[MESSAGE_MAX];
	size_t n;

	answer_names(&payload, "name");
	if (!registration_read(name, &payload))
		return 0;
	n = strlen(name);
	check(n && n < sizeof name && n < len);
	check(pst_utf8_plain((const uint8_t *)name, n));
	said = view(out, registration_write(out, name));
	check(registration_read(again, &said) && !strcmp(name, again));
	said = view(out, answer_write(out, name));
	check(answer_names(&said, name));
	check(pst_buf_len(&said) <= MESSAGE_MAX && memmem(out, MESSAGE_MAX, RELAY_PREFIX, strlen(RELAY_PREFIX)));
	return 0;
}
