#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAG 32
#define NAME (2 * 32 + 1)
/* Ours: what a file may have, and how many there are; one that is too much costs the oldest. */
#define FILE_MAX (UINT64_C(1) << 30)
#define FILES_MAX 64

_Static_assert(CACHE_KEY == crypto_generichash_KEYBYTES, "key");
_Static_assert(TAG == crypto_generichash_BYTES, "tag");

void
cache_point(uint8_t out[32])
{
	static const char words[] = "postern: where the key of the module cache is agreed on, 1";

	crypto_generichash(out, 32, (const uint8_t *)words, sizeof words - 1, NULL, 0);
}

int
cache_open(struct cache *cache, const char *state_dir, uint8_t secret[32], const struct pst_log *log)
{
	static const char below[] = "/cache/functions";

	cache->log = log;
	crypto_generichash(cache->key, sizeof cache->key, secret, 32, NULL, 0);
	sodium_memzero(secret, 32);
	cache->dir = malloc(strlen(state_dir) + sizeof below);
	if (!cache->dir)
		return -ENOMEM;
	strcpy(stpcpy(cache->dir, state_dir), below);
	return PST_OK;
}

void
cache_close(struct cache *cache)
{
	sodium_memzero(cache->key, sizeof cache->key);
	free(cache->dir);
	cache->dir = NULL;
}

/* ---- names and tags ---- */

/* Whatever the compiled bytes depend on. */
static void
name_make(char out[NAME], const struct cache *cache, const struct program *p,
    const struct program_source *source)
{
	const char *version = source->runtime->version(source->engine);
	uint8_t endless = source->code.endless, hash[32];
	crypto_generichash_state state;

	crypto_generichash_init(&state, cache->key, sizeof cache->key, sizeof hash);
	crypto_generichash_update(&state, (const uint8_t *)"name", 4);
	crypto_generichash_update(&state, p->hash, sizeof p->hash);
	crypto_generichash_update(&state, &endless, 1);
	for (const struct pst_wasm_import *i = source->code.imports; i->module; i++)
		crypto_generichash_update(&state, (const uint8_t *)(i->waits ? "w" : "n"), 1);
	crypto_generichash_update(&state, (const uint8_t *)version, strlen(version));
	crypto_generichash_final(&state, hash, sizeof hash);
	sodium_bin2hex(out, NAME, hash, sizeof hash);
}

static void
tag_make(uint8_t out[TAG], const struct cache *cache, const char *name, const uint8_t *bytes, size_t len)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, cache->key, sizeof cache->key, TAG);
	crypto_generichash_update(&state, (const uint8_t *)"file", 4);
	crypto_generichash_update(&state, (const uint8_t *)name, NAME);
	crypto_generichash_update(&state, bytes, len);
	crypto_generichash_final(&state, out, TAG);
}

/* ---- the directory ---- */

/* Ours alone, or it is not used. -errno. */
static int
dir_open(const struct cache *cache, bool make)
{
	char *end = strrchr(cache->dir, '/'), *above;
	struct stat st;
	int fd;

	if (make) {
		above = strndup(cache->dir, (size_t)(end - cache->dir));
		if (above)
			(void)mkdir(above, 0700);
		free(above);
		(void)mkdir(cache->dir, 0700);
	}
	fd = open(cache->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && st.st_uid == geteuid() && !(st.st_mode & 077))
		return fd;
	close(fd);
	return -EPERM;
}

static int
read_all(int fd, uint8_t *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, bytes + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		done += (size_t)n;
	}
	return PST_OK;
}

static int
write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return PST_OK;
}

/* The oldest file, if there are more than enough. */
static void
dir_prune(int dir)
{
	char oldest[NAME_MAX + 1] = "";
	struct timespec then = { 0 };
	size_t count = 0;
	int fd = dup(dir);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	for (struct dirent *d; list && (d = readdir(list));) {
		struct stat st;

		if (*d->d_name == '.' || fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!count++ || st.st_mtim.tv_sec < then.tv_sec) {
			snprintf(oldest, sizeof oldest, "%s", d->d_name);
			then = st.st_mtim;
		}
	}
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	if (count > FILES_MAX)
		unlinkat(dir, oldest, 0);
}

/* ---- loading ---- */

/* Bytes with their tag behind them, which is right. */
static int
file_read(const struct cache *cache, int dir, const char *name, struct pst_wasm_blob *out)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	uint8_t tag[TAG];
	int rc = -EBADMSG;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > TAG && (uint64_t)st.st_size <= FILE_MAX) {
		out->len = (size_t)st.st_size - TAG;
		out->bytes = malloc(out->len + TAG);
		rc = out->bytes ? read_all(fd, out->bytes, out->len + TAG) : -ENOMEM;
	}
	if (!rc) {
		tag_make(tag, cache, name, out->bytes, out->len);
		rc = sodium_memcmp(tag, out->bytes + out->len, TAG) ? -EBADMSG : PST_OK;
	}
	if (!rc)
		(void)futimens(fd, NULL); /* it is in use: others are older */
	close(fd);
	return rc;
}

int
cache_load(const struct cache *cache, struct program *p, const struct program_source *source)
{
	struct program_source compiled = *source;
	struct pst_wasm_blob blob = { 0 };
	struct pst_err err = PST_ERR_INIT;
	char name[NAME];
	int dir, rc;

	if (!(source->runtime->can & PST_RUNTIME_SAVES))
		return -ENOTSUP;
	dir = dir_open(cache, false);
	if (dir < 0)
		return dir;
	name_make(name, cache, p, source);
	rc = file_read(cache, dir, name, &blob);
	close(dir);
	if (rc && rc != -ENOENT)
		pst_warn(cache->log, "a compiled module was altered: it is compiled anew",
		    PST_STR("file", name), PST_RC(rc));
	if (!rc) {
		compiled.code.bytes = blob.bytes;
		compiled.code.len = blob.len;
		rc = source->runtime->load(source->engine, &p->module, &compiled.code, &err);
		if (rc)
			pst_warn(cache->log, "a compiled module does not load: it is compiled anew",
			    PST_STR("why", err.text), PST_RC(rc));
	}
	free(blob.bytes);
	p->cached = !rc;
	return rc;
}

/* ---- saving ---- */

/* Whole or not at all, under its name. */
static int
file_write(int dir, const char *name, const struct pst_wasm_blob *blob, const uint8_t tag[TAG])
{
	char temporary[NAME + 16];
	int fd, rc;

	snprintf(temporary, sizeof temporary, "%s.%08" PRIx32, name, randombytes_random());
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, blob->bytes, blob->len);
	if (!rc)
		rc = write_all(fd, tag, TAG);
	if (close(fd) && !rc)
		rc = -errno;
	if (!rc && renameat(dir, temporary, dir, name))
		rc = -errno;
	if (rc)
		unlinkat(dir, temporary, 0);
	return rc;
}

void
cache_save(const struct cache *cache, struct program *p, const struct program_source *source)
{
	struct pst_wasm_blob blob = { 0 };
	struct pst_err err = PST_ERR_INIT;
	uint8_t tag[TAG];
	char name[NAME];
	int dir, rc;

	if (!(source->runtime->can & PST_RUNTIME_SAVES))
		return;
	dir = dir_open(cache, true);
	rc = dir < 0 ? dir : source->runtime->save(p->module, &blob, &err);
	if (!rc) {
		name_make(name, cache, p, source);
		tag_make(tag, cache, name, blob.bytes, blob.len);
		rc = file_write(dir, name, &blob, tag);
		dir_prune(dir);
	}
	if (rc)
		pst_warn(cache->log, "the compiled module is not kept", PST_STR("dir", cache->dir),
		    PST_RC(rc));
	if (dir >= 0)
		close(dir);
	free(blob.bytes);
}
