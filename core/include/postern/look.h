/*
 * A section among the others: what is right by itself and yet cannot be, because of
 * what the options refer to, or because a file is not there.
 *
 * A module that looks at more than a section's own options has the hook `look` in
 * its struct pst_module. It is called whenever a configuration is read, for each of the module's sections
 * that is written, when every check() has passed; nothing is opened, nothing may be changed. What it refuses
 * is refused like what check() refuses.
 */
#ifndef POSTERN_LOOK_H
#define POSTERN_LOOK_H

#include <postern/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The name of this section. */
PST_API const char *pst_look_name(const struct pst_look *look);
/* Is it the only one of its kind? */
PST_API bool pst_look_alone(const struct pst_look *look);
/* Is there such a section? */
PST_API bool pst_look_has(const struct pst_look *look, const char *kind, const char *name);
/* The ops of the module that serves the section of that kind and name; NULL: it has none. */
PST_API const void *pst_look_ops(const struct pst_look *look, const char *kind, const char *name);
/* The name of the first section of its kind that the same module serves; NULL: that is this one. Of transports the first
 * that is up makes the links that go out. */
PST_API const char *pst_look_first(const struct pst_look *look);
/*
 * What it takes, and no other section of the node can have: the address of a worker; a place to listen at with
 * its option `listen`, "address:port" of "tcp" or "udp", or "/path". Of two that take the same one is refused, with
 * the place of the other.
 */
PST_API void pst_look_worker(struct pst_look *look, const char *address);
PST_API void pst_look_listens(struct pst_look *look, const char *protocol, const char *where);
/* The node runs with it, and yet something of it will not work: who checks is told so, with the place. It begins with
 * an option ("module: …"), as an error of check() does. */
PST_API void pst_look_warn(struct pst_look *look, const char *fmt, ...) PST_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
