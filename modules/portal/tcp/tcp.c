/* portal/tcp: TCP connections carried over routes. tcp.md is the page. */
#include "sections.h"

static const struct pst_section portal_sections[] = {
	PST_SECTION("inlet", struct entry_conf, inlet_options, inlet_check, inlet_open, inlet_close),
	PST_SECTION("outlet", struct outlet_conf, outlet_options, outlet_check, outlet_open,
	    outlet_close),
	PST_SECTION_END,
};

PST_MODULE(portal_tcp, .kind = PST_KIND_PORTAL, .version = "0.1.0",
    .summary = "carries TCP connections over routes", .sections = portal_sections, .look = way_look);
