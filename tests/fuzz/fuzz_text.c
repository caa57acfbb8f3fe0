/*
 * The small texts that operators write: identifiers, and addresses of sockets.
 * What is taken is said again, and taken the same.
 * Covers: core/trust/identifier.c core/base/dial.c:pst_host_port()
 * Covers: core/base/dial.c:pst_sockaddr_parse()
 */
#include <stdlib.h>
#include <string.h>

#include <postern/dial.h>
#include <postern/identity.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_identifier(const char *text)
{
	struct pst_identifier id, again;
	char out[PST_IDENTIFIER_TEXT];

	if (pst_identifier_parse(&id, text))
		return;
	pst_identifier_format(out, &id);
	check(strlen(out) == sizeof out - 1);
	check(!pst_identifier_parse(&again, out) && pst_identifier_equal(&id, &again));
}

static void
check_socket(const char *text)
{
	struct sockaddr_storage sa, again;
	char host[PST_HOST_TEXT], out[PST_ADDRESS_TEXT];
	uint16_t port;

	if (!pst_host_port(text, host, &port))
		check(*host && strlen(host) < strlen(text));
	if (pst_sockaddr_parse(text, &sa))
		return;
	pst_sockaddr_format(&sa, out);
	check(!pst_sockaddr_parse(out, &again) && sa.ss_family == again.ss_family);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len);

	check_identifier(text);
	check_socket(text);
	free(text);
	return 0;
}
