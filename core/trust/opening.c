#include "trust/opening.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "trust/record.h"

/* ---- questions ---- */

struct pst_vault_call *
pst_opening_call(struct pst_identity *self)
{
	struct pst_vault_call *call = &self->opening.call;

	memset(call, 0, sizeof *call);
	return call;
}

void
pst_opening_ask(struct pst_identity *self, struct pst_identity_vault *vault,
    void (*op)(void *vault, struct pst_vault_call *call),
    void (*next)(struct pst_vault_call *call, int rc))
{
	struct pst_vault_call *call = &self->opening.call;

	call->fn = next;
	call->arg = self;
	self->pending++;
	op(vault->self, call);
}

void
pst_opening_get(struct pst_identity *self, const char *key,
    void (*next)(void *arg, int rc, const struct pst_store_item *item))
{
	self->pending++;
	self->store_ops->get(self->store, key, next, self);
}

void
pst_opening_commit(struct pst_identity *self, struct pst_store_op expect, const uint8_t *bytes,
    size_t len, const char *handle, void (*next)(void *arg, int rc))
{
	uint8_t value[PST_HISTORY_FIRST_MAX + PST_HANDLE_TEXT + 8];
	struct pst_writer w = pst_writer(value, sizeof value);
	struct pst_store_op ops[2] = {
		expect,
		{ PST_STORE_PUT, { expect.item.key, value, 0 } },
	};

	pst_cbor_write_array(&w, 2);
	pst_cbor_write_bytes(&w, bytes, len);
	pst_cbor_write_text(&w, handle, strlen(handle));
	if (w.status) {
		pst_opening_fail(self, w.status, "the record of a key does not fit");
		return;
	}
	ops[1].item.len = pst_writer_len(&w);
	self->pending++;
	self->store_ops->commit(self->store, ops, 2, next, self);
}

/* ---- records ---- */

void
pst_opening_key(char key[PST_STORE_KEY_MAX], const char *head, const struct pst_identity *self,
    const char *tail)
{
	snprintf(key, PST_STORE_KEY_MAX, "%s/%s%s", head, pst_section_name(self->env), tail);
}

void
pst_record_text(struct pst_reader *r, char *out, size_t size)
{
	size_t len;
	const char *text = pst_cbor_text(r, &len);

	if (!r->status && (len >= size || memchr(text, 0, len)))
		r->status = -EBADMSG;
	if (r->status)
		len = 0;
	memcpy(out, len ? text : "", len);
	out[len] = '\0';
}

/* vault may be NULL. */
static int
record_read(const struct pst_store_item *item, struct pst_reader *bytes,
    char handle[PST_HANDLE_TEXT], char *vault)
{
	struct pst_reader r = pst_reader(item->value, item->len);
	struct pst_cbor_list fields = pst_cbor_array(&r);
	const uint8_t *data;
	size_t len;

	pst_record_need(&r, &fields);
	data = pst_cbor_bytes(&r, &len);
	pst_record_need(&r, &fields);
	pst_record_text(&r, handle, PST_HANDLE_TEXT);
	if (vault && pst_record_has(&r, &fields))
		pst_record_text(&r, vault, PST_CONF_WORD_MAX + 1);
	if (r.status || !*handle)
		return -EBADMSG;
	*bytes = pst_reader(data, len);
	return PST_OK;
}

int
pst_key_record_read(const struct pst_store_item *item, struct pst_reader *bytes,
    char handle[PST_HANDLE_TEXT])
{
	return record_read(item, bytes, handle, NULL);
}

int
pst_identity_record_read(const struct pst_store_item *item, struct pst_reader *bytes,
    char handle[PST_HANDLE_TEXT], char vault[PST_CONF_WORD_MAX + 1])
{
	*vault = '\0';
	return record_read(item, bytes, handle, vault);
}

void
pst_identity_record_write(struct pst_writer *w, const struct pst_history *history,
    const char *handle, const char *vault)
{
	bool moved = vault && *vault;

	pst_cbor_write_array(w, moved ? 3 : 2);
	pst_cbor_write_bytes(w, history->bytes, history->len);
	pst_cbor_write_text(w, handle, strlen(handle));
	if (moved)
		pst_cbor_write_text(w, vault, strlen(vault));
}

/* ---- keys that nothing refers to ---- */

void
pst_opening_orphan(struct pst_identity *self, struct pst_identity_vault *vault,
    const char *handle)
{
	self->opening.orphan_vault = handle ? vault : NULL;
	snprintf(self->opening.orphan, sizeof self->opening.orphan, "%s", handle ? handle : "");
}

static void
orphan_removed(struct pst_vault_call *call, int rc)
{
	struct pst_identity *self = call->arg;

	if (rc && rc != -ENOENT)
		pst_warn(pst_section_log(self->env), "a key without use stays in the vault",
		    PST_STR("vault", self->opening.orphan_vault->name), PST_RC(rc));
	self->opening.orphan_vault = NULL;
	if (pst_identity_answered(self))
		self->opening.after_orphan(self);
}

void
pst_opening_drop(struct pst_identity *self, void (*next)(struct pst_identity *self))
{
	struct pst_identity_opening *opening = &self->opening;

	if (!opening->orphan_vault) {
		next(self);
		return;
	}
	opening->after_orphan = next;
	memcpy(pst_opening_call(self)->handle, opening->orphan, sizeof opening->orphan);
	pst_opening_ask(self, opening->orphan_vault, opening->orphan_vault->ops->remove,
	    orphan_removed);
}

static void
report_down(struct pst_identity *self)
{
	pst_section_down(self->env, self->opening.err.rc, self->opening.err.text);
}

void
pst_opening_fail(struct pst_identity *self, int rc, const char *fmt, ...)
{
	struct pst_err *err = &self->opening.err;
	va_list args;

	err->rc = rc;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, args);
	va_end(args);
	pst_opening_drop(self, report_down);
}
