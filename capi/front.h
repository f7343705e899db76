/* Declarations that the files of the C front share. */
#ifndef FRONT_H
#define FRONT_H

#include <sys/stat.h>

#include <stdatomic.h>

#include "../tls.h"
#include "bridge.h"

/*
 * The latest error of an object. Threads may share a listener: others may be
 * reading its texts, so all old ones stay valid until it is reset.
 */
struct error {
	_Atomic(char *)	text;
	atomic_int	code;
	bool		shared;
	atomic_uint	n_old_texts;
	_Atomic(struct old_text *) old_texts;
};

/*
 * The objects' magic numbers tell a stale or foreign pointer. They stand
 * behind the first 16 bytes, which malloc uses for itself once an object is
 * freed.
 */
enum {
	CONFIG_MAGIC = 0x746c7363,
	CONTEXT_MAGIC = 0x746c7374,
	SIGNER_MAGIC = 0x746c736e,
};

/* One of Go's objects, which is rebuilt in a child. */
struct object {
	uint64_t	 go;		/* its handle, 0 if there is none */
	atomic_uint	 start;		/* of the runtime in which it lives */
	struct blob	*bytes;
};

/* A configuration, held by its tls_config and by contexts. */
struct settings {
	struct object	 config;	/* a tls.Config */
	atomic_uint	 refs;
	uint8_t		*shared;	/* with children, or NULL: see settings_share */
	bool		 sessions;	/* there is a client's session file */
	bool		 broken;	/* a setting may be lost */
	atomic_uint	 system;	/* see bridge.h */
	atomic_uint	 reloads;	/* times that keypairs were renewed */
	struct ticket_file *ticket_file; /* or NULL */
	_Atomic(int64_t) due;		/* when to look at it, in ms; 0 is never */
	struct error	 refused;	/* why its latest version was */
};

struct tls_config {
	uint64_t	 go;		/* handle of the settings, if entered */
	struct error	 err;
	uint32_t	 magic;
	struct settings	*settings;
};

/*
 * Records from the peer, and their source. Code that only writes is never handed
 * this struct.
 */
struct input {
	int	 fd;
	tls_read_cb	 cb;
	struct tls	*cb_ctx;
	void	*cb_arg;
	bool	 eof;		/* it ended */
	int	 err;		/* errno that ended reading, or 0 */

	/* The record being read, or whose plaintext is left. */
	uint8_t	 header[HEADER_SIZE];
	size_t	 header_len;
	uint8_t	*record;
	size_t	 len;
	size_t	 want;
	size_t	 data_off;
	size_t	 data_len;
};

/* Records to be written, and their destination. */
struct output {
	int	 fd;
	tls_write_cb	 cb;
	struct tls	*cb_ctx;
	void	*cb_arg;
	int	 err;		/* errno that ended writing, or 0 */

	uint8_t	*data;
	size_t	 cap;
	size_t	 off;
	size_t	 len;
};

/*
 * An API's hooks for drive(). Their first argument is the API's own connection.
 * After a result of 0 drive() goes on; it returns any other result.
 */
struct api {
	int	(*step)(void *, int op, struct step *);	/* in Go: STEP_* */
	int	(*fetch)(void *, int op, struct step *); /* a record */
	/* A step needs input, or had no data. */
	int	(*pause)(void *, int op, int how, struct step *);
	int	(*ask)(void *, int how, struct step *);	/* STEP_FLUSH, STEP_ASK... */
	/* It failed; the result is the call's. */
	int	(*stop)(void *, int op, int how, struct step *);
	/* A signal has ended the reading of a file; so has the result the call. */
	int	(*interrupted)(void *, const struct file *, const char *path);
};

/* The part of a connection that both APIs have in common. */
struct line {
	const struct api *api;		/* of the call, and its connection */
	void		*owner;
	struct object	 object;
	uint64_t	 records_in;	/* under the present keys */
	uint64_t	 records_out;
	atomic_uint	 busy;		/* start in which a call began, or 0 */
	void		*caller;	/* the thread that is busy */
	struct input	 in;
	struct output	 out;
	size_t		 sealed;	/* of a write to be repeated, in out */
	bool		 unread;	/* Go waits for a file, not for a record */
};

/* How far a context's connection has come. */
enum phase {
	UNCONNECTED,
	CONNECTED,
	HANDSHAKING,
	FINISHING,	/* complete in Go, but for its output */
	ESTABLISHED,	/* and that is written too */
};

struct tls {
	uint64_t	 go;		/* handle of the object, if entered */
	struct error	 err;
	uint32_t	 magic;
	enum kind	 kind;
	char		*strings[STRINGS];
	struct line	 line;		/* its object is a tls.Context */
	struct settings	*settings;	/* NULL for the default ones */
	struct blob	*snapshot;	/* the settings when they were taken */
	atomic_uint	 reloads;	/* and how often they had been renewed */
	char		*session_name;	/* of tls_set_session_name, or NULL */
	struct bundle	 bundle;	/* that a client's connection goes by */

	/* From here on cleared by every connect and reset. */
	struct conn {
		enum phase phase;
		bool	 failed;	/* ever after with the same text */
		bool	 step_first;	/* a step in Go comes before reading */
		bool	 tickets_due;	/* Go has tickets that can be sent */
		bool	 truncated;	/* the transport ended without close_notify */
		bool	 closing;	/* close_notify is in out, if any */
		bool	 closed;	/* close_notify is written */
		bool	 broken;	/* Go panicked */
		bool	 released;	/* by tls_free or tls_reset within a call */
		int	 socket;	/* our own, or -1 */
	} c;
};

/* Stands for an errno where a callback failed without telling one. */
enum { NO_ERRNO = -1 };

/* runtime.c */

/* A stay in Go. */
struct visit {
	uint64_t	mask;	/* signals blocked by the thread before */
	struct failure	fail;
};

/* Why there is no entry, before the text of errno. */
#define NO_RUNTIME "not enough resources to start the library"

/* Why an object is refused in which Go panicked, until it is made anew. */
#define BROKEN "internal error"

/* Why a connection can't be used in a child. */
#define ABANDONED "in use by another thread when the process was forked"

/* Why a context can't be used from within a call on it. */
#define IN_USE "context is in use by another call"

/* Why a connection can't be used that a callback of its own wanted to free. */
#define RELEASED "context was released by its own callback"

/* Starts the runtime if need be. False with errno means that it can't. */
bool	ready(void);

/* Whether the runtime has been started, in this process. */
bool	running(void);

/* Counts the starts. Objects of an earlier start are gone. */
unsigned generation(void);

/* Protects the making of objects, their encodings, and a server's snapshot. */
void	restore_lock(void);
void	restore_unlock(void);

/* Every call of a Go function stands between these two. */
bool	enter(struct visit *);
void	leave(struct visit *);

/* blob.c; see bridge.h. */
struct object *blob_object(struct blob *, void (*free_rebuilt)(struct object *));
void	blob_replace(struct blob **, struct blob *);

/*
 * object.c. Rebuilding stands behind enter(). object_keep() takes the bytes
 * over.
 */
struct object *blob_rebuilt(struct blob *);
bool	object_born(struct object *, uint64_t);
bool	object_alive(const struct object *);
void	object_keep(struct object *, struct blob *);
void	object_drop(struct object *);
bool	object_make(struct object *, bool (*)(void *, void *), void *, void *);
/* The same, but not for one that never was. */
bool	object_restore(struct object *, bool (*)(void *, void *), void *,
	    void *);

/* error.c */
void	error_clear(struct error *);
void	error_drop(struct error *);
void	error_take(struct error *, struct failure *);
/* These return -1 for the caller to return. */
int	error_set(struct error *, int, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
int	error_errno(struct error *, int, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
int	error_in_file(struct error *, const char *);

/* So much of a file is read into memory at most. */
#define FILE_SIZE ((size_t)256 << 20)
#define HASHED_SIZE ((size_t)1 << 20) /* of one in a hashed directory */

/*
 * file.c: outside of Go, so that signals arrive, and end it if their handlers
 * aren't to restart it. Dropping wipes.
 */
void	 file_read(struct file *, const char *);
bool	 file_find(struct file *, const char *);
void	 file_drop(struct file *);
int	 file_error(struct error *, const struct file *, const char *,
	    const char *);	/* kind, path; -1 */
int	 file_open(struct file *, int, const char *);
bool	 file_fill(struct file *, int, size_t);
bool	 file_unchanged(const struct stat *, const struct stat *);

/* system.c: in the same way. False if a signal has ended it. */
const char *system_file(void);
bool	 system_read(struct system *);
void	 bundle_replace(struct bundle *, struct bundle);

/* ticket_file.c: in the same way. */
struct ticket_file *ticket_file_new(const char *, struct error *);
struct ticket_file *ticket_file_hold(struct ticket_file *);
void	 ticket_file_drop(struct ticket_file *);
bool	 ticket_file_claim(struct ticket_file *);
void	 ticket_file_release(struct ticket_file *);
bool	 ticket_file_changed(const struct ticket_file *);
int	 ticket_file_read(struct ticket_file *, struct file *, struct error *);

/* load_file.c: what errors call the files of a keypair's parts. */
extern const char *const part_names[];

/* signer.c: 0, or TLS_WANT_* if the callback is to be called again. */
int	 signature_get(struct sign_request *, struct signature *);
void	 signature_free(struct signature *);

/* pool.c */
enum pool {
	RECORDS,
	OUTPUTS,
};
uint8_t	*pool_get(enum pool);
void	 pool_put(enum pool, uint8_t *);

/* transport.c: 1 for done, -1 or TLS_WANT_*. */
int	 input_get(struct input *, struct step *);
void	 input_keep(struct input *, const struct step *);
size_t	 input_take(struct input *, void *, size_t);
size_t	 input_peek(const struct input *, void *, size_t);
void	 input_release(struct input *);
bool	 input_ready(struct input *);
bool	 input_silent(struct input *);
void	 output_offer(struct output *, struct step *);
bool	 output_queue(struct output *, struct step *);
bool	 output_pending(const struct output *);
int	 output_flush(struct output *);
int	 output_flush_quietly(struct output *);
void	 output_discard(struct output *);

/* drive.c */
bool	 line_may_wait(const struct line *);
int	 drive(struct line *, int, struct input *, bool, void *, size_t,
	    struct step *);
bool	 line_abandoned(const struct line *);
void	 line_begin(struct line *, const struct api *, void *, int *);
void	 line_end(struct line *, int);
bool	 line_in_use(const struct line *);
void	 line_clear(struct line *);

/* settings.c. Entering fills the error slot. */
bool	 config_valid(const struct tls_config *);
bool	 config_enter(struct tls_config *, struct visit *);
bool	 config_must_enter(struct tls_config *, struct visit *);
int	 config_leave(struct tls_config *, struct visit *, int);
int	 config_set_number(struct tls_config *, enum config_number, int64_t);
int	 config_set_text(struct tls_config *, enum config_text, const char *);
int	 config_set_bytes(struct tls_config *, enum config_bytes,
	    const uint8_t *, size_t);
void	 config_switch(struct tls_config *, enum config_switch);
struct settings	*settings_new(void);
struct settings	*settings_hold(struct settings *);
void	 settings_drop(struct settings *);
bool	 settings_share(struct settings *);
bool	 settings_restore(struct settings *, struct failure *);
bool	 settings_rebuild(void *, void *);
struct blob *settings_bytes(struct settings *);
bool	 settings_need_system(struct settings *, enum kind);
unsigned settings_reloads(struct settings *);
int	 settings_take_keys(struct settings *, struct ticket_file *,
	    const struct file *, struct failure *);
void	 settings_renew_keys(struct settings *);

/*
 * context.c. context_set_snapshot() and context_name_session() take theirs
 * over.
 */
bool	 context_valid(const struct tls *);
bool	 context_is_client(struct tls *);
struct tls *context_new(enum kind);
bool	 context_enter(struct tls *, struct visit *);
int	 context_leave(struct tls *, struct visit *, int);
bool	 context_system(struct tls *, struct system *, struct settings *);
bool	 context_find(struct tls *, struct visit *, struct file *, char *);
void	 context_take(struct tls *, struct settings *);
void	 context_set_snapshot(struct tls *, struct blob *);
bool	 context_inherit(struct tls *, struct tls *);
void	 context_save(struct tls *, struct failure *);
void	 context_name_session(struct tls *, char *);
void	 context_forget(struct tls *);
bool	 context_refuses(struct tls *);
void	 context_open(struct tls *, int, int, tls_read_cb, tls_write_cb,
	    void *);
void	 context_disconnect(struct tls *);
const char *context_string(struct tls *, enum string);
int64_t	 context_number(struct tls *, enum number, int64_t);
time_t	 context_time(struct tls *, enum number);
void	 string_drop(struct tls *, enum string);
void	 strings_drop(struct tls *);

#endif
