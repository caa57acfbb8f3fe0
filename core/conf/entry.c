#include "conf/conf.h"
#include "conf/scan.h"

/* The key of an entry, or what ends the body. */
static int
read_key(struct pst_scan *scan, struct pst_token *key)
{
	int rc = pst_scan_next(scan, key);

	if (rc || key->type == PST_TOKEN_CLOSE || key->type == PST_TOKEN_END)
		return rc;
	if (!pst_token_is_value(key))
		return pst_place_fail(&scan->place, key->line, scan->err,
		    "found %s where a key is expected", pst_token_show(key).text);
	if (!pst_token_is_key(key))
		return pst_place_fail(&scan->place, key->line, scan->err, "%s cannot be a key",
		    pst_token_show(key).text);
	if (pst_token_is(key, "include"))
		return pst_place_fail(&scan->place, key->line, scan->err,
		    "include stands outside of sections only; is a } missing above?");
	return PST_OK;
}

static int
read_equals(struct pst_scan *scan, const struct pst_token *key)
{
	struct pst_token token;
	int rc = pst_scan_next(scan, &token);

	if (rc || token.type == PST_TOKEN_EQUALS)
		return rc;
	if (token.type == PST_TOKEN_OPEN)
		return pst_place_fail(&scan->place, key->line, scan->err,
		    "%s: sections do not nest; a list is written %s = {…}",
		    pst_token_show(key).text, pst_token_show(key).text);
	return pst_place_fail(&scan->place, token.line, scan->err,
	    "%s: found %s where = is expected; is a } missing above?", pst_token_show(key).text,
	    pst_token_show(&token).text);
}

/* Behind the { of a list. A comma behind the last string is allowed. */
static int
read_list(struct pst_scan *scan, struct pst_entry *entry)
{
	struct pst_token token;
	bool want_item = true;
	int rc;

	for (;;) {
		rc = pst_scan_next(scan, &token);
		if (rc || token.type == PST_TOKEN_CLOSE)
			return rc;
		if (want_item ? !pst_token_is_value(&token) : token.type != PST_TOKEN_COMMA)
			return pst_place_fail(&scan->place, token.line, scan->err,
			    "%s: found %s where %s is expected in the list of line %u",
			    pst_token_show(&entry->key).text, pst_token_show(&token).text,
			    want_item ? "a string or }" : "a comma or }", entry->values.line);
		if (want_item && ++entry->count > PST_CONF_ITEMS_MAX)
			return pst_place_fail(&scan->place, token.line, scan->err,
			    "%s: more than %d strings in a list", pst_token_show(&entry->key).text,
			    PST_CONF_ITEMS_MAX);
		want_item = !want_item;
	}
}

int
pst_scan_entry(struct pst_scan *scan, struct pst_entry *entry)
{
	struct pst_token token;
	int rc;

	*entry = (struct pst_entry){ .list = false };
	rc = read_key(scan, &entry->key);
	if (rc || entry->key.type != PST_TOKEN_WORD)
		return rc;
	rc = read_equals(scan, &entry->key);
	if (rc)
		return rc;
	entry->values = *scan;
	rc = pst_scan_next(scan, &token);
	if (rc)
		return rc;
	entry->values.line = token.line;
	entry->values.pos = token.text;
	if (token.type == PST_TOKEN_OPEN) {
		entry->list = true;
		rc = read_list(scan, entry);
	} else if (pst_token_is_value(&token)) {
		entry->count = 1;
	} else {
		rc = pst_place_fail(&scan->place, token.line, scan->err,
		    "%s: found %s where a value is expected", pst_token_show(&entry->key).text,
		    pst_token_show(&token).text);
	}
	entry->values.end = scan->pos;
	return rc;
}
