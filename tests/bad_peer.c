/* Peers that cut, garble, repeat and invent records, at each step of a handshake and after it. */
#include "harness.h"

enum what {
	NOTHING,
	FLIP,		/* a byte of the record at offset, or from the end if negative */
	TYPE,		/* the record's type is value */
	LENGTH,		/* its length is value */
	CUT,		/* the connection ends value bytes into it */
	NOISE,		/* its body is replaced */
	DROP,
	TWICE,
	ALERT,		/* a plaintext alert of this description before it */
	EMPTY		/* an empty record of this type before it */
};

struct damage {
	int to_client;
	size_t record;
	enum what what;
	int value;
};

static const char *const words[] = { "nothing", "flip", "type", "length", "cut", "noise", "drop", "twice", "alert", "empty" };

static size_t
insert(struct wire *w, size_t at, const void *bytes, size_t len)
{
	size_t tail = w->len - at;
	uint8_t *copy = malloc(tail + 1);

	memcpy(copy, w->data + at, tail);
	w->len = at;
	wire_put(w, bytes, len);
	wire_put(w, copy, tail);
	free(copy);
	return at + len;
}

/* Whether the damage would change a record of this size. */
static int
changes(size_t size, const struct damage *d)
{
	if (d->what == FLIP)
		return (size_t)(d->value >= 0 ? d->value + 1 : -d->value) <= size;
	return d->what != LENGTH || (size_t)d->value != size - 5;
}

/* Damages the record of this size that lies at `at`; returns where the next one starts. */
static size_t
apply(struct wire *w, size_t at, size_t size, const struct damage *d)
{
	uint8_t *record = w->data + at;
	uint8_t alert[] = { 21, 3, 3, 0, 2, 2, d->value }, empty[] = { d->value, 3, 3, 0, 0 };
	uint8_t *copy;
	size_t i;

	switch (d->what) {
	case FLIP:
		record[d->value >= 0 ? (size_t)d->value : size + d->value] ^= 0x40;
		break;
	case TYPE:
		record[0] = d->value;
		break;
	case LENGTH:
		record[3] = d->value >> 8;
		record[4] = d->value;
		break;
	case CUT:
		w->len = at + ((size_t)d->value < size ? (size_t)d->value : size - 1);
		w->closed = 1;
		return w->len;
	case NOISE:
		for (i = 5; i < size; i++)
			record[i] = i * 37 + 11;
		break;
	case DROP:
		memmove(record, record + size, w->len - at - size);
		w->len -= size;
		return at;
	case TWICE:
		REQUIRE((copy = malloc(size)) != NULL);
		memcpy(copy, record, size);
		at = insert(w, at, copy, size);
		free(copy);
		break;
	case ALERT:
		at = insert(w, at, alert, sizeof(alert));
		break;
	case EMPTY:
		at = insert(w, at, empty, sizeof(empty));
		break;
	default:
		break;
	}
	return at + size;
}

struct relay {
	struct wire *w;
	size_t at, record;
	int done;		/* the damage was done in this direction */
	int type;		/* of the damaged record */
};

static int
carry(struct relay *r, const struct damage *d, int mine)
{
	size_t size, before = r->w->ready;

	while ((size = wire_record(r->w, r->at)) != 0) {
		if (mine && r->record == d->record && !r->done && changes(size, d)) {
			r->done = 1;
			r->type = r->w->data[r->at];
			r->at = apply(r->w, r->at, size, d);
		} else {
			r->at += size;
		}
		r->record++;
	}
	wire_release(r->w);
	return r->w->ready != before;
}

static int
going(int rc)
{
	return rc == TLS_WANT_POLLIN || rc == TLS_WANT_POLLOUT;
}

/*
 * A handshake with damage. Whatever happens, both ends come to an end with a sensible result, and
 * the end that got the damaged record doesn't come to a good one. Returns 0 if there was nothing to
 * damage.
 */
static int
handshake_with(struct tls_config *cc, struct tls_config *sc, const struct damage *d, size_t counts[2])
{
	struct pair *p = pair_wires(cc, sc, "server.test");
	struct relay up = { .w = &p->up }, down = { .w = &p->down };
	struct relay *damaged = d->to_client ? &down : &up;
	int rc[2] = { TLS_WANT_POLLIN, TLS_WANT_POLLIN }, i, moved, idle = 0, failed, done;
	struct tls *ends[2] = { p->client, p->server };
	char byte;

	p->client_end.hold = p->server_end.hold = 1;
	while (going(rc[0]) || going(rc[1])) {
		for (i = 0; i < 2; i++) {
			if (!going(rc[i]))
				continue;
			rc[i] = tls_handshake(ends[i]);
			if (rc[i] == -1)
				pair_hangup(p, ends[i]);
		}
		moved = carry(&up, d, !d->to_client);
		moved |= carry(&down, d, d->to_client);
		idle = moved ? 0 : idle + 1;
		/* Nobody has anything to say: somebody's program gives up. */
		if (idle == 3)
			p->up.closed = p->down.closed = 1;
		REQUIRE(idle < 10);
	}
	done = damaged->done;
	for (i = 0; i < 2; i++) {
		CHECK(rc[i] == 0 || rc[i] == -1);
		if (rc[i] == -1)
			CHECK_LIKE(tls_error(ends[i]), "handshake failed: *", "certificate verification failed: *",
			    "no OCSP*", "no peer certificate*");
	}
	if (done && d->what != NOTHING) {
		i = d->to_client ? 0 : 1;
		failed = rc[i] == -1;
		if (!failed) {
			/* It may have been complete before. */
			p->up.closed = p->down.closed = 1;
			failed = read_some(ends[i], &byte, 1) <= (LACKS(CLOSE_IN_HANDSHAKE) ? 0 : -1);
		}
		/* Empty records of the handshake may be passed over. */
		if (!(d->what == EMPTY && d->value == 22) && !CHECK(failed))
			check_note("%s %d, record %zu to the %s", words[d->what], d->value, d->record,
			    d->to_client ? "client" : "server");
		if (rc[i] == -1 && !LACKS(STICKY_FAILURE)) {
			CHECK_INT(tls_handshake(ends[i]), -1);
			CHECK_INT(tls_write(ends[i], "x", 1), -1);
			CHECK_INT(tls_read(ends[i], &byte, 1), -1);
			CHECK_STR(tls_conn_version(ends[i]), NULL);
		}
	}
	if (counts != NULL) {
		counts[0] = up.record;
		counts[1] = down.record;
	}
	pair_free(p);
	return done;
}

/* In TLS 1.3 a change_cipher_spec record says nothing (RFC 8446, D.4), so that losing one does no harm. */
static int
says_nothing(struct tls_config *cc, struct tls_config *sc, int to_client, size_t record)
{
	struct damage d = { to_client, record, NOTHING, 0 };
	struct pair *p = pair_wires(cc, sc, "server.test");
	struct relay up = { .w = &p->up }, down = { .w = &p->down };
	int i, type;

	p->client_end.hold = p->server_end.hold = 1;
	for (i = 0; i < 10; i++) {
		if (tls_conn_version(p->client) == NULL)
			tls_handshake(p->client);
		carry(&up, &d, !to_client);
		if (tls_conn_version(p->server) == NULL)
			tls_handshake(p->server);
		carry(&down, &d, to_client);
	}
	type = to_client ? down.type : up.type;
	pair_free(p);
	return type == 20;
}

static void
all_damage(struct tls_config *cc, struct tls_config *sc)
{
	static const struct { enum what what; int value; } kinds[] = {
		{ FLIP, 5 }, { FLIP, 6 }, { FLIP, 20 }, { FLIP, -1 }, { FLIP, -17 }, { FLIP, 43 },
		{ TYPE, 0 }, { TYPE, 24 }, { TYPE, 255 }, { TYPE, 21 },
		{ LENGTH, 0xffff }, { LENGTH, 0x4200 }, { LENGTH, 0 }, { LENGTH, 1 },
		{ CUT, 0 }, { CUT, 1 }, { CUT, 4 }, { CUT, 5 }, { CUT, 6 }, { CUT, 100 }, { CUT, 1 << 20 },
		{ NOISE, 0 }, { DROP, 0 }, { TWICE, 0 },
		{ ALERT, 40 }, { ALERT, 0 }, { ALERT, 255 },
		{ EMPTY, 22 }, { EMPTY, 21 }, { EMPTY, 20 }, { EMPTY, 0 },
	};
	struct damage none = { 0, 0, NOTHING, 0 }, d;
	size_t counts[2], i;

	CHECK(handshake_with(cc, sc, &none, counts));
	CHECK(counts[0] >= 2 && counts[1] >= 2);
	for (d.to_client = 0; d.to_client < 2; d.to_client++) {
		for (d.record = 0; d.record < counts[d.to_client]; d.record++) {
			int nothing = !tls12() && says_nothing(cc, sc, d.to_client, d.record);

			for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
				d.what = kinds[i].what;
				d.value = kinds[i].value;
				if (nothing && (d.what == DROP || d.what == TWICE))
					continue;
				handshake_with(cc, sc, &d, NULL);
			}
		}
	}
}

TEST(damaged_handshake)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");

	all_damage(cc, sc);
	tls_config_free(cc);
	tls_config_free(sc);
}

TEST(damaged_handshake_with_retry_and_client_certificate)
{
	struct tls_config *cc = client_config(), *sc = server_config("chain");

	CONFIG_OK(cc, tls_config_set_ecdhecurves(cc, "X25519,P-256"));
	CONFIG_OK(sc, tls_config_set_ecdhecurves(sc, "P-256"));
	use_keypair(cc, "client");
	tls_config_verify_client(sc);
	all_damage(cc, sc);
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Every byte of the hellos counts: a change is noticed by whoever gets it, or by the Finished. */
TEST(every_byte_of_the_hellos)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct damage d = { .what = FLIP };
	struct pair *p;
	size_t size[2], i;

	/* A short hello, with a share for the first of them only. */
	CONFIG_OK(cc, tls_config_set_ecdhecurves(cc, "X25519,P-256"));
	p = pair_wires(cc, sc, "server.test");
	CHECK_INT(tls_handshake(p->client), TLS_WANT_POLLIN);
	CHECK_INT(tls_handshake(p->server), TLS_WANT_POLLIN);
	size[0] = wire_record(&p->up, 0);
	size[1] = wire_record(&p->down, 0);
	pair_free(p);
	/* The version in a record's header is not looked at (RFC 8446, 5.1). */
	for (d.to_client = 0; d.to_client < 2; d.to_client++) {
		for (i = 5; i < size[d.to_client]; i++) {
			d.value = i;
			handshake_with(cc, sc, &d, NULL);
		}
	}
	tls_config_free(cc);
	tls_config_free(sc);
}

/* Who doesn't speak TLS at all. */
TEST(not_tls)
{
	static const char *const greetings[] = {
		"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail.test ESMTP ready\r\n", "SSH-2.0-x\r\n",
		"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10\x01\x00\x80", "\r\n\r\n\r\n\r\n",
	};
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct tls *end;
	struct pair *p;
	char byte;
	size_t i;
	int j;

	for (i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
		for (j = 0; j < 2; j++) {
			p = pair_wires(cc, sc, "server.test");
			end = j ? p->client : p->server;
			wire_put(j ? &p->down : &p->up, greetings[i], strlen(greetings[i]));
			wire_release(j ? &p->down : &p->up);
			p->up.closed = p->down.closed = 1;
			/* The client's own hello has somewhere to go. */
			if (j)
				p->up.closed = 0;
			else
				p->down.closed = 0;
			CHECK_INT(tls_handshake(end), -1);
			CHECK_LIKE(tls_error(end), "handshake failed: *");
			CHECK_INT(tls_read(end, &byte, 1) > 0, 0);
			pair_free(p);
		}
	}
	tls_config_free(cc);
	tls_config_free(sc);
}

static struct pair *
connected(void)
{
	struct tls_config *cc = client_config(), *sc = server_config("server");
	struct pair *p = pair_wires(cc, sc, "server.test");

	pair_established(p);
	drain(p->client);
	tls_config_free(cc);
	tls_config_free(sc);
	return p;
}

/* Data that was changed on its way is not delivered, and nothing after it. */
TEST(damaged_data)
{
	static const int offsets[] = { 0, 1, 3, 4, 5, 10, -1, -16, -17 };
	struct pair *p;
	size_t i, at, size;
	char buf[64];

	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		p = connected();
		p->server_end.hold = 1;
		at = p->down.len;
		CHECK_INT(tls_write(p->server, "attack at dawn", 14), 14);
		size = p->down.len - at;
		p->down.data[offsets[i] >= 0 ? at + offsets[i] : at + size + offsets[i]] ^= 1;
		CHECK_INT(tls_write(p->server, "more", 4), 4);
		wire_release(&p->down);
		p->down.closed = 1;
		if (offsets[i] == 3) {
			/* A longer record, which never comes. */
			CHECK(read_some(p->client, buf, sizeof(buf)) <= 0);
		} else if (!CHECK_INT(read_some(p->client, buf, sizeof(buf)), -1)) {
			check_note("offset %d", offsets[i]);
		} else {
			CHECK_LIKE(tls_error(p->client), "read failed: *");
			CHECK(read_some(p->client, buf, sizeof(buf)) <= 0);
		}
		pair_free(p);
	}
}

TEST(bad_record_mac)
{
	struct pair *p = connected();
	char buf[64];

	p->client_end.hold = 1;
	CHECK_INT(tls_write(p->client, "attack at dawn", 14), 14);
	p->up.data[p->up.len - 1] ^= 1;
	wire_release(&p->up);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), -1);
	CHECK_LIKE(tls_error(p->server), LACKS(RECORD_MAC_TEXT) ? "read failed: *" : "read failed: *bad record mac*");
	CHECK_INT(read_some(p->client, buf, sizeof(buf)), -1);
	CHECK_LIKE(tls_error(p->client), "read failed: *ssl* alert bad record mac*");
	if (!LACKS(STICKY_FAILURE)) {
		CHECK_INT(tls_read(p->server, buf, sizeof(buf)), -1);
		CHECK_INT(tls_write(p->server, "x", 1), -1);
		CHECK_INT(tls_read(p->client, buf, sizeof(buf)), -1);
		CHECK_INT(tls_write(p->client, "x", 1), -1);
	}
	pair_free(p);
}

TEST(replayed_data)
{
	struct pair *p = connected();
	uint8_t again[64];
	char buf[64];
	size_t at, size;

	p->client_end.hold = 1;
	at = p->up.len;
	CHECK_INT(tls_write(p->client, "pay", 3), 3);
	size = p->up.len - at;
	memcpy(again, p->up.data + at, size);
	wire_put(&p->up, again, size);
	wire_release(&p->up);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), 3);
	CHECK_INT(tls_read(p->server, buf, sizeof(buf)), -1);
	CHECK_LIKE(tls_error(p->server), LACKS(RECORD_MAC_TEXT) ? "read failed: *" : "read failed: *bad record mac*");
	pair_free(p);
}

TEST(plaintext_in_a_protected_connection)
{
	static const uint8_t records[][8] = {
		{ 23, 3, 3, 0, 3, 'a', 'b', 'c' },	/* data */
		{ 21, 3, 3, 0, 2, 1, 0 },		/* close_notify */
		{ 22, 3, 3, 0, 1, 0 },			/* a handshake message */
		{ 20, 3, 3, 0, 1, 1 },			/* change_cipher_spec */
	};
	struct pair *p;
	char buf[64];
	size_t i;

	for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		p = connected();
		wire_put(&p->up, records[i], 5 + records[i][4]);
		wire_release(&p->up);
		if (!CHECK_INT(tls_read(p->server, buf, sizeof(buf)), -1))
			check_note("type %d", records[i][0]);
		CHECK_LIKE(tls_error(p->server), "read failed: *");
		pair_free(p);
	}
}
