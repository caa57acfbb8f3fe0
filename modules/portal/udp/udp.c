/* portal/udp: datagrams carried over routes. udp.md is the page. */
#include "sections.h"

#include <string.h>

/* Each is a socket and a port at the outlet's node. */
#define FLOWS_MAX 50000

int
flows_check(int64_t flows, uint64_t idle_ms, struct pst_err *err)
{
	if (flows < 1 || flows > FLOWS_MAX)
		return pst_fail(err, PST_E_CONF, "flows: from 1 to %d", FLOWS_MAX);
	if (!idle_ms)
		return pst_fail(err, PST_E_CONF, "idle: more than nothing");
	return PST_OK;
}

static const struct pst_section portal_sections[] = {
	PST_SECTION("inlet", struct inlet_conf, inlet_options, inlet_check, inlet_open, inlet_close),
	PST_SECTION("outlet", struct outlet_conf, outlet_options, outlet_check, outlet_open,
	    outlet_close),
	PST_SECTION_END,
};

static int
portal_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct inlet_conf *inlet = conf;

	if (!strcmp(kind, "outlet")) {
		names_look(look);
		return PST_OK;
	}
	pst_look_listens(look, "udp", inlet->listen);
	return way_look(kind, conf, look, err);
}

PST_MODULE(portal_udp, .kind = PST_KIND_PORTAL, .version = "0.1.0",
    .summary = "carries UDP datagrams over routes", .sections = portal_sections, .look = portal_look);
