/*
 * service/gateway has two sections: `service NAME { use = gateway … }`, which turns HTTP
 * requests into calls (front.c), and `constellation NAME`, the nodes that offer a
 * function, as one worker (constellation.c).
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <postern/imply.h>
#include <postern/look.h>

struct front_conf {
	struct pst_list listen;
	const char *certificate, *key;
	const char *function;
	struct pst_list routes;
	const char *app;
	bool headless, schedules;
	uint64_t body, bodies, answer;
	uint64_t deadline, head_timeout, body_timeout, ping;
	int64_t connections, per_address;
};
extern const struct pst_opt front_options[];
int front_check(const void *conf, struct pst_err *err);
int front_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err);
void front_close(void *self);
int front_look(const struct front_conf *conf, struct pst_look *look, struct pst_err *err);
int front_imply(const char *kind, const void *conf, struct pst_implied *implied, struct pst_err *err);

struct constellation_conf {
	struct pst_list nodes;
	const char *project, *channel;
	struct pst_list authorized;
	const char *allow;
	struct pst_list hops;
	bool idempotent;
	uint64_t probe, connect_timeout;
	int64_t calls;
	uint64_t body, answer;
};
extern const struct pst_opt constellation_options[];
int constellation_check(const void *conf, struct pst_err *err);
int constellation_look(const struct constellation_conf *conf, struct pst_look *look);
int constellation_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err);
void constellation_close(void *self);

/* Do two options say the same? NULL says what NULL says. */
bool gateway_text_equal(const char *a, const char *b);
bool gateway_list_equal(const struct pst_list *a, const struct pst_list *b);
/* Is there a section that could have a worker of that name? */
bool gateway_has(const struct pst_look *look, const char *name);

#endif
