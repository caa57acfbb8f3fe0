/*
 * Modules: found, checked, loaded (libltdl), kept.
 *
 * Those that the program was linked with come first (node/built_in.h). The others are searched in the directories of $PST_MODULE_PATH (colons between;
 * ignored when the process runs with more rights than its user), then in
 * the one that was configured at build time.
 */
#ifndef PST_NODE_LOADER_H
#define PST_NODE_LOADER_H

#include <postern/module.h>

#define PST_BUILT_IN "built in"

/* A loaded module: the table as this version knows it, and where it is from. */
struct pst_loaded {
	struct pst_module module;
	char *path, *name; /* path: PST_BUILT_IN where there is no file; name: the file's, KIND_NAME; the module's, too */
	struct pst_loaded *next;
};

struct pst_loader;

PST_API PST_MUST_CHECK int pst_loader_new(struct pst_loader **out);
/* Modules stay in the process; only our notes of them go. */
PST_API void pst_loader_free(struct pst_loader **loader);

/* Is there a module of kind and name? */
bool pst_loader_has(struct pst_loader *loader, const char *kind, const char *name);
/* Load "kind/name", or give the one already loaded. PST_E_MODULE with a sentence. */
PST_API PST_MUST_CHECK int pst_loader_get(struct pst_loader *loader,
    const struct pst_loaded **out, const char *kind, const char *name, struct pst_err *err);
/* Load a file by its path; its name says kind and name. */
PST_API PST_MUST_CHECK int pst_loader_file(struct pst_loader *loader,
    const struct pst_loaded **out, const char *path, struct pst_err *err);
/* Call fn for each module that is found, with kind and name; ascending, in each place by itself. */
PST_API int pst_loader_list(struct pst_loader *loader,
    int (*fn)(void *arg, const char *kind, const char *name), void *arg);

#endif
