/* Addresses of sockets, and their text (<postern/dial.h>). */
#include <postern/dial.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

int
pst_host_port(const char *text, char host[PST_HOST_TEXT], uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	unsigned long v = 0;

	if (!colon || !n || n >= PST_HOST_TEXT || !colon[1] || strlen(colon + 1) > 5)
		return -EINVAL;
	if (strcspn(text, " \t\r\n/") < n) /* no name has these */
		return -EINVAL;
	for (const char *p = colon + 1; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		v = v * 10 + (unsigned long)(*p - '0');
	}
	if (v > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)v;
	if (*text == '[' && text[n - 1] == ']' && n > 2) {
		text++;
		n -= 2;
	} else if (memchr(text, ':', n)) {
		return -EINVAL; /* which colon is it? */
	}
	memcpy(host, text, n);
	host[n] = '\0';
	return PST_OK;
}

int
pst_sockaddr_parse(const char *text, struct sockaddr_storage *out)
{
	char host[PST_HOST_TEXT];
	uint16_t port;
	int rc = pst_host_port(text, host, &port);

	if (rc)
		return rc;
	memset(out, 0, sizeof *out);
	if (*text == '[')
		return uv_ip6_addr(host, port, (struct sockaddr_in6 *)out);
	return uv_ip4_addr(host, port, (struct sockaddr_in *)out);
}

char *
pst_sockaddr_format(const struct sockaddr_storage *sa, char out[PST_ADDRESS_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (sa->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

		uv_ip6_name(in6, host, sizeof host);
		snprintf(out, PST_ADDRESS_TEXT, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		uv_ip4_name(in, host, sizeof host);
		snprintf(out, PST_ADDRESS_TEXT, "%s:%u", host, ntohs(in->sin_port));
	}
	return out;
}

bool
pst_sockaddr_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	char text_a[PST_ADDRESS_TEXT], text_b[PST_ADDRESS_TEXT];

	return a->ss_family == b->ss_family &&
	    !strcmp(pst_sockaddr_format(a, text_a), pst_sockaddr_format(b, text_b));
}

void
pst_sockaddr_host(const struct sockaddr_storage *sa, uint8_t out[PST_HOST_KEY])
{
	memset(out, 0, PST_HOST_KEY);
	if (sa->ss_family == AF_INET6) {
		const struct in6_addr *in6 = &((const struct sockaddr_in6 *)sa)->sin6_addr;

		out[0] = 6;
		memcpy(out + 1, in6, IN6_IS_ADDR_V4MAPPED(in6) ? sizeof *in6 : 8);
	} else {
		out[0] = 4;
		memcpy(out + 1, &((const struct sockaddr_in *)sa)->sin_addr, sizeof(struct in_addr));
	}
}
