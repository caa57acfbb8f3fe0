/*
 * A constellation: the nodes that offer a function, as one worker of this node.
 *
 * A call of it is passed on (passing.c) to the least busy of its nodes (member.c), and to
 * another one if it had not started there; one that may have is not made again,
 * unless it was said that this does no harm. Nodes come and go while it runs, of themselves
 * and by a reload; one that is listed no more ends what it has. While none is there calls wait.
 */
#ifndef GATEWAY_CONSTELLATION_H
#define GATEWAY_CONSTELLATION_H

#include <postern/call.h>
#include <postern/linked.h>
#include <postern/path.h>

#include "gateway.h"

struct passing;

/* One node: a worker there, or one of this node. */
struct member {
	struct constellation *constellation;
	char *to; /* as configured: a multiaddr, or a name */
	uint64_t number; /* no two have the same, nor has one when it comes back */
	struct pst_path *path; /* NULL: of this node */
	struct pst_route_buf route; /* empty: it is not there */
	struct pst_call_probe probe;
	struct pst_timer timer; /* of the next probe */
	struct pst_call_load load; /* as it was told last, */
	uint32_t ours_then;        /* when so many were ours */
	uint32_t ours;  /* calls of ours there now */
	unsigned lost;  /* probes without an answer, in a row */
	bool probing;
	bool told;      /* that it cannot be reached */
	bool listed;    /* else it is closed when it has none of ours */
	struct pst_task task;
	uint64_t calls; /* ever */
};

struct constellation {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct pst_log *log;
	const struct constellation_conf *conf;
	struct pst_callee callee;
	struct pst_caller caller;
	struct passing *waiting, *under_way;
	size_t count; /* of both */
	uint64_t retried, failed;
	size_t next; /* among equals, each in turn */
	uint64_t next_number;
	size_t open; /* members, those that leave too */
	bool closing;
	struct member **members; /* those listed */
	size_t member_count;
};

/* member.c */
int member_new(struct member **out, struct constellation *c, const char *to, struct pst_err *err);
/* It gets no more calls, and is freed when those it has are over; not within this call. */
void member_leave(struct member *member);
/* A call goes there, or is over there. */
void member_enter(struct member *member);
void member_done(struct member *member);
bool member_is_up(const struct member *member);
/* Is a busier than b? */
bool member_busier(const struct member *a, const struct member *b);
void member_status(const struct member *member, struct pst_status *status);
/* The node has all the sections that it will have: says so when there cannot be a way. */
void member_settled(struct member *member);
/* Something was sent there and no answer came: look at once. */
void member_suspect(struct member *member);

/* constellation.c */
struct pst_path_conf constellation_path(const struct constellation_conf *conf, const char *to);
/* What its members tell. */
void constellation_member_up(struct constellation *c);
void constellation_member_freed(struct constellation *c);
/* The least busy that is up and has not been tried by this call; NULL: there is none. */
struct member *constellation_choose(struct constellation *c, const struct passing *passing);

/* passing.c */
void passing_new(struct constellation *c, struct pst_called *called);
bool passing_tried(const struct passing *passing, const struct member *member);
/* Calls that wait for a node may have one. */
void passings_go_on(struct constellation *c);
/* All of them fail. */
void passings_end(struct constellation *c);

#endif
