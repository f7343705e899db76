/* The types that pass between the C front of the SSL_* subset and Go. */
#ifndef SSL_BRIDGE_H
#define SSL_BRIDGE_H

#include "bridge.h"

/* Errors on their way from Go to the thread's queue, innermost first. */
struct ssl_failure {
	bool	 panicked;
	bool	 clear;		/* the queue, before these go there */
	int	 count;
	struct {
		int	 lib;
		int	 number;	/* 0 if the reason tells it */
		char	*reason;	/* malloc'ed, or NULL */
		char	*data;		/* malloc'ed, or NULL */
	} entries[3];
};

/* ssl.Setting */
enum {
	SET_NUM_TICKETS,
	SET_OPTIONS,
	SET_VERIFY_MODE,
	SET_VERIFY_DEPTH,
	SET_POST_HANDSHAKE_AUTH,
	SET_MIN_VERSION,
	SET_MAX_VERSION,
	SET_CACHE_MODE,
	SET_CACHE_SIZE,
	SET_TIMEOUT,
};

/* The settings that aren't numbers. */
enum {
	TEXT_CIPHER_LIST,
	TEXT_CIPHERSUITES,
	TEXT_GROUPS,
	TEXT_SERVER_NAME,
	TEXT_HOST,
	TEXT_IP,
	BYTES_CONTEXT,
	BYTES_ALPN,
};

/* ssl.Callbacks */
enum {
	HAS_SERVER_NAME = 1,
	HAS_ALPN = 2,
	HAS_VERIFY = 4,
	HAS_NEW_SESSION = 8,
};

/* Whom to ask. */
enum {
	SSL_STEP_ASK_SERVER_NAME = STEP_ASK,
	SSL_STEP_ASK_ALPN,
	SSL_STEP_ASK_VERIFY,
	SSL_STEP_ASK_NEW_SESSION,
};

/* A session in the store of an SSL_CTX, newest first. */
struct ssl_stored {
	struct ssl_stored *next;
	struct ssl_stored *prev;
	struct blob	*session;
};

/* ssl.Memory */
struct ssl_memory {
	int64_t		 stats[8];
	struct ssl_stored *stored;
};
struct ssl_stored *ssl_store(struct ssl_memory *, struct blob *); /* NULL if there is no memory */
void	ssl_unstore(struct ssl_memory *, struct ssl_stored *);

/* A child rebuilds a connection from this. */
struct ssl_remains {
	uint64_t ctx;		/* handles */
	uint64_t first;
	uint64_t credentials;
	struct blob *state;
	uint64_t records_in;	/* under the present keys */
	uint64_t records_out;
};

/* ssl.Status */
struct ssl_status {
	int	 version;
	int	 suite;
	bool	 complete;
	bool	 in_init;
	bool	 reused;
	bool	 peer_closed;
	bool	 dead;
	bool	 alerted;
	long	 result;
	int	 auths;
	uint64_t sessions;	/* how often the current session has changed */
};

struct ssl_step {
	struct step	  io;
	unsigned	  callbacks;
	bool		  lost;
	struct ssl_status status;
};

/* C's copy of a session's fields; the pointers are malloc'ed. */
struct ssl_session_view {
	uint8_t	 id[32];
	unsigned id_len;
	int	 version;
	int	 suite;
	unsigned long hint;
	uint8_t	*ticket;
	size_t	 ticket_len;
	char	*hostname;
	char	*alpn;
};

/* ssl.Suite */
struct ssl_cipher_st {
	int	 id;
	int	 bits;
	char	*name;
	char	*standard_name;
	char	*version;
};

#endif
