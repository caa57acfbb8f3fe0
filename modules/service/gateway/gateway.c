/* service/gateway: the sections of this module. gateway.md is their page. */
#include "gateway.h"

#include <string.h>

static const struct pst_section gateway_sections[] = {
	PST_SECTION("service", struct front_conf, front_options, front_check, front_open, front_close),
	PST_SECTION("constellation", struct constellation_conf, constellation_options, constellation_check,
	    constellation_open, constellation_close),
	PST_SECTION_END,
};

bool
gateway_text_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool
gateway_list_equal(const struct pst_list *a, const struct pst_list *b)
{
	bool equal = a->count == b->count;

	for (size_t i = 0; equal && i < a->count; i++)
		equal = !strcmp(a->item[i], b->item[i]);
	return equal;
}

bool
gateway_has(const struct pst_look *look, const char *name)
{
	static const char *const kinds[] = { "function", "constellation", "service" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (pst_look_has(look, kinds[i], name))
			return true;
	return false;
}

static int
gateway_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	if (!strcmp(kind, "service"))
		return front_look(conf, look, err);
	pst_look_worker(look, pst_look_name(look));
	return constellation_look(conf, look);
}

PST_MODULE(service_gateway, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "turns HTTP requests into function calls", .sections = gateway_sections,
    .imply = front_imply, .look = gateway_look);
