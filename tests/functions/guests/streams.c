/*
 * Streams to outlets, as the input says: a line is a letter, and words. What each answers is a word of the
 * answer; what was read stands behind its number, after a colon. A STREAM is 1 for the first that was opened,
 * 2 for the second; or =N for the number N itself.
 *
 *     o NAME         open (1: done)     w STREAM TEXT   write TEXT and a newline
 *     c STREAM       close              r STREAM ROOM   read
 *     z STREAM BYTES write so many      a STREAM        read to the end: how much, and what the end was
 *     i STREAM       read with somebody else's ident
 *     p STREAM, q STREAM                read into, write from outside of the memory
 *     t              trap               f               fetch a URL
 *     s              send by WASI, to descriptor 3: an error number
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#define OWN_MEMORY
#include "runnable.h"

#define ROOM 65536

static char answer[2 * ROOM], place[ROOM];
static size_t at;
static int opened[64];
static size_t count;

static void
tell(int value, const char *bytes, int len)
{
	at += (size_t)snprintf(answer + at, sizeof answer - at, at ? " %d" : "%d", value);
	if (len > 0)
		at += (size_t)snprintf(answer + at, sizeof answer - at, ":%.*s", len, bytes);
}

static void
open_one(const char *name, int ident)
{
	int stream = outlet_open(name, strlen(name), ident);

	if (stream > 0 && count < sizeof opened / sizeof *opened)
		opened[count++] = stream;
	tell(stream > 0 ? 1 : stream, NULL, 0);
}

static int
stream_of(const char *word)
{
	size_t n = strtoul(word, NULL, 10);

	return *word == '=' ? atoi(word + 1) : n && n <= count ? opened[n - 1] : 0;
}

static void
read_all(int stream, int ident)
{
	int n, sum = 0;

	while ((n = outlet_read(stream, place, sizeof place, ident)) > 0)
		sum += n;
	tell(sum, NULL, 0);
	tell(n, NULL, 0);
}

static void
write_many(int stream, size_t len, int ident)
{
	char *bytes = calloc(1, len + 1);

	tell(outlet_write(stream, bytes, len, ident), NULL, 0);
	free(bytes);
}

static int
send_by_wasi(void)
{
	static const __wasi_ciovec_t bytes = { (const uint8_t *)"x", 1 };
	__wasi_size_t sent;

	return __wasi_sock_send(3, &bytes, 1, 0, &sent);
}

static void
line(char *text, int ident)
{
	char *word = strchr(text, ' ') ? strchr(text, ' ') + 1 : "", *rest = strchr(word, ' ');
	int stream = stream_of(word), n;
	void *outside = (void *)0xfffffff0u;

	if (rest)
		*rest++ = '\0';
	switch (*text) {
	case 'o':
		open_one(word, ident);
		break;
	case 'c':
		tell(outlet_close(stream, ident), NULL, 0);
		break;
	case 'w':
		n = snprintf(place, sizeof place, "%s\n", rest ? rest : "");
		tell(outlet_write(stream, place, (size)n, ident), NULL, 0);
		break;
	case 'z':
		write_many(stream, strtoul(rest ? rest : "", NULL, 10), ident);
		break;
	case 'r':
		n = outlet_read(stream, place, strtoul(rest ? rest : "", NULL, 10), ident);
		tell(n, place, n);
		break;
	case 'a':
		read_all(stream, ident);
		break;
	case 'i':
		tell(outlet_read(stream, place, 1, ident + 1), NULL, 0);
		break;
	case 'p':
		tell(outlet_read(stream, outside, 4096, ident), NULL, 0);
		break;
	case 'q':
		tell(outlet_write(stream, outside, 4096, ident), NULL, 0);
		break;
	case 't':
		__builtin_trap();
	case 'f':
		n = fetch_url(0, "http://127.0.0.1/", 17, "", 0, ident);
		if (n < -1 && -n < ROOM)
			get_ffi_result(place, ident);
		tell(n, place, -n);
		break;
	case 's':
		tell(send_by_wasi(), NULL, 0);
	}
}

void
run(const byte *input, size len, int ident)
{
	char *text = malloc(len + 1), *next;

	memcpy(text, input, len);
	text[len] = '\0';
	for (char *now = text; now && *now; now = next) {
		next = strchr(now, '\n');
		if (next)
			*next++ = '\0';
		line(now, ident);
	}
	return_result(answer, at, ident);
}
