/*
 * How many things that take a descriptor each a section may have.
 */
#ifndef POSTERN_DESCRIPTORS_H
#define POSTERN_DESCRIPTORS_H

#include <stdint.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/* So many, or as many as the process has descriptors for, less 256 for all else: portals, files, libraries. 1 at least. */
PST_API int64_t pst_descriptors(int64_t wanted);

#ifdef __cplusplus
}
#endif
#endif
