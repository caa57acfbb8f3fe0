/*
 * service/relay has two halves: the service on the node in the middle, and
 * the section by which a node registers there. Strings are BARE (spec
 * routing.md 9.1).
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <postern/module.h>

#define RELAY_PREFIX "forward_to_"
/* What is sent to forwarding_service for a random name. */
#define RELAY_ANY "register"
/* With the prefix an address value is at most 255 bytes. */
#define RELAY_NAME_MAX 200

extern const struct pst_opt service_options[];
extern const struct pst_opt client_options[];

struct service_conf {
	struct pst_list authorized;
	const char *allow;
	struct pst_list users;
	const char *allow_users;
	const char *project;
	int64_t relays;
};

struct client_conf {
	struct pst_list at;
	const char *project;
	const char *name;
	const char *channel;
	struct pst_list authorized;
	const char *allow;
	struct pst_list hops;
};

int service_check(const void *conf, struct pst_err *err);
void service_look(struct pst_look *look);
int service_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err);
void service_close(void *self);

int client_check(const void *conf, struct pst_err *err);
void client_look(const void *conf, struct pst_look *look);
int client_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err);
void client_close(void *self);

#endif
