#include <postern/hosts.h>

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <postern/dial.h>

struct pst_host {
	uint8_t key[PST_HOST_KEY]; /* first: host_order() looks at it */
	int64_t count;
};

static int
host_order(const void *a, const void *b)
{
	return memcmp(a, b, PST_HOST_KEY);
}

static struct pst_host *
host_new(struct pst_hosts *hosts, const uint8_t key[PST_HOST_KEY])
{
	struct pst_host *host = calloc(1, sizeof *host);

	if (!host)
		return NULL;
	memcpy(host->key, key, PST_HOST_KEY);
	if (!tsearch(host, &hosts->tree, host_order)) {
		free(host);
		return NULL;
	}
	return host;
}

int
pst_host_enter(struct pst_host **out, struct pst_hosts *hosts, const struct sockaddr_storage *from)
{
	uint8_t key[PST_HOST_KEY];
	struct pst_host *host;
	void *node;

	pst_sockaddr_host(from, key);
	node = tfind(key, &hosts->tree, host_order);
	host = node ? *(struct pst_host **)node : NULL;
	if ((host ? host->count : 0) >= hosts->most)
		return PST_E_LIMIT;
	if (!host)
		host = host_new(hosts, key);
	if (!host)
		return -ENOMEM;
	host->count++;
	*out = host;
	return PST_OK;
}

void
pst_host_leave(struct pst_hosts *hosts, struct pst_host **out)
{
	struct pst_host *host = *out;

	*out = NULL;
	if (!host || --host->count)
		return;
	tdelete(host, &hosts->tree, host_order);
	free(host);
}
