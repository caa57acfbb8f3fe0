/* portal/tcp: TCP connections carried over routes. tcp.md is the page. */
#include "sections.h"

#include <string.h>

static const struct pst_section portal_sections[] = {
	PST_SECTION("inlet", struct entry_conf, inlet_options, inlet_check, inlet_open, inlet_close),
	PST_SECTION("outlet", struct outlet_conf, outlet_options, outlet_check, outlet_open,
	    outlet_close),
	PST_SECTION_END,
};

static int
portal_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct entry_conf *inlet = conf;

	if (!strcmp(kind, "outlet")) {
		names_look(look);
		return PST_OK;
	}
	pst_look_listens(look, "tcp", inlet->listen);
	return way_look(kind, conf, look, err);
}

PST_MODULE(portal_tcp, .kind = PST_KIND_PORTAL, .version = "0.1.0",
    .summary = "carries TCP connections over routes", .sections = portal_sections, .look = portal_look);
