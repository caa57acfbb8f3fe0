/* Who serves which host function, by one setup of a function. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"

/* One more that serves it. */
static int
binding_add(struct binding *b, const char *name, struct pst_err *err)
{
	const struct abi_function *abi = b->abi;
	struct binding *copy;

	if (!b->serves || abi->alike)
		return PST_OK;
	if (!abi->named)
		return pst_fail(err, PST_E_CONF, "capabilities: both %s and %s serve %s", b->of, name, abi->name);
	copy = malloc(sizeof *copy);
	if (!copy)
		return -ENOMEM;
	*copy = *b;
	b->other = copy;
	return PST_OK;
}

static int
binding_fill(struct setup *s, struct binding *b, struct pst_err *err)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && s->capabilities[i] && !b->abi->own; i++) {
		const char *name = s->capabilities[i];
		const void *table;
		void *self = pst_section_ref(s->function->senv, "capability", name, &table);
		const struct pst_capability_ops *ops = table;

		for (const struct pst_host_function *h = ops ? ops->serves : NULL; h && h->name; h++) {
			if (strcmp(h->name, b->abi->name))
				continue;
			rc = binding_add(b, name, err);
			b->serves = h;
			b->capability = self;
			b->of = name;
		}
	}
	return rc;
}

int
host_open(struct setup *s, struct pst_err *err)
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
		rc = binding_fill(s, b, err);
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
