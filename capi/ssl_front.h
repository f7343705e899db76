/* Declarations that the files of the SSL_* subset's front share. */
#ifndef SSL_FRONT_H
#define SSL_FRONT_H

#include <stdatomic.h>

/* Which defines the functions under the names of names.h. */
#include "../compat/openssl/ssl.h"

#include "fork.h"
#include "front.h"
#include "ssl_bridge.h"

struct ssl_method_st {
	bool client;
	bool server;
};

/* Pointers of the program's, by index. */
struct ex_data {
	void	**slots;
	int	  len;
};

struct X509_VERIFY_PARAM_st {
	SSL_CTX *ctx;
};

struct X509_name_st {
	char *oneline;
};

struct x509_st {
	atomic_int	 refs;
	X509_NAME	 subject;
	X509_NAME	 issuer;
};

struct ssl_session_st {
	atomic_int	 refs;
	struct object	 object;	/* an ssl.Session */
	struct ssl_session_view view;
	_Atomic(X509 *)	 peer;
};

typedef int (*servername_cb)(SSL *, int *, void *);
typedef int (*new_session_cb)(SSL *, SSL_SESSION *);
typedef void (*remove_session_cb)(SSL_CTX *, SSL_SESSION *);

struct ssl_ctx_st {
	atomic_int	 refs;
	struct object	 object;	/* an ssl.Context */
	bool		 broken;	/* a setting is lost */
	struct ssl_memory memory;
	const SSL_METHOD *method;
	long		 mode;
	SSL_verify_cb	 verify;
	servername_cb	 servername;
	void		*servername_arg;
	SSL_CTX_alpn_select_cb_func alpn_select;
	void		*alpn_arg;
	new_session_cb	 new_session;
	remove_session_cb remove_session;
	X509_VERIFY_PARAM param;
	struct ex_data	 ex;
};

enum role {
	NO_ROLE,
	ROLE_CLIENT,
	ROLE_SERVER,
};

struct ssl_st {
	atomic_int	 refs;
	struct line	 line;		/* its object is an ssl.Conn */
	bool		 broken;	/* Go panicked, or a setting is lost */
	struct blob	*snapshot;	/* of ctx when its credentials were taken */
	SSL_CTX		*ctx;
	SSL_CTX		*first;	/* whose sessions it uses */
	enum role	 role;
	long		 mode;
	bool		 quiet;
	SSL_verify_cb	 verify;
	struct ex_data	 ex;

	/* The session last handed out, and for which status.sessions. */
	SSL_SESSION	*session;
	uint64_t	 session_at;
	X509		*peer;
	int		 peer_at;	/* status.auths */
	char		*servername;
	char		*alpn;

	/* From here on cleared by SSL_clear. */
	struct ssl_progress {
		struct ssl_status status;
		bool	 started;
		int	 want;		/* SSL_NOTHING, _READING, _WRITING */
		int	 shutdown;
		bool	 ending;	/* close_notify is in the output */
		bool	 lost;		/* output can't be written */
		bool	 fetched;	/* this call has processed a record */

		/* The write to be repeated. */
		const void *write_buf;
		size_t	 write_len;
		size_t	 write_done;	/* written so far */
		bool	 write_blocked;
	} p;
};

/* A stay in Go, whose errors go to the thread's queue. */
struct ssl_visit {
	struct visit	   v;
	struct ssl_failure fail;
};

/* ssl_error.c */
bool	 ssl_enter(struct ssl_visit *);
void	 ssl_leave(struct ssl_visit *);
void	 ssl_error(int);	/* an SSL_R_* number */
void	 ssl_internal_error(const char *);

/*
 * ssl_child.c. The same for calls on behalf of an object, which is rebuilt if
 * need be; leaving keeps what has changed of it.
 */
bool	 context_visit(SSL_CTX *, struct ssl_visit *);
void	 context_changed(SSL_CTX *, struct ssl_visit *);
bool	 conn_visit(SSL *, struct ssl_visit *);
void	 conn_leave(SSL *, struct ssl_visit *);
bool	 session_visit(SSL_SESSION *, struct ssl_visit *);
/* For a second object, within a visit. */
bool	 context_rebuilt(SSL_CTX *, struct ssl_visit *);
bool	 session_rebuilt(SSL_SESSION *, struct ssl_visit *);
void	 ssl_unstore_all(struct ssl_memory *);
void	 conn_set_snapshot(SSL *);

/* ssl_settings.c. What an SSL_CTX and an SSL have in common. */
struct settable {
	SSL_CTX	*ctx;
	SSL	*conn;		/* NULL if it is ctx */
};

static inline struct settable
of_context(const SSL_CTX *ctx)
{
	return (struct settable) { .ctx = (SSL_CTX *)ctx };
}

static inline struct settable
of_conn(const SSL *s)
{
	return (struct settable) { .conn = (SSL *)s };
}

/* A SET_ constant says what; those for data TEXT_ and BYTES_. */
int64_t	 setting_get(struct settable, int);
int	 setting_set(struct settable, int, int64_t);
/* For functions that can't tell that they failed. */
void	 setting_must_set(struct settable, int, int64_t);
int	 setting_change(struct settable, int, const void *, size_t);
/* Sets bits of the options, clears bits, and gives them. */
uint64_t options_change(struct settable, uint64_t, uint64_t);
/* The commands of SSL_ctrl and SSL_CTX_ctrl that are the same; 0 for others. */
long	 settings_ctrl(struct settable, long *, int, long, void *);

/* ssl_conn.c */
bool	 conn_in_use(SSL *);
void	 conn_free(SSL *);

/* ssl_lib.c */
int	 ex_set(struct ex_data *, int, void *);
void	*ex_get(const struct ex_data *, int);
const SSL_CIPHER *cipher_by_id(int);

/* ssl_context.c */
void	 context_removed(SSL_CTX *);

/* ssl_session.c */
SSL_SESSION *session_wrap(uint64_t);

/* ssl_x509.c */
X509	*x509_new(const uint8_t *, size_t);

#endif
