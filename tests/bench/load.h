/*
 * load: what its files share. Each is one noun: role (a process in between),
 * socket, target, bulk, sample (latencies), trip (round trips), caller
 * (connections), start (of processes). load.c is the command.
 *
 * The functions whose last comment names a measure are measures: they print
 * their figures, "name value" a line, and return the exit code.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define PIECE (128 * 1024) /* bytes of one read or write of a bulk stream */
#define MAX_FDS 65536
#define MAX_ROLES 16
#define MAX_STREAMS 64
#define WARM_UP_S 0.5

/* ---- load.c ---- */

extern int target_port, port;

_Noreturn void die(const char *what);
double clock_s(clockid_t id);
double now(void); /* seconds, monotonic */
void rest(double seconds);
void print(const char *name, double value);

/* ---- role.c: the processes in between ---- */

void roles_set(char *list); /* ROLE=PID,… */
double resident_kb(void);   /* of all of them */
void cpu_mark(double *mark);
/* A mark has MAX_ROLES numbers: CPU seconds since then by GB carried, of each and of all. */
void cpu_print(const double *mark, double gb);

/* ---- socket.c ---- */

struct sockaddr_in;
void address(struct sockaddr_in *out, uint32_t host, int at);
/* A connection to `port`, or -1. */
int dial(int flags);
bool there_and_back(int fd, char *data, size_t len);
/* A connection which has carried a byte there and back; -1 if it did not within `seconds`. */
int dial_echo(double seconds);

/* ---- target.c: the other end, in a thread of its own ---- */

void target_start(void);
uint64_t target_discarded(void); /* bytes that reached its 'd' */

/* ---- bulk.c ---- */

struct bulk {
	bool up;
	int epoll, fd[MAX_STREAMS];
	uint64_t received; /* down: bytes read here */
	char piece[PIECE];
};

void bulk_open(struct bulk *bulk, bool up, int streams);
void bulk_close(struct bulk *bulk);
/* Runs for some seconds; returns how many GB arrived meanwhile. */
double bulk_run(struct bulk *bulk, double seconds);
int rate(bool up, int streams, double seconds);
int volume(double gb, double seconds);
int stall(double seconds);
int after_close(int times);

/* ---- sample.c: latencies ---- */

void sample_add(double seconds);
/* Median, 99 and 99.9 in a hundred, in microseconds. */
void samples_print(void);
/* Median, least and most, in milliseconds. */
void samples_print_ms(void);

/* ---- trip.c: round trips ---- */

int ping(int size, double seconds);
int beside(int size, double seconds);
int during(double seconds, char **command);

/* ---- caller.c: connections ---- */

int conn(int at_once, double seconds, long count);
int hold(int count);

/* ---- start.c ---- */

int first(double t0, double seconds);
int start(int times, char **commands);

#endif
