#define _GNU_SOURCE 1 /* recvmmsg, sendmmsg */
#include "socket.h"

#include "asked.h"
#include "quic.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

/* Batches that are read before others get their turn. */
#define READ_TURNS 4
/* Messages of 64 KiB come as 133 datagrams at once; the kernel gives what it may (net.core.rmem_max). */
#define RECEIVE_BUFFER (4 * 1024 * 1024)

/* A message of which the kernel has not taken all. */
struct outgoing {
	struct outgoing *next;
	struct pst_buf message;
	struct sockaddr_storage to; /* AF_UNSPEC: whom the socket is connected to */
	struct sockaddr_storage from; /* AF_UNSPEC: as the kernel chooses */
	uint16_t number;
	uint16_t offset; /* of the first part that is left */
};

static socklen_t
address_len(const struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* ---- reading ---- */

static void
datagram_came(struct socket *s, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len)
{
	struct assembled whole;
	struct datagram d;

	if (s->events->quic && quic_is(bytes, len))
		s->dropped += !s->events->quic(s, from, bytes, len);
	else if (datagram_read(&d, bytes, len) ||
	    peers_take(&s->peers, from, pst_now_ms(s->env), &d, &whole))
		s->dropped++;
	else if (whole.len)
		s->events->message(s, from, &whole);
}

/* What came at once: one datagram, or several of a length, of which the last may be shorter. */
static void
train_came(struct socket *s, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len, size_t segment)
{
	for (size_t n; len && !s->closing; bytes += n, len -= n) {
		n = len < segment ? len : segment;
		if (n > SOCKET_DATAGRAM_MAX)
			s->dropped++;
		else
			datagram_came(s, from, bytes, n);
	}
}

/* As many as there are, at most a batch; negative errno. */
static int
batch_read(struct socket *s)
{
	struct mmsghdr batch[SOCKET_BATCH] = { 0 };
	struct iovec iov[SOCKET_BATCH];
	struct sockaddr_storage from[SOCKET_BATCH];
	_Alignas(struct cmsghdr) uint8_t control[SOCKET_BATCH][ASKED_ROOM + TRAIN_ROOM];
	int n;

	for (size_t i = 0; i < SOCKET_BATCH; i++) {
		iov[i] = (struct iovec){ s->scratch->bytes[i], SOCKET_TRAIN_MAX };
		memset(&from[i], 0, sizeof from[i]);
		batch[i].msg_hdr.msg_name = &from[i];
		batch[i].msg_hdr.msg_namelen = sizeof from[i];
		batch[i].msg_hdr.msg_iov = &iov[i];
		batch[i].msg_hdr.msg_iovlen = 1;
		batch[i].msg_hdr.msg_control = control[i];
		batch[i].msg_hdr.msg_controllen = sizeof control[i];
	}
	n = recvmmsg(s->fd, batch, SOCKET_BATCH, 0, NULL);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n && !s->closing; i++) {
		pst_pool_count_read(pst_env_pool(s->env), batch[i].msg_len);
		s->asked = s->ours;
		asked_read(&s->asked, &batch[i].msg_hdr);
		if (batch[i].msg_hdr.msg_flags & MSG_TRUNC)
			s->dropped++;
		else
			train_came(s, &from[i], s->scratch->bytes[i], batch[i].msg_len,
			    train_segment(&batch[i].msg_hdr, batch[i].msg_len));
	}
	return n;
}

/* ---- writing ---- */

/* The next parts of a message; how many the kernel took, or negative errno. */
static int
batch_write(struct socket *s, const struct outgoing *o)
{
	size_t len = pst_buf_len(&o->message), count = datagram_count(len) - o->offset;
	uint8_t heads[SOCKET_BATCH][DATAGRAM_HEAD_MAX];
	struct mmsghdr batch[SOCKET_BATCH] = { 0 };
	struct iovec iov[SOCKET_BATCH][2];
	_Alignas(struct cmsghdr) uint8_t control[ASKED_ROOM];
	struct msghdr from = { .msg_control = control };
	unsigned n = count < SOCKET_BATCH ? (unsigned)count : SOCKET_BATCH;
	int sent;

	asked_put(&from, &o->from);
	for (unsigned i = 0; i < n; i++) {
		struct datagram d =
		    datagram_split(o->message.start, len, o->number, (uint16_t)(o->offset + i));

		iov[i][0] = (struct iovec){ heads[i], datagram_head(heads[i], &d) };
		iov[i][1] = (struct iovec){ (void *)d.part, d.len };
		batch[i].msg_hdr.msg_iov = iov[i];
		batch[i].msg_hdr.msg_iovlen = 2;
		if (o->to.ss_family != AF_UNSPEC) {
			batch[i].msg_hdr.msg_name = (void *)&o->to;
			batch[i].msg_hdr.msg_namelen = address_len(&o->to);
		}
		batch[i].msg_hdr.msg_control = from.msg_control;
		batch[i].msg_hdr.msg_controllen = from.msg_controllen;
	}
	sent = sendmmsg(s->fd, batch, n, 0);
	return sent < 0 ? -errno : sent;
}

/* PST_OK: all of it is gone; -EAGAIN: the kernel takes no more now; else the rest is lost. */
static int
outgoing_write(struct socket *s, struct outgoing *o)
{
	size_t count = datagram_count(pst_buf_len(&o->message));

	while (o->offset < count) {
		int n = batch_write(s, o);

		if (n < 0 && n != -EINTR)
			return n;
		o->offset = (uint16_t)(o->offset + (n > 0 ? n : 0));
	}
	return PST_OK;
}

static void socket_ready(uv_poll_t *poll, int status, int events);

static void
poll_update(struct socket *s)
{
	uv_poll_start(&s->poll, UV_READABLE | (s->first || s->wanted ? UV_WRITABLE : 0), socket_ready);
}

static void
first_drop(struct socket *s)
{
	struct outgoing *o = s->first;

	s->first = o->next;
	if (!s->first)
		s->last = &s->first;
	pst_buf_free(&o->message);
	free(o);
}

static void
waiting_write(struct socket *s)
{
	while (s->first && outgoing_write(s, s->first) != -EAGAIN)
		first_drop(s);
	if (s->wanted && !s->first) {
		s->wanted = false;
		s->events->writable(s);
	}
	if (!s->first && !s->closing)
		poll_update(s);
}

static int
outgoing_keep(struct socket *s, const struct outgoing *left)
{
	struct outgoing *o = malloc(sizeof *o);

	if (!o)
		return -ENOMEM;
	*o = *left;
	o->next = NULL;
	*s->last = o;
	s->last = &o->next;
	if (s->first == o)
		poll_update(s);
	return PST_OK;
}

int
socket_send(struct socket *s, const struct sockaddr_storage *to, const struct sockaddr_storage *from,
    uint16_t number, struct pst_buf *message)
{
	struct outgoing o = { .message = pst_buf_take(message), .number = number };
	int rc = s->closing                                ? PST_E_CLOSED
	         : datagram_count(pst_buf_len(&o.message)) ? -EAGAIN
	                                                   : PST_E_LIMIT;

	if (to)
		o.to = *to;
	if (from)
		o.from = *from;
	if (rc == -EAGAIN && !s->first)
		rc = outgoing_write(s, &o);
	if (rc == -EAGAIN) {
		rc = outgoing_keep(s, &o);
		if (!rc)
			return PST_OK;
	}
	pst_buf_free(&o.message);
	return rc;
}

int
socket_train(struct socket *s, struct train *train)
{
	int rc = s->closing ? PST_E_CLOSED : train_send(train, s->fd, s->connected, &s->cuts);

	if (rc == -EAGAIN && !s->wanted) {
		s->wanted = true;
		poll_update(s);
	}
	return rc;
}

/* ---- life ---- */

static void
socket_ready(uv_poll_t *poll, int status, int events)
{
	struct socket *s = pst_container_of(poll, struct socket, poll);
	int n = SOCKET_BATCH;

	if (status) /* libuv polls no more after an error, which a send may have fetched already */
		poll_update(s);
	else if (events & UV_WRITABLE)
		waiting_write(s);
	if (status || events & UV_READABLE)
		for (int turn = 0; turn < READ_TURNS && n == SOCKET_BATCH && !s->closing; turn++)
			n = batch_read(s);
	/* what an ICMP said is told once, and only where it can be of nobody else */
	if (n < 0 && n != -EAGAIN && n != -EINTR && s->connected && !s->closing)
		s->events->failed(s, n);
}

static int
fd_open(struct socket *s, const struct sockaddr_storage *bound, const struct sockaddr_storage *peer)
{
	const struct sockaddr_storage *sa = bound ? bound : peer;
	int on = 1, size = RECEIVE_BUFFER;

	s->fd = socket(sa->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	train_want(s->fd);
	/* a path that does not even carry the shortest of QUIC's first datagrams is slow, but not cut off */
	train_splits(s->fd, sa->ss_family, true);
	if (bound && sa->ss_family == AF_INET6 &&
	    setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on))
		return -errno;
	if (bound && asked_want(s->fd, bound))
		return -errno;
	if ((bound ? bind : connect)(s->fd, (const struct sockaddr *)sa, address_len(sa)))
		return -errno;
	memset(&s->ours, 0, sizeof s->ours);
	if (getsockname(s->fd, (struct sockaddr *)&s->ours, &(socklen_t){ sizeof s->ours }))
		return -errno;
	return PST_OK;
}

int
socket_open(struct socket *s, const struct sockaddr_storage *bound, const struct sockaddr_storage *peer)
{
	int rc = fd_open(s, bound, peer);

	s->connected = peer != NULL;
	s->cuts = true;
	s->last = &s->first;
	if (!rc)
		rc = uv_poll_init(pst_env_loop(s->env), &s->poll, s->fd);
	if (rc) {
		if (s->fd >= 0)
			close(s->fd);
		return rc;
	}
	poll_update(s);
	return PST_OK;
}

/* The other becomes this one, by the same number, so that nobody else need know. */
static bool
become(struct socket *s, struct socket *now)
{
	bool done;

	uv_poll_stop(&s->poll);
	done = dup3(now->fd, s->fd, O_CLOEXEC) >= 0;
	getsockname(s->fd, (struct sockaddr *)&s->ours, &(socklen_t){ sizeof s->ours });
	poll_update(s);
	return done;
}

bool
socket_turn(struct socket *s, const struct sockaddr_storage *peer)
{
	struct socket now = { .fd = -1 };
	bool done = !s->closing && !fd_open(&now, NULL, peer) && become(s, &now);

	if (now.fd >= 0)
		close(now.fd);
	return done;
}

bool
socket_moves(struct socket *s)
{
	struct socket now = { .fd = -1 };
	struct sockaddr_storage peer = { 0 };
	bool moves = false;

	if (s->closing || getpeername(s->fd, (struct sockaddr *)&peer, &(socklen_t){ sizeof peer }))
		return false;
	if (!fd_open(&now, NULL, &peer)) {
		/* the port is another one anyway */
		((struct sockaddr_in *)&now.ours)->sin_port = ((struct sockaddr_in *)&s->ours)->sin_port;
		moves = peers_order(&now.ours, &s->ours) != 0;
	}
	moves = moves && become(s, &now);
	if (now.fd >= 0)
		close(now.fd);
	return moves;
}

static void
poll_closed(uv_handle_t *handle)
{
	struct socket *s = pst_container_of(handle, struct socket, poll);

	close(s->fd);
	s->events->closed(s);
}

void
socket_close(struct socket *s)
{
	s->closing = true;
	while (s->first)
		first_drop(s);
	peers_fini(&s->peers);
	uv_close((uv_handle_t *)&s->poll, poll_closed);
}
