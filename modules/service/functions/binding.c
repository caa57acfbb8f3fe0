<<<<<<< HEAD
/* Who serves which host function, of one function. */
#include <errno.h>
=======
/* Who serves which host function, by one setup of a function. */
>>>>>>> 20e41d4 (functions: other options are taken without a gap)
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

<<<<<<< HEAD
	for (size_t i = 0; !rc && i < f->conf->capabilities.count && !b->abi->own; i++) {
		const char *name = f->conf->capabilities.item[i];
=======
	for (size_t i = 0; s->capabilities[i] && !b->abi->own; i++) {
		const char *name = s->capabilities[i];
>>>>>>> 20e41d4 (functions: other options are taken without a gap)
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
<<<<<<< HEAD
	return rc;
=======
	b->blocks = !(s->runtime->can & PST_RUNTIME_SUSPENDS);
	return PST_OK;
>>>>>>> 20e41d4 (functions: other options are taken without a gap)
}

int
host_open(struct setup *s, struct pst_err *err)
{
	int rc = PST_OK;

<<<<<<< HEAD
	for (size_t i = 0; !rc && i < ABI_IMPORTS; i++) {
		struct binding *b = &f->bindings[i];
=======
	for (size_t i = 0; !rc && i < 2 * ABI_FUNCTIONS; i++) {
		struct binding *b = &s->bindings[i];
>>>>>>> 20e41d4 (functions: other options are taken without a gap)
		bool swift = i >= ABI_FUNCTIONS;

		b->abi = &abi_functions[swift ? i - ABI_FUNCTIONS : i];
		b->blocks = !(f->runtime->can & PST_RUNTIME_SUSPENDS);
		b->ident = abi_ident(b->abi);
		abi_type(b->type, b->abi, swift);
		snprintf(b->name, sizeof b->name, "%s%s", b->abi->name, swift ? "_swift" : "");
<<<<<<< HEAD
		rc = binding_fill(f, b, err);
		f->imports[i] = (struct pst_wasm_import){
			.module = b->abi < &abi_functions[ABI_TWINS] ? "env" : "postern",
=======
		rc = binding_fill(s, b, err);
		s->imports[i] = (struct pst_wasm_import){
			.module = "env",
>>>>>>> 20e41d4 (functions: other options are taken without a gap)
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
host_close(struct function *f)
{
	for (size_t i = 0; i < ABI_IMPORTS; i++)
		for (struct binding *b = f->bindings[i].other, *next; b; b = next) {
			next = b->other;
			free(b);
		}
}
