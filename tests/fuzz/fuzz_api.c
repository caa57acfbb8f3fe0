/*
 * Requests and responses: what is taken is written anew and taken the same.
 * Covers: core/trust/api.c
 */
#include <stdlib.h>
#include <string.h>

#include <postern/api.h>
#include <postern/utf8.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LEN_MAX 4096

static void
check(bool right)
{
	if (!right)
		abort();
}

/* The heads and the body again. */
static struct pst_reader
joined(uint8_t out[PST_API_HEAD_MAX + LEN_MAX], const struct pst_writer *head,
    const struct pst_reader *body)
{
	size_t n = pst_writer_len(head), left = pst_reader_left(body);

	check(!head->status);
	memcpy(out, head->start, n);
	if (left)
		memcpy(out + n, body->p, left);
	return pst_reader(out, n + left);
}

static void
check_body(const struct pst_reader *a, const struct pst_reader *b)
{
	size_t n = pst_reader_left(a);

	check(n == pst_reader_left(b) && (!n || !memcmp(a->p, b->p, n)));
}

/* A refusal of it says why. */
static void
check_refusal(const struct pst_api_request *q)
{
	uint8_t body[PST_API_PATH_MAX + 32];
	struct pst_writer w = pst_writer(body, sizeof body);
	struct pst_api_response response = { .status = PST_STATUS_FORBIDDEN };
	char text[16];

	pst_api_error_write(&w, *q->path ? q->path : NULL, q->method, "why");
	check(!w.status);
	response.body = pst_reader(body, pst_writer_len(&w));
	check(!strcmp(pst_api_error_text(&response, text, sizeof text), "why"));
}

static void
check_request(const struct pst_api_request *q)
{
	static struct pst_api_request again;
	uint8_t head[PST_API_HEAD_MAX], bytes[PST_API_HEAD_MAX + LEN_MAX];
	struct pst_writer w = pst_writer(head, sizeof head);
	struct pst_reader r;

	check(q->segments >= 1 && q->segments <= PST_API_SEGMENTS + 1);
	check(pst_utf8_plain((const uint8_t *)q->path, strlen(q->path)));
	for (size_t i = 0; i < q->segments && i < PST_API_SEGMENTS; i++)
		check(strstr(q->path, q->segment[i]) != NULL);
	pst_api_request_write(&w, q->id, q->method, q->path, pst_reader_left(&q->body));
	r = joined(bytes, &w, &q->body);
	check(!pst_api_request_read(&again, r.p, pst_reader_left(&r)));
	check(again.id == q->id && again.method == q->method && !strcmp(again.path, q->path));
	check(again.segments == q->segments);
	check_body(&again.body, &q->body);
	check_refusal(q);
}

static void
check_response(const struct pst_api_response *a)
{
	struct pst_api_response again;
	uint8_t head[PST_API_HEAD_MAX], bytes[PST_API_HEAD_MAX + LEN_MAX];
	struct pst_writer w = pst_writer(head, sizeof head);
	struct pst_reader r;
	char text[PST_API_TEXT_MAX], small[5];

	pst_api_response_write(&w, a->id, a->re, a->status, pst_reader_left(&a->body));
	r = joined(bytes, &w, &a->body);
	check(!pst_api_response_read(&again, r.p, pst_reader_left(&r)));
	check(again.id == a->id && again.re == a->re && again.status == a->status);
	check_body(&again.body, &a->body);
	pst_api_error_text(a, text, sizeof text);
	check(strlen(text) < sizeof text && pst_utf8_plain((const uint8_t *)text, strlen(text)));
	pst_api_error_text(a, small, sizeof small);
	check(strlen(small) < sizeof small && !strncmp(text, small, strlen(small)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct pst_api_request request;
	struct pst_api_response response;

	if (len > LEN_MAX)
		return 0;
	if (!pst_api_request_read(&request, data, len))
		check_request(&request);
	if (!pst_api_response_read(&response, data, len))
		check_response(&response);
	return 0;
}
