/* service/gateway: the sections of this module. gateway.md is their page. */
#include "gateway.h"

static const struct pst_section gateway_sections[] = {
	PST_SECTION("service", struct front_conf, front_options, front_check, front_open, front_close),
	PST_SECTION("constellation", struct constellation_conf, constellation_options, constellation_check,
	    constellation_open, constellation_close),
	PST_SECTION_END,
};

PST_MODULE(service_gateway, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "turns HTTP requests into function calls", .sections = gateway_sections,
    .imply = front_imply);
