/*
 * The channel that a section with `to` keeps open. Of several routes the best serves
 * (postern/choice.h).
 */
#ifndef NOISE_KEPT_H
#define NOISE_KEPT_H

#include <postern/choice.h>

struct noise_conf;

struct kept {
	struct pst_section_env *senv;
	struct pst_env *env;
	struct pst_choice *paths; /* NULL: none is kept */
	struct pst_worker worker; /* while one of them serves */
	struct pst_route route;   /* through that one */
};

/* Look across the options. */
PST_MUST_CHECK int kept_check(const struct noise_conf *conf, struct pst_err *err);
/* Is there what the routes begin by? */
void kept_look(const struct noise_conf *conf, struct pst_look *look);
/* Begin; conf outlives it. */
PST_MUST_CHECK int kept_open(struct kept *kept, struct pst_section_env *senv,
    const struct noise_conf *conf, struct pst_err *err);
/* on_closed(arg) runs later, if it is open. */
void kept_close(struct kept *kept, void (*on_closed)(void *arg), void *arg);
void kept_status(const struct kept *kept, struct pst_status *status);

#endif
