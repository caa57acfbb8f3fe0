#include "world.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX 16384

struct request {
	char *body;
	size_t len;
};

static struct {
	struct MHD_Daemon *plain, *tls;
	char certificate[PEM_MAX], key[PEM_MAX];
	pthread_mutex_t lock;
	const json_t *graphql;
} world = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(99);
}

/* ---- answers ---- */

static enum MHD_Result
say(struct MHD_Connection *connection, unsigned status, const char *text, size_t len)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len, (char *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
say_json(struct MHD_Connection *connection, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	enum MHD_Result result = text ? say(connection, 200, text, strlen(text)) : MHD_NO;

	free(text);
	json_decref(json);
	return result;
}

static enum MHD_Result
redirect(struct MHD_Connection *connection, const char *to)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	MHD_add_response_header(response, "Location", to);
	result = MHD_queue_response(connection, 302, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
large(struct MHD_Connection *connection)
{
	static const char digits[] = "0123456789abcdef";
	static char text[16 * 8192];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = digits[i % 16];
	return say(connection, 200, text, sizeof text);
}

static enum MHD_Result
header_put(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	char lower[256];
	size_t i = 0;

	for (; name[i] && i < sizeof lower - 1; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	lower[i] = '\0';
	json_object_set_new(arg, lower, json_string(value));
	return MHD_YES;
}

static json_t *
headers_of(struct MHD_Connection *connection)
{
	json_t *headers = json_object();

	MHD_get_connection_values(connection, MHD_HEADER_KIND, header_put, headers);
	return headers;
}

static enum MHD_Result
mirror(struct MHD_Connection *connection, const char *path, const char *method, const struct request *request)
{
	return say_json(connection, json_pack("{s:s s:s s:o s:s%}", "method", method, "path", path, "headers",
	    headers_of(connection), "body", request->body ? request->body : "", request->len));
}

/* ---- https://api.github.com/graphql ---- */

static bool
header_is(struct MHD_Connection *connection, const char *name, const json_t *wanted)
{
	const char *got = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

	return got && !strcmp(got, json_string_value(wanted));
}

static bool
is_as_it_must_be(struct MHD_Connection *connection, const char *method, const struct request *request, const json_t *wanted)
{
	json_t *body = json_loadb(request->body ? request->body : "", request->len, 0, NULL);
	bool same = body && json_equal(body, (json_t *)json_object_get(wanted, "body_json")) &&
	    !strcmp(method, json_string_value(json_object_get(wanted, "method"))) &&
	    header_is(connection, "Content-Type", json_object_get(wanted, "content_type")) &&
	    header_is(connection, "Authorization", json_object_get(wanted, "authorization"));

	json_decref(body);
	return same;
}

/* The reply stands there as "STATUS with body BODY". */
static enum MHD_Result
graphql(struct MHD_Connection *connection, const char *method, const struct request *request)
{
	static const char between[] = " with body ", wrong[] = "this is not what has to be asked";
	const json_t *fixture;
	const char *reply, *body;

	pthread_mutex_lock(&world.lock);
	fixture = world.graphql;
	pthread_mutex_unlock(&world.lock);
	reply = json_string_value(json_object_get(fixture, "reply"));
	body = reply ? strstr(reply, between) : NULL;
	if (!body || !is_as_it_must_be(connection, method, request, json_object_get(fixture, "request_must_have")))
		return say(connection, 400, wrong, sizeof wrong - 1);
	body += sizeof between - 1;
	return say(connection, (unsigned)strtoul(reply, NULL, 10), body, strlen(body));
}

/* ---- https://postman-echo.com/post ---- */

static enum MHD_Result
echo(struct MHD_Connection *connection, const struct request *request)
{
	json_t *data = json_loadb(request->body ? request->body : "", request->len, JSON_DECODE_ANY, NULL);

	return say_json(connection, json_pack("{s:o s:o}", "data", data ? data : json_null(), "headers",
	    headers_of(connection)));
}

/* ---- requests ---- */

static enum MHD_Result
answer_plain(struct MHD_Connection *connection, const char *path, const char *method, const struct request *request)
{
	if (!strcmp(path, "/fixed"))
		return say(connection, 200, "fixed body", 10);
	if (!strncmp(path, "/status/", 8))
		return say(connection, (unsigned)strtoul(path + 8, NULL, 10), "nope", 4);
	if (!strcmp(path, "/large"))
		return large(connection);
	if (!strcmp(path, "/empty"))
		return say(connection, 200, "", 0);
	if (!strcmp(path, "/redir"))
		return redirect(connection, "/fixed");
	return mirror(connection, path, method, request);
}

static enum MHD_Result
answer_tls(struct MHD_Connection *connection, const char *path, const char *method, const struct request *request)
{
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");

	if (host && !strcmp(host, "api.github.com") && !strcmp(path, "/graphql"))
		return graphql(connection, method, request);
	if (host && !strcmp(host, "postman-echo.com") && !strcmp(path, "/post") && !strcmp(method, "POST"))
		return echo(connection, request);
	return say(connection, 404, "", 0);
}

/* Called for the head, for each piece of the body, and when all of it is there. */
static enum MHD_Result
asked(void *tls, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
    const char *piece, size_t *len, void **state)
{
	struct request *request = *state;

	if (!request) {
		*state = calloc(1, sizeof *request);
		return *state ? MHD_YES : MHD_NO;
	}
	if (!*len)
		return (tls ? answer_tls : answer_plain)(connection, path, method, request);
	request->body = realloc(request->body, request->len + *len);
	if (!request->body)
		die("out of memory");
	memcpy(request->body + request->len, piece, *len);
	request->len += *len;
	*len = 0;
	return MHD_YES;
}

static void
over(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct request *request = *state;

	if (request)
		free(request->body);
	free(request);
	*state = NULL;
}

/* ---- its beginning and end ---- */

static void
pem_read(char text[PEM_MAX], const char *directory, const char *name)
{
	char path[PATH_MAX];
	FILE *in;
	size_t len;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	in = fopen(path, "r");
	len = in ? fread(text, 1, PEM_MAX - 1, in) : 0;
	if (!len)
		die("no certificate");
	text[len] = '\0';
	fclose(in);
}

void
world_begin(const char *tls)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	world.plain = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, asked, NULL, MHD_OPTION_SOCK_ADDR,
	    &in, MHD_OPTION_NOTIFY_COMPLETED, over, NULL, MHD_OPTION_END);
	if (!world.plain)
		die("no server for http:");
	if (!tls)
		return;
	pem_read(world.certificate, tls, "world.pem");
	pem_read(world.key, tls, "world.key");
	in.sin_port = htons(443);
	world.tls = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL, asked, "tls",
	    MHD_OPTION_SOCK_ADDR, &in, MHD_OPTION_NOTIFY_COMPLETED, over, NULL, MHD_OPTION_HTTPS_MEM_CERT, world.certificate,
	    MHD_OPTION_HTTPS_MEM_KEY, world.key, MHD_OPTION_END);
	if (!world.tls)
		die("no server for https:");
}

void
world_end(void)
{
	MHD_stop_daemon(world.plain);
	if (world.tls)
		MHD_stop_daemon(world.tls);
}

unsigned
world_port(void)
{
	return MHD_get_daemon_info(world.plain, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void
world_graphql(const json_t *fixture)
{
	pthread_mutex_lock(&world.lock);
	world.graphql = fixture;
	pthread_mutex_unlock(&world.lock);
}
