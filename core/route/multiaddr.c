#include <postern/multiaddr.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"

enum form {
	FORM_IP4,
	FORM_IP6,
	FORM_PORT,
	FORM_TEXT,
};

static const struct {
	const char *name;
	uint32_t code;
	enum form form;
} protocols[PST_PROTOCOLS] = {
	[PST_IP4] = { "ip4", 4, FORM_IP4 },
	[PST_IP6] = { "ip6", 41, FORM_IP6 },
	[PST_DNSADDR] = { "dnsaddr", 56, FORM_TEXT },
	[PST_TCP] = { "tcp", 6, FORM_PORT },
	[PST_UDP] = { "udp", 273, FORM_PORT },
	[PST_SERVICE] = { "service", 62526, FORM_TEXT },
	[PST_WORKER] = { "worker", 102526, FORM_TEXT },
	[PST_SECURE] = { "secure", 99526, FORM_TEXT },
	[PST_NODE] = { "node", 72526, FORM_TEXT },
	[PST_PROJECT] = { "project", 82526, FORM_TEXT },
	[PST_SPACE] = { "space", 92526, FORM_TEXT },
	[PST_WS] = { "ws", 0x300000, FORM_PORT },
	[PST_WSS] = { "wss", 0x300001, FORM_PORT },
	[PST_QUIC] = { "quic", 0x300002, FORM_PORT },
	[PST_PUNCTURE] = { "puncture", 0x300003, FORM_TEXT },
};

const char *
pst_protocol_name(enum pst_protocol protocol)
{
	return protocols[protocol].name;
}

static bool
port_parse(const char *text, uint16_t *out)
{
	unsigned long v = 0;

	if (!*text || strlen(text) > 5)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (unsigned long)(*text - '0');
	}
	*out = (uint16_t)v;
	return v <= UINT16_MAX;
}

static bool
value_right(enum pst_protocol protocol, const char *value)
{
	uint8_t address[16];
	uint16_t port;

	switch (protocols[protocol].form) {
	case FORM_IP4:
		return inet_pton(AF_INET, value, address) == 1;
	case FORM_IP6:
		return inet_pton(AF_INET6, value, address) == 1;
	case FORM_PORT:
		return port_parse(value, &port);
	case FORM_TEXT:
		return *value && !strchr(value, '/');
	}
	return false;
}

static int
protocol_find(const char *name, size_t len)
{
	for (int i = 0; i < PST_PROTOCOLS; i++)
		if (strlen(protocols[i].name) == len && !memcmp(protocols[i].name, name, len))
			return i;
	return -1;
}

/* ---- what is wrong ---- */

/* By what is likely to be meant; else by all that there is. `dns` and the like are libp2p's. */
static int
protocol_unknown(const char *text, size_t hop, const char *name, struct pst_err *err)
{
	struct pst_nearest near = { .word = name };
	char all[160];
	size_t n = 0;

	for (int i = 0; i < PST_PROTOCOLS; i++) {
		pst_nearest_offer(&near, protocols[i].name);
		n += (size_t)snprintf(all + n, n < sizeof all ? sizeof all - n : 0, " %s", protocols[i].name);
	}
	if (!strncmp(name, "dns", 3))
		near.best = protocols[PST_DNSADDR].name;
	return pst_fail(err, -EINVAL, near.best ? "hop %zu of route \"%.200s\": unknown protocol \"%s\", did you mean \"%s\"?"
	    : "hop %zu of route \"%.200s\": unknown protocol \"%s\"; there are%s", hop, text, name, near.best ? near.best : all);
}

static int
value_wrong(const char *text, size_t hop, const char *name, const char *value, enum form form, struct pst_err *err)
{
	static const char *const wanted[] = {
		[FORM_IP4] = "an IPv4 address (a name goes behind /dnsaddr/)",
		[FORM_IP6] = "an IPv6 address (a name goes behind /dnsaddr/)",
		[FORM_PORT] = "a port",
		[FORM_TEXT] = "a name",
	};
	int len = (int)strcspn(value, "/");

	return pst_fail(err, -EINVAL, "hop %zu of route \"%.200s\": bad value after /%s/: \"%.*s\", want %s", hop, text, name,
	    len < 40 ? len : 40, value, wanted[form]);
}

/* One word up to the next '/', which is passed; false when it is too long. */
static bool
word(const char **p, char *out, size_t size)
{
	size_t n = strcspn(*p, "/");

	if (n >= size)
		return false;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n;
	if (**p == '/')
		(*p)++;
	return true;
}

int
pst_multiaddr_parse(struct pst_multiaddr *out, const char *text, struct pst_err *err)
{
	const char *p = !strcmp(text, "self") ? "/secure/api" : text;
	size_t len = strlen(p);

	out->count = 0;
	if (*p == '/')
		p++;
	if (!*p)
		return pst_fail(err, -EINVAL, "an empty route");
	if (p[strlen(p) - 1] == '/')
		return pst_fail(err, -EINVAL, "route \"%.200s\" ends with a slash", text);
	while (*p) {
		struct pst_multiaddr_hop *hop = &out->hop[out->count];
		const char *value;
		char name[32] = "";
		int protocol;

		if (out->count == PST_MULTIADDR_HOPS || len > UINT16_MAX)
			return pst_fail(err, -EINVAL, "a route of more than %d hops", PST_MULTIADDR_HOPS);
		if (!word(&p, name, sizeof name) || (protocol = protocol_find(name, strlen(name))) < 0)
			return protocol_unknown(text, out->count + 1, name, err);
		hop->protocol = (enum pst_protocol)protocol;
		value = p;
		if (!word(&p, hop->value, sizeof hop->value) || !value_right(hop->protocol, hop->value))
			return value_wrong(text, out->count + 1, name, value, protocols[protocol].form, err);
		out->count++;
	}
	return PST_OK;
}

bool
pst_multiaddr_loses(const struct pst_multiaddr *ma)
{
	for (size_t i = 0; i < ma->count; i++)
		if (ma->hop[i].protocol == PST_UDP || ma->hop[i].protocol == PST_PUNCTURE)
			return true;
	return false;
}

int
pst_address_check(const char *address, struct pst_err *err)
{
	if (!value_right(PST_SERVICE, address) || strlen(address) >= PST_MULTIADDR_VALUE)
		return pst_fail(err, PST_E_CONF, "address: \"%.40s\" cannot stand in a route: want 1 to %d bytes, none of them a /",
		    address, PST_MULTIADDR_VALUE - 1);
	return PST_OK;
}

char *
pst_multiaddr_format(const struct pst_multiaddr *ma, char *out, size_t size)
{
	size_t n = 0;

	if (size)
		*out = '\0';
	for (size_t i = 0; i < ma->count && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "/%s/%s", protocols[ma->hop[i].protocol].name,
		    ma->hop[i].value);
	return out;
}

/* ---- binary ---- */

static void
value_decode(struct pst_reader *r, struct pst_multiaddr_hop *hop)
{
	const uint8_t *p;
	size_t len;

	switch (protocols[hop->protocol].form) {
	case FORM_IP4:
		p = pst_read_bytes(r, 4);
		if (p)
			inet_ntop(AF_INET, p, hop->value, sizeof hop->value);
		break;
	case FORM_IP6:
		p = pst_read_bytes(r, 16);
		if (p)
			inet_ntop(AF_INET6, p, hop->value, sizeof hop->value);
		break;
	case FORM_PORT:
		snprintf(hop->value, sizeof hop->value, "%u", pst_read_be16(r));
		break;
	case FORM_TEXT:
		p = pst_read_data(r, &len);
		if (!p || !len || len >= sizeof hop->value || memchr(p, '/', len) || memchr(p, 0, len)) {
			r->status = -EBADMSG;
			break;
		}
		memcpy(hop->value, p, len);
		hop->value[len] = '\0';
		break;
	}
}

void
pst_multiaddr_decode(struct pst_reader *r, struct pst_multiaddr *out)
{
	out->count = 0;
	while (!r->status && pst_reader_left(r)) {
		uint64_t code = pst_read_uvarint(r);
		int protocol = 0;

		while (protocol < PST_PROTOCOLS && protocols[protocol].code != code)
			protocol++;
		if (protocol == PST_PROTOCOLS || out->count == PST_MULTIADDR_HOPS) {
			r->status = -EBADMSG;
			return;
		}
		out->hop[out->count].protocol = (enum pst_protocol)protocol;
		out->hop[out->count].value[0] = '\0';
		value_decode(r, &out->hop[out->count]);
		out->count++;
	}
}

void
pst_multiaddr_encode(struct pst_writer *w, const struct pst_multiaddr *ma)
{
	for (size_t i = 0; i < ma->count; i++) {
		const struct pst_multiaddr_hop *hop = &ma->hop[i];
		enum form form = protocols[hop->protocol].form;
		uint8_t address[16];
		uint16_t port;

		pst_write_uvarint(w, protocols[hop->protocol].code);
		if (form == FORM_TEXT) {
			pst_write_data(w, hop->value, strlen(hop->value));
		} else if (form == FORM_PORT) {
			port_parse(hop->value, &port);
			pst_write_be16(w, port);
		} else {
			inet_pton(form == FORM_IP4 ? AF_INET : AF_INET6, hop->value, address);
			pst_write_bytes(w, address, form == FORM_IP4 ? 4 : 16);
		}
	}
}
