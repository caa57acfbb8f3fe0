/* What every store does with what it is given, before it looks into itself. */
#include <postern/store.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/utf8.h>

int
pst_store_prefix_check(const char *prefix)
{
	size_t len = strnlen(prefix, PST_STORE_KEY_MAX + 1);

	if (len > PST_STORE_KEY_MAX || pst_utf8_whole((const uint8_t *)prefix, len) < len)
		return -EINVAL;
	return PST_OK;
}

int
pst_store_key_check(const char *key)
{
	return *key ? pst_store_prefix_check(key) : -EINVAL;
}

static bool
has_value(const struct pst_store_op *op)
{
	return op->verb == PST_STORE_PUT || op->verb == PST_STORE_EXPECT;
}

static int
batch_size(size_t *out, const struct pst_store_op *ops, size_t count)
{
	*out = count * sizeof *ops;
	for (size_t i = 0; i < count; i++) {
		size_t len = has_value(&ops[i]) ? ops[i].item.len : 0;
		int rc = pst_store_key_check(ops[i].item.key);

		if (rc || (unsigned)ops[i].verb > PST_STORE_EXPECT_ABSENT)
			return -EINVAL;
		if (len > PST_STORE_VALUE_MAX)
			return PST_E_LIMIT;
		*out += strlen(ops[i].item.key) + 1 + len;
	}
	return PST_OK;
}

int
pst_store_batch_copy(struct pst_store_op **out, const struct pst_store_op *ops, size_t count)
{
	struct pst_store_op *copy;
	size_t size;
	int rc = batch_size(&size, ops, count);
	char *at;

	if (rc)
		return rc;
	copy = malloc(size + 1);
	if (!copy)
		return -ENOMEM;
	at = (char *)(copy + count);
	for (size_t i = 0; i < count; i++) {
		struct pst_store_op *op = &copy[i];

		*op = ops[i];
		op->item.key = strcpy(at, ops[i].item.key);
		at += strlen(at) + 1;
		op->item.len = has_value(op) ? op->item.len : 0;
		op->item.value = (uint8_t *)at;
		if (op->item.len)
			memcpy(at, ops[i].item.value, op->item.len);
		at += op->item.len;
	}
	*out = copy;
	return PST_OK;
}
