/*
 * Compiled modules, kept in STATE/cache/functions: an engine trusts what it loads, so that a
 * file counts only with a tag that nobody else can make (keyed BLAKE2b, over its name too; design: safety).
 *
 * The key is what the identity's X25519 key agrees on with a point whose logarithm nobody
 * knows: a secret of the vault, the same at each start, and of nobody who cannot use that key.
 */
#ifndef FUNCTIONS_CACHE_H
#define FUNCTIONS_CACHE_H

#include <postern/log.h>

#include "program.h"

#define CACHE_KEY 32

struct cache {
	char *dir; /* NULL: there is none */
	const struct pst_log *log;
	uint8_t key[CACHE_KEY];
};

/* Where the key is agreed on with. */
void cache_point(uint8_t out[32]);
/* secret is wiped. -ENOMEM. */
PST_MUST_CHECK int cache_open(struct cache *cache, const char *state_dir, uint8_t secret[32],
    const struct pst_log *log);
void cache_close(struct cache *cache);

/* Off the loop. p->module and p->cached; what is wrong with a file is logged. */
PST_MUST_CHECK int cache_load(const struct cache *cache, struct program *p,
    const struct program_source *source);
/* Off the loop. Without it the next start takes longer: failures are logged, and that is all. */
void cache_save(const struct cache *cache, struct program *p, const struct program_source *source);

#endif
