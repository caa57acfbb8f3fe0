/*
 * Who has been quiet longest: things in the order in which they were last heard. The
 * first to make way is known at once, and one timer tells of those that were quiet for
 * too long, however many there are.
 */
#ifndef POSTERN_QUIET_H
#define POSTERN_QUIET_H

#include <postern/env.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_QUIET_FOREVER UINT64_MAX

/* Embed it, all zero. */
struct pst_quiet {
	struct pst_quiet *later, *earlier; /* heard after and before */
	uint64_t heard_ms;
	bool in;
};

struct pst_quiets {
	/* Set by the owner. */
	struct pst_env *env;
	uint64_t limit_ms; /* or PST_QUIET_FOREVER */
	/* It has been quiet for so long: it has to leave, here or before. */
	void (*over)(struct pst_quiet *quiet);
	/* the rest is read only, and all zero at first */
	int64_t count; /* how many are in */
	struct pst_quiet *latest, *longest; /* who was heard last, and longest ago */
	struct pst_timer timer;
};

/* It is heard for the first time. Who enters leaves before its memory goes, and before the env closes. */
PST_API void pst_quiet_enter(struct pst_quiets *quiets, struct pst_quiet *quiet);
/* It was heard just now; a no-op on one that is not in. */
PST_API void pst_quiet_heard(struct pst_quiets *quiets, struct pst_quiet *quiet);
/* The same. */
PST_API void pst_quiet_leave(struct pst_quiets *quiets, struct pst_quiet *quiet);

#ifdef __cplusplus
}
#endif
#endif
