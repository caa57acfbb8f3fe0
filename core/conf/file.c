/* Files, directories and includes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/source.h"

struct pst_visit {
	const struct pst_visit *outer;
	dev_t dev;
	ino_t ino;
};

/* An include speaks of its own line; a file named by the caller has none. */
struct asker {
	const struct pst_source *source; /* NULL: the caller */
	unsigned line;
};

static int
fail(const struct asker *asker, const char *path, struct pst_err *err, const char *why)
{
	struct pst_place place;

	if (!asker->source)
		return pst_fail(err, PST_E_CONF, "%.300s: %s", path, why);
	place = (struct pst_place){ .file = asker->source->file };
	return pst_place_fail(&place, asker->line, err, "include %.160s: %s", path, why);
}

/* Read up to one byte more than a file may have, so that more is seen. */
static int
read_all(int fd, char *text, size_t *len)
{
	*len = 0;
	while (*len <= PST_CONF_FILE_MAX) {
		ssize_t n = read(fd, text + *len, PST_CONF_FILE_MAX + 1 - *len);

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			*len += (size_t)n;
	}
	return PST_OK;
}

static bool
visited(const struct pst_visit *visit, const struct stat *st)
{
	for (; visit; visit = visit->outer)
		if (visit->dev == st->st_dev && visit->ino == st->st_ino)
			return true;
	return false;
}

static int
depth_of(const struct pst_visit *visit)
{
	int depth = 0;

	for (; visit; visit = visit->outer)
		depth++;
	return depth;
}

/* The length of "dir/" in "dir/file": 0 where there is none. */
static size_t
dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

static int
source_init(struct pst_source *source, const char *path)
{
	struct pst_arena *arena = pst_conf_arena(source->conf);
	size_t len = dir_len(path);
	char *dir = pst_arena_copy(arena, len ? path : ".", len ? len : 1);
	char *real;

	source->file = pst_arena_copy(arena, path, strlen(path));
	if (!dir || !source->file)
		return -ENOMEM;
	real = realpath(dir, NULL);
	if (!real)
		return -errno;
	source->dir = pst_arena_copy(arena, real, strlen(real));
	free(real);
	return source->dir ? PST_OK : -ENOMEM;
}

static int
read_open_file(struct pst_conf *conf, int fd, const char *path, const struct pst_visit *visit,
    const struct asker *asker, struct pst_err *err)
{
	struct pst_source source = { .conf = conf, .visit = visit };
	char *text = malloc(PST_CONF_FILE_MAX + 1);
	size_t len;
	int rc;

	if (!text)
		return -ENOMEM;
	rc = read_all(fd, text, &len);
	if (!rc)
		rc = source_init(&source, path);
	if (rc) {
		rc = rc == -ENOMEM ? rc : fail(asker, path, err, strerror(-rc));
		goto out;
	}
	rc = pst_conf_admit(conf, path, len, err);
	if (!rc)
		rc = pst_source_read(&source, text, len, err);
out:
	free(text);
	return rc;
}

static int
load_file(struct pst_conf *conf, const char *path, const struct asker *asker, struct pst_err *err)
{
	struct pst_visit visit = { .outer = asker->source ? asker->source->visit : NULL };
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO would wait for a writer */
	struct stat st;
	int rc;

	if (fd < 0)
		return fail(asker, path, err, strerror(errno));
	if (fstat(fd, &st) != 0)
		rc = fail(asker, path, err, strerror(errno));
	else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		rc = fail(asker, path, err, "not a regular file");
	else if (visited(visit.outer, &st))
		rc = fail(asker, path, err, "this file includes itself");
	else if (depth_of(visit.outer) > PST_CONF_DEPTH_MAX)
		rc = fail(asker, path, err, "files include files more than 8 deep");
	else {
		visit.dev = st.st_dev;
		visit.ino = st.st_ino;
		rc = read_open_file(conf, fd, path, &visit, asker, err);
	}
	close(fd);
	return rc;
}

_Static_assert(PST_CONF_DEPTH_MAX == 8, "the sentence above says 8");

/* ---- include ---- */

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The pattern behind the file's own directory, whose * and ? mean themselves. */
static char *
full_pattern(const char *file, const char *pattern)
{
	size_t len = pattern[0] == '/' ? 0 : dir_len(file);
	char *full = malloc(2 * len + strlen(pattern) + 1);
	char *p = full;

	if (!full)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (strchr("*?[]\\", file[i]))
			*p++ = '\\';
		*p++ = file[i];
	}
	strcpy(p, pattern);
	return full;
}

int
pst_source_include(const struct pst_source *source, const char *pattern, unsigned line,
    struct pst_err *err)
{
	struct asker asker = { source, line };
	char *full;
	glob_t found;
	int rc;

	if (!source->visit)
		return fail(&asker, pattern, err, "only a file can include");
	if (!pattern[0])
		return fail(&asker, "\"\"", err, "the pattern is empty");
	full = full_pattern(source->file, pattern);
	if (!full)
		return -ENOMEM;
	/* not in the order of the locale: files differ between machines then */
	rc = glob(full, GLOB_NOSORT | GLOB_ERR, NULL, &found);
	free(full);
	if (rc == GLOB_NOMATCH)
		/* an empty conf.d is no error, a file named in full and missing is */
		return strpbrk(pattern, "*?[") ? PST_OK
					       : fail(&asker, pattern, err, "no such file");
	if (rc)
		return rc == GLOB_NOSPACE ? -ENOMEM
					  : fail(&asker, pattern, err, "a directory cannot be read");
	qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_bytes);
	for (size_t i = 0; !rc && i < found.gl_pathc; i++)
		rc = load_file(source->conf, found.gl_pathv[i], &asker, err);
	globfree(&found);
	return rc;
}

/* ---- what the caller names ---- */

static int
is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
load_dir(struct pst_conf *conf, const char *path, struct pst_err *err)
{
	struct asker asker = { NULL, 0 };
	struct dirent **entry = NULL;
	int count = scandir(path, &entry, is_conf, by_name);
	char file[PATH_MAX];
	int rc = PST_OK;

	if (count < 0)
		return fail(&asker, path, err, strerror(errno));
	for (int i = 0; i < count; i++) {
		int len = snprintf(file, sizeof file, "%s%s%s", path,
		    path[strlen(path) - 1] == '/' ? "" : "/", entry[i]->d_name);

		if (!rc && (len < 0 || (size_t)len >= sizeof file))
			rc = fail(&asker, path, err, strerror(ENAMETOOLONG));
		if (!rc)
			rc = load_file(conf, file, &asker, err);
		free(entry[i]);
	}
	free(entry);
	return rc;
}

int
pst_conf_load(struct pst_conf *conf, const char *path, struct pst_err *err)
{
	struct asker asker = { NULL, 0 };
	struct stat st;

	if (stat(path, &st) != 0)
		return fail(&asker, path[0] ? path : "\"\"", err, strerror(errno));
	return S_ISDIR(st.st_mode) ? load_dir(conf, path, err)
				   : load_file(conf, path, &asker, err);
}
