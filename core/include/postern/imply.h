/*
 * Sections that stand for further sections: what the bundle of an application
 * has in it are functions and capabilities like all others, and
 * `check --print` shows them.
 *
 * A module whose sections do so has the hook `imply` in its struct pst_module.
 * It is called when a configuration is read: before anything is opened, again
 * at each reload, and says the same each time unless files have changed.
 */
#ifndef POSTERN_IMPLY_H
#define POSTERN_IMPLY_H

#include <postern/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A section, and its values: each pst_imply_value() and pst_imply_list()
 * belongs to the last pst_imply(). One that is written in the configuration stays
 * as it is written. use may be NULL. What fails is told when the hook has returned.
 */
PST_API void pst_imply(struct pst_implied *implied, const char *kind, const char *name,
    const char *use);
PST_API void pst_imply_value(struct pst_implied *implied, const char *key, const char *value);
PST_API void pst_imply_list(struct pst_implied *implied, const char *key,
    const char *const *values, size_t count);
/* Is there a module of that kind and name? One may have been left out of the build. */
PST_API bool pst_implied_has(const struct pst_implied *implied, const char *kind, const char *use);
/* It is wrong, and here is one of the reasons: each is shown, in a line, to whoever starts or checks the node. */
PST_API void pst_imply_problem(struct pst_implied *implied, const char *fmt, ...) PST_PRINTF(2, 3);
/* The name of this section. */
PST_API const char *pst_implied_name(const struct pst_implied *implied);
/* Where files may be unpacked that these sections name: STATE/implied/KIND-NAME, of this
 * section alone, absolute. It need not be there yet. */
PST_API const char *pst_implied_dir(const struct pst_implied *implied);
/* False when the configuration is only looked at: nothing may be written. */
PST_API bool pst_implied_runs(const struct pst_implied *implied);

#ifdef __cplusplus
}
#endif
#endif
