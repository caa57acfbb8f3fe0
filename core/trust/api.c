/* The envelope of api.h: headers and what they mean. */
#include <postern/api.h>

#include <errno.h>
#include <stdio.h>

#include <postern/utf8.h>

/* The keys of the maps (trust.md 5.1). */
enum request_key { REQUEST_ID = 1, REQUEST_PATH, REQUEST_METHOD, REQUEST_HAS_BODY };
enum response_key { RESPONSE_ID = 1, RESPONSE_RE, RESPONSE_STATUS, RESPONSE_HAS_BODY };
enum error_key { ERROR_PATH = 1, ERROR_METHOD, ERROR_TEXT };

/* ---- reading ---- */

static uint32_t
id_read(struct pst_reader *r)
{
	uint64_t v = pst_cbor_uint(r);

	if (v > UINT32_MAX)
		r->status = -EBADMSG;
	return (uint32_t)v;
}

/* A text that may stand in a log and in an answer. */
static void
path_read(struct pst_reader *r, char out[PST_API_PATH_MAX + 1])
{
	size_t len;
	const char *text = pst_cbor_text(r, &len);

	if (!text || len > PST_API_PATH_MAX || !pst_utf8_plain((const uint8_t *)text, len)) {
		r->status = -EBADMSG;
		len = 0;
	}
	if (len)
		memcpy(out, text, len);
	out[len] = '\0';
}

static enum pst_method
method_read(struct pst_reader *r)
{
	uint64_t v = pst_cbor_uint(r);

	return v < PST_METHOD_OTHER ? (enum pst_method)v : PST_METHOD_OTHER;
}

/* The slashes in front go; what is between the others is a segment each. */
static void
path_split(struct pst_api_request *q)
{
	char *p = q->parts;

	strcpy(p, q->path + strspn(q->path, "/"));
	for (q->segments = 0; p; q->segments++) {
		if (q->segments == PST_API_SEGMENTS) {
			q->segments++;
			return;
		}
		q->segment[q->segments] = p;
		p = strchr(p, '/');
		if (p)
			*p++ = '\0';
	}
}

/* A reader for header and body; what lies behind the data is ignored. */
static struct pst_reader
envelope(const uint8_t *data, size_t len)
{
	struct pst_reader r = { data, data, -EBADMSG };
	size_t n;
	const uint8_t *content;

	if (!len)
		return r;
	r = pst_reader(data, len);
	content = pst_read_data(&r, &n);
	return content ? pst_reader(content, n) : r;
}

/* What follows the header, if it says that there is something. */
static struct pst_reader
body_of(const struct pst_reader *r, bool has_body)
{
	return pst_reader(r->p, has_body ? pst_reader_left(r) : 0);
}

int
pst_api_request_read(struct pst_api_request *out, const uint8_t *data, size_t len)
{
	struct pst_reader r = envelope(data, len);
	struct pst_cbor_list map = pst_cbor_map(&r);

	memset(out, 0, sizeof *out);
	out->method = PST_METHOD_OTHER;
	while (pst_cbor_more(&r, &map)) {
		uint64_t key = pst_cbor_uint(&r);

		if (pst_cbor_null(&r))
			continue;
		if (key == REQUEST_ID)
			out->id = id_read(&r);
		else if (key == REQUEST_PATH)
			path_read(&r, out->path);
		else if (key == REQUEST_METHOD)
			out->method = method_read(&r);
		else if (key == REQUEST_HAS_BODY)
			out->has_body = pst_cbor_bool(&r);
		else
			pst_cbor_skip(&r);
	}
	path_split(out);
	if (!r.status)
		if (!r.status)
		out->body = body_of(&r, out->has_body);
	return r.status;
}

int
pst_api_response_read(struct pst_api_response *out, const uint8_t *data, size_t len)
{
	struct pst_reader r = envelope(data, len);
	struct pst_cbor_list map = pst_cbor_map(&r);

	memset(out, 0, sizeof *out);
	while (pst_cbor_more(&r, &map)) {
		uint64_t key = pst_cbor_uint(&r);

		if (pst_cbor_null(&r))
			continue;
		if (key == RESPONSE_ID) {
			out->id = id_read(&r);
		} else if (key == RESPONSE_RE) {
			out->re = id_read(&r);
		} else if (key == RESPONSE_STATUS) {
			uint64_t status = pst_cbor_uint(&r);

			out->status = status < 1000 ? (unsigned)status : 0;
		} else if (key == RESPONSE_HAS_BODY) {
			out->has_body = pst_cbor_bool(&r);
		} else {
			pst_cbor_skip(&r);
		}
	}
	if (!r.status)
		out->body = body_of(&r, out->has_body);
	return r.status;
}

/* ---- writing ---- */

/* The length of all, the header, and room for nothing more. */
static void
envelope_write(struct pst_writer *w, const struct pst_writer *header, size_t body_len)
{
	if (header->status)
		w->status = header->status;
	pst_write_uvarint(w, pst_writer_len(header) + body_len);
	pst_write_bytes(w, header->start, pst_writer_len(header));
}

void
pst_api_request_write(struct pst_writer *w, uint32_t id, enum pst_method method, const char *path,
    size_t body_len)
{
	uint8_t bytes[PST_API_HEAD_MAX];
	struct pst_writer h = pst_writer(bytes, sizeof bytes);

	pst_cbor_write_map(&h, 4);
	pst_cbor_write_uint(&h, REQUEST_ID);
	pst_cbor_write_uint(&h, id);
	pst_cbor_write_uint(&h, REQUEST_PATH);
	pst_cbor_write_text(&h, path, strlen(path));
	pst_cbor_write_uint(&h, REQUEST_METHOD);
	pst_cbor_write_uint(&h, method);
	pst_cbor_write_uint(&h, REQUEST_HAS_BODY);
	pst_cbor_write_bool(&h, body_len > 0);
	envelope_write(w, &h, body_len);
}

void
pst_api_response_write(struct pst_writer *w, uint32_t id, uint32_t re, unsigned status,
    size_t body_len)
{
	uint8_t bytes[PST_API_HEAD_MAX];
	struct pst_writer h = pst_writer(bytes, sizeof bytes);

	pst_cbor_write_map(&h, 4);
	pst_cbor_write_uint(&h, RESPONSE_ID);
	pst_cbor_write_uint(&h, id);
	pst_cbor_write_uint(&h, RESPONSE_RE);
	pst_cbor_write_uint(&h, re);
	pst_cbor_write_uint(&h, RESPONSE_STATUS);
	pst_cbor_write_uint(&h, status);
	pst_cbor_write_uint(&h, RESPONSE_HAS_BODY);
	pst_cbor_write_bool(&h, body_len > 0);
	envelope_write(w, &h, body_len);
}

void
pst_api_error_write(struct pst_writer *w, const char *path, enum pst_method method,
    const char *text)
{
	bool known = method < PST_METHOD_OTHER;

	pst_cbor_write_map(w, path ? 2 + known : 1);
	if (path) {
		pst_cbor_write_uint(w, ERROR_PATH);
		pst_cbor_write_text(w, path, strlen(path));
		if (known) {
			pst_cbor_write_uint(w, ERROR_METHOD);
			pst_cbor_write_uint(w, method);
		}
	}
	pst_cbor_write_uint(w, ERROR_TEXT);
	pst_cbor_write_text(w, text, strlen(text));
}

/* ---- why a response says no ---- */

static const char *
status_text(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} texts[] = {
		{ 200, "done" },
		{ 400, "bad request" },
		{ 401, "unauthorized" },
		{ 403, "forbidden" },
		{ 404, "not found" },
		{ 405, "method not allowed" },
		{ 408, "time ran out there" },
		{ 409, "conflict" },
		{ 500, "internal error there" },
		{ 501, "not implemented there" },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "an answer without a known status";
}

/* The message of an error record; NULL when it has none. */
static const char *
error_read(struct pst_reader *r, size_t *len)
{
	struct pst_cbor_list map = pst_cbor_map(r);
	const char *text = NULL;

	*len = 0;
	while (pst_cbor_more(r, &map)) {
		if (pst_cbor_uint(r) == ERROR_TEXT && !pst_cbor_null(r))
			text = pst_cbor_text(r, len);
		else
			pst_cbor_skip(r);
	}
	return r->status ? NULL : text;
}

/* Character by character, as many as fit whole. */
static void
text_clean(char *out, size_t size, const uint8_t *p, size_t len)
{
	size_t at = 0;

	for (size_t n; len; p += n, len -= n) {
		bool good = pst_utf8_next(p, len, &n);
		size_t takes = good ? n : 1;

		if (at + takes >= size)
			break;
		memcpy(out + at, good ? (const char *)p : "?", takes);
		at += takes;
	}
	out[at] = '\0';
}

char *
pst_api_error_text(const struct pst_api_response *response, char *out, size_t size)
{
	struct pst_reader r = response->body;
	unsigned major = pst_reader_left(&r) ? *r.p >> 5 : 0;
	const uint8_t *text = NULL;
	size_t len = 0;

	if (major == 5)
		text = (const uint8_t *)error_read(&r, &len);
	else if (major == 3)
		text = (const uint8_t *)pst_cbor_text(&r, &len);
	else if (major == 2)
		text = pst_cbor_bytes(&r, &len);
	if (r.status || !text || !len) {
		text = (const uint8_t *)status_text(response->status);
		len = strlen((const char *)text);
	}
	text_clean(out, size, text, len);
	return out;
}
