/*
 * The cursor of cbor.h over libcbor's cbor_stream_decode, one item a call.
 * libcbor's tree API is never used on such bytes: nine of them can make
 * cbor_load allocate 16 GiB.
 */
#include <postern/cbor.h>

#include <cbor.h>
#include <errno.h>

enum item_type {
	ITEM_NONE,
	ITEM_UINT,
	ITEM_BYTES,
	ITEM_TEXT,
	ITEM_ARRAY,
	ITEM_MAP,
	ITEM_BOOL,
	ITEM_NULL,
	ITEM_TAG,
	ITEM_BREAK,
	ITEM_OTHER, /* negative integers, floats, undefined */
	ITEM_INDEFINITE_STRING,
};

struct item {
	enum item_type type;
	bool indefinite;
	uint64_t value; /* of an integer, length, count or boolean */
	const uint8_t *data;
};

static void
item_set(void *context, enum item_type type, uint64_t value, const uint8_t *data, bool indefinite)
{
	struct item *item = context;

	item->type = type;
	item->value = value;
	item->data = data;
	item->indefinite = indefinite;
}

static void on_u8(void *c, uint8_t v) { item_set(c, ITEM_UINT, v, NULL, false); }
static void on_u16(void *c, uint16_t v) { item_set(c, ITEM_UINT, v, NULL, false); }
static void on_u32(void *c, uint32_t v) { item_set(c, ITEM_UINT, v, NULL, false); }
static void on_u64(void *c, uint64_t v) { item_set(c, ITEM_UINT, v, NULL, false); }
static void on_n8(void *c, uint8_t v) { item_set(c, ITEM_OTHER, v, NULL, false); }
static void on_n16(void *c, uint16_t v) { item_set(c, ITEM_OTHER, v, NULL, false); }
static void on_n32(void *c, uint32_t v) { item_set(c, ITEM_OTHER, v, NULL, false); }
static void on_n64(void *c, uint64_t v) { item_set(c, ITEM_OTHER, v, NULL, false); }
static void on_bytes(void *c, cbor_data d, size_t n) { item_set(c, ITEM_BYTES, n, d, false); }
static void on_text(void *c, cbor_data d, size_t n) { item_set(c, ITEM_TEXT, n, d, false); }
static void on_string_start(void *c) { item_set(c, ITEM_INDEFINITE_STRING, 0, NULL, true); }
static void on_array(void *c, size_t n) { item_set(c, ITEM_ARRAY, n, NULL, false); }
static void on_array_start(void *c) { item_set(c, ITEM_ARRAY, 0, NULL, true); }
static void on_map(void *c, size_t n) { item_set(c, ITEM_MAP, n, NULL, false); }
static void on_map_start(void *c) { item_set(c, ITEM_MAP, 0, NULL, true); }
static void on_tag(void *c, uint64_t v) { item_set(c, ITEM_TAG, v, NULL, false); }
static void on_float(void *c, float v) { item_set(c, ITEM_OTHER, 0, NULL, false); }
static void on_double(void *c, double v) { item_set(c, ITEM_OTHER, 0, NULL, false); }
static void on_undefined(void *c) { item_set(c, ITEM_OTHER, 0, NULL, false); }
static void on_null(void *c) { item_set(c, ITEM_NULL, 0, NULL, false); }
static void on_bool(void *c, bool v) { item_set(c, ITEM_BOOL, v, NULL, false); }
static void on_break(void *c) { item_set(c, ITEM_BREAK, 0, NULL, false); }

static const struct cbor_callbacks callbacks = {
	.uint8 = on_u8,
	.uint16 = on_u16,
	.uint32 = on_u32,
	.uint64 = on_u64,
	.negint8 = on_n8,
	.negint16 = on_n16,
	.negint32 = on_n32,
	.negint64 = on_n64,
	.byte_string = on_bytes,
	.byte_string_start = on_string_start,
	.string = on_text,
	.string_start = on_string_start,
	.array_start = on_array,
	.indef_array_start = on_array_start,
	.map_start = on_map,
	.indef_map_start = on_map_start,
	.tag = on_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = on_undefined,
	.null = on_null,
	.boolean = on_bool,
	.indef_break = on_break,
};

static struct item
next_item(struct pst_reader *r)
{
	struct item item = { ITEM_NONE };
	struct cbor_decoder_result result;

	if (r->status)
		return item;
	result = cbor_stream_decode(r->p, pst_reader_left(r), &callbacks, &item);
	if (result.status != CBOR_DECODER_FINISHED || item.type == ITEM_NONE) {
		r->status = -EBADMSG;
		item.type = ITEM_NONE;
		return item;
	}
	r->p += result.read;
	return item;
}

static struct item
expect(struct pst_reader *r, enum item_type type)
{
	struct item item = next_item(r);

	if (item.type != type) {
		r->status = -EBADMSG;
		item = (struct item){ ITEM_NONE };
	}
	return item;
}

static struct pst_cbor_list
list_enter(struct pst_reader *r, enum item_type type, unsigned bytes_each)
{
	struct item item = expect(r, type);
	struct pst_cbor_list list = { item.value, item.indefinite, type == ITEM_MAP };

	/* never more items than bytes that could hold them */
	if (!list.indefinite && list.left > pst_reader_left(r) / bytes_each) {
		r->status = -EBADMSG;
		list.left = 0;
	}
	return list;
}

struct pst_cbor_list
pst_cbor_array(struct pst_reader *r)
{
	return list_enter(r, ITEM_ARRAY, 1);
}

struct pst_cbor_list
pst_cbor_map(struct pst_reader *r)
{
	return list_enter(r, ITEM_MAP, 2);
}

bool
pst_cbor_more(struct pst_reader *r, struct pst_cbor_list *list)
{
	if (r->status)
		return false;
	if (!list->indefinite) {
		if (!list->left)
			return false;
		list->left--;
		return true;
	}
	if (list->left) /* the break was seen */
		return false;
	if (pst_reader_left(r) && *r->p == 0xff) {
		r->p++;
		list->left = 1;
		return false;
	}
	return true;
}

uint64_t
pst_cbor_uint(struct pst_reader *r)
{
	return expect(r, ITEM_UINT).value;
}

bool
pst_cbor_bool(struct pst_reader *r)
{
	return expect(r, ITEM_BOOL).value;
}

const uint8_t *
pst_cbor_bytes(struct pst_reader *r, size_t *len)
{
	struct item item = expect(r, ITEM_BYTES);

	*len = (size_t)item.value;
	return item.data;
}

const char *
pst_cbor_text(struct pst_reader *r, size_t *len)
{
	struct item item = expect(r, ITEM_TEXT);

	*len = (size_t)item.value;
	return (const char *)item.data;
}

void
pst_cbor_fixed(struct pst_reader *r, uint8_t *out, size_t n)
{
	size_t len;
	const uint8_t *p = pst_cbor_bytes(r, &len);

	if (!p || len != n) {
		r->status = -EBADMSG;
		memset(out, 0, n);
		return;
	}
	memcpy(out, p, n);
}

bool
pst_cbor_null(struct pst_reader *r)
{
	if (r->status || !pst_reader_left(r) || *r->p != 0xf6)
		return false;
	r->p++;
	return true;
}

/*
 * Skip `list` and what it holds without recursion; a stack of what is left
 * at each depth. Tags are followed by their item.
 */
static void
skip_items(struct pst_reader *r, struct pst_cbor_list *list)
{
	struct {
		struct pst_cbor_list list;
		bool half; /* of a pair the key is read */
	} stack[PST_CBOR_DEPTH] = { { *list, false } };
	int depth = 0;

	while (depth >= 0 && !r->status) {
		if (!stack[depth].half && !pst_cbor_more(r, &stack[depth].list)) {
			depth--;
			continue;
		}
		stack[depth].half = stack[depth].list.pairs && !stack[depth].half;

		struct item item = next_item(r);

		while (item.type == ITEM_TAG)
			item = next_item(r);
		if (item.type == ITEM_BREAK || item.type == ITEM_INDEFINITE_STRING) {
			r->status = -EBADMSG;
		} else if (item.type == ITEM_ARRAY || item.type == ITEM_MAP) {
			if (++depth == PST_CBOR_DEPTH) {
				r->status = -EBADMSG;
				break;
			}
			stack[depth].list = (struct pst_cbor_list){
				item.value, item.indefinite, item.type == ITEM_MAP
			};
			stack[depth].half = false;
		}
	}
	list->left = list->indefinite;
}

void
pst_cbor_leave(struct pst_reader *r, struct pst_cbor_list *list)
{
	skip_items(r, list);
}

void
pst_cbor_skip(struct pst_reader *r)
{
	struct pst_cbor_list one = { 1, false, false };

	skip_items(r, &one);
}

uint64_t
pst_cbor_choice(struct pst_reader *r, struct pst_cbor_list *outer, struct pst_cbor_list *fields)
{
	uint64_t variant;

	*fields = (struct pst_cbor_list){ 0, false, false };
	*outer = pst_cbor_array(r);
	if (!pst_cbor_more(r, outer))
		r->status = -EBADMSG;
	variant = pst_cbor_uint(r);
	if (!pst_cbor_more(r, outer))
		r->status = -EBADMSG;
	*fields = pst_cbor_array(r);
	return variant;
}

/* ---- writing ---- */

static void
wrote(struct pst_writer *w, size_t n)
{
	if (!n)
		w->status = -ENOBUFS;
	else if (!w->status)
		w->p += n;
}

static size_t
room(const struct pst_writer *w)
{
	return w->status ? 0 : (size_t)(w->end - w->p);
}

void
pst_cbor_write_array(struct pst_writer *w, uint64_t n)
{
	wrote(w, cbor_encode_array_start((size_t)n, w->p, room(w)));
}

void
pst_cbor_write_map(struct pst_writer *w, uint64_t n)
{
	wrote(w, cbor_encode_map_start((size_t)n, w->p, room(w)));
}

void
pst_cbor_write_uint(struct pst_writer *w, uint64_t v)
{
	wrote(w, cbor_encode_uint(v, w->p, room(w)));
}

void
pst_cbor_write_bool(struct pst_writer *w, bool v)
{
	wrote(w, cbor_encode_bool(v, w->p, room(w)));
}

void
pst_cbor_write_null(struct pst_writer *w)
{
	wrote(w, cbor_encode_null(w->p, room(w)));
}

void
pst_cbor_write_bytes_head(struct pst_writer *w, uint64_t n)
{
	wrote(w, cbor_encode_bytestring_start((size_t)n, w->p, room(w)));
}

void
pst_cbor_write_bytes(struct pst_writer *w, const void *data, size_t n)
{
	pst_cbor_write_bytes_head(w, n);
	pst_write_bytes(w, data, n);
}

void
pst_cbor_write_text(struct pst_writer *w, const char *text, size_t n)
{
	wrote(w, cbor_encode_string_start(n, w->p, room(w)));
	pst_write_bytes(w, text, n);
}

size_t
pst_cbor_head_len(uint64_t n)
{
	return n < 24 ? 1 : n <= UINT8_MAX ? 2 : n <= UINT16_MAX ? 3 : n <= UINT32_MAX ? 5 : 9;
}
