#include "handshake.h"

#include <string.h>
#include <strings.h>

static const char *
header(const struct pst_map *headers, const char *name)
{
	const struct pst_map_item *item = pst_map_get(headers, name);

	return item ? (const char *)item->value : "";
}

/* Is the word in a list "a, b, c"? */
static bool
lists(const char *list, const char *word)
{
	while (*list) {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (n == strlen(word) && !strncasecmp(list, word, n))
			return true;
		list += n;
	}
	return false;
}

static bool
is_own_page(const char *origin, const char *host)
{
	const char *at = strstr(origin, "://");

	return !*origin || (at && !strcasecmp(at + 3, host));
}

unsigned
handshake_read(const struct pst_map *headers, char accept[static WEBSOCKET_ACCEPT], const char **why)
{
	const char *key = header(headers, "sec-websocket-key");

	*why = "this is a WebSocket stream";
	if (!lists(header(headers, "upgrade"), "websocket") || !lists(header(headers, "connection"), "upgrade"))
		return 400;
	*why = "WebSocket version 13 is spoken here";
	if (strcmp(header(headers, "sec-websocket-version"), "13"))
		return 400;
	*why = "bad request";
	if (*header(headers, "transfer-encoding") || strspn(header(headers, "content-length"), "0") !=
	    strlen(header(headers, "content-length")) || websocket_accept(accept, key, strlen(key)))
		return 400;
	*why = "a page of another host may not";
	return is_own_page(header(headers, "origin"), header(headers, "host")) ? 0 : 403;
}
