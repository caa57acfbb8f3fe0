/* The module's two sections. */
#ifndef PORTAL_UDP_SECTIONS_H
#define PORTAL_UDP_SECTIONS_H

#include <postern/module.h>

#include "../shared/section/door.h"
#include "../shared/section/way.h"

struct inlet_conf {
	struct way_conf way;
	const char *listen;
	uint64_t idle;
	int64_t flows;
};
_Static_assert(offsetof(struct inlet_conf, way) == 0, "WAY_OPTIONS");

struct outlet_conf {
	struct door_conf door;
	uint64_t idle;
	int64_t flows;
};
_Static_assert(offsetof(struct outlet_conf, door) == 0, "DOOR_OPTIONS");

/* What both ask of `flows` and `idle`. */
PST_MUST_CHECK int flows_check(int64_t flows, uint64_t idle_ms, struct pst_err *err);

extern const struct pst_opt inlet_options[];
int inlet_check(const void *conf, struct pst_err *err);
int inlet_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err);
void inlet_close(void *self);

extern const struct pst_opt outlet_options[];
int outlet_check(const void *conf, struct pst_err *err);
int outlet_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err);
void outlet_close(void *self);

#endif
