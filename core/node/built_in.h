/*
 * Modules that are within the program (`--enable-static-modules`), as libltdl's preloading has them. libltdl knows each by
 * KIND_NAME. There are none where the program has not named them, by lt_dlpreload_default(), before the first loader.
 */
#ifndef PST_NODE_BUILT_IN_H
#define PST_NODE_BUILT_IN_H

#include <ltdl.h>

/* After lt_dlinit(): libltdl gives them handles. */
void built_in_open(void);
/* NULL: there is none of that name. */
lt_dlhandle built_in_find(const char *file);
/* Call fn for each, ascending; what it returns other than 0 ends that, and is returned. */
int built_in_list(int (*fn)(void *arg, const char *kind, const char *name), void *arg);

#endif
