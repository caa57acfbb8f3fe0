/* What a path has to make: hosts, hops and channels, read off its multiaddr. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/path.h"

static bool
is_host(const struct pst_multiaddr_hop *hop)
{
	return hop->protocol == PST_IP4 || hop->protocol == PST_IP6 || hop->protocol == PST_DNSADDR;
}

static size_t
channels_of(const struct pst_multiaddr *ma)
{
	size_t n = 0;

	for (size_t i = 0; i < ma->count; i++)
		n += ma->hop[i].protocol == PST_SECURE;
	return n;
}

static int
admissions_check(const struct pst_path_conf *conf, size_t channels, struct pst_err *err)
{
	int rc;

	if (!conf->authorized->count)
		return pst_fail(err, PST_E_CONF,
		    "authorized: say who the far end may be: identifiers, or \"*\" for anybody");
	if (!channels && (conf->authorized->count != 1 || strcmp(conf->authorized->item[0], "*")))
		return pst_fail(err, PST_E_CONF,
		    "authorized: the route has no /secure hop, so nobody can prove who they are");
	if (conf->hops->count && conf->hops->count + 1 != channels)
		return pst_fail(err, PST_E_CONF, "hops: want one for each /secure hop but the last");
	rc = pst_admission_check(conf->authorized, "authorized", err);
	return rc ? rc : pst_admission_check(conf->hops, "hops", err);
}

static int
multiaddr_check(const struct pst_multiaddr *ma, const char *to, struct pst_err *err)
{
	size_t i = 0;

	if (is_host(&ma->hop[0])) {
		if (ma->count < 2 || ma->hop[1].protocol != PST_TCP)
			return pst_fail(err, PST_E_CONF, "route \"%s\": want /tcp/PORT behind the host", to);
		if (!strcmp(ma->hop[1].value, "0"))
			return pst_fail(err, PST_E_CONF, "route \"%s\": port 0", to);
		i = 2;
	}
	for (; i < ma->count; i++) {
		enum pst_protocol p = ma->hop[i].protocol;

		if (p != PST_SERVICE && p != PST_WORKER && p != PST_SECURE)
			return pst_fail(err, PST_E_CONF, "route \"%s\": /%s/ cannot be used here", to,
			    pst_protocol_name(p));
	}
	if (!is_host(&ma->hop[0]) && !channels_of(ma))
		return pst_fail(err, PST_E_CONF, "route \"%s\": has neither a host nor a /secure hop", to);
	if (channels_of(ma) > CHANNELS_MAX)
		return pst_fail(err, PST_E_CONF, "route \"%s\": more than %d channels", to, CHANNELS_MAX);
	return PST_OK;
}

int
pst_path_check(const struct pst_path_conf *conf, struct pst_err *err)
{
	struct pst_multiaddr *ma = malloc(sizeof *ma);
	size_t channels;
	int rc;

	if (!ma)
		return -ENOMEM;
	rc = pst_multiaddr_parse(ma, conf->to, err);
	if (!rc)
		rc = multiaddr_check(ma, conf->to, err);
	channels = rc ? 0 : channels_of(ma);
	free(ma);
	if (rc) {
		pst_fail_in(err, PST_E_CONF, "%s", conf->key ? conf->key : "to");
		return PST_E_CONF;
	}
	return admissions_check(conf, channels, err);
}

static int
step_admission(struct pst_path *path, const struct pst_path_conf *conf, size_t i,
    struct pst_err *err)
{
	static const char *const anybody[] = { "*", NULL };
	struct pst_list list = { 1, anybody };

	if (i + 1 == path->step_count)
		list = *conf->authorized;
	else if (conf->hops->count)
		list.item = &conf->hops->item[i];
	return pst_admission_new(&path->steps[i].admission, &list, err);
}

static int
steps_make(struct pst_path *path, const struct pst_path_conf *conf, struct pst_err *err)
{
	size_t first = path->dials ? 2 : 0;
	int rc = PST_OK;

	path->step_count = channels_of(&path->to);
	for (size_t i = 0, n = 0; i < path->to.count; i++) {
		if (path->to.hop[i].protocol != PST_SECURE)
			continue;
		path->steps[n] = (struct step){ .first = first, .last = i };
		for (size_t a = 0; a < ATTEMPTS_ALIVE; a++)
			path->steps[n].attempts[a] = (struct attempt){ path, &path->steps[n], NULL };
		first = i + 1;
		n++;
	}
	path->tail = first;
	for (size_t i = 0; !rc && i < path->step_count; i++)
		rc = step_admission(path, conf, i, err);
	return rc;
}

int
path_plan(struct pst_path *path, const struct pst_path_conf *conf, struct pst_err *err)
{
	int rc = pst_multiaddr_parse(&path->to, conf->to, err);

	if (rc)
		return rc;
	path->dials = is_host(&path->to.hop[0]);
	return steps_make(path, conf, err);
}

int
path_extend(const struct pst_path *path, struct pst_route_buf *rb, size_t first, size_t end)
{
	int rc = PST_OK;

	for (size_t i = first; !rc && i < end; i++)
		rc = pst_route_add(rb, PST_ADDRESS_LOCAL, path->to.hop[i].value,
		    strlen(path->to.hop[i].value));
	return rc;
}
