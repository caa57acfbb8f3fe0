#include "node/built_in.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int
keep(lt_dlhandle handle)
{
	return lt_dlmakeresident(handle);
}

void
built_in_open(void)
{
	(void)lt_dlpreload_open(NULL, keep); /* fails where there are none */
}

#define NAME_MAX_LEN 64

/* KIND_NAME, with dashes for what a symbol has as `_`. False: libltdl has it from a file, for then it has a path. */
static bool
name_of(lt_dlhandle handle, char name[NAME_MAX_LEN])
{
	const lt_dlinfo *info = lt_dlgetinfo(handle);
	size_t kind = strcspn(info->name, "_");
	int n = snprintf(name, NAME_MAX_LEN, "%s", info->name);

	if (strchr(info->filename, '/') || n >= NAME_MAX_LEN || !info->name[kind])
		return false;
	for (char *c = name + kind + 1; *c; c++)
		if (*c == '_')
			*c = '-';
	return true;
}

/* Call fn with the name of each, until it returns other than 0. Not by lt_dlhandle_map(), which never comes to the second. */
static int
each(int (*fn)(void *arg, lt_dlhandle handle, const char *name), void *arg)
{
	lt_dlinterface_id all = lt_dlinterface_register("postern", NULL);
	lt_dlhandle handle = all ? lt_dlhandle_iterate(all, NULL) : NULL;
	char name[NAME_MAX_LEN];
	int rc = 0;

	for (; !rc && handle; handle = lt_dlhandle_iterate(all, handle))
		if (name_of(handle, name))
			rc = fn(arg, handle, name);
	if (all)
		lt_dlinterface_free(all);
	return rc;
}

struct search {
	const char *file;
	lt_dlhandle found;
};

static int
compare(void *arg, lt_dlhandle handle, const char *name)
{
	struct search *search = arg;

	if (!strcmp(name, search->file))
		search->found = handle;
	return search->found != NULL;
}

lt_dlhandle
built_in_find(const char *file)
{
	struct search search = { file, NULL };

	each(compare, &search);
	return search.found;
}

struct listing {
	int (*fn)(void *arg, const char *kind, const char *name);
	void *arg;
};

static int
tell(void *arg, lt_dlhandle handle, const char *name)
{
	struct listing *listing = arg;
	size_t n = strcspn(name, "_");
	char kind[NAME_MAX_LEN] = "";

	memcpy(kind, name, n);
	return listing->fn(listing->arg, kind, name + n + 1);
}

int
built_in_list(int (*fn)(void *arg, const char *kind, const char *name), void *arg)
{
	struct listing listing = { fn, arg };

	return each(tell, &listing);
}
