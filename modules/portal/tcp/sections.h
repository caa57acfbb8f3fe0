/* The module's two sections. */
#ifndef PORTAL_SECTIONS_H
#define PORTAL_SECTIONS_H

#include <postern/module.h>

#include "../shared/section/door.h"
#include "../shared/stream/entry.h"

struct outlet_conf {
	struct door_conf door;
	uint64_t connect_timeout;
	uint64_t window_max;
	int64_t streams;
};
_Static_assert(offsetof(struct outlet_conf, door) == 0, "DOOR_OPTIONS");

extern const struct pst_opt inlet_options[];
int inlet_check(const void *conf, struct pst_err *err);
int inlet_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err);
void inlet_close(void *self);

extern const struct pst_opt outlet_options[];
int outlet_check(const void *conf, struct pst_err *err);
int outlet_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err);
void outlet_close(void *self);

#endif
