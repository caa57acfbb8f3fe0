/*
 * A link over a pipe: what the transports have in common that lose nothing, by TCP,
 * Unix sockets, WebSockets and QUIC. It makes a stream's frames (stream.h) messages of the
 * link's gate, and messages to the gate frames, without copying a payload or
 * allocating anything; it keeps the limits, and ends all in the right order.
 *
 * A transport embeds a struct pst_stream_links in its section's object and a
 * struct pst_stream_link in each of its links. What differs is its own:
 * listening, whom to accept, how to connect, the options of a socket.
 *
 *     accepting:   init ─► take ─► enter ─► up ────► end ─► gone
 *     connecting:  init ─► take ─► connected ─► … ─► end ─► gone
 */
#ifndef POSTERN_STREAM_LINK_H
#define POSTERN_STREAM_LINK_H

#include <postern/hosts.h>
#include <postern/quiet.h>
#include <postern/stream.h>
#include <postern/told.h>
#include <postern/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_stream_link;

/* All links of one section. The transport sets what stands first. */
struct pst_stream_links {
	struct pst_env *env;
	const struct pst_log *log;     /* the section's */
	const struct pst_list *expose; /* what peers without a channel reach; a last * matches any rest */
	/* Bounds of a frame, and of bytes read and not yet passed on: of admitted
	 * peers, and of all others. unknown_window 0: whoever has a link is admitted. */
	uint64_t max_frame, window;
	uint64_t unknown_max_frame, unknown_window;
	/* Of links that nobody has admitted: so many from one host, and so long without a
	 * message to a worker. */
	int64_t unknown_links;
	uint64_t unknown_idle_ms;
	bool bare; /* messages are in BARE, not in CBOR (route.h) */
	/* A link ends: stop what is under way for it. May be NULL. */
	void (*ending)(struct pst_stream_link *link);
	/* It has left the list, and nothing points to it: free its memory. */
	void (*gone)(struct pst_stream_link *link);

	/* the rest is the core's; all zero at first */
	struct pst_stream_link *first;
	int64_t accepted;        /* how many of them */
	struct pst_hosts hosts;  /* of strangers: accepted, and not admitted */
	struct pst_quiets quiet; /* those that are up, and the only ones that make way; where none is a stranger, all */
	struct pst_rate refused; /* lines about what peers do wrong, */
	struct pst_rate strange, known; /* and about the accepted links of strangers, and of the others */
	struct pst_told told;    /* of those that we connect to */
};

struct pst_stream_link {
	struct pst_link link;
	struct pst_stream_links *links;
	struct pst_stream_link *next, **prev;
	struct pst_pipe *pipe; /* NULL until it is open */
	struct pst_stream stream;
	bool accepted, up, ended, told; /* told: the log has it */
	unsigned holds;
	uint64_t started_ms;
	struct pst_host *host;
	struct pst_quiet quiet; /* heard: opened, or the last message that reached a worker */
	/* Of who connected, set by the transport once connecting is under way;
	 * NULL for accepted links. */
	const struct pst_link_events *events;
	void *arg;
	struct pst_log log;
	struct pst_field fields[2];
};

/* Once, when what stands first is set. */
PST_API void pst_stream_links_init(struct pst_stream_links *links);

/* Begin with zeroed memory. peer_name lives as long as the link, and may be
 * filled in later. From here on end() lets go of it. */
PST_API void pst_stream_link_init(struct pst_stream_link *link, struct pst_stream_links *links,
    const char *peer_name, bool accepted);
/*
 * Who has connected comes from there. After an error, end() it: PST_E_LIMIT, when there are as many
 * strangers of that host as may be, or the node's memory is full; -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_stream_link_enter(struct pst_stream_link *link, const struct sockaddr_storage *from);
/* The pipe is open, and the link's to close: at once if the link has ended. */
PST_API void pst_stream_link_take(struct pst_stream_link *link, struct pst_pipe *pipe);
/* The pipe is connected: open the gate and begin to read. After an error, end() it. */
PST_API PST_MUST_CHECK int pst_stream_link_up(struct pst_stream_link *link);
/* Connecting has come to rc: up() and its event, or end(). Nothing when it has ended. */
PST_API void pst_stream_link_connected(struct pst_stream_link *link, int rc);
/* Close the gate, then the pipe; the events, if any, learn rc. Once; the
 * link may be gone after it. */
PST_API void pst_stream_link_end(struct pst_stream_link *link, int rc);
/* The same for one that could not be accepted: the log says why. */
PST_API void pst_stream_link_refuse(struct pst_stream_link *link, int rc);
/*
 * There are as many accepted links as may be, and one more has come: the one
 * that has been quiet longest makes way, so that who holds many and says
 * nothing keeps nobody out. Of strangers, where these are told
 * apart (unknown_window). False when there is none.
 */
PST_API bool pst_stream_links_make_way(struct pst_stream_links *links);
/* Something of the transport's points to the link: it is not gone before the release. */
PST_API void pst_stream_link_hold(struct pst_stream_link *link);
PST_API void pst_stream_link_release(struct pst_stream_link *link);
/* The transport's op: end without an event. */
PST_API void pst_stream_link_close(struct pst_link **link);
/* End all. */
PST_API void pst_stream_links_end(struct pst_stream_links *links);

#ifdef __cplusplus
}
#endif
#endif
