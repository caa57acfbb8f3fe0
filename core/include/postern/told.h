/*
 * Mistakes that were told lately: of a route that says what its far end is not, say. A mistake stays
 * one, and a route is tried every second; so a log has each once a minute.
 */
#ifndef POSTERN_TOLD_H
#define POSTERN_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_TOLD_MAX 8 /* an inlet has as many routes */
#define PST_TOLD_AGAIN_MS 60000
#define PST_TOLD_TEXT 264 /* a host (PST_HOST_TEXT) and a port; what is longer is cut */

/* All zero at first. */
struct pst_told {
	struct {
		char at[PST_TOLD_TEXT];
		int rc; /* 0: none */
		uint64_t ms;
	} line[PST_TOLD_MAX];
	unsigned next;
};

/* Was this (rc, not 0) told of that place within the last minute? Else it is about to be. */
PST_API bool pst_told_lately(struct pst_told *told, const char *at, int rc, uint64_t now_ms);

#ifdef __cplusplus
}
#endif
#endif
