/*
 * What a command asks of a running node: a question that is taken reads the
 * same when written anew; the sentence for another one fits into an answer.
 * Covers: core/node/control.c:control_parse()
 */
#include <stdlib.h>

#include "node/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_taken(const json_t *ask)
{
	struct pst_err err = PST_ERR_INIT;
	char *text = json_dumps(ask, JSON_COMPACT);
	json_t *again;

	check(json_is_object(ask) && json_is_string(json_object_get(ask, "do")) && text);
	again = control_parse((const uint8_t *)text, strlen(text), &err);
	check(again && json_equal(ask, again));
	json_decref(again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_err err = PST_ERR_INIT;
	json_t *ask = control_parse(data, len, &err);
	json_t *sentence;

	check(!control_parse(data, NODE_CONTROL_MAX + 1, NULL)); /* and nothing is read */
	if (ask) {
		check_taken(ask);
	} else {
		sentence = json_string(err.text); /* none when it is not UTF-8 */
		check(err.rc && err.text[0] && sentence);
		json_decref(sentence);
	}
	json_decref(ask);
	return 0;
}
