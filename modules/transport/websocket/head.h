/*
 * Heads of HTTP/1.1, before a WebSocket or a proxy lets bytes through: what
 * they say, and sending one and waiting for the other's over a pipe.
 */
#ifndef WEBSOCKET_HEAD_H
#define WEBSOCKET_HEAD_H

#include <postern/module.h>
#include <postern/pipe.h>

#include "../shared/websocket/websocket.h"

/* The longest head that is read, and that is sent. */
#define HEAD_MAX 8192
/* base64 of 16 bytes, and its NUL. */
#define HEAD_KEY 25

/* ---- what they say; each text is a head of len bytes, the empty line included ---- */

/* Bytes of the head that the text begins with; 0: it does not end here. */
size_t head_length(const char *text, size_t len);
/* "GET path", with a key made for it; headers: whole lines "Name: value". PST_E_LIMIT when it is too long. */
PST_MUST_CHECK int head_ask(char out[static HEAD_MAX], char key[static HEAD_KEY], const char *path,
    const char *host, const struct pst_list *headers);
/* What a client asks: PST_OK, and the key's answer; PST_E_NOTHING: another path than this
 * one (NULL: any will do); PST_E_PROTOCOL: no WebSocket of version 13. */
PST_MUST_CHECK int head_asked(char accept[static WEBSOCKET_ACCEPT], const char *text, size_t len, const char *path);
/* The path of "PATH?…", or of the request "GET PATH …", cut to fit: what is behind it may be a secret. */
#define PATH_TOLD 256
void head_path(char out[static PATH_TOLD], const char *target);
/* "CONNECT host". */
PST_MUST_CHECK int head_connect(char out[static HEAD_MAX], const char *host);
/* The number of a response; 0: it is none. */
unsigned head_status(const char *text, size_t len);
/* A response lets the client with that key through: PST_OK; PST_E_REFUSED: another status than 101; PST_E_PROTOCOL. */
PST_MUST_CHECK int head_answered(const char *text, size_t len, const char *key);

/* ---- an exchange ---- */

struct head {
	struct pst_pipe *pipe;
	void (*done)(void *arg, int rc);
	void *arg;
	char *text;       /* what has come: HEAD_MAX bytes on the heap */
	size_t len, head; /* of it the head; the others come after it */
	bool over;
};

/*
 * Send `out` (NULL: nothing) and read a head. done(arg, rc) comes once, from
 * the loop, and then the pipe is its owner's again, who calls head_fini(). The
 * text stays until then.
 */
PST_MUST_CHECK int head_exchange(struct head *head, struct pst_pipe *pipe, const char *out,
    void (*done)(void *arg, int rc), void *arg);
/* Send a head as the last that is said; where it cannot be sent at once, it is not. */
void head_say(struct pst_pipe *pipe, const char *out);
void head_fini(struct head *head);

#endif
