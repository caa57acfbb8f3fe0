/* The section, whose two halves are member.c and own.c. project.md is its page. */
#include "project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/look.h>

static const struct pst_opt project_options[] = {
	PST_OPT(ENUM, struct project_conf, authority, "ticket",
	    "where the authority is: as the ticket says, or this node itself", .of = "ticket self"),
	PST_OPT(PATH, struct project_conf, ticket_file, NULL,
	    "the ticket to join with, read once; a member needs none"),
	PST_OPT(REF, struct project_conf, identity, NULL, "who belongs to it", .of = "identity"),
	PST_OPT(REF, struct project_conf, store, NULL, "where membership is kept", .of = "store"),
	PST_OPT(REF, struct project_conf, channel, NULL, "the section whose channels are used",
	    .of = "channel"),
	PST_OPT(STR, struct project_conf, id, NULL,
	    "self: the project's identifier, any text; default: made of the identity's"),
	PST_OPT(LIST, struct project_conf, at, NULL,
	    "self: host:port of the project's nodes, as tickets say them"),
	PST_OPT_END,
};

static int
project_check(const void *conf, struct pst_err *err)
{
	const struct project_conf *c = conf;
	char text[PST_MULTIADDR_VALUE * 2];
	int rc = PST_OK;

	if (c->authority == AUTHORITY_SELF && c->ticket_file)
		return pst_fail(err, PST_E_CONF, "ticket_file: a project whose authority is this node wants none");
	if (c->authority != AUTHORITY_SELF && (c->at.count || c->id))
		return pst_fail(err, PST_E_CONF, "%s: only with authority = self; a ticket says it",
		    c->id ? "id" : "at");
	for (size_t i = 0; !rc && i < c->at.count; i++)
		rc = own_address(text, sizeof text, c->at.item[i], err);
	return rc;
}

void
route_to_channel(char *out, size_t size, const char *route)
{
	struct pst_multiaddr ma;

	*out = '\0';
	if (pst_multiaddr_parse(&ma, route, NULL))
		return;
	if (ma.hop[ma.count - 1].protocol == PST_SERVICE)
		ma.hop[ma.count - 1].protocol = PST_SECURE;
	pst_multiaddr_format(&ma, out, size);
}

/* ---- what others see ---- */

static const char *
project_route(void *self, size_t i)
{
	struct project *project = self;

	return project->own ? own_route(project, i) : member_route(project, i);
}

static const struct pst_identifier *
project_node(void *self)
{
	struct project *project = self;

	return project->own ? pst_identity_identifier(project->identity) : member_node(project);
}

static const struct pst_identifier *
project_authority(void *self)
{
	struct project *project = self;

	return project->own ? pst_identity_identifier(project->identity) : member_authority(project);
}

static const struct pst_project_ops project_ops = {
	.size = sizeof project_ops,
	.route = project_route,
	.node = project_node,
	.authority = project_authority,
};

static void
project_status(void *self, struct pst_status *status)
{
	const struct project *project = self;

	if (project->own)
		own_status(project, status);
	else
		member_status(project, status);
}

static void
project_ask(void *self, struct pst_ask *ask)
{
	struct project *project = self;

	if (project->own)
		own_ask(project, ask);
	else
		member_ask(project, ask);
}

static const struct pst_section_hooks project_hooks = {
	.size = sizeof project_hooks,
	.status = project_status,
	.ask = project_ask,
};

/* ---- the section ---- */

static int
project_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct project *project = calloc(1, sizeof *project);
	int rc;

	if (!project)
		return -ENOMEM;
	project->senv = senv;
	project->env = pst_section_env(senv);
	project->log = pst_section_log(senv);
	project->conf = conf;
	project->identity = pst_section_ref(senv, "identity", project->conf->identity, NULL);
	rc = project->conf->authority == AUTHORITY_SELF ? own_open(project, err) : member_open(project, err);
	if (rc) {
		free(project);
		return rc;
	}
	pst_section_hook(senv, &project_hooks);
	*self = project;
	return PST_OK;
}

static void
project_close(void *self)
{
	struct project *project = self;

	if (project->own)
		own_close(project);
	else
		member_close(project);
}

static const struct pst_section sections[] = {
	PST_SECTION("project", struct project_conf, project_options, project_check, project_open,
	    project_close),
	PST_SECTION_END,
};

static int
project_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct project_conf *c = conf;

	(void)kind;
	(void)err;
	if (c->authority == AUTHORITY_SELF && c->id)
		pst_look_worker(look, c->id);
	return PST_OK;
}

PST_MODULE(service_project, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "belongs to a project, or is one: tickets, credentials, routes",
    .sections = sections, .ops = &project_ops, .look = project_look);
