/* What only one section can have (<postern/look.h>): a worker's address, a place to listen at. */
#include "node/config_parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <postern/dial.h>

struct taken {
	struct taken *next;      /* in the order of being told */
	struct taken *same_port; /* at another address; from one that is in the index */
	struct pst_item *item;
	const char *what;           /* "worker", "tcp", "udp", "path" */
	struct sockaddr_storage at; /* of TCP and UDP, */
	char port[8];               /* else empty */
	char text[];
};

/* ---- telling ---- */

static struct taken *
taken_new(struct config_taken *all, struct pst_item *item, const char *what, const char *text)
{
	size_t size = strlen(text) + 1;
	struct taken *taken = calloc(1, sizeof *taken + size);

	if (!taken) {
		all->rc = -ENOMEM;
		return NULL;
	}
	taken->item = item;
	taken->what = what;
	memcpy(taken->text, text, size);
	*all->end = taken;
	all->end = &taken->next;
	return taken;
}

void
config_take_worker(struct config_taken *all, struct pst_item *item, const char *name)
{
	taken_new(all, item, "worker", name);
}

void
config_take_place(struct config_taken *all, struct pst_item *item, const char *protocol, const char *where)
{
	struct sockaddr_storage at = { 0 };
	char host[PST_HOST_TEXT];
	uint16_t port = 0;
	struct taken *taken;

	/* of port 0 each gets another one */
	if (*where != '/' && (pst_host_port(where, host, &port) || !port || pst_sockaddr_parse(where, &at)))
		return;
	taken = taken_new(all, item, *where == '/' ? "path" : protocol, where);
	if (!taken)
		return;
	taken->at = at;
	snprintf(taken->port, sizeof taken->port, "%u", port);
}

/* ---- two that take the same ---- */

static bool
is_any(const struct sockaddr_storage *at)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)at;
	const struct sockaddr_in *in = (const struct sockaddr_in *)at;

	return at->ss_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) : !in->sin_addr.s_addr;
}

/* Of the same protocol and port. An IPv6 address is for IPv6 alone. */
static bool
is_same_place(const struct taken *a, const struct taken *b)
{
	return a->at.ss_family == b->at.ss_family &&
	    (is_any(&a->at) || is_any(&b->at) || pst_sockaddr_equal(&a->at, &b->at));
}

static const char *
key_of(const struct taken *taken)
{
	return *taken->port ? taken->port : taken->text;
}

/* Who takes it already. */
static const struct taken *
holder(const struct pst_index *index, const struct taken *taken)
{
	const struct taken *other = pst_index_find(index, taken->what, key_of(taken), NULL);

	while (other && (other->item->wrong || (*taken->port && !is_same_place(other, taken))))
		other = other->same_port;
	return other;
}

static int
hold(struct pst_index *index, struct taken *taken)
{
	struct taken *first = pst_index_find(index, taken->what, key_of(taken), NULL);

	if (!first)
		return pst_index_add(index, taken->what, key_of(taken), taken);
	taken->same_port = first->same_port;
	first->same_port = taken;
	return PST_OK;
}

/*
 * The later one is wrong; but none that nobody wrote, one that a command has made before one of a file,
 * and before all the one that a command makes now: the others are there.
 */
static int
weight(const struct pst_config *config, const struct pst_item *item)
{
	const struct pst_config_edit *edit = &config->source.edit;

	if (edit->kind && !strcmp(item->source->kind, edit->kind) && !strcmp(item->source->name, edit->name))
		return 3;
	return item->implicit ? 0 : item->made ? 2 : 1;
}

static int
refuse(struct pst_config *config, const struct taken *first, const struct taken *second, struct pst_err *err)
{
	bool swap = weight(config, first->item) > weight(config, second->item);
	const struct taken *wrong = swap ? first : second, *right = swap ? second : first;
	const struct pst_conf_section *source = right->item->source;
	char sentence[2 * PST_ERR_TEXT], place[PST_ERR_TEXT];

	snprintf(place, sizeof place, " at %s:%u", source->file, source->line);
	if (right->item->implicit)
		snprintf(place, sizeof place, ", which every node has");
	if (wrong->item == right->item)
		snprintf(sentence, sizeof sentence, "listen: %s and %s are one place", right->text, wrong->text);
	else if (!strcmp(wrong->what, "worker"))
		snprintf(sentence, sizeof sentence, "the address \"%s\" is that of %s %s%s", wrong->text, source->kind,
		    source->name, place);
	else
		snprintf(sentence, sizeof sentence, "listen: %s %s%s listens at %s already", source->kind, source->name,
		    place, right->text);
	pst_item_fail(wrong->item, err, sentence);
	return config_wrong(config, wrong->item, PST_E_CONF, err);
}

int
config_taken_check(struct config_taken *all, struct pst_config *config, struct pst_err *err)
{
	struct pst_index index = { 0 };
	int rc = all->rc;

	for (struct taken *taken = all->first; !rc && taken; taken = taken->next) {
		const struct taken *other;

		while (!rc && !taken->item->wrong && (other = holder(&index, taken)) != NULL)
			rc = refuse(config, other, taken, err);
		if (!rc && !taken->item->wrong)
			rc = hold(&index, taken);
	}
	pst_index_fini(&index);
	return rc;
}

void
config_taken_fini(struct config_taken *all)
{
	for (struct taken *taken = all->first, *next; taken; taken = next) {
		next = taken->next;
		free(taken);
	}
}
