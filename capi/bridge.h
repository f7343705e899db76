/* The types that pass between the C front and Go. */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cgo has no way to spell const. */
typedef const char cchar;
typedef const uint8_t cbyte;

/* An error on its way from Go to an object's slot. */
struct failure {
	char	*text;		/* malloc'ed, or NULL */
	int	 num;		/* errno to be told behind the text, or 0 */
	int	 code;		/* TLS_ERROR_* */
	bool	 panicked;
};

/* A file that a program names; NULL and an errno if it can't be read. */
struct file {
	uint8_t	*data;		/* malloc'ed */
	size_t	 len;
	const char *verb;	/* what failed; NULL if there is no memory */
	int	 num;
	bool	 missing;	/* of a hashed directory: see trust.File */
};

/* The parts of a keypair: tls.Cert and so on. */
enum {
	CERT,
	KEY,
	STAPLE,
	KEYPAIR_PARTS,
};

/* The settings of a configuration, by the types of their values. */
enum config_number {
	CONFIG_PROTOCOLS,
	CONFIG_VERIFY_DEPTH,
	CONFIG_SESSION_FD,
	CONFIG_SESSION_LIFETIME,
	CONFIG_NUM_TICKETS,
	CONFIG_KEYLOG_FD,
};

enum config_text {
	CONFIG_ALPN,
	CONFIG_CIPHERS,
	CONFIG_DHE_PARAMS,
	CONFIG_ECDHE_CURVE,
	CONFIG_ECDHE_CURVES,
	CONFIG_CA_PATH,
};

enum config_bytes {
	CONFIG_CA,
	CONFIG_CRL,
	CONFIG_CERT,
	CONFIG_KEY,
	CONFIG_STAPLE,
	CONFIG_SESSION_ID,
	CONFIG_TICKET_KEYS,
};

enum config_switch {
	CONFIG_PREFER_CIPHERS_CLIENT,
	CONFIG_PREFER_CIPHERS_SERVER,
	CONFIG_VERIFY,
	CONFIG_NO_VERIFY_CERT,
	CONFIG_NO_VERIFY_NAME,
	CONFIG_NO_VERIFY_TIME,
	CONFIG_VERIFY_CLIENT,
	CONFIG_VERIFY_CLIENT_OPTIONAL,
	CONFIG_REQUIRE_STAPLING,
	CONFIG_CLEAR_KEYS,
	CONFIG_SKIP_KEY_CHECK,
	CONFIG_FAKE_KEY,
};

/* A keypair to be renewed: where its parts came from, malloc'ed, and what is there now. */
struct renewal {
	char		*path[KEYPAIR_PARTS];	/* NULL for memory */
	struct file	 file[KEYPAIR_PARTS];
};

/* The operations of a connection: drive.Op. */
enum {
	OP_HANDSHAKE,
	OP_READ,
	OP_WRITE,
	OP_CLOSE,
};

/* How a step of an operation ends: drive.Step, and a panic in it. */
enum {
	STEP_NO_MEMORY = -2,
	STEP_PANICKED = -1,
	STEP_DONE,
	STEP_NEED_INPUT,
	STEP_NO_DATA,
	STEP_FAILED,
	STEP_FLUSH,
	STEP_AGAIN,
	STEP_ASK,	/* from here on an API's own */
};

enum {
	HEADER_SIZE = 5,
	RECORD_SIZE = HEADER_SIZE + 18432,	/* the longest record */
	SEAL_SIZE = 65536,			/* sealed by one tls_write */
	OUTPUT_SIZE = SEAL_SIZE + 4096,		/* and what it grows to */
	SHARED_SIZE = 1 << 20,			/* of what children share */
	BINDING_SIZE = 64,			/* the longest channel binding */
	TICKET_FILE_SIZE = 1 << 16,		/* of a file of ticket keys */
};

/* A request to a program's sign callback; see tls.SignRequest. */
struct sign_request {
	uint64_t	 cb;
	uint64_t	 arg;
	char		*hash;		/* malloc'ed */
	uint8_t		*input;		/* malloc'ed */
	size_t		 input_len;
	int		 padding;
};

/* And its answer: NULL if it failed. */
struct signature {
	uint8_t		*data;		/* malloc'ed */
	size_t		 len;
};

/* The roles of a context. */
enum kind {
	CLIENT,
	SERVER,
	SERVER_CONN,
};

/* Strings that a context hands out and keeps until it is reset. */
enum string {
	CONN_VERSION,
	CONN_CIPHER,
	CONN_GROUP,
	CONN_ALPN_SELECTED,
	CONN_SERVERNAME,
	PEER_CERT_COMMON_NAME,
	PEER_CERT_HASH,
	PEER_CERT_ISSUER,
	PEER_CERT_SUBJECT,
	PEER_CERT_CHAIN_PEM,
	PEER_OCSP_URL,
	STRINGS,
};

/* What else can be asked of it. */
enum number {
	CONN_CIPHER_STRENGTH,
	CONN_SESSION_RESUMED,
	CONN_PEER_CLOSED,
	PEER_CERT_PROVIDED,
	PEER_CERT_NOTBEFORE,
	PEER_CERT_NOTAFTER,
	PEER_OCSP_RESPONSE_STATUS,
	PEER_OCSP_CERT_STATUS,
	PEER_OCSP_CRL_REASON,
	PEER_OCSP_THIS_UPDATE,
	PEER_OCSP_NEXT_UPDATE,
	PEER_OCSP_REVOCATION_TIME,
};

/*
 * Bytes for a child, which are wiped with their last holder, and a number of
 * other blobs that they refer to.
 */
struct blob;
struct blob	*blob_new(size_t, size_t);	/* NULL if there is no memory */
uint8_t		*blob_bytes(struct blob *, size_t *);	/* NULL for NULL */
/* Appends bytes, which may move the blob; NULL if there is no memory. */
struct blob	*blob_grow(struct blob *, cbyte *, size_t);
struct blob	*blob_hold(struct blob *);
void		 blob_drop(struct blob *);
/* Go's one reference to a blob. In a child, where that Go is gone, it is dropped. */
void		 blob_own(struct blob *);
void		 blob_disown(struct blob *);
/* Holds a blob that Go knows; false if its last holder is about to free it. */
bool		 blob_revive(struct blob *);
/* The handle of what Go has of a blob until that is freed, or 0. */
void		 blob_make(struct blob *, uint64_t);
uint64_t	 blob_made(struct blob *);
void		 blob_refer(struct blob *, size_t, struct blob *);
struct blob	*blob_referred(struct blob *, size_t);	/* NULL past the last */

/* The file of the system's trusted certificates. */
struct bundle {
	struct blob	*bytes;		/* NULL if it can't be read */
	size_t		 len;		/* they are more than these */
	uint64_t	 serial;	/* another one if the bytes are others */
};

/* The system's trust store; see trust.System. */
struct system {
	struct bundle	 bundle;
	cchar		*path;		/* NULL if nothing was read */
	cchar		*dirs;
	int		 num;		/* errno */
	bool		 has_dirs;
};

/* What makes use of it by a configuration. */
enum {
	CONNECTING = 1,
	LISTENING = 2,
};

/* Where OpenSSL has its certificate directory on Debian and on Fedora. */
#define HASHED_DIRS "/etc/ssl/certs:/etc/pki/tls/certs"

/* What Go makes its side of a context of, be it new or from before a fork. */
struct remains {
	enum kind	 kind;
	uint64_t	 config;	/* handle, 0 for the default one */
	uint64_t	 listener;	/* handle, 0 if none */
	struct blob	*snapshot;	/* the configuration when it was taken */
	struct blob	*state;		/* of a connection */
	struct bundle	 bundle;	/* a client's */
	uint64_t	 records_in;	/* its records under the present keys */
	uint64_t	 records_out;
};

/* One step; see drive.IO. */
struct step {
	uint8_t	*record;	/* NULL if none */
	size_t	 record_len;
	bool	 eof;
	bool	 idle;		/* there is nothing to read now */
	struct file *file;	/* that the last step wanted, or NULL */
	char	*wanted;	/* its name, malloc'ed; NULL if none is */
	uint8_t	*buf;
	size_t	 buf_len;
	struct sign_request request;
	uint8_t	*out;		/* returned as given, or malloc'ed */
	size_t	 out_cap;
	size_t	 out_len;
	size_t	 n;
	size_t	 data_off;	/* plaintext left inside record */
	size_t	 data_len;
	bool	 handshake_done;
	bool	 peer_closed;	/* by close_notify */
	bool	 tickets_due;	/* to be sent when there is nothing to read */
	struct blob *state;	/* kept of the context, before and after */
	uint64_t records_in;	/* under the present keys */
	uint64_t records_out;
};

#endif
