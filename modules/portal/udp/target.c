#include "target.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

/* An answer is used for so long, */
#define FRESH_MS 30000
/* and where there was none the next question is asked after this. */
#define AGAIN_MS 1000

/* The resolver cannot be stopped, so this may outlive the target. */
struct target_lookup {
	uv_getaddrinfo_t request;
	struct target *target; /* NULL: nobody waits for it any more */
};

static void
answered(struct target *target, int rc, const struct addrinfo *found)
{
	target->lookup = NULL;
	if (rc) { /* what was known before may still be right */
		pst_warn_rated(target->log, &target->rate, "the target's name leads nowhere",
		    PST_STR("target", target->text), PST_RC(rc));
		return;
	}
	memcpy(&target->address, found->ai_addr, found->ai_addrlen);
	target->known = true;
}

static void
looked_up(uv_getaddrinfo_t *request, int rc, struct addrinfo *found)
{
	struct target_lookup *lookup = pst_container_of(request, struct target_lookup, request);

	if (lookup->target)
		answered(lookup->target, rc, found);
	uv_freeaddrinfo(found);
	free(lookup);
}

static void
look_up(struct target *target)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG };
	struct target_lookup *lookup = calloc(1, sizeof *lookup);
	char service[8];

	target->asked_ms = pst_now_ms(target->env);
	snprintf(service, sizeof service, "%u", target->port);
	if (!lookup || uv_getaddrinfo(pst_env_loop(target->env), &lookup->request, looked_up, target->host,
	    service, &hints)) {
		free(lookup);
		return;
	}
	lookup->target = target;
	target->lookup = lookup;
}

int
target_init(struct target *target, struct pst_env *env, const struct pst_log *log, const char *text)
{
	*target = (struct target){ .env = env, .log = log, .text = text };
	if (pst_host_port(text, target->host, &target->port) || !target->port)
		return -EINVAL;
	target->known = !pst_sockaddr_parse(text, &target->address);
	target->name = !target->known;
	if (target->name)
		look_up(target);
	return PST_OK;
}

const struct sockaddr *
target_address(struct target *target)
{
	uint64_t age = pst_now_ms(target->env) - target->asked_ms;

	if (target->name && !target->lookup && age >= (target->known ? FRESH_MS : AGAIN_MS))
		look_up(target);
	return target->known ? (const struct sockaddr *)&target->address : NULL;
}

void
target_fini(struct target *target)
{
	if (!target->lookup)
		return;
	target->lookup->target = NULL;
	uv_cancel((uv_req_t *)&target->lookup->request);
	target->lookup = NULL;
}
