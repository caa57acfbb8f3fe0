#include "node/loader.h"

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <ltdl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "node/built_in.h"
#include "node/kinds.h"

#define DIRS_MAX 64

struct pst_loader {
	char *dirs[DIRS_MAX];
	size_t dir_count;
	struct pst_loaded *loaded;
};

/* ---- where ---- */

static int
dir_add(struct pst_loader *loader, const char *dir, size_t len)
{
	char given[PATH_MAX], real[PATH_MAX];

	if (!len || len >= sizeof given || loader->dir_count == DIRS_MAX)
		return PST_OK;
	memcpy(given, dir, len);
	given[len] = '\0';
	if (!realpath(given, real))
		return PST_OK; /* not there: nothing to find in it */
	loader->dirs[loader->dir_count] = strdup(real);
	return loader->dirs[loader->dir_count++] ? PST_OK : -ENOMEM;
}

int
pst_loader_new(struct pst_loader **out)
{
	struct pst_loader *loader = calloc(1, sizeof *loader);
	const char *path = getauxval(AT_SECURE) ? NULL : getenv("PST_MODULE_PATH");
	int rc = PST_OK;

	if (!loader)
		return -ENOMEM;
	while (!rc && path && *path) {
		size_t n = strcspn(path, ":");

		rc = dir_add(loader, path, n);
		path += n + (path[n] == ':');
	}
	if (!rc)
		rc = dir_add(loader, PST_MODULE_DIR, strlen(PST_MODULE_DIR));
	if (!rc && lt_dlinit())
		rc = PST_E_MODULE;
	if (rc)
		pst_loader_free(&loader);
	else
		built_in_open();
	*out = loader;
	return rc;
}

static void
loaded_free(struct pst_loaded *loaded)
{
	free(loaded->path);
	free(loaded->name);
	free(loaded);
}

void
pst_loader_free(struct pst_loader **loader)
{
	struct pst_loader *l = *loader;

	*loader = NULL;
	if (!l)
		return;
	while (l->loaded) {
		struct pst_loaded *loaded = l->loaded;

		l->loaded = loaded->next;
		loaded_free(loaded);
	}
	for (size_t i = 0; i < l->dir_count; i++)
		free(l->dirs[i]);
	free(l);
	/* no lt_dlexit(): modules stay */
}

static bool
file_find(struct pst_loader *loader, const char *kind, const char *name, char path[PATH_MAX])
{
	for (size_t i = 0; i < loader->dir_count; i++) {
		int n = snprintf(path, PATH_MAX, "%s/%s_%s.so", loader->dirs[i], kind, name);

		if (n > 0 && n < PATH_MAX && !access(path, F_OK))
			return true;
	}
	return false;
}

static lt_dlhandle
within(const char *kind, const char *name)
{
	char file[128];
	int n = snprintf(file, sizeof file, "%s_%s", kind, name);

	return n > 0 && (size_t)n < sizeof file ? built_in_find(file) : NULL;
}

/* The place in the list of the directory that a module is loaded from, if it is loaded from any. */
static size_t
first_dir(struct pst_loader *loader, const char *kind, const char *name)
{
	char path[PATH_MAX];
	size_t i = 0;

	if (within(kind, name) || !file_find(loader, kind, name, path))
		return loader->dir_count;
	while (strncmp(path, loader->dirs[i], strlen(loader->dirs[i])) ||
	    strchr(path + strlen(loader->dirs[i]) + 1, '/'))
		i++;
	return i;
}

bool
pst_loader_has(struct pst_loader *loader, const char *kind, const char *name)
{
	char path[PATH_MAX];

	return within(kind, name) || file_find(loader, kind, name, path);
}

/* ---- may it be loaded ---- */

static int
owner_check(const char *path, struct pst_err *err)
{
	struct stat st;

	if (stat(path, &st))
		return pst_fail(err, PST_E_MODULE, "%s: %s", path, strerror(errno));
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return pst_fail(err, PST_E_MODULE, "%s: belongs to another user", path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return pst_fail(err, PST_E_MODULE, "%s: may be written by others: chmod go-w it", path);
	return PST_OK;
}

static int
place_check(const char *path, struct pst_err *err)
{
	char dir[PATH_MAX];
	char *slash;
	int rc = owner_check(path, err);

	if (rc)
		return rc;
	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	return owner_check(slash && *dir ? dir : "/", err);
}

/* Sections that the table gives to this module's kind, and options that are right. */
static int
sections_check(const struct pst_module *module, const char *path, struct pst_err *err)
{
	for (const struct pst_section *s = module->sections; s && s->kind; s++) {
		const struct pst_section_kind *kind = pst_section_kind_find(s->kind);

		if (!kind || !kind->module_kind || strcmp(kind->module_kind, module->kind))
			return pst_fail(err, PST_E_MODULE, "%s: \"%s\" is no section of a %s module", path,
			    s->kind, module->kind);
		if (!s->open || !s->close || !s->options || !s->conf_size)
			return pst_fail(err, PST_E_MODULE, "%s: section \"%s\" lacks open, close or options",
			    path, s->kind);
		if (pst_options_check(s->options, s->conf_size, err))
			return pst_fail_in(err, PST_E_MODULE, "%s: section \"%s\"", path, s->kind);
	}
	return PST_OK;
}

/* Is it what a symbol calls the module of that file: all but letters and digits as `_`? */
static bool
name_fits(const char *name, const char *file)
{
	while (*file && *name == (isalnum((unsigned char)*file) ? *file : '_')) {
		name++;
		file++;
	}
	return !*file && !*name;
}

/* `found` is the module's own table: size and version first. */
static int
table_take(struct pst_loaded *loaded, const struct pst_module *found, const char *file,
    struct pst_err *err)
{
	size_t size;

	if (!found)
		return pst_fail(err, PST_E_MODULE, "%s: exports no %s_LTX_pst_module", loaded->path, file);
	size = found->size;
	if (size < offsetof(struct pst_module, ops) || found->abi_major != PST_ABI_MAJOR ||
	    found->abi_minor > PST_ABI_MINOR)
		return pst_fail(err, PST_E_MODULE, "%s: made for ABI %u.%u, this is %u.%u", loaded->path,
		    found->abi_major, found->abi_minor, PST_ABI_MAJOR, PST_ABI_MINOR);
	memcpy(&loaded->module, found, size < sizeof loaded->module ? size : sizeof loaded->module);
	if (!loaded->module.name || !loaded->module.kind || !loaded->module.version ||
	    !name_fits(loaded->module.name, file) ||
	    strncmp(file, loaded->module.kind, strlen(loaded->module.kind)))
		return pst_fail(err, PST_E_MODULE, "%s: name, kind or version is missing or another",
		    loaded->path);
	loaded->module.name = loaded->name; /* as `use` has it */
	return sections_check(&loaded->module, loaded->path, err);
}

/* ---- loading ---- */

/*
 * dlopen first: with RTLD_NOW it finds missing symbols and says what is
 * wrong, while libltdl binds lazily and says "file not found" to everything.
 */
static int
open_both(const char *path, lt_dlhandle *out, struct pst_err *err)
{
	void *first = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int rc = PST_OK;

	if (!first)
		return pst_fail(err, PST_E_MODULE, "%s", dlerror());
	*out = lt_dlopen(path);
	if (!*out)
		rc = pst_fail(err, PST_E_MODULE, "%s: %s", path, lt_dlerror());
	else
		lt_dlmakeresident(*out);
	dlclose(first);
	return rc;
}

/* Take the table of what libltdl has opened. */
static int
add(struct pst_loader *loader, const struct pst_loaded **out, const char *path, const char *file,
    lt_dlhandle handle, struct pst_err *err)
{
	struct pst_loaded *loaded = calloc(1, sizeof *loaded);
	int rc = -ENOMEM;

	if (!loaded)
		return rc;
	loaded->path = strdup(path);
	loaded->name = strdup(file);
	if (loaded->path && loaded->name)
		rc = table_take(loaded, lt_dlsym(handle, "pst_module"), file, err);
	if (rc) {
		loaded_free(loaded);
		return rc;
	}
	loaded->next = loader->loaded;
	loader->loaded = loaded;
	*out = loaded;
	return PST_OK;
}

static int
load(struct pst_loader *loader, const struct pst_loaded **out, const char *path, const char *file,
    struct pst_err *err)
{
	lt_dlhandle handle;
	int rc = place_check(path, err);

	if (!rc)
		rc = open_both(path, &handle, err);
	return rc ? rc : add(loader, out, path, file, handle, err);
}

static const struct pst_loaded *
already(const struct pst_loader *loader, const char *file)
{
	for (const struct pst_loaded *l = loader->loaded; l; l = l->next)
		if (!strcmp(l->module.name, file))
			return l;
	return NULL;
}

/* The modules of a kind, for an error message. */
struct names {
	const char *kind;
	char text[512];
	size_t len;
};

static int
name_collect(void *arg, const char *kind, const char *name)
{
	struct names *names = arg;

	if (!strcmp(kind, names->kind) && names->len < sizeof names->text)
		names->len += (size_t)snprintf(names->text + names->len,
		    sizeof names->text - names->len, "%s%s", names->len ? ", " : "", name);
	return 0;
}

int
pst_loader_get(struct pst_loader *loader, const struct pst_loaded **out, const char *kind,
    const char *name, struct pst_err *err)
{
	struct names names = { .kind = kind };
	char path[PATH_MAX], file[128];
	lt_dlhandle handle;

	snprintf(file, sizeof file, "%s_%s", kind, name);
	*out = already(loader, file);
	if (*out)
		return PST_OK;
	handle = within(kind, name);
	if (handle)
		return add(loader, out, PST_BUILT_IN, file, handle, err);
	if (!file_find(loader, kind, name, path)) {
		pst_loader_list(loader, name_collect, &names);
		return pst_fail(err, PST_E_MODULE, "no module %s/%s (there are: %s)", kind, name,
		    names.len ? names.text : "none of that kind; PST_MODULE_PATH says where to look besides " PST_MODULE_DIR);
	}
	return load(loader, out, path, file, err);
}

int
pst_loader_file(struct pst_loader *loader, const struct pst_loaded **out, const char *path,
    struct pst_err *err)
{
	char real[PATH_MAX], file[128];
	const char *base, *dot;

	if (!realpath(path, real))
		return pst_fail(err, PST_E_MODULE, "%s: %s", path, strerror(errno));
	base = strrchr(real, '/') + 1;
	dot = strchr(base, '.');
	if (!dot || strcmp(dot, ".so") || (size_t)(dot - base) >= sizeof file ||
	    !memchr(base, '_', (size_t)(dot - base)))
		return pst_fail(err, PST_E_MODULE, "%s: want a name like KIND_NAME.so", path);
	memcpy(file, base, (size_t)(dot - base));
	file[dot - base] = '\0';
	*out = already(loader, file);
	return *out ? PST_OK : load(loader, out, real, file, err);
}

/* ---- what there is ---- */

static int
is_module(const struct dirent *entry)
{
	const char *dot = strchr(entry->d_name, '.');
	const char *underscore = strchr(entry->d_name, '_');

	return dot && underscore && underscore < dot && !strcmp(dot, ".so");
}

int
pst_loader_list(struct pst_loader *loader, int (*fn)(void *arg, const char *kind, const char *name),
    void *arg)
{
	int rc = built_in_list(fn, arg);

	for (size_t i = 0; !rc && i < loader->dir_count; i++) {
		struct dirent **entries;
		int n = scandir(loader->dirs[i], &entries, is_module, alphasort);

		for (int e = 0; e < n; e++) {
			char *name = strchr(entries[e]->d_name, '_');

			*name++ = '\0';
			*strchr(name, '.') = '\0';
			/* once, where it would be loaded from */
			if (!rc && first_dir(loader, entries[e]->d_name, name) == i)
				rc = fn(arg, entries[e]->d_name, name);
			free(entries[e]);
		}
		if (n >= 0)
			free(entries);
	}
	return rc;
}
