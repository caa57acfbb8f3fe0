/* The target of an exchange: does what each connection asks, a thread each. */
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange.h"

#define MAX_KEPT 4096

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	uint64_t count;
	struct { uint64_t id, came; } at[MAX_KEPT];
} kept = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, { { 0, 0 } } };

static void
keep(uint64_t id, uint64_t came)
{
	pthread_mutex_lock(&kept.lock);
	kept.at[kept.count % MAX_KEPT].id = id;
	kept.at[kept.count++ % MAX_KEPT].came = came;
	pthread_cond_broadcast(&kept.more);
	pthread_mutex_unlock(&kept.lock);
}

/* What was kept under an id; waits for it. */
static uint64_t
kept_find(uint64_t id)
{
	uint64_t i = 0, came;

	pthread_mutex_lock(&kept.lock);
	while (kept.at[i].id != id) {
		if (++i < kept.count && i < MAX_KEPT)
			continue;
		pthread_cond_wait(&kept.more, &kept.lock);
		i = 0;
	}
	came = kept.at[i].came;
	pthread_mutex_unlock(&kept.lock);
	return came;
}

static bool
take_turns(struct bytes *up, struct bytes *down, uint64_t turns)
{
	for (; turns > 0; turns--, up->seed++, down->seed++) {
		if (bytes_receive(up) != up->size)
			return false;
		bytes_send(down);
	}
	return true;
}

/* Does what is asked. Whether the connection goes on. */
static bool
serve_request(int fd, const struct request *r)
{
	struct bytes up = { fd, r->id, r->size }, down = { fd, ~r->id, r->size };
	uint64_t came;
	bool right;

	switch (r->what) {
	case BOTH:
		right = bytes_both_ways(&down, &up);
		return send_all(fd, right ? "+" : "-", 1);
	case TURNS:
		return take_turns(&up, &down, r->turns);
	case TARGET_ENDS:
		bytes_send(&down);
		return false;
	case CLIENT_ENDS:
		came = bytes_receive(&up);
		keep(r->id, ended(fd) ? came : UINT64_MAX);
		return false;
	case ASK:
		came = kept_find(r->id);
		send_all(fd, &came, sizeof came);
		return false;
	case HALF:
		if (bytes_receive(&up) == up.size && ended(fd))
			bytes_send(&down);
		return false;
	default:
		return false;
	}
}

static void *
serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct request r;

	nodelay(fd);
	while (recv(fd, &r, sizeof r, MSG_WAITALL) == sizeof r && serve_request(fd, &r))
		;
	close(fd);
	return NULL;
}

int
target_serve(int port)
{
	struct sockaddr_in at = loopback(port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t thread;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, MAX_ATONCE))
		return -1;
	for (;;) {
		int conn = accept(fd, NULL, NULL);

		if (conn < 0)
			continue;
		if (pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)conn))
			close(conn);
		else
			pthread_detach(thread);
	}
}
