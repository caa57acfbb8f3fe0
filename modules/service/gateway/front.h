/*
 * The inside of the section `service NAME { use = gateway }`: the section itself
 * (front.c), a request on its way through the plan (visit.c), a client
 * that stays (stream.c), and what the clock
 * asks for (schedule.c).
 */
#ifndef GATEWAY_FRONT_H
#define GATEWAY_FRONT_H

#include "app/app.h"
#include "gateway.h"
#include "routes.h"
#include "server.h"
#include "steps.h"

struct visit;
struct stream;
struct schedules;

struct front {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct pst_log *log;
	const struct front_conf *conf;
	struct app_options options;
	struct app *app; /* what the option `app` says; its plan has the section's own routes, too. Visits keep theirs */
	struct pst_caller caller;
	struct server server;
	struct visit *visits; /* under way */
	struct stream *streams;
	size_t count;         /* runs under way */
	size_t stream_count;
	struct schedules *schedules;
	bool open;
	bool ready;    /* the functions are there: visits may begin */
	bool draining;
	uint64_t requests, refused, failed; /* all; 4xx; 5xx */
};

/* One fewer. */
void front_stream_ended(struct front *front);
/* Members of a run that are the same for all of a section. */
struct run front_run(struct front *front, const struct plan_steps *steps);
/* What the server has of the options. */
struct server_conf front_server_conf(const struct front_conf *conf);

/* front_app.c: make front->app; and the hooks for other options. Of NULL there is none to let go. */
PST_MUST_CHECK int front_app_open(struct front *front, struct pst_err *err);
void front_app_unref(struct app **app);
bool front_changes(void *self, const void *conf);
int front_change(void *self, const void *conf, struct pst_err *err);

/* A visit has ended. */
void front_visited(struct front *front, unsigned status);

/* visit.c: an exchange that has a handler is answered by its steps. */
void visit_new(struct front *front, struct exchange *exchange, const struct plan_handler *handler);
/* The functions are there. */
void visits_begin(struct front *front);

/* stream.c: an exchange becomes a stream, if that is what it wants. */
void stream_new(struct front *front, struct exchange *exchange, const struct plan_handler *handler);
/* The functions are there; or the node stops. */
void streams_go_on(struct front *front);

/* schedule.c */
int schedules_open(struct front *front);
void schedules_begin(struct front *front);
void schedules_close(struct front *front);

#endif
