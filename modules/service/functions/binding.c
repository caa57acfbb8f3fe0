/* Who serves which host function, of one function. */
#include <stdio.h>
#include <string.h>

#include "function.h"

static int
binding_fill(struct function *f, struct binding *b, struct pst_err *err)
{
	const char *from = NULL;

	for (size_t i = 0; i < f->conf->capabilities.count && !b->abi->own; i++) {
		const char *name = f->conf->capabilities.item[i];
		const void *table;
		void *self = pst_section_ref(f->senv, "capability", name, &table);
		const struct pst_capability_ops *ops = table;

		for (const struct pst_host_function *h = ops ? ops->serves : NULL; h && h->name; h++) {
			if (strcmp(h->name, b->abi->name))
				continue;
			if (from)
				return pst_fail(err, PST_E_CONF, "capabilities: both %s and %s serve %s", from,
				    name, h->name);
			from = name;
			b->serves = h;
			b->capability = self;
		}
	}
	b->blocks = !(f->runtime->can & PST_RUNTIME_SUSPENDS);
	return PST_OK;
}

int
host_open(struct function *f, struct pst_err *err)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < 2 * ABI_FUNCTIONS; i++) {
		struct binding *b = &f->bindings[i];
		bool swift = i >= ABI_FUNCTIONS;

		b->abi = &abi_functions[i % ABI_FUNCTIONS];
		b->ident = abi_ident(b->abi);
		abi_type(b->type, b->abi, swift);
		snprintf(b->name, sizeof b->name, "%s%s", b->abi->name, swift ? "_swift" : "");
		rc = binding_fill(f, b, err);
		f->imports[i] = (struct pst_wasm_import){
			.module = "env",
			.name = b->name,
			.type = b->type,
			.fn = host_called,
			.arg = b,
			.waits = b->serves && !b->serves->now && !b->blocks,
		};
	}
	return rc;
}
