/*
 * Descriptors, of which a process has only so many: some are kept back for what must go on when peers and
 * applications take all others, such as the operator's commands.
 */
#ifndef POSTERN_DESCRIPTORS_H
#define POSTERN_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many things that take one each a section may have: so many, or as many as there may be less what is kept, 1 at least. */
PST_API int64_t pst_descriptors(int64_t wanted);
/*
 * Is a connection that was just taken or made one of those that are kept: 256, or half of all if that is less? Others
 * may count on all the rest, too. Its number tells, since a new one is the lowest that is free:
 * so it must go, whatever else makes way.
 */
PST_API bool pst_descriptors_scarce(const uv_handle_t *connection);
/* The same of a descriptor. */
PST_API bool pst_descriptor_is_kept(int fd);

#ifdef __cplusplus
}
#endif
#endif
