/*
 * A small harness for tests of libtls: plain C on tls.h alone, so that the same tests run against
 * any libtls. Each test runs in a process of its own; see main() in harness.c.
 */
#ifndef HARNESS_H
#define HARNESS_H

#define _GNU_SOURCE
#include <sys/types.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

/* What a test or a difference is about; one of them is tested in each run. */
enum protocols {
	TLS12 = TLS_PROTOCOL_TLSv1_2,
	TLS13 = TLS_PROTOCOL_TLSv1_3,
	BOTH = TLS12 | TLS13
};

#include "differences.h"

/* The longest a test may take; valgrind needs most of it. */
#define TEST_SECONDS 120

/* The protocol that is tested. */

int tls12(void);
const char *version(void);	/* as tls_conn_version tells it */
const char *aes128(void);	/* suites for the key pair "server" */
const char *aes256(void);
const char *chacha20(void);

/* Tests. Those of one protocol are not there when the other is tested. */

struct test {
	const char *name;
	const char *file;
	void (*run)(void);
	enum protocols protocols;
	struct test *next;
};

void test_register(struct test *);

#define TEST(name)	TEST_OF(name, BOTH)
#define TEST12(name)	TEST_OF(name, TLS12)
#define TEST13(name)	TEST_OF(name, TLS13)
#define TEST_OF(name, protocols)					\
	static void test_##name(void);					\
	__attribute__((constructor)) static void register_##name(void)	\
	{								\
		static struct test t = { #name, __FILE__, test_##name, protocols, NULL }; \
		test_register(&t);					\
	}								\
	static void test_##name(void)

/*
 * Whether the library under test is ours, or is free of the given difference. LACKS() says in a
 * condition that the library cannot do what follows; NEEDS() leaves the test, which then counts
 * as left out, with its reason.
 */
int lacks(enum difference);
void leave(enum difference);
#define LACKS(d) lacks(d)
#define NEEDS(d) do { if (lacks(d)) { leave(d); return; } } while (0)

/* Checks. CHECK notes a failure and goes on, REQUIRE ends the test. */

int check_true(const char *file, int line, int ok, const char *expression);
int check_int(const char *file, int line, const char *expression, long long got, long long want);
int check_str(const char *file, int line, const char *expression, const char *got, const char *want);
int check_like(const char *file, int line, const char *expression, const char *got, ...);
void check_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void check_stop(void);

#define CHECK(e)		check_true(__FILE__, __LINE__, !!(e), #e)
#define CHECK_INT(e, want)	check_int(__FILE__, __LINE__, #e, (e), (want))
#define CHECK_STR(e, want)	check_str(__FILE__, __LINE__, #e, (e), (want))
/* CHECK_LIKE compares with shell patterns; one of them has to match. */
#define CHECK_LIKE(e, ...)	check_like(__FILE__, __LINE__, #e, (e), __VA_ARGS__, (char *)NULL)
#define REQUIRE(e)		do { if (!CHECK(e)) check_stop(); } while (0)
#define REQUIRE_OK(ctx, e)	do { if (!CHECK_INT(e, 0)) { check_note("%s", tls_error(ctx)); check_stop(); } } while (0)
#define CONFIG_OK(config, e)	do { if (!CHECK_INT(e, 0)) { check_note("%s", tls_config_error(config)); check_stop(); } } while (0)

/* Files. */

const char *pki(const char *name);		/* path of a file made by tests/pki; good for eight calls */
const char *scratch(const char *name);		/* path in a directory of this run's own; likewise */
uint8_t *pki_bytes(const char *name, size_t *len);	/* tls_unload_file()d by the caller */
void write_file(const char *path, const void *content, size_t len);
int session_file(const char *name);		/* an empty scratch file, open, good for tls_config_set_session_fd */
size_t read_file(const char *path, char *buf, size_t size);	/* NUL-terminated */
long process_size(const char *what);		/* a line of /proc/self/status, in kB */

/* Configurations: of the protocol, with the test's CA, and with a key pair NAME.pem and NAME.key. */

struct tls_config *plain_config(void);		/* the protocol alone */
struct tls_config *client_config(void);
struct tls_config *server_config(const char *name);
void use_keypair(struct tls_config *, const char *name);

/* One direction of a connection in memory. */

struct wire {
	uint8_t *data;
	size_t len;		/* written by one end */
	size_t ready;		/* released to the other end */
	size_t taken;		/* read by it */
	int closed;		/* no more will come */
};

void wire_put(struct wire *, const void *, size_t);
void wire_release(struct wire *);			/* everything that was written */
size_t wire_record(const struct wire *, size_t at);	/* size of the whole record that starts there, or 0 */
/* The body of the first handshake message of this type in the clear, good until the next call, or NULL. */
const uint8_t *wire_message(const struct wire *, int type);
void wire_free(struct wire *);

/* One end's callbacks and how they behave. */

struct end {
	struct wire *in, *out;
	size_t most;		/* bytes moved by one call; 0 is no limit */
	int stutter;		/* every other call wants to be called again */
	int hold;		/* what is written is not released by itself */
	int fail_read;		/* returned once instead of reading, when not 0 */
	int fail_write;
	int blocked;		/* writes want to be called again */
	unsigned reads, writes;
	size_t asked;		/* the longest read asked for */
	struct tls *ctx;	/* the context the callbacks were called with */
};

ssize_t end_read(struct tls *, void *, size_t, void *);
ssize_t end_write(struct tls *, const void *, size_t, void *);

/* A client and a server joined in one process, both non-blocking. */

struct pair {
	struct tls *listener, *client, *server;
	int client_fd, server_fd;		/* sockets, or -1 */
	struct wire up, down;			/* the client's bytes, the server's bytes */
	struct end client_end, server_end;
	int client_rc, server_rc;		/* results of the handshake */
};

/* The configurations may be freed when these return. A NULL name is given to the library as it is. */
struct pair *pair_sockets(struct tls_config *client, struct tls_config *server, const char *name);
struct pair *pair_wires(struct tls_config *client, struct tls_config *server, const char *name);
int pair_handshake(struct pair *);		/* 0 when both ends are done, else -1 */
void pair_established(struct pair *);		/* pair_handshake(), required */
void pair_hangup(struct pair *, struct tls *);	/* one end's transport closes, as if its program had gone */
void pair_close(struct pair *);			/* tls_close() on both ends, checked */
void pair_free(struct pair *);

/* A listener that serves wires or sockets once more, for tests of resumption. */
struct pair *pair_again(struct tls *listener, struct tls_config *client, const char *name);
void pair_keep_listener(struct pair *);		/* pair_free() leaves it alone */

/* Sends len bytes in writes of at most chunk, reads and compares them on the other side. */
void transfer(struct tls *from, struct tls *to, size_t len, size_t chunk);
/* One tls_read that waits while the library wants input or output, at most as often as that makes sense. */
ssize_t read_some(struct tls *, void *, size_t);
/* Reads until nothing more comes; the tickets that lie waiting are taken in. */
void drain(struct tls *);
void say(struct tls *from, struct tls *to, const char *text);	/* text arrives */
/* A connection over sockets, with data in both directions, from its beginning to its end. */
void whole_connection(struct tls_config *client, struct tls_config *server);
void fresh_connection(void);			/* with new configurations */

void no_blocking(int fd);
void socket_pair(int fd[2]);			/* blocking */
int listen_local(char port[8]);			/* a socket that listens on 127.0.0.1 */

/* A program on the other side: a child process, whose failed checks are the test's. */
pid_t spawn(void (*run)(void *), void *arg);
void reap(pid_t);

#endif
