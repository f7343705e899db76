/*
 * A model of connections: what two ends may answer, whatever is called when and however few bytes their
 * transports move. model.c has the rules; an API to be tested is a table of calls (libtls.c, openssl.c).
 */
#ifndef MODEL_H
#define MODEL_H

#define _GNU_SOURCE
#include <sys/types.h>

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a call answers, whichever API it is of; more than 0 is a count. */
enum {
	OK = 0,			/* of handshake and close */
	END = 0,		/* of read */
	FAILED = -1,
	WANT_IN = -2,
	WANT_OUT = -3,
};

enum { CLIENT, SERVER };

/* One direction: what one end has sent, and what of it the other may have. */
struct way {
	uint8_t	*data;
	size_t	 room;
	size_t	 sent;		/* bytes in data: taken over from the sender */
	size_t	 given;		/* to the receiver, and not yet consumed perhaps */
	size_t	 taken;		/* by the receiver's callback */
	int	 from, to;	/* sockets of the model's own, at the sender and at the receiver; or -1 */
	bool	 cut;		/* the receiver finds the end behind what it was given, the sender nobody */
	bool	 spoilt;	/* a byte was changed */
	size_t	 spoilt_at;

	/* The program's data. */
	uint64_t salt;		/* what they are made of */
	size_t	 written;	/* as told to the sender */
	size_t	 offered;	/* the same, and what a write that wants to be repeated has offered */
	size_t	 read;		/* by the receiver */
	bool	 closing;	/* the sender has called close */
	size_t	 closed_at;	/* where close_notify ends in data, once that is known, or 0 */

	/* Once so many bytes of data are there, so much can be read. */
	struct mark {
		size_t at, written;
	} *marks;
	size_t	 marks_len;
};

/* How an end's stream ended, as far as it was told. */
enum ending { OPEN, CLEAN, TRUNCATED };

struct run;

struct end {
	struct run *run;
	const struct api *api;
	const char *name;
	struct way *in, *out;
	void	*listener;	/* the API's own: a server's, or a client's factory */
	void	*config;
	void	*conn;
	void	*signer;
	int	 session_fd;
	void	*session;

	/* The transport. */
	bool	 callbacks;
	int	 rfd, wfd;
	uint32_t stalls;	/* bit i: call i of a callback in this call wants to be called again, or a signal
				   interrupts call i of the system */
	size_t	 most;		/* that a callback moves at once; 0 is no limit */
	unsigned moves;		/* calls of callbacks in this call */
	int	 said;		/* by the latest of them, or by a system call that a signal interrupts */
	bool	 breaks;	/* the next call of a callback fails, as none does after it */
	bool	 deaf, mute;	/* that was one that reads, that writes */
	bool	 signer_waits;	/* the sign callback wanted to be called again in this call */

	/* What is known. */
	unsigned idle;		/* how many of the latest calls were for nothing */
	bool	 tried;		/* a call might have made the handshake */
	bool	 established;
	bool	 failed;
	bool	 unwritable;	/* writing has failed */
	bool	 closed;
	bool	 updating;	/* a key update, or a request, waits for something to be written */
	bool	 asking;	/* for the peer's certificate */
	size_t	 pending;	/* length of a write to be repeated, or 0 */
	enum ending ending;
	char	 text[256];	/* of the failure */
};

/* Which abilities a connection has; drawn from the seed. */
struct setup {
	bool	 tls12;
	bool	 tickets;
	unsigned num_tickets;
	bool	 client_cert;
	bool	 post_auth;	/* and the server may ask for it at any time */
	bool	 sign[2];	/* by callback */
	bool	 callbacks[2];
	bool	 two_fds;
	bool	 small_buffers;
	bool	 blocking;	/* two threads, each with its end */
	bool	 openssl[2];	/* the API of this end */
	bool	 partial_writes;	/* SSL_MODE_*: of those */
	bool	 no_auto_retry;
};

/* The calls of an API. conn is made by open for every connection, all else once. */
struct api {
	const char *name;
	bool	 strict;	/* ours: keeps more rules than others */
	bool	 sticky;	/* after a failure there are only failures */
	bool	 idles;		/* may want to be called again for nothing, twice in a row */
	bool	 resumes;	/* whenever it may */
	bool	 answers_beside_write;	/* what a peer asks for, while a write is to be repeated */
	bool	 truncation_at_close;	/* read gives END at any end, close tells */
	void	 (*configure)(struct end *);
	void	 (*open)(struct end *);		/* a connection over the end's transport */
	void	 (*drop)(struct end *);		/* the connection; the next is of the same context */
	void	 (*unconfigure)(struct end *);
	int	 (*handshake)(struct end *);
	ssize_t	 (*read)(struct end *, void *, size_t);
	ssize_t	 (*peek)(struct end *, void *, size_t);	/* or NULL */
	ssize_t	 (*write)(struct end *, const void *, size_t);
	int	 (*close)(struct end *);
	int	 (*key_update)(struct end *, bool);	/* or NULL */
	bool	 (*authenticate)(struct end *);		/* or NULL */
	bool	 (*authenticated)(struct end *);
	const char *(*error)(struct end *);
	bool	 (*resumed)(struct end *);
};

extern const struct api libtls, openssl;

struct run {
	uint64_t seed;
	struct setup setup;
	struct end ends[2];
	struct way ways[2];	/* what the client sends, what the server sends */
	int	 connections;
	bool	 clean;		/* the connection before ended well, with its tickets read */
	bool	 verbose;
	unsigned step;
	pid_t	 process;	/* in which the run began */
	jmp_buf	 gone;		/* where it goes when a child has taken over */
};

extern const char *pki;

/* Says what is wrong, and ends the process. */
_Noreturn void flaw(struct run *, const char *, ...) __attribute__((format(printf, 2, 3)));
const char *file(const char *name);
void	 way_put(struct way *, const void *, size_t);
void	 way_collect(struct way *);
void	 way_give(struct way *, size_t);
void	 way_cut(struct way *);
uint8_t	 byte_at(const struct way *, size_t);

/* One step of a run. */
enum kind {
	ESTABLISH, DELIVER, READ, PEEK, WRITE, PILE, HANDSHAKE, CLOSE, CUT, SPOIL, BREAK, KEY_UPDATE, AUTHENTICATE,
	FORK, SETTLE, NEXT, KINDS
};
struct op {
	enum kind kind;
	unsigned who;
	size_t	 n;		/* a size */
	unsigned times;
	uint32_t stalls;
	size_t	 most;
};
void	 op_print(const struct op *);

/* model.c: runs the operations, then brings both ends to an end. */
void	 run_all(uint64_t seed, const struct setup *, const struct op *, size_t, bool verbose);

/* blocking.c: a connection of two threads, by the operations up to the next connection. */
void	 run_blocking(struct run *, const struct op *, size_t);

#endif
