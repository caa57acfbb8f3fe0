/*
 * Requests and responses between nodes: what the services of an authority
 * speak (spec trust.md 5.1). Both are BARE data: a header, which is a CBOR
 * map, and behind it the body's bytes.
 *
 * A server is a worker with a name. It answers peers of channels, and this
 * node itself: messages from inside and those of the machine's operator have
 * no peer. All others hear nothing.
 */
#ifndef POSTERN_API_H
#define POSTERN_API_H

#include <postern/cbor.h>
#include <postern/identity.h>
#include <postern/router.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers of the wire; one that is not here reads as PST_METHOD_OTHER. */
enum pst_method {
	PST_METHOD_GET,
	PST_METHOD_POST,
	PST_METHOD_PUT,
	PST_METHOD_DELETE,
	PST_METHOD_PATCH,
	PST_METHOD_OTHER,
};

#define PST_STATUS_OK 200
#define PST_STATUS_BAD_REQUEST 400
#define PST_STATUS_FORBIDDEN 403
#define PST_STATUS_NOT_FOUND 404
#define PST_STATUS_INTERNAL 500

/* Ours: the wire bounds a path by the message only. What peers ask for is below 80 bytes. */
#define PST_API_PATH_MAX 255
/* As many as an Ockam server looks at; a path of more is known to nobody. */
#define PST_API_SEGMENTS 5
/* Room for the heads of a message: its length, and its header. */
#define PST_API_HEAD_MAX (10 + 32 + PST_API_PATH_MAX)
/* A text that says why; longer ones are cut. */
#define PST_API_TEXT_MAX 200

struct pst_api_request {
	uint32_t id;
	enum pst_method method;
	bool has_body;
	char path[PST_API_PATH_MAX + 1]; /* UTF-8 without control characters */
	struct pst_reader body; /* borrowed; empty without one */
	size_t segments; /* of the path, "/" having one, which is empty; PST_API_SEGMENTS + 1 for more */
	const char *segment[PST_API_SEGMENTS];
	char parts[PST_API_PATH_MAX + 1]; /* where they lie */
};

struct pst_api_response {
	uint32_t id, re;
	unsigned status; /* 0: not said */
	bool has_body;
	struct pst_reader body;
};

/* -EBADMSG for what is none. The body is not looked at, and borrowed from data. */
PST_API PST_MUST_CHECK int pst_api_request_read(struct pst_api_request *out, const uint8_t *data,
    size_t len);
PST_API PST_MUST_CHECK int pst_api_response_read(struct pst_api_response *out, const uint8_t *data,
    size_t len);
/* All that stands in front of a body of so many bytes; body_len 0: there is none. */
PST_API void pst_api_request_write(struct pst_writer *w, uint32_t id, enum pst_method method,
    const char *path, size_t body_len);
PST_API void pst_api_response_write(struct pst_writer *w, uint32_t id, uint32_t re,
    unsigned status, size_t body_len);
/* The body of a response that says no. path NULL: neither path nor method. */
PST_API void pst_api_error_write(struct pst_writer *w, const char *path, enum pst_method method,
    const char *text);
/*
 * Why a response says no: the message of an error record, a text, or bytes
 * that are one; else what its status means. Control characters as '?', cut
 * to fit. Returns out.
 */
PST_API char *pst_api_error_text(const struct pst_api_response *response, char *out, size_t size);

/* ---- server ---- */

/* Requests under way at once, of one server; more are refused. */
#define PST_API_CALLS_MAX 1000

/* One request under way. Exactly one of pst_api_answer() and pst_api_refuse() ends it. */
struct pst_api_call {
	struct pst_api_request request;
	struct pst_peer *peer; /* NULL: this node itself, or its operator */
	struct pst_gate *gate; /* where it came in; NULL once that has closed */
	void *arg;             /* the server's */
	/* the rest is not for servers */
	struct pst_api_server *server;
	struct pst_route *back;
	struct pst_buf asked; /* its account is the answer's */
	struct pst_gate_watch watch;
	bool inside;
};

/* Embedded by its owner. */
struct pst_api_server {
	struct pst_worker worker;
	struct pst_env *env;
	const struct pst_log *log;
	const char *name;
	void (*serve)(struct pst_api_server *server, struct pst_api_call *call);
	size_t calls; /* under way */
	struct pst_rate refused;
};

/*
 * Start a worker of that name, which is borrowed, as is log. serve() gets
 * each request; what is none is answered with 400. As pst_worker_start_named().
 */
PST_API PST_MUST_CHECK int pst_api_serve(struct pst_api_server *server, struct pst_env *env,
    const char *name, const struct pst_log *log,
    void (*serve)(struct pst_api_server *server, struct pst_api_call *call));
/* No request comes any more. Those under way are still to be ended before the memory goes. */
PST_API void pst_api_stop(struct pst_api_server *server);

/* 200 with this body, copied; len 0: without one. Charged to who asked. Sets *call to NULL. */
PST_API void pst_api_answer(struct pst_api_call **call, const void *body, size_t len);
/*
 * Say no: status, and a text for a person; logged with who and what, at a
 * bounded rate. A body that does not decode is refused with 400, where
 * an Ockam server stays silent: its clients wait for their time to run out and
 * then know no more than before. Sets *call to NULL.
 */
PST_API void pst_api_refuse(struct pst_api_call **call, unsigned status, const char *fmt, ...)
    PST_PRINTF(3, 4);
/* 400, as for every path and method that a server does not know. */
PST_API void pst_api_unknown(struct pst_api_call **call);

/* ---- client ---- */

/* One question, as struct pst_request. */
struct pst_api_ask {
	struct pst_request request;
	/* response: NULL unless rc is PST_OK; its body lives for the call. PST_OK whatever the status
	 * is; PST_E_PROTOCOL for an answer that is none; else as pst_request_send(). */
	void (*fn)(struct pst_api_ask *ask, int rc, const struct pst_api_response *response);
};

/* body: len bytes, copied; 0: none. Fails as pst_request_send(). */
PST_API PST_MUST_CHECK int pst_api_send(struct pst_env *env, struct pst_api_ask *ask,
    const struct pst_route *route, enum pst_method method, const char *path, const void *body,
    size_t len, uint64_t timeout_ms,
    void (*fn)(struct pst_api_ask *ask, int rc, const struct pst_api_response *response));
PST_API void pst_api_cancel(struct pst_api_ask *ask);

#ifdef __cplusplus
}
#endif
#endif
