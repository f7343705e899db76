package tls

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"strings"
	"testing"

	"libtls/internal/drive"
	"libtls/internal/suite"
)

// rsaPair makes a self-signed certificate for an RSA key of that many bits.
func rsaPair(t testing.TB, bits int) pair {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: nextSerial()}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pair{encodePEM("CERTIFICATE", der), keyPEM(t, key), leaf}
}

func signerPairs(t testing.TB) map[string]pair {
	ca := newAuthority(t, "root")
	pairs := map[string]pair{
		// Moduli whose lengths put EMSA-PSS's block at every place it can have.
		"RSA 1024": rsaPair(t, 1024), "RSA 1025": rsaPair(t, 1025), "RSA 1031": rsaPair(t, 1031), "RSA 2048": rsaPair(t, 2048),
	}
	for _, kind := range []string{"p256", "p384", "ed25519"} {
		pairs[kind] = ca.issue(t, kind, "server.test")
	}
	return pairs
}

// Every scheme that a key fits makes signatures that its public key verifies.
func TestSigner(t *testing.T) {
	signer := NewSigner()
	pairs := signerPairs(t)
	for name, p := range pairs {
		if err := signer.AddKeypairMem(p.cert, p.key); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	data := signer.Marshal()
	if _, ok := signer.Grown(); ok {
		t.Error("grew without a new keypair")
	}
	last := newAuthority(t, "root").issue(t, "p256", "last.test")
	pairs["last"] = last
	if err := signer.AddKeypairMem(last.cert, last.key); err != nil {
		t.Fatal(err)
	}
	if more, ok := signer.Grown(); !ok || len(more) >= len(data) {
		t.Errorf("grew by %d bytes, %v", len(more), ok)
	} else {
		data = append(data, more...)
	}
	again, err := UnmarshalSigner(data)
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if n%50 == 0 {
			if _, err := UnmarshalSigner(data[:n]); err == nil {
				t.Fatalf("accepted %d of %d bytes", n, len(data))
			}
		}
	}
	message := []byte("what is to be signed")
	for name, p := range pairs {
		used := 0
		for _, scheme := range suite.Schemes {
			if !scheme.Fits(p.leaf.PublicKey, suite.TLS12) {
				continue
			}
			used++
			input, err := scheme.Encode(p.leaf.PublicKey, message)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, scheme.Name, err)
			}
			padding := PaddingNone
			if scheme.Key == suite.KeyRSA && !scheme.PSS {
				padding = PaddingPKCS1
			}
			for _, s := range []*Signer{signer, again} {
				signature, err := s.Sign(PublicKeyHash(p.leaf), input, padding)
				if err != nil {
					t.Fatalf("%s, %s: %v", name, scheme.Name, err)
				}
				if err := scheme.Verify(p.leaf.PublicKey, message, signature); err != nil {
					t.Errorf("%s, %s: %v", name, scheme.Name, err)
				}
				if scheme.Verify(p.leaf.PublicKey, append(message, '.'), signature) == nil {
					t.Errorf("%s, %s: verifies anything", name, scheme.Name)
				}
			}
		}
		if used == 0 {
			t.Errorf("%s: no scheme", name)
		}
	}
}

func TestSignerRefuses(t *testing.T) {
	signer := NewSigner()
	p, other := rsaPair(t, 1024), rsaPair(t, 1024)
	ec := newAuthority(t, "root").issue(t, "", "server.test")
	for _, test := range []struct {
		cert, key []byte
		want      string
	}{
		{nil, nil, "private/public key mismatch"},
		{p.cert, nil, "private/public key mismatch"},
		{nil, p.key, "private/public key mismatch"},
		{p.cert, other.key, "failed to load private key"},
		{p.cert, ec.key, "private/public key mismatch"},
		{p.cert, []byte("junk"), "failed to read private key"},
		{[]byte("junk"), p.key, "failed to load certificate: no start line"},
	} {
		if err := signer.AddKeypairMem(test.cert, test.key); text(err) != test.want {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
	if err := signer.AddKeypairMem(p.cert, p.key); err != nil {
		t.Fatal(err)
	}
	if err := signer.AddKeypairMem(ec.cert, ec.key); err != nil {
		t.Fatal(err)
	}

	size := p.leaf.PublicKey.(*rsa.PublicKey).Size()
	hash := PublicKeyHash(p.leaf)
	modulus := p.leaf.PublicKey.(*rsa.PublicKey).N.Bytes()
	for _, test := range []struct {
		hash    string
		input   []byte
		padding int
		want    string
	}{
		{PublicKeyHash(other.leaf), nil, PaddingNone, "key not found"},
		{"", nil, PaddingNone, "key not found"},
		{strings.ToUpper(hash), nil, PaddingNone, "key not found"},
		{hash, make([]byte, size), 2, "padding type 2 is not supported"},
		{hash, make([]byte, size), -1, "padding type -1 is not supported"},
		{PublicKeyHash(ec.leaf), make([]byte, 32), PaddingPKCS1, "padding type 1 is not supported"},
		{hash, make([]byte, size-1), PaddingNone, "failed to sign: input doesn't fit the key"},
		{hash, make([]byte, size+1), PaddingNone, "failed to sign: input doesn't fit the key"},
		{hash, modulus, PaddingNone, "failed to sign: input doesn't fit the key"},
		{hash, make([]byte, size-10), PaddingPKCS1, "failed to sign: crypto/rsa: message too long for RSA key size"},
	} {
		if sig, err := signer.Sign(test.hash, test.input, test.padding); text(err) != test.want || sig != nil {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
	signer.Free()
	if _, err := signer.Sign(hash, make([]byte, size), PaddingNone); text(err) != "key not found" {
		t.Errorf("after Free: %v", err)
	}
}

func TestUnmarshalSigner(t *testing.T) {
	p, other := rsaPair(t, 1024), rsaPair(t, 1024)
	for _, test := range []struct {
		cert, key []byte
		ok        bool
	}{{p.cert, p.key, true}, {p.cert, other.key, false}, {nil, p.key, false}, {p.cert, nil, false}} {
		s := NewSigner()
		s.pairs = []keypair{{cert: test.cert, key: test.key}}
		if restored, err := UnmarshalSigner(s.Marshal()); (err == nil) != test.ok || (restored != nil) != test.ok {
			t.Errorf("%d and %d bytes: %v", len(test.cert), len(test.key), err)
		}
	}
}

// A result that isn't right doesn't come out.
func TestSignRawFault(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, key.Size())
	block[len(block)-1] = 2
	if _, err := signRaw(key, block); err != nil {
		t.Fatal(err)
	}
	key.Precomputed.Dp.Xor(key.Precomputed.Dp, key.Precomputed.Dq)
	if sig, err := signRaw(key, block); err != errRSAFault || sig != nil {
		t.Errorf("got %v", err)
	}
}

// remote is a program's side of signatures made elsewhere.
type remote struct {
	*end
	signer  *Signer
	waits   int  // how often the program lets the connection wait
	corrupt bool // what the signer answers
	silent  bool // the callback fails
	moves   bool // the context is rebuilt before every Step
	inputs  [][]byte
}

// handshake makes a handshake with a client, one step after the other.
func (r *remote) handshake(t *testing.T, other *end) (ours, theirs string) {
	t.Helper()
	io := drive.IO{}
	for range 40 {
		if !other.HandshakeDone() && theirs == "" {
			if _, step, _ := other.do(drive.Handshake, nil); step == drive.Failed {
				theirs = other.Err().Text
			}
		}
		if r.HandshakeDone() || ours != "" {
			return ours, theirs
		}
		io.Out = nil
		if r.before != nil {
			r.before()
		}
		step := r.Step(drive.Handshake, &io)
		other.in = append(other.in, io.Out...)
		io = drive.IO{}
		switch step {
		case drive.Failed:
			ours = r.Err().Text
		case drive.NeedInput:
			io.Record = r.record()
		case NeedSignature:
			q := r.SignRequest()
			if q.Callback != 7 || q.Arg != 8 {
				t.Errorf("callback %d, argument %d", q.Callback, q.Arg)
			}
			r.inputs = append(r.inputs, bytes.Clone(q.Input))
			if len(r.inputs) <= r.waits {
				continue
			}
			if r.silent {
				r.Answer(nil)
				continue
			}
			signature, err := r.signer.Sign(q.Hash, q.Input, q.Padding)
			if err != nil {
				t.Error(err)
			}
			if r.corrupt {
				signature[len(signature)/2] ^= 1
			}
			r.Answer(signature)
		}
	}
	t.Error("no end")
	return ours, theirs
}

// A server, and a client with a certificate, whose keys are elsewhere.
func TestSignCallback(t *testing.T) {
	const failed = "handshake failed: private key operation failed"
	const alert = "handshake failed: tlsv1 alert internal error"
	ca := newAuthority(t, "root")
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		for _, kind := range []string{"rsa", "p256", "p384", "ed25519"} {
			p := ca.issue(t, kind, "server.test")
			signer := NewSigner()
			if err := signer.AddKeypairMem(p.cert, p.key); err != nil {
				t.Fatal(err)
			}
			for name, test := range map[string]struct {
				remote
				ours, theirs string
			}{
				"at once":  {},
				"waits":    {remote: remote{waits: 3}},
				"moves":    {remote: remote{waits: 3, moves: true}},
				"corrupts": {remote: remote{corrupt: true}, ours: failed, theirs: alert},
				"fails":    {remote: remote{silent: true}, ours: failed, theirs: alert},
			} {
				t.Run(kind+" "+name, func(t *testing.T) {
					with, without := NewConfig(), NewConfig()
					limit(with, without)
					with.SetSignCallback(7, 8)
					with.SetCertMem(p.cert)
					without.SetCAMem(ca.pem())
					c, s := connectPair(dial(t, without, "server.test"), accept(t, with))
					r := test.remote
					r.end, r.signer = s, signer
					if r.moves {
						move(t, s)
					}
					ours, theirs := r.handshake(t, c)
					if ours != test.ours || theirs != test.theirs {
						t.Errorf("server %q, client %q", ours, theirs)
					}
					for _, input := range r.inputs {
						if !bytes.Equal(input, r.inputs[0]) {
							t.Error("another input")
						}
					}
					if len(r.inputs) != r.waits+1 {
						t.Errorf("asked %d times", len(r.inputs))
					}
				})
			}
			t.Run(kind+" client", func(t *testing.T) {
				with, without := NewConfig(), NewConfig()
				limit(with, without)
				with.SetSignCallback(7, 8)
				with.SetCertMem(p.cert)
				with.SetCAMem(ca.pem())
				without.SetKeypairMem(p.cert, p.key)
				without.SetCAMem(ca.pem())
				without.VerifyClient()
				c, s := connectPair(dial(t, with, "server.test"), accept(t, without))
				r := remote{end: c, signer: signer, waits: 1}
				ours, theirs := r.handshake(t, s)
				if ours != "" || theirs != "" || !s.HandshakeDone() || s.PeerCertHash() != c.PeerCertHash() {
					t.Errorf("client %q, server %q", ours, theirs)
				}
			})
		}
	})
}

// Without a callback a certificate alone serves no full handshake.
func TestFakePrivateKey(t *testing.T) {
	ca := newAuthority(t, "root")
	p := ca.issue(t, "", "server.test")
	client, server := NewConfig(), NewConfig()
	client.SetCAMem(ca.pem())
	server.UseFakePrivateKey()
	server.SetCertMem(p.cert)
	c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
	if ce, se := handshake(c, s); ce != "handshake failed: sslv3 alert handshake failure" || se == "" {
		t.Errorf("client %q, server %q", ce, se)
	}
}
