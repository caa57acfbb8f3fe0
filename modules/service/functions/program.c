#include "program.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "cache.h"

static int
hash_take(uint8_t out[PROGRAM_HASH], const struct pst_wasm_code *code)
{
	return EVP_Digest(code->bytes, code->len, out, NULL, EVP_sha256(), NULL) == 1 ? PST_OK : -ENOMEM;
}

/* From the cache, or by compiling it, for the cache too. */
static int
module_make(struct program *p, const struct program_source *source, struct pst_err *err)
{
	int rc;

	if (source->cache && !cache_load(source->cache, p, source))
		return PST_OK;
	rc = source->runtime->compile(source->engine, &p->module, &source->code, err);
	if (!rc && source->cache)
		cache_save(source->cache, p, source);
	return rc;
}

/* Spec functions.md 1.1. */
static int
steps_find(struct program *p, struct pst_err *err)
{
	const struct pst_runtime_ops *r = p->runtime;

	p->steps[STEP_INITIALIZE] = r->find(p->module, "_initialize", ":");
	p->steps[STEP_START] = r->find(p->module, "_start", ":");
	p->steps[STEP_RUN] = r->find(p->module, "run_e", "iii:");
	p->steps[STEP_INIT] = r->find(p->module, "init", ":");
	p->steps[STEP_ALLOCATE] = r->find(p->module, "allocate", "i:i");
	if (p->steps[STEP_RUN] == -EINVAL)
		return pst_fail(err, PST_E_PROTOCOL, "its run_e is of another type: wanted are three i32");
	p->command = p->steps[STEP_RUN] < 0;
	if (p->command) {
		p->steps[STEP_INIT] = p->steps[STEP_ALLOCATE] = -1;
		if (p->steps[STEP_START] < 0)
			return pst_fail(err, PST_E_PROTOCOL, "it exports neither run_e nor _start");
	} else if (p->steps[STEP_ALLOCATE] < 0) {
		return pst_fail(err, PST_E_PROTOCOL, "it exports no allocate that takes and gives an i32");
	}
	return PST_OK;
}

int
program_new(struct program **out, const struct program_source *source, struct pst_err *err)
{
	struct program *p = calloc(1, sizeof *p);
	int rc;

	*out = NULL;
	if (!p)
		return -ENOMEM;
	p->refs = 1;
	p->runtime = source->runtime;
	rc = hash_take(p->hash, &source->code);
	if (!rc)
		rc = module_make(p, source, err);
	if (!rc)
		rc = steps_find(p, err);
	if (rc)
		program_unref(&p);
	*out = p;
	return rc;
}

struct program *
program_ref(struct program *program)
{
	program->refs++;
	return program;
}

void
program_unref(struct program **program)
{
	struct program *p = *program;

	*program = NULL;
	if (!p || --p->refs > 0)
		return;
	if (p->module)
		p->runtime->release(&p->module);
	setup_unref(&p->setup);
	free(p);
}
