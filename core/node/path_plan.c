/* What a path has to make: hosts, hops and channels, read off its multiaddr. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/admission.h>
#include <postern/project.h>

#include "node/config_parts.h"
#include "node/path.h"

static bool
is_host(const struct pst_multiaddr_hop *hop)
{
	return hop->protocol == PST_IP4 || hop->protocol == PST_IP6 || hop->protocol == PST_DNSADDR;
}

/* What links are made by. Whether a transport is there that speaks it is seen when one is wanted. */
static bool
is_dialled(const struct pst_multiaddr_hop *hop)
{
	return hop->protocol == PST_TCP || hop->protocol == PST_UDP || hop->protocol == PST_QUIC ||
	    hop->protocol == PST_WS || hop->protocol == PST_WSS;
}

static size_t
channels_of(const struct pst_multiaddr *ma)
{
	size_t n = 0;

	for (size_t i = 0; i < ma->count; i++)
		n += ma->hop[i].protocol == PST_SECURE;
	return n;
}

static bool
has_puncture(const struct pst_multiaddr *ma)
{
	for (size_t i = 0; i < ma->count; i++)
		if (ma->hop[i].protocol == PST_PUNCTURE)
			return true;
	return false;
}

/* ---- checking ---- */

/* The last channel's far end is the project's node. */
static bool
ends_at_project(const struct pst_multiaddr *ma)
{
	return ma->hop[0].protocol == PST_PROJECT && !channels_of(ma);
}

static struct pst_admission_conf
far_end(const struct pst_path_conf *conf)
{
	return (struct pst_admission_conf){
		.authorized = conf->authorized,
		.allow = conf->allow,
		.project = conf->project,
		.type = conf->type,
		.resource = conf->resource,
		.any_authority = conf->any_authority,
		.may = "be the far end",
	};
}

static int
admissions_check(const struct pst_path_conf *conf, const struct pst_multiaddr *ma,
    struct pst_err *err)
{
	/* who says where the puncture goes is who is behind it */
	size_t channels = channels_of(ma) - has_puncture(ma);
	const struct pst_admission_conf far = far_end(conf);
	int rc = ends_at_project(ma) ? pst_admission_check(conf->authorized, "authorized", err)
				     : pst_admission_look(&far, err);

	if (rc)
		return rc;
	if (!channels && ma->hop[0].protocol != PST_PROJECT &&
	    (conf->allow || conf->authorized->count != 1 || strcmp(conf->authorized->item[0], "*")))
		return pst_fail(err, PST_E_CONF,
		    "authorized: the route has no /secure hop, so nobody can prove who they are");
	if (conf->hops->count && conf->hops->count + 1 != channels)
		return pst_fail(err, PST_E_CONF, "hops: want one for each /secure hop but the last");
	return pst_admission_check(conf->hops, "hops", err);
}

/* Only who has a channel may ask for a puncture, and one is made by it again, to the same node: the last. */
static bool
puncture_right(const struct pst_multiaddr *ma, size_t i)
{
	if (ma->hop[i - 1].protocol != PST_SECURE || i + 1 == ma->count || ma->hop[i + 1].protocol != PST_SECURE)
		return false;
	for (i += 2; i < ma->count; i++)
		if (ma->hop[i].protocol == PST_SECURE)
			return false;
	return true;
}

static int
multiaddr_check(const struct pst_multiaddr *ma, const char *to, struct pst_err *err)
{
	bool project = ma->hop[0].protocol == PST_PROJECT;
	size_t i = project;

	if (is_host(&ma->hop[0])) {
		if (ma->count < 2 || !is_dialled(&ma->hop[1]))
			return pst_fail(err, PST_E_CONF, "route \"%s\": want /tcp/PORT behind the host, or quic, udp, ws or wss for tcp",
			    to);
		if (!strcmp(ma->hop[1].value, "0"))
			return pst_fail(err, PST_E_CONF, "route \"%s\": port 0", to);
		i = 2;
	}
	for (; i < ma->count; i++) {
		enum pst_protocol p = ma->hop[i].protocol;

		if (p == PST_PUNCTURE && i > 0 && !puncture_right(ma, i))
			return pst_fail(err, PST_E_CONF, "route \"%s\": want /puncture between the last two of /secure",
			    to);
		if (p == PST_PUNCTURE && i > 0)
			continue;
		if (p != PST_SERVICE && p != PST_WORKER && p != PST_SECURE)
			return pst_fail(err, PST_E_CONF, "route \"%s\": /%s/ cannot be used here", to,
			    pst_protocol_name(p));
	}
	if (!project && !is_host(&ma->hop[0]) && !channels_of(ma))
		return pst_fail(err, PST_E_CONF, "route \"%s\": has neither a host nor a /secure hop", to);
	if (project + channels_of(ma) > CHANNELS_MAX)
		return pst_fail(err, PST_E_CONF, "route \"%s\": more than %d channels", to, CHANNELS_MAX);
	return PST_OK;
}

/* The route that is meant: as it is written, or put together from the project's name. */
static int
route_parse(struct pst_multiaddr *out, const struct pst_path_conf *conf, struct pst_err *err)
{
	char text[3 * PST_MULTIADDR_VALUE + 64];
	int n;

	if (conf->to && conf->via)
		return pst_fail(err, PST_E_CONF, "via: beside \"%s\", which says where already",
		    conf->key ? conf->key : "to");
	if (conf->to)
		return pst_multiaddr_parse(out, conf->to, err);
	if (!conf->project && conf->via)
		return pst_fail(err, PST_E_CONF, "via: goes by a project, and `project` says none");
	if (!conf->project)
		return pst_fail(err, PST_E_CONF, "%s: want a route, or a project to go by",
		    conf->key ? conf->key : "to");
	if (conf->via)
		n = snprintf(text, sizeof text, "/project/%s/service/forward_to_%s/secure/api/service/%s",
		    conf->project, conf->via, conf->outlet);
	else
		n = snprintf(text, sizeof text, "/project/%s", conf->project);
	if (n < 0 || (size_t)n >= sizeof text)
		return pst_fail(err, PST_E_CONF, "via: too long");
	return pst_multiaddr_parse(out, text, err);
}

int
pst_path_check(const struct pst_path_conf *conf, struct pst_err *err)
{
	struct pst_multiaddr *ma = malloc(sizeof *ma);
	int rc;

	if (!ma)
		return -ENOMEM;
	rc = route_parse(ma, conf, err);
	if (!rc)
		rc = multiaddr_check(ma, conf->to ? conf->to : conf->via, err);
	if (rc && conf->to)
		pst_fail_in(err, PST_E_CONF, "%s", conf->key ? conf->key : "to");
	if (!rc)
		rc = admissions_check(conf, ma, err);
	free(ma);
	return rc ? PST_E_CONF : PST_OK;
}

static void
transport_look(const char *key, const char *protocol, struct pst_look *look)
{
	const struct pst_transport_ops *ops = config_look_transport(look, protocol);
	const char *module = config_speaker(protocol);

	if (ops && ops->lacks)
		pst_look_warn(look, "%s: %s: the route will not open", key, ops->lacks);
	if (!ops)
		pst_look_warn(look, "%s: no transport speaks %s: the route will not open; write transport NAME { use = %s }",
		    key, protocol, module ? module : "MODULE");
}

void
pst_path_look(const struct pst_path_conf *conf, struct pst_look *look)
{
	struct pst_multiaddr *ma = malloc(sizeof *ma);
	const char *key = conf->key ? conf->key : "to";

	if (ma && !route_parse(ma, conf, NULL)) {
		const struct pst_multiaddr_hop *first = &ma->hop[0];
		const char *protocol = is_host(first) ? pst_protocol_name(ma->hop[1].protocol) : NULL;

		if (first->protocol == PST_PROJECT && !pst_look_has(look, "project", first->value))
			pst_look_warn(look, "%s: there is no project %s: the route will not open", key, first->value);
		if (protocol)
			transport_look(key, protocol, look);
		if (has_puncture(ma) && !config_look_transport(look, pst_protocol_name(PST_PUNCTURE)))
			pst_look_warn(look, "%s: no transport makes punctures: the route will not open", key);
	}
	free(ma);
}

/* ---- planning ---- */

static int
admission_of(struct pst_path *path, const struct pst_path_conf *conf, size_t i, struct pst_err *err)
{
	static const char *const anybody[] = { "*", NULL };
	struct pst_list list = { 1, anybody };
	size_t before = path->project ? 1 : 0; /* the channel to the project's node */
	const struct pst_admission_conf far = far_end(conf);

	if (i + 1 + has_puncture(&path->to) >= path->step_count)
		return pst_admission_open(&path->steps[i].admission, path->senv, &far, err);
	if (conf->hops->count)
		list.item = &conf->hops->item[i - before];
	return pst_admission_new(&path->steps[i].admission, &list, err);
}

/* Which hops each channel is made over. */
static void
steps_lay(struct pst_path *path)
{
	size_t first = path->dials ? 2 : 0;

	for (size_t i = 0, n = 0; i < path->to.count; i++) {
		if (path->to.hop[i].protocol == PST_PUNCTURE) {
			path->steps[n].puncture = i;
			first = i + 1;
		}
		if (path->to.hop[i].protocol != PST_SECURE)
			continue;
		path->steps[n].first = first;
		path->steps[n].last = i;
		first = i + 1;
		n++;
	}
	path->tail = first;
}

/* The project's hops come later: what is there is what lies beyond. */
static int
project_split(struct pst_path *path)
{
	if (path->to.hop[0].protocol != PST_PROJECT)
		return PST_OK;
	path->project = strdup(path->to.hop[0].value);
	path->beyond = malloc(sizeof *path->beyond);
	if (!path->project || !path->beyond)
		return -ENOMEM;
	path->beyond->count = path->to.count - 1;
	memcpy(path->beyond->hop, &path->to.hop[1], path->beyond->count * sizeof path->to.hop[0]);
	return PST_OK;
}

int
path_plan(struct pst_path *path, const struct pst_path_conf *conf, struct pst_err *err)
{
	int rc = route_parse(&path->to, conf, err);

	if (!rc)
		rc = project_split(path);
	if (rc)
		return rc;
	path->dials = path->project || is_host(&path->to.hop[0]);
	path->step_count = channels_of(&path->to) + (path->project ? 1 : 0);
	for (size_t i = 0; i < path->step_count; i++)
		for (size_t a = 0; a < ATTEMPTS_ALIVE; a++)
			path->steps[i].attempts[a] = (struct attempt){ path, &path->steps[i], NULL };
	for (size_t i = path->project ? 1 : 0; !rc && i < path->step_count; i++)
		rc = admission_of(path, conf, i, err);
	if (!path->project)
		steps_lay(path);
	return rc;
}

void
path_plan_free(struct pst_path *path)
{
	for (size_t i = 0; i < path->step_count; i++)
		pst_admission_free(&path->steps[i].admission);
	free(path->beyond);
	free(path->project);
}

/* ---- the project's part ---- */

/* To the channel to a node of the project, and on from there. */
static int
route_join(struct pst_path *path, const char *text, struct pst_err *err)
{
	int rc = pst_multiaddr_parse(&path->to, text, err);

	if (!rc)
		rc = multiaddr_check(&path->to, text, err);
	if (rc)
		return rc;
	if (!is_host(&path->to.hop[0]) || channels_of(&path->to) != 1 ||
	    path->to.hop[path->to.count - 1].protocol != PST_SECURE)
		return pst_fail(err, PST_E_CONF, "route \"%s\": does not lead to a node of a project", text);
	if (path->to.count + path->beyond->count > PST_MULTIADDR_HOPS)
		return pst_fail(err, PST_E_LIMIT, "route \"%s\": too long", text);
	memcpy(&path->to.hop[path->to.count], path->beyond->hop,
	    path->beyond->count * sizeof path->to.hop[0]);
	path->to.count += path->beyond->count;
	return PST_OK;
}

static int
node_admission(struct pst_admission **out, const struct pst_identifier *node, struct pst_err *err)
{
	char text[PST_IDENTIFIER_TEXT];
	const char *const item[] = { text, NULL };
	const struct pst_list list = { 1, item };

	pst_identifier_format(text, node);
	return pst_admission_new(out, &list, err);
}

int
path_resolve(struct pst_path *path)
{
	struct pst_err err = PST_ERR_INIT;
	const struct pst_project_ops *ops;
	const void *table;
	const char *text;
	void *project;
	int rc;

	if (!path->project)
		return PST_OK;
	project = pst_section_ref(path->senv, "project", path->project, &table);
	ops = table;
	if (!project || !ops->node(project) || !ops->route(project, 0))
		return PST_E_NO_ROUTE;
	text = ops->route(project, path->turn++);
	if (!text) {
		path->turn = 1;
		text = ops->route(project, 0);
	}
	pst_admission_free(&path->steps[0].admission);
	rc = route_join(path, text, &err);
	if (!rc)
		rc = node_admission(&path->steps[0].admission, ops->node(project), &err);
	if (rc)
		pst_error(&path->log, "the project's route cannot be used", PST_STR("why", err.text));
	else
		steps_lay(path);
	return rc;
}

/* ---- using it ---- */

int
path_extend(const struct pst_path *path, struct pst_route_buf *rb, size_t first, size_t end)
{
	int rc = PST_OK;

	for (size_t i = first; !rc && i < end; i++)
		rc = pst_route_add(rb, PST_ADDRESS_LOCAL, path->to.hop[i].value,
		    strlen(path->to.hop[i].value));
	return rc;
}
