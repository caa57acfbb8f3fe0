/* The module's two sections. */
#ifndef PORTAL_UDP_SECTIONS_H
#define PORTAL_UDP_SECTIONS_H

#include <postern/module.h>

struct inlet_conf {
	const char *listen;
	struct pst_list to;
	const char *via;
	const char *outlet;
	const char *project;
	const char *channel;
	struct pst_list authorized;
	const char *allow;
	struct pst_list hops;
	uint64_t idle;
	int64_t flows;
};

struct outlet_conf {
	const char *to;
	struct pst_list authorized;
	const char *allow;
	const char *project;
	uint64_t idle;
	int64_t flows;
};

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
