// Package engine measures what lies below the C front, to be read with the
// profiler (go test -bench . -cpuprofile cpu.out ./bench/engine). bench.c compares the
// whole library with another.
package engine

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"libtls/internal/drive"
	"libtls/internal/protocol"
	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/tls"
)

const name = "server.test"

// issue returns a self-signed certificate, and that and its key as PEM.
func issue(b *testing.B, key crypto.Signer) (cert, keyPEM []byte) {
	b.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// end is one end of a connection and the time it has used.
type end struct {
	*tls.Context
	out  []byte
	used time.Duration
}

// step feeds records to an end, or none to begin with, until it wants more.
func (e *end) step(b *testing.B, wire []byte) {
	start := time.Now()
	io := drive.IO{Out: e.out[:0]}
	for first := true; first || len(wire) > 0; first = false {
		if len(wire) > 0 {
			n, _ := protocol.RecordBody([5]byte(wire))
			n += record.HeaderSize
			io.Record, wire = wire[:n], wire[n:]
		}
		if e.Step(drive.Handshake, &io) == drive.Failed {
			b.Fatal(e.Err())
		}
	}
	e.out = io.Out
	e.used += time.Since(start)
}

// BenchmarkHandshake makes full handshakes with new contexts, as a program does
// for each connection. It tells how long each side takes.
func BenchmarkHandshake(b *testing.B) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		key    crypto.Signer
		groups string
	}{
		{"ECDSA-X25519", ec, "X25519"},
		{"ECDSA-X25519MLKEM768", ec, "X25519MLKEM768"},
		{"RSA-X25519", rsaKey, "X25519"},
	} {
		b.Run(test.name, func(b *testing.B) {
			cert, key := issue(b, test.key)
			config, serverConfig := tls.NewConfig(), tls.NewConfig()
			client, server, listener := &end{}, &end{}, tls.NewServer()
			for _, err := range []error{
				config.SetECDHECurves(&test.groups),
				config.SetCAMem(cert),
				serverConfig.SetKeypairMem(cert, key),
				listener.Configure(serverConfig),
			} {
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				client.Context = tls.NewClient()
				if err := client.Configure(config); err != nil {
					b.Fatal(err)
				}
				if err := client.Connect(name, true, ""); err != nil {
					b.Fatal(err)
				}
				client.used += time.Since(start)
				start = time.Now()
				server.Context = listener.Listener().Accept()
				server.used += time.Since(start)
				client.step(b, nil)
				server.step(b, client.out)
				client.step(b, server.out)
				server.step(b, client.out)
				if !client.HandshakeDone() || !server.HandshakeDone() {
					b.Fatal("not done")
				}
				client.Free()
				server.Free()
			}
			b.ReportMetric(float64(client.used.Nanoseconds())/float64(b.N), "client-ns/op")
			b.ReportMetric(float64(server.used.Nanoseconds())/float64(b.N), "server-ns/op")
		})
	}
}

// BenchmarkRecord seals and opens full records. Neither may allocate.
func BenchmarkRecord(b *testing.B) {
	for _, s := range suite.All {
		if s.Version != suite.TLS13 {
			continue
		}
		var fresh record.Half
		if err := fresh.SetKeys(s, make([]byte, s.KeyLen), make([]byte, 12)); err != nil {
			b.Fatal(err)
		}
		data := make([]byte, record.MaxPlaintext)
		out := make([]byte, 0, record.MaxPlaintext+record.Overhead)
		first := fresh
		rec, err := first.Seal(nil, record.ApplicationData, data)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("seal/"+s.Name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			half := fresh
			for b.Loop() {
				if _, err := half.Seal(out, record.ApplicationData, data); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("open/"+s.Name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			dst := make([]byte, len(rec))
			var half record.Half
			for b.Loop() {
				half = fresh // the record was the first under its key
				if _, _, err := half.Open(rec, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGroup makes, answers and finishes a key exchange.
func BenchmarkGroup(b *testing.B) {
	for _, g := range suite.Groups {
		key, offer, err := g.Offer(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		answer, _, err := g.Accept(rand.Reader, offer)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(g.Name+"/offer", func(b *testing.B) {
			for b.Loop() {
				g.Offer(rand.Reader)
			}
		})
		b.Run(g.Name+"/accept", func(b *testing.B) {
			for b.Loop() {
				g.Accept(rand.Reader, offer)
			}
		})
		b.Run(g.Name+"/finish", func(b *testing.B) {
			for b.Loop() {
				key.Finish(answer)
			}
		})
	}
}
