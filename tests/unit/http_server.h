/* A server on loopback that answers by path what tests of the web ask for. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct http_answer {
	const char *path;
	const char *bytes; /* NULL: nothing, ever */
	size_t len; /* 0: as a text */
};

struct http_server {
	uv_tcp_t tcp;
	const struct http_answer *answers; /* the last one's path is NULL: of all other paths */
	int port;
	size_t connections, requests;
	char asked[16384]; /* the last request, head and body */
	bool quiet; /* somebody waits for what is never answered */
	struct http_conn *conns;
};

void http_server_open(struct http_server *server, uv_loop_t *loop, const struct http_answer *answers);
void http_server_close(struct http_server *server);

#endif
