#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "function.h"

/* Ours: the largest module, and for how long a file must be left alone before it is read. */
#define MODULE_MAX (UINT64_C(512) << 20)
#define SETTLE_MS 100

/* ---- off the loop ---- */

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int
read_whole(int fd, uint8_t *bytes, size_t len)
{
	size_t done = 0;
	ssize_t n = 1;

	while (n && done < len) {
		n = read(fd, bytes + done, len - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return done == len ? PST_OK : -EBADMSG;
}

/* -EALREADY: it is the one that was read last. */
static int
file_read(struct source *s, const char *path, struct pst_wasm_blob *out)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc = PST_OK;

	if (fd < 0)
		return pst_fail(&s->err, -errno, "%s: %s", path, pst_strerror(-errno));
	if (fstat(fd, &s->seen))
		rc = -errno;
	else if (!S_ISREG(s->seen.st_mode))
		rc = pst_fail(&s->err, -EINVAL, "%s: not a file", path);
	else if ((uint64_t)s->seen.st_size > MODULE_MAX)
		rc = pst_fail(&s->err, PST_E_LIMIT, "%s: larger than 512 MiB", path);
	else if (s->looked && same_file(&s->seen, &s->mark))
		rc = -EALREADY;
	if (!rc) {
		out->len = (size_t)s->seen.st_size;
		out->bytes = malloc(out->len + 1);
		rc = out->bytes ? read_whole(fd, out->bytes, out->len) : -ENOMEM;
	}
	close(fd);
	return rc;
}

static int
load_work(void *arg)
{
	struct function *f = arg;
	struct source *s = &f->source;
	struct pst_wasm_blob blob = { 0 };
	int rc = file_read(s, s->setup->module, &blob);
	const struct program_source from = {
		.runtime = s->setup->runtime,
		.engine = s->setup->engine,
		.code = {
			.bytes = blob.bytes,
			.len = blob.len,
			.imports = s->setup->imports,
			.endless = !s->setup->limits.deadline_ms,
			.instances = s->setup->instances,
		},
		.cache = s->cache.dir ? &s->cache : NULL,
	};

	if (!rc)
		rc = program_new(&s->fresh, &from, &s->err);
	free(blob.bytes);
	return rc;
}

/* ---- on the loop ---- */

static void go_on(struct function *f);

/* One by other options may do what these do not allow. */
static void
load_failed(struct function *f, int rc)
{
	struct pst_err *problem = &f->problem;

	*problem = f->source.err;
	if (!problem->text[0])
		pst_fail(problem, rc, "%s", pst_strerror(rc));
	problem->rc = rc;
	if (f->program && f->program->setup != f->setup)
		program_unref(&f->program);
	if (f->program)
		pst_error(f->log, "its new module cannot run: the one before goes on",
		    PST_STR("why", problem->text), PST_RC(rc));
	else
		pst_error(f->log, "its module cannot run: calls fail", PST_STR("why", problem->text), PST_RC(rc));
}

/* The file is what it is until it changes again, be it of use or not. */
static void
load_tell(struct function *f, int rc)
{
	struct source *s = &f->source;
	char hash[2 * PROGRAM_HASH + 1];

	s->mark = s->seen;
	if (rc) {
		load_failed(f, rc);
		return;
	}
	sodium_bin2hex(hash, sizeof hash, s->fresh->hash, sizeof s->fresh->hash);
	pst_info(f->log, "module loaded", PST_STR("from", s->fresh->cached ? "cache" : "compiled"),
	    PST_STR("hash", hash), PST_U64("took_ms", (uv_hrtime() - s->began_ns) / 1000000));
	f->problem.rc = 0;
	program_unref(&f->program);
	f->program = s->fresh;
	s->fresh = NULL;
}

/* A node that starts has its functions, whatever has become of a file; what is made while it runs is to run. */
static void
opened(struct function *f)
{
	if (f->problem.rc && !pst_section_starting(f->senv))
		pst_section_down(f->senv, f->problem.rc, f->problem.text);
	else
		pst_section_up(f->senv);
}

static void
load_done(void *arg, int rc)
{
	struct function *f = arg;
	struct source *s = &f->source;
	bool first = !s->looked;

	s->loading = false;
	if (s->fresh) {
		s->fresh->setup = s->setup;
		s->setup = NULL;
	}
	setup_unref(&s->setup);
	if (s->anew && !f->closing) { /* by options that are not the section's any more */
		program_unref(&s->fresh);
		go_on(f);
		return;
	}
	if (rc != -EALREADY)
		load_tell(f, rc);
	s->looked = true;
	if (f->closing) {
		function_rests(f);
		return;
	}
	if (first)
		opened(f);
	queue_loaded(f);
	go_on(f);
}

static void
load(struct function *f)
{
	struct source *s = &f->source;

	s->again = false;
	s->setup = setup_ref(f->setup);
	s->err = (struct pst_err)PST_ERR_INIT;
	s->began_ns = uv_hrtime();
	s->loading = true;
	memset(&s->seen, 0, sizeof s->seen);
	int rc = pst_work(f->env, load_work, load_done, f);

	if (rc)
		load_done(f, rc);
}

void
source_look(struct function *f)
{
	f->source.again |= f->source.looked;
	go_on(f);
}

static void
settled(struct pst_timer *timer)
{
	source_look(pst_container_of(timer, struct function, source.settle));
}

static void
directory_changed(uv_fs_event_t *watch, const char *name, int events, int status)
{
	struct function *f = watch->data;

	if (!status && (!name || !strcmp(name, f->source.name)))
		pst_timer_start(f->env, &f->source.settle, SETTLE_MS, settled);
}

static void
watch_start(struct function *f)
{
	struct source *s = &f->source;
	char *dir = strdup(f->setup->module);
	int rc = dir ? PST_OK : -ENOMEM;

	s->name = strrchr(f->setup->module, '/') + 1;
	if (!rc && !s->watching) {
		rc = uv_fs_event_init(pst_env_loop(f->env), &s->watch);
		s->watching = !rc;
		s->watch.data = f;
	}
	if (!rc) {
		dir[s->name - f->setup->module] = '\0';
		uv_fs_event_stop(&s->watch);
		rc = uv_fs_event_start(&s->watch, directory_changed, dir, 0);
	}
	if (rc)
		pst_warn(f->log, "its module is not watched: a change counts after a reload", PST_RC(rc));
	free(dir);
}

static void
key_came(struct pst_vault_call *call, int rc)
{
	struct function *f = call->arg;
	struct source *s = &f->source;

	s->agreeing = false;
	if (!rc)
		rc = cache_open(&s->cache, pst_section_state_dir(f->senv), call->result, f->log);
	sodium_memzero(call->result, sizeof call->result);
	if (rc)
		pst_warn(f->log, "no key for compiled modules: none is kept", PST_RC(rc));
	if (f->closing)
		function_rests(f);
	else
		go_on(f);
}

/* With another key, where compiled modules can be kept, and not the one file that is known. */
static void
begin_anew(struct function *f)
{
	struct source *s = &f->source;
	struct pst_identity *identity = pst_section_ref(f->senv, "identity", f->conf->identity, NULL);

	s->anew = false;
	s->again = true;
	memset(&s->mark, 0, sizeof s->mark);
	cache_close(&s->cache);
	if (!(f->setup->runtime->can & PST_RUNTIME_SAVES)) {
		load(f);
		return;
	}
	s->agreeing = true;
	s->agree.fn = key_came;
	s->agree.arg = f;
	s->agree.key.kind = PST_KEY_X25519;
	s->agree.key.len = 32;
	cache_point(s->agree.key.bytes);
	pst_identity_agree(identity, &s->agree);
}

static void
go_on(struct function *f)
{
	struct source *s = &f->source;

	if (s->loading || s->agreeing || f->closing)
		return;
	if (s->anew)
		begin_anew(f);
	else if (s->again)
		load(f);
}

void
source_change(struct function *f)
{
	watch_start(f);
	f->source.anew = true;
	go_on(f);
}

void
source_open(struct function *f)
{
	source_change(f);
}

static void
watch_closed(uv_handle_t *handle)
{
	struct function *f = handle->data;

	f->source.watching = false;
	function_rests(f);
}

void
source_close(struct function *f)
{
	struct source *s = &f->source;

	pst_timer_stop(f->env, &s->settle);
	if (s->watching)
		uv_close((uv_handle_t *)&s->watch, watch_closed);
}

bool
source_rests(const struct function *f)
{
	const struct source *s = &f->source;

	return !s->watching && !s->agreeing && !s->loading;
}

void
source_free(struct function *f)
{
	program_unref(&f->source.fresh);
	cache_close(&f->source.cache);
}
