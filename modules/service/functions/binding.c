/* Who serves which host function, by one setup of a function. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"

/* How the capability serves it; NULL: not. */
static const struct pst_host_function *
served(const struct pst_capability_ops *ops, const struct abi_function *abi)
{
	const struct pst_host_function *h = ops && !abi->own ? ops->serves : NULL;

	while (h && h->name && strcmp(h->name, abi->name))
		h++;
	return h && h->name ? h : NULL;
}

int
host_look(const struct pst_list *capabilities, const struct pst_look *look, struct pst_err *err)
{
	for (size_t i = 0; i < ABI_FUNCTIONS; i++) {
		const struct abi_function *abi = &abi_functions[i];
		const char *first = NULL;

		for (size_t j = 0; j < capabilities->count && !abi->named && !abi->alike; j++) {
			const char *name = capabilities->item[j];

			if (!served(pst_look_ops(look, "capability", name), abi))
				continue;
			if (first)
				return pst_fail(err, PST_E_CONF, "capabilities: both %s and %s serve %s", first, name,
				    abi->name);
			first = name;
		}
	}
	return PST_OK;
}

/* One more that serves it, by its own name. */
static int
binding_add(struct binding *b)
{
	struct binding *copy;

	if (!b->serves || !b->abi->named)
		return PST_OK;
	copy = malloc(sizeof *copy);
	if (!copy)
		return -ENOMEM;
	*copy = *b;
	b->other = copy;
	return PST_OK;
}

static int
binding_fill(struct setup *s, struct binding *b)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && s->capabilities[i]; i++) {
		const char *name = s->capabilities[i];
		const void *ops;
		void *self = pst_section_ref(s->function->senv, "capability", name, &ops);
		const struct pst_host_function *h = served(ops, b->abi);

		if (!h)
			continue;
		rc = binding_add(b);
		b->serves = h;
		b->capability = self;
		b->of = name;
	}
	return rc;
}

int
host_open(struct setup *s)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < ABI_IMPORTS; i++) {
		struct binding *b = &s->bindings[i];
		bool swift = i >= ABI_FUNCTIONS;

		b->abi = &abi_functions[swift ? i - ABI_FUNCTIONS : i];
		b->blocks = !(s->runtime->can & PST_RUNTIME_SUSPENDS);
		b->ident = abi_ident(b->abi);
		abi_type(b->type, b->abi, swift);
		snprintf(b->name, sizeof b->name, "%s%s", b->abi->name, swift ? "_swift" : "");
		rc = binding_fill(s, b);
		s->imports[i] = (struct pst_wasm_import){
			.module = b->abi < &abi_functions[ABI_TWINS] ? "env" : "postern",
			.name = b->name,
			.type = b->type,
			.fn = host_called,
			.arg = b,
			.waits = b->serves && !b->serves->now && !b->blocks,
		};
	}
	return rc;
}

void
host_close(struct setup *s)
{
	for (size_t i = 0; i < ABI_IMPORTS; i++)
		for (struct binding *b = s->bindings[i].other, *next; b; b = next) {
			next = b->other;
			free(b);
		}
}
