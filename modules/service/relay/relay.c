/* service/relay: the two sections of this module. relay.md is their page. */
#include "relay.h"

#include <string.h>

static const struct pst_section relay_sections[] = {
	PST_SECTION("service", struct service_conf, service_options, service_check, service_open,
	    service_close),
	PST_SECTION("relay", struct client_conf, client_options, client_check, client_open, client_close),
	PST_SECTION_END,
};

static int
relay_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	(void)err;
	if (!strcmp(kind, "relay"))
		client_look(conf, look);
	else
		service_look(look);
	return PST_OK;
}

PST_MODULE(service_relay, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "stands for nodes that can only make outgoing connections",
    .sections = relay_sections, .look = relay_look);
