package tls

import (
	"syscall"

	"libtls"
	"libtls/internal/drive"
	"libtls/internal/plain"
	"libtls/internal/protocol"
	"libtls/internal/trust"
)

// A fork leaves all Go objects behind, so contexts are rebuilt in the child:
// from their configuration as it is now, from its encoding as it was when the
// context took it, and from what Marshal returned last.

// Listener lets package main keep a server's listener, or one of RestoreListener,
// for what is accepted by it.
type Listener = listener

// Listener returns what a server's tls_configure has made, or its Renew; nil if
// that failed.
func (t *Context) Listener() *Listener { return t.listener }

// Changed tells whether the context has changed since the last Marshal, but
// for Sequence.
func (t *Context) Changed() bool { return t.encoded.Changed(&t.Conn, t.progress) }

// Grown returns what goes behind what Marshal returned; see drive.Encoded.
func (t *Context) Grown() (more []byte, ok bool) { return t.encoded.Grown(&t.Conn, t.progress) }

// Marshal encodes the context's connection. The result holds its keys, and is
// the caller's to wipe.
func (t *Context) Marshal() (e drive.Encoding) {
	if t.encoded.Set(&t.Conn, t.progress) {
		e.Settled = plain.Encode(func(p *plain.Coder) { t.settledFields(p) })
	}
	e.Changing = plain.Encode(func(p *plain.Coder) { t.fields(p) })
	return e
}

// settledFields returns the engine's encoding if it is read, as fields does.
func (t *Context) settledFields(p *plain.Coder) (engine []byte) {
	p.Text(&t.certFile)
	p.Text(&t.certDir)
	p.Text(&t.name)
	p.Flag(&t.hasName)
	p.Text(&t.service)
	plain.Struct(p, &t.file, func(f *libtls.SessionFile) { f.Fields(p) })
	sessionField(p, &t.offered)
	plain.List(p, &t.peer.chain, 8, p.Bytes)
	if p.Reading() {
		t.setPeer(t.peer.chain)
	}
	return t.Conn.SettledFields(p)
}

func (t *Context) fields(p *plain.Coder) (engine []byte) {
	plain.Number(p, &t.ticketsDue)
	p.Bytes(&t.sessionID)
	plain.Struct(p, &t.cause, func(e *Error) {
		p.Text(&e.Text)
		num := uint(e.Errno)
		plain.Number(p, &num)
		e.Errno = syscall.Errno(num)
		plain.Number(p, &e.Code)
	})
	plain.Struct(p, &t.signing, func(r *SignRequest) { r.fields(p) })
	credentialField(p, t)
	t.ocspFields(p)
	return t.Conn.Fields(p)
}

// sessionField takes a session as DER, and what that doesn't hold.
func sessionField(p *plain.Coder, s **libtls.Session) {
	plain.Struct(p, s, func(s *libtls.Session) {
		var der []byte
		var issuers [][]byte
		if !p.Reading() {
			der, _ = libtls.MarshalSession(s)
			issuers = s.PeerChain[min(1, len(s.PeerChain)):]
		}
		defer func() { clear(der) }()
		p.Bytes(&der)
		if p.Reading() {
			parsed, err := libtls.ParseSession(der)
			if err != nil {
				p.Fail()
				return
			}
			*s = *parsed
		}
		plain.List(p, &issuers, 8, p.Bytes)
		if p.Reading() {
			s.PeerChain = append(s.PeerChain, issuers...)
		}
		p.Bytes(&s.Staple)
		p.Text(&s.Service)
	})
}

// credentialField takes which of its listener's keypairs a connection signs
// with. A client has but one.
func credentialField(p *plain.Coder, t *Context) {
	const none = primary - 1
	index := none
	if t.cred != nil {
		index = t.cred.index
	}
	plain.Number(p, &index)
	if !p.Reading() || index == none || t.listener == nil {
		return
	}
	switch {
	case index == primary:
		t.cred = t.listener.primary
	case index >= 0 && index < len(t.listener.added):
		t.cred = t.listener.added[index]
	default:
		p.Fail()
	}
}

func (t *Context) ocspFields(p *plain.Coder) {
	p.Text(&t.ocsp.url)
	plain.Struct(p, &t.ocsp.result, func(o *trust.OCSPResult) {
		for _, n := range []*int{&o.ResponseStatus, &o.CertStatus, &o.CRLReason} {
			plain.Number(p, n)
		}
		p.Time(&o.ThisUpdate)
		p.Time(&o.NextUpdate)
		p.Time(&o.RevocationTime)
	})
}

// Snapshot encodes a server's configuration for RestoreListener, right after a
// successful tls_configure. It holds private keys, which are the caller's to
// wipe, but no ticket keys, which would outlive their time in it. The child may
// be unable to read the system's trust store, so if that is used it is included.
func (t *Context) Snapshot() Encoding {
	e := t.config.marshal(libtls.NewTicketKeys())
	defer clear(e.Settings)
	at := Context{certFile: t.certFile, certDir: t.certDir}
	if c := t.config; c.clientAuth != clientCertNone && c.ca == nil && c.caPath == "" {
		at.store = t.listener.policy.Anchors
	}
	return at.snapshot(e)
}

// snapshot encodes what a server was configured with: the encoding of the
// configuration, and the system's trust store.
func (t *Context) snapshot(e Encoding) Encoding {
	config := e.Settings
	e.Settings = plain.Encode(func(p *plain.Coder) { t.snapshotFields(p, &config) })
	return e
}

func (t *Context) snapshotFields(p *plain.Coder, config *[]byte) {
	p.Bytes(config)
	p.Text(&t.certFile)
	p.Text(&t.certDir)
	plain.Struct(p, &t.store, func(a *trust.Anchors) { a.Fields(p) })
}

// RestoreListener does a server's tls_configure once more, with its
// configuration as Snapshot encoded it. Live is that configuration as it is now.
func RestoreListener(live *Config, snapshot Encoding) (*Listener, error) {
	t, err := asOfSnapshot(snapshot)
	if err != nil {
		return nil, err
	}
	defer t.Free()
	l, failed := t.newListener(t.config)
	if failed != nil {
		return nil, failed
	}
	l.config = live
	return l, nil
}

// asOfSnapshot returns a server right before its tls_configure.
func asOfSnapshot(snapshot Encoding) (*Context, error) {
	e := snapshot
	e.Settings = nil
	defer func() { clear(e.Settings) }()
	t := &Context{role: roleServer}
	err := plain.Decode(snapshot.Settings, func(p *plain.Coder) { t.snapshotFields(p, &e.Settings) })
	if err == nil {
		t.config, err = UnmarshalConfig(e)
	}
	return t, err
}

// RestoreServer returns a server whose tls_configure succeeded if l isn't nil.
// A nil live is the default configuration.
func RestoreServer(live *Config, l *Listener) *Context {
	t := NewServer().under(live)
	t.listener = l
	return t
}

// RestoreClient returns a client that goes on where the one stood whose
// Marshal returned data. Snapshot is what the configuration's Marshal returned
// at the time of its connect, nothing for the default configuration. RestoreClient
// keeps no part of the bytes of either, nor of system, the system's trust store at
// that time, nil if it wasn't needed; no data stands for a client that isn't connected, such as a new one.
func RestoreClient(live *Config, snapshot Encoding, data drive.Encoding, system *trust.System, in, out uint64) (*Context, error) {
	t := NewClient().under(live)
	if data.Changing == nil {
		return t, nil
	}
	c := t.config
	if snapshot.Settings != nil {
		var err error
		if c, err = UnmarshalConfig(snapshot); err != nil {
			t.Free()
			return nil, err
		}
		defer c.Release()
	}
	return t.restore(data, in, out, func() (*protocol.Config, *Error) {
		var failed *Error
		if t.cred, failed = c.credential(primary, false); failed != nil {
			return nil, failed
		}
		if system != nil && t.certDir != "" {
			system.Dirs = t.certDir
		}
		asOf := Context{role: roleClient, config: c, system: system}
		t.policy, _ = asOf.newPolicy(trust.ServerAuth) // without anchors nothing is trusted
		return t.clientEngine(c), nil
	})
}

// RestoreConn returns a connection that goes on where the one stood whose
// Marshal returned data, accepted under l. No data stands for one that was
// just accepted; a nil l for one that was reset.
func RestoreConn(live *Config, l *Listener, data drive.Encoding, in, out uint64) (*Context, error) {
	if l == nil {
		return newContext(roleServerConn, defaultConfig()).under(live), nil
	}
	t := l.Accept()
	if data.Changing == nil {
		return t, nil
	}
	return t.restore(data, in, out, func() (*protocol.Config, *Error) { return l.engine, nil })
}

// under gives a new context a configuration, unless that is nil.
func (t *Context) under(live *Config) *Context {
	if live != nil {
		live.Retain()
		t.config.Release()
		t.config = live
	}
	return t
}

// restore sets a new context to what Marshal returned.
func (t *Context) restore(data drive.Encoding, in, out uint64, engine func() (*protocol.Config, *Error)) (*Context, error) {
	var state, settled, more []byte
	err := plain.Decode(data.Settled, func(p *plain.Coder) { settled = t.settledFields(p) })
	if err == nil {
		more, err = plain.DecodeStart(data.Changing, func(p *plain.Coder) { state = t.fields(p) })
	}
	if err == nil && state != nil {
		cfg, failed := engine()
		if failed != nil {
			t.Free()
			return nil, failed
		}
		err = t.Rebuild(cfg, state, settled, more, in, out)
	}
	if err != nil {
		t.Free()
		return nil, err
	}
	t.encoded.Set(&t.Conn, t.progress)
	return t, nil
}
