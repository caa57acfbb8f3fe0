#include "outcome.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

unsigned
outcome_status(enum pst_call_code code)
{
	switch (code) {
	case PST_CALL_BUSY:
	case PST_CALL_CANCELLED: /* the way to it was lost, or it stops */
		return 503;
	case PST_CALL_DEADLINE:
		return 504;
	case PST_CALL_DENIED:
		return 403;
	case PST_CALL_UNKNOWN:
		return 502;
	default:
		return 500;
	}
}

const char *
outcome_sentence(const struct pst_call_failure *failure)
{
	if (!strcmp(failure->text, OUTCOME_NO_NODE))
		return OUTCOME_NO_NODE;
	switch (failure->code) {
	case PST_CALL_BUSY:
		return "the function is busy";
	case PST_CALL_CANCELLED:
		return "the function went away";
	case PST_CALL_DEADLINE:
		return "the function took too long";
	case PST_CALL_DENIED:
		return "the function may not be called";
	case PST_CALL_UNKNOWN:
		return "no such function";
	default:
		return "unknown error";
	}
}

static uint8_t *
json_text(json_t *json, size_t *len)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	*len = text ? strlen(text) : 0;
	return (uint8_t *)text;
}

uint8_t *
outcome_json(unsigned status, const char *message, size_t *len)
{
	return json_text(json_pack("{s:i, s:s}", "status", (int)status, "message", message), len);
}

int
outcome_code(const struct pst_map_item *error)
{
	json_t *json = json_loadb((const char *)error->value, error->len, 0, NULL);
	json_int_t code = json_integer_value(json_object_get(json, "code"));

	json_decref(json);
	return code < INT_MIN || code > INT_MAX ? 0 : (int)code;
}

static int
put_all(struct pst_map *map, const struct pst_map *from)
{
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < from->count; i++)
		rc = pst_map_put(map, from->items[i].name, from->items[i].value, from->items[i].len);
	return rc;
}

static int
take_changes(struct pst_coordinated *request, const struct pst_map_item *json)
{
	struct pst_coordinated changed = { 0 };
	int rc = pst_coordinated_read(&changed, json->value, json->len);

	if (rc)
		return rc == -EBADMSG ? PST_OK : rc;
	rc = pst_coordinated_set(&request->method, changed.method, strlen(changed.method));
	if (!rc)
		rc = pst_coordinated_set(&request->url, changed.url, strlen(changed.url));
	/* nothing can be taken away, so what is there is put */
	if (!rc)
		rc = put_all(&request->headers, &changed.headers);
	if (!rc)
		rc = put_all(&request->params, &changed.params);
	if (!rc)
		rc = put_all(&request->state, &changed.state);
	if (!rc && changed.body) {
		free(request->body);
		request->body = changed.body;
		request->body_len = changed.body_len;
		changed.body = NULL;
	}
	pst_coordinated_fini(&changed);
	return rc;
}

int
outcome_take(struct pst_coordinated *request, const struct pst_map *headers, bool changes)
{
	const struct pst_map_item *changed = pst_map_get(headers, PST_CALL_REQUEST_HEADER);
	int rc = changes && changed ? take_changes(request, changed) : PST_OK;

	for (size_t i = 0; !rc && i < headers->count; i++) {
		const struct pst_map_item *h = &headers->items[i];

		if (h != changed && strcmp(h->name, PST_COORDINATED_ERROR_HEADER))
			rc = pst_map_put(&request->answer, h->name, h->value, h->len);
	}
	return rc;
}
