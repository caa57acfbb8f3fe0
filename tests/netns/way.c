#include "way.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OVERTAKERS 3
#define HELD_NS UINT64_C(20000000)
#define NS_A_S UINT64_C(1000000000)
#define SOCKET_ROOM (8 << 20)
/* The longest that an interface hands on in one piece, with its header. */
#define FRAME_MAX (sizeof(struct virtio_net_hdr) + ETH_HLEN + 65536)

/* `bytes` begin with the kernel's note on what is left to do for it, as checksums: it goes out with the frame as it came. */
struct frame {
	uint64_t due_ns, number;
	size_t len;
	uint8_t bytes[];
};

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_A_S + (uint64_t)ts.tv_nsec;
}

/* ---- the heap of what is on the way ---- */

static bool
before(const struct frame *a, const struct frame *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void
heap_put(struct way *way, struct frame *frame)
{
	size_t i = way->waiting_count++;

	for (; i > 0 && before(frame, way->waiting[(i - 1) / 2]); i = (i - 1) / 2)
		way->waiting[i] = way->waiting[(i - 1) / 2];
	way->waiting[i] = frame;
}

static struct frame *
heap_take(struct way *way)
{
	struct frame *first = way->waiting[0], *last = way->waiting[--way->waiting_count];
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < way->waiting_count; i = child) {
		if (child + 1 < way->waiting_count && before(way->waiting[child + 1], way->waiting[child]))
			child++;
		if (before(last, way->waiting[child]))
			break;
		way->waiting[i] = way->waiting[child];
	}
	way->waiting[i] = last;
	return first;
}

/* ---- what becomes of a frame ---- */

/* From 0 to below 1 (splitmix64). */
static double
draw(struct way *way)
{
	uint64_t z = way->chance += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* It goes its way, and arrives behind all that went before it. */
static void
put(struct way *way, struct frame *frame, uint64_t now, uint64_t jitter_ns)
{
	const struct conditions *c = &way->conditions;
	uint64_t at = now;

	if (c->rate) {
		at = way->free_ns > now ? way->free_ns : now;
		if (at - now > c->queue_ns) {
			way->counts.full++;
			free(frame);
			return;
		}
		at += (frame->len - sizeof(struct virtio_net_hdr)) * 8 * NS_A_S / c->rate;
		way->free_ns = at;
	}
	at += c->delay_ns + jitter_ns;
	if (at < way->last_ns)
		at = way->last_ns;
	way->last_ns = at;
	frame->due_ns = at;
	frame->number = way->number++;
	heap_put(way, frame);
}

static void
held_release(struct way *way, uint64_t now)
{
	struct frame *frame = way->held;

	way->held = NULL;
	if (frame)
		put(way, frame, now, 0);
}

static struct frame *
frame_new(const uint8_t *bytes, size_t len)
{
	struct frame *frame = malloc(sizeof *frame + len);

	if (!frame)
		return NULL;
	frame->len = len;
	memcpy(frame->bytes, bytes, len);
	return frame;
}

static void
arrive(struct way *way, const uint8_t *bytes, size_t len, uint64_t now)
{
	const struct conditions *c = &way->conditions;
	bool lost = draw(way) < c->loss, twice = draw(way) < c->duplicate, late = draw(way) < c->reorder;
	uint64_t jitter_ns = (uint64_t)(draw(way) * (double)c->jitter_ns);

	way->counts.came++;
	way->counts.lost += lost || c->cut;
	if (lost || c->cut)
		return;
	way->counts.twice += twice;
	for (int copies = twice ? 2 : 1; copies > 0; copies--) {
		struct frame *frame = way->waiting_count < FRAMES_MAX ? frame_new(bytes, len) : NULL;

		if (!frame) {
			way->counts.full++;
		} else if (late && !way->held) {
			way->counts.overtaken++;
			way->held = frame;
			way->held_left = OVERTAKERS + 1; /* itself is the first */
			way->held_until_ns = now + HELD_NS;
		} else {
			put(way, frame, now, jitter_ns);
		}
	}
	if (way->held && --way->held_left == 0)
		held_release(way, now);
}

/* ---- in and out ---- */

/* Frames longer than the other interface's MTU are lost there, as on a wire whose ends do not agree. */
static void
send_some(struct way *way, struct mmsghdr *batch, unsigned count)
{
	for (unsigned sent = 0; sent < count;) {
		int n = sendmmsg(way->out, batch + sent, count - sent, 0);

		if (n > 0)
			way->counts.went += (uint64_t)n;
		else if (errno == EINTR || errno == ENOBUFS)
			continue;
		sent += n > 0 ? (unsigned)n : 1;
	}
}

static void
send_due(struct way *way, uint64_t now)
{
	struct frame *frames[BATCH];
	struct iovec pieces[BATCH];
	struct mmsghdr batch[BATCH];
	unsigned count;

	do {
		count = 0;
		while (count < BATCH && way->waiting_count > 0 && way->waiting[0]->due_ns <= now) {
			frames[count] = heap_take(way);
			pieces[count] = (struct iovec){ frames[count]->bytes, frames[count]->len };
			batch[count] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &pieces[count], .msg_iovlen = 1 } };
			count++;
		}
		send_some(way, batch, count);
		for (unsigned i = 0; i < count; i++)
			free(frames[i]);
	} while (count == BATCH);
}

/* When something is to be done although nothing comes. */
static bool
next_ns(struct way *way, uint64_t *at)
{
	bool any = way->waiting_count > 0;

	if (any)
		*at = way->waiting[0]->due_ns;
	if (way->held && (!any || way->held_until_ns < *at)) {
		*at = way->held_until_ns;
		any = true;
	}
	return any;
}

static void
await(struct way *way)
{
	struct pollfd fds[] = { { .fd = way->in, .events = POLLIN }, { .fd = way->wake, .events = POLLIN } };
	struct timespec left = { 0 };
	uint64_t at = 0, now = now_ns(), woken;
	bool any;

	pthread_mutex_lock(&way->lock);
	any = next_ns(way, &at);
	pthread_mutex_unlock(&way->lock);
	if (any && at > now)
		left = (struct timespec){ (time_t)((at - now) / NS_A_S), (long)((at - now) % NS_A_S) };
	if (ppoll(fds, 2, any ? &left : NULL, NULL) > 0 && fds[1].revents && read(way->wake, &woken, sizeof woken) < 0)
		abort();
}

static void *
way_run(void *arg)
{
	struct way *way = arg;
	struct iovec pieces[BATCH];
	struct mmsghdr batch[BATCH];
	uint8_t *room = malloc(BATCH * FRAME_MAX);

	if (!room)
		abort();
	for (int i = 0; i < BATCH; i++) {
		pieces[i] = (struct iovec){ room + (size_t)i * FRAME_MAX, FRAME_MAX };
		batch[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &pieces[i], .msg_iovlen = 1 } };
	}
	for (;;) {
		int count;
		uint64_t now;

		await(way);
		count = recvmmsg(way->in, batch, BATCH, MSG_DONTWAIT, NULL);
		pthread_mutex_lock(&way->lock);
		now = now_ns();
		for (int i = 0; i < count; i++)
			arrive(way, pieces[i].iov_base, batch[i].msg_len, now);
		if (way->held && way->held_until_ns <= now)
			held_release(way, now);
		send_due(way, now);
		pthread_mutex_unlock(&way->lock);
	}
	return NULL;
}

/* ---- from outside ---- */

int
way_socket(const char *interface)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	int one = 1, size = SOCKET_ROOM, fd;

	if (!at.sll_ifindex)
		return -1;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* what does not fit is lost; root of a namespace may not have more than the system's limit */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) ||
	    bind(fd, (struct sockaddr *)&at, sizeof at)) {
		close(fd);
		return -1;
	}
	return fd;
}

int
way_start(struct way *way, int in, int out, uint64_t salt)
{
	pthread_t thread;

	*way = (struct way){ .in = in, .out = out, .salt = salt, .chance = salt, .conditions = { .cut = true } };
	way->waiting = calloc(FRAMES_MAX + 2, sizeof(struct frame *)); /* and one that was held, twice */
	way->wake = eventfd(0, EFD_CLOEXEC);
	if (!way->waiting || way->wake < 0)
		return ENOMEM;
	pthread_mutex_init(&way->lock, NULL);
	return pthread_create(&thread, NULL, way_run, way);
}

static void
clear(struct way *way)
{
	way->counts.lost += way->waiting_count;
	while (way->waiting_count > 0)
		free(way->waiting[--way->waiting_count]);
	way->last_ns = 0;
}

void
way_set(struct way *way, const struct conditions *conditions)
{
	uint64_t one = 1;

	pthread_mutex_lock(&way->lock);
	way->conditions = *conditions;
	way->free_ns = 0;
	if (conditions->seed)
		way->chance = conditions->seed + way->salt;
	held_release(way, now_ns());
	if (conditions->cut)
		clear(way);
	pthread_mutex_unlock(&way->lock);
	if (write(way->wake, &one, sizeof one) < 0)
		abort();
}

struct way_counts
way_counts(struct way *way)
{
	struct way_counts counts;

	pthread_mutex_lock(&way->lock);
	counts = way->counts;
	pthread_mutex_unlock(&way->lock);
	return counts;
}
