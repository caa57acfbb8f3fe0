/*
 * service/project: `project NAME { … }`, in one of two halves. A node that has
 * joined by a ticket is a member (member.c). A node with `authority = self` is
 * one of the project's own (own.c).
 */
#ifndef PROJECT_PROJECT_H
#define PROJECT_PROJECT_H

#include <postern/credential.h>
#include <postern/module.h>
#include <postern/multiaddr.h>
#include <postern/project.h>
#include <postern/store.h>
#include <postern/ticket.h>

enum { AUTHORITY_TICKET, AUTHORITY_SELF };

struct project_conf {
	int authority;
	const char *ticket_file;
	const char *identity;
	const char *store;
	const char *channel;
	const char *id;
	struct pst_list at;
};

struct member;
struct own;

struct project {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct pst_log *log;
	const struct project_conf *conf;
	struct pst_identity *identity;
	struct member *member; /* one of these two */
	struct own *own;
};

/* Each half: begins, after which it reports up or down; ends with pst_section_closed() once the
 * project's memory is gone; answers what commands ask. */
int member_open(struct project *project, struct pst_err *err);
void member_close(struct project *project);
void member_status(const struct project *project, struct pst_status *status);
void member_ask(struct project *project, struct pst_ask *ask);
const char *member_route(struct project *project, size_t i);
const struct pst_identifier *member_node(const struct project *project);
const struct pst_identifier *member_authority(const struct project *project);

int own_open(struct project *project, struct pst_err *err);
void own_close(struct project *project);
void own_status(const struct project *project, struct pst_status *status);
void own_ask(struct project *project, struct pst_ask *ask);
const char *own_route(struct project *project, size_t i);

/* A route of a ticket, which ends with /service/NAME of a channel listener, as one to its channel. */
void route_to_channel(char *out, size_t size, const char *route);
/* tickets.c: `at` as it stands in the file, "host:port", to a multiaddr of at most size bytes. */
int own_address(char *out, size_t size, const char *at, struct pst_err *err);

#endif
