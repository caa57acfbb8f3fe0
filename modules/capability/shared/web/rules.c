#include "rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char rules_private[] = "requests to private IP address ranges are disallowed";

/* ---- addresses ---- */

struct range {
	uint8_t prefix[16];
	unsigned bits;
};

/* The IANA's registries of special addresses, without those for documentation. */
static const struct range ranges4[] = {
	{ { 0 }, 8 },
	{ { 10 }, 8 },
	{ { 100, 64 }, 10 },
	{ { 127 }, 8 },
	{ { 169, 254 }, 16 },
	{ { 172, 16 }, 12 },
	{ { 192, 0, 0 }, 24 },
	{ { 192, 168 }, 16 },
	{ { 198, 18 }, 15 },
	{ { 224 }, 3 }, /* multicast, reserved, broadcast */
};
static const struct range ranges6[] = {
	{ { 0 }, 96 }, /* ::, ::1, and IPv4 in an old form */
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 48 },
	{ { 0x01 }, 64 }, /* discard */
	{ { 0x20, 0x01, 0, 0 }, 32 }, /* Teredo: the other address is within, disguised */
	{ { 0xfc }, 7 },
	{ { 0xfe, 0x80 }, 10 },
	{ { 0xfe, 0xc0 }, 10 },
	{ { 0xff }, 8 },
};
/* An address of IPv4 stands behind these. */
static const struct range carriers[] = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 },
	{ { 0, 0x64, 0xff, 0x9b }, 96 },
	{ { 0x20, 0x02 }, 16 },
};

static bool
is_in(const uint8_t *address, const struct range *range)
{
	unsigned whole = range->bits / 8, rest = range->bits % 8;

	return !memcmp(address, range->prefix, whole) &&
	    (!rest || !((address[whole] ^ range->prefix[whole]) >> (8 - rest)));
}

static bool
is_private4(const uint8_t *address)
{
	for (size_t i = 0; i < sizeof ranges4 / sizeof *ranges4; i++)
		if (is_in(address, &ranges4[i]))
			return true;
	return false;
}

static bool
is_private6(const uint8_t *address)
{
	for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
		if (is_in(address, &carriers[i]))
			return is_private4(address + carriers[i].bits / 8);
	for (size_t i = 0; i < sizeof ranges6 / sizeof *ranges6; i++)
		if (is_in(address, &ranges6[i]))
			return true;
	return false;
}

bool
address_is_private(const struct sockaddr *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (address->sa_family == AF_INET) {
		memcpy(&in, address, sizeof in);
		return is_private4((const uint8_t *)&in.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof in6);
		return is_private6(in6.sin6_addr.s6_addr);
	}
	return true;
}

/* ---- names ---- */

/* The label before end, without the dots behind it; NULL: there is none. */
static const char *
label_before(const char *text, const char *end, size_t *len)
{
	const char *begin;

	while (end > text && end[-1] == '.')
		end--;
	for (begin = end; begin > text && begin[-1] != '.';)
		begin--;
	*len = (size_t)(end - begin);
	return *len ? begin : NULL;
}

bool
domain_matches(const char *pattern, const char *name)
{
	const char *want_end = pattern + strlen(pattern), *have_end = name + strlen(name);
	const char *want = NULL, *have, *next;
	size_t want_len = 0, len, have_len;

	while ((have = label_before(name, have_end, &have_len))) {
		/* the leftmost of the pattern repeats */
		if ((next = label_before(pattern, want_end, &len))) {
			want = want_end = next;
			want_len = len;
		}
		if (!(want_len == 1 && *want == '*') && (want_len != have_len || strncasecmp(want, have, have_len)))
			return false;
		have_end = have;
	}
	return want && !label_before(pattern, want_end, &len);
}

static bool
any_matches(const struct pst_list *patterns, const char *name)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (domain_matches(patterns->item[i], name))
			return true;
	return false;
}

/* ---- the table, in its order ---- */

static bool
has_port(const struct pst_list *ports, uint16_t port)
{
	char text[8];

	snprintf(text, sizeof text, "%u", port);
	for (size_t i = 0; i < ports->count; i++)
		if (!strcmp(ports->item[i], text))
			return true;
	return false;
}

static bool
port_is_allowed(const struct rules *rules, uint16_t port)
{
	if (!rules->allowed_ports.count && !rules->blocked_ports.count)
		return true;
	return !has_port(&rules->blocked_ports, port) &&
	    (port == 80 || port == 443 || has_port(&rules->allowed_ports, port));
}

const char *
rules_check_url(const struct rules *rules, bool https, uint16_t port, bool is_ip)
{
	if (!https && !rules->allow_http)
		return "requests to insecure HTTP endpoints is disallowed";
	if (!port_is_allowed(rules, port))
		return "requests to this port are disallowed";
	if (is_ip && !rules->allow_ips)
		return "requests to IP addresses are disallowed";
	return NULL;
}

const char *
rules_check_name(const struct rules *rules, const char *name, bool private_, bool *sure)
{
	static const char disallowed[] = "requests to this domain are disallowed";

	*sure = false;
	if (!rules->allow_private && (private_ || strcasestr(name, "localhost")))
		return rules_private;
	if (rules->allowed_domains.count) {
		*sure = any_matches(&rules->allowed_domains, name);
		return *sure ? NULL : disallowed;
	}
	return any_matches(&rules->blocked_domains, name) ? disallowed : NULL;
}
