/*
 * capability/cache: bytes under keys, in memory, of all functions that name the section (spec functions.md
 * 3.3). They are gone with the node.
 */
#include <errno.h>
#include <stdlib.h>

#include <postern/capability.h>

#include "table.h"

struct cache_conf {
	uint64_t memory;
	bool allow_set;
	bool allow_get;
};

struct cache {
	struct pst_section_env *senv;
	const struct cache_conf *conf;
	uv_mutex_t mutex; /* functions are on many threads */
	struct table table;
	uint64_t hits, misses;
};

static const struct pst_opt cache_options[] = {
	PST_OPT(SIZE, struct cache_conf, memory, "16M", "all that it holds; what was not used for longest goes first"),
	PST_OPT(BOOL, struct cache_conf, allow_set, "true", "functions may put something into it"),
	PST_OPT(BOOL, struct cache_conf, allow_get, "true", "functions may read it"),
	PST_OPT_END,
};

static uint64_t
now_ms(void)
{
	return uv_hrtime() / 1000000;
}

static void
cache_set(void *capability, struct pst_host_call *call)
{
	struct cache *cache = capability;
	const struct pst_host_bytes *key = &call->text[0], *value = &call->text[1];
	int32_t ttl = call->number[0];
	int rc = PST_E_DENIED;

	if (cache->conf->allow_set) {
		uv_mutex_lock(&cache->mutex);
		rc = table_put(&cache->table, key->bytes, key->len, value->bytes, value->len,
		    ttl > 0 ? now_ms() + (uint64_t)ttl * 1000 : UINT64_MAX);
		uv_mutex_unlock(&cache->mutex);
	}
	pst_host_code(call, rc ? -2 : 0);
}

static void
cache_get(void *capability, struct pst_host_call *call)
{
	struct cache *cache = capability;
	const struct pst_host_bytes *key = &call->text[0];
	const struct entry *entry;

	if (!cache->conf->allow_get) {
		pst_host_error(call, "capability is not enabled");
		return;
	}
	uv_mutex_lock(&cache->mutex);
	entry = table_get(&cache->table, key->bytes, key->len, now_ms());
	*(entry ? &cache->hits : &cache->misses) += 1;
	if (entry)
		pst_host_result(call, entry->bytes + entry->key_len, entry->len);
	uv_mutex_unlock(&cache->mutex);
	if (!entry)
		pst_host_error(call, "key not found");
}

static const struct pst_host_function cache_serves[] = {
	{ .name = "cache_get", .now = cache_get },
	{ .name = "cache_set", .now = cache_set },
	{ .name = NULL },
};
static const struct pst_capability_ops cache_ops = { .size = sizeof cache_ops, .serves = cache_serves };

/* ---- the section ---- */

static void
cache_status(void *self, struct pst_status *status)
{
	struct cache *cache = self;

	uv_mutex_lock(&cache->mutex);
	pst_status_put(status, PST_FIELDS(PST_U64("keys", cache->table.count),
	    PST_U64("bytes", cache->table.size), PST_U64("hits", cache->hits),
	    PST_U64("misses", cache->misses)));
	uv_mutex_unlock(&cache->mutex);
}

static const struct pst_section_hooks cache_hooks = {
	.size = sizeof cache_hooks,
	.status = cache_status,
};

static int
cache_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct cache *cache = calloc(1, sizeof *cache);

	if (!cache)
		return -ENOMEM;
	cache->senv = senv;
	cache->conf = conf;
	cache->table.max = cache->conf->memory;
	if (uv_mutex_init(&cache->mutex)) {
		free(cache);
		return -ENOMEM;
	}
	pst_section_hook(senv, &cache_hooks);
	*self = cache;
	pst_section_up(senv);
	return PST_OK;
}

static void
cache_close(void *self)
{
	struct cache *cache = self;
	struct pst_section_env *senv = cache->senv;

	table_clear(&cache->table);
	uv_mutex_destroy(&cache->mutex);
	free(cache);
	pst_section_closed(senv);
}

static const struct pst_section cache_sections[] = {
	PST_SECTION("capability", struct cache_conf, cache_options, NULL, cache_open, cache_close),
	PST_SECTION_END,
};

PST_MODULE(capability_cache, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions keep bytes under keys, in memory", .sections = cache_sections,
    .ops = &cache_ops);
