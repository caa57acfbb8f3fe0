/*
 * What both ends of an exchange (exchange.c) know: requests, and bytes that
 * are made from a number, so that each knows what must come.
 */
#ifndef INTEROP_EXCHANGE_H
#define INTEROP_EXCHANGE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ATONCE 500

enum what {
	BOTH,        /* up and down at once, then a verdict */
	TURNS,       /* up, then down, and so on, `turns` times */
	TARGET_ENDS, /* down, then the end */
	CLIENT_ENDS, /* up until the end; how much came right is kept under the id */
	ASK,         /* what has been kept, as soon as there is something; then the end */
	HALF,        /* up until the end, then down, then the end */
};

struct request {
	uint64_t what, id, size, turns;
};

/* One direction of a connection: `size` bytes made from a seed. */
struct bytes {
	int fd;
	uint64_t seed, size;
};

/* exchange_bytes.c */
bool send_all(int fd, const void *data, size_t len);
void bytes_send(const struct bytes *b);
/* How many came, at most b->size; UINT64_MAX when one of them was wrong. */
uint64_t bytes_receive(const struct bytes *b);
/* Send and receive at once. Did all come right? */
bool bytes_both_ways(struct bytes *out, const struct bytes *in);
/* Waits for what comes next. Is it the end? */
bool ended(int fd);

struct sockaddr_in loopback(int port);
void nodelay(int fd);

/* exchange_target.c: serves for ever. Returns only if it cannot: -1 and errno. */
int target_serve(int port);

#endif
