package protocol

import (
	"bytes"
	"encoding/hex"
	"testing"

	"libtls/internal/record"
	"libtls/internal/suite"
	"libtls/internal/wire"
)

// allConfig allows every version and suite.
func allConfig() *Config {
	cfg := config12()
	cfg.MaxVersion = suite.TLS13
	cfg.ALPN = []string{"a"}
	cfg.ServerName = "host.test"
	cfg.RequestOCSP = true
	cfg.ClientAuth = RequestClientCert
	cfg.SessionIDs = true
	return cfg
}

// flights returns what each end of a good handshake sends first.
func flights(f *testing.F, cfg *Config) (fromClient, fromServer []byte) {
	c, s := newPair(cfg, allConfig())
	c.Start()
	fromClient = c.TakeOutput(nil)
	s.feed(fromClient)
	if s.Err() != nil {
		f.Fatal(s.Err())
	}
	return fromClient, s.TakeOutput(nil)
}

func FuzzServer(f *testing.F) {
	for _, cfg := range []*Config{allConfig(), config12(), testConfig()} {
		fromClient, _ := flights(f, cfg)
		f.Add(fromClient)
		f.Add(append(fromClient, fromClient...))
	}
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, s := newPair(allConfig(), allConfig())
		s.feed(in)
		s.EOF()
		if s.Established() {
			t.Error("a handshake without keys succeeded")
		}
	})
}

func FuzzClient(f *testing.F) {
	for _, cfg := range []*Config{allConfig(), config12(), testConfig()} {
		_, fromServer := flights(f, cfg)
		f.Add(fromServer)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c, _ := newPair(allConfig(), allConfig())
		c.Start()
		c.feed(in)
		c.EOF()
		if c.Established() {
			t.Error("a handshake without keys succeeded")
		}
	})
}

// tamper is a transport that does to the records what a script says: two
// bytes a record, what and where.
func tamper(out []byte, script *[]byte) []byte {
	var passed []byte
	for len(out) > 0 {
		n, _ := RecordBody([record.HeaderSize]byte(out))
		rec := bytes.Clone(out[:record.HeaderSize+n])
		out = out[len(rec):]
		if len(*script) < 2 {
			passed = append(passed, rec...)
			continue
		}
		what, at := (*script)[0], int((*script)[1])
		*script = (*script)[2:]
		switch what % 8 {
		case 1: // flip a bit
			rec[at*len(rec)/256] ^= 1 << (what >> 5)
			passed = append(passed, rec...)
		case 2: // drop
		case 3: // repeat
			passed = append(passed, rec...)
			passed = append(passed, rec...)
		case 4: // reorder
			passed = append(rec, passed...)
		case 5: // split in two records
			cut := record.HeaderSize + at*n/256
			first := append(bytes.Clone(rec[:3]), byte((cut-5)>>8), byte(cut-5))
			second := append(bytes.Clone(rec[:3]), byte((len(rec)-cut)>>8), byte(len(rec)-cut))
			passed = append(passed, append(first, rec[5:cut]...)...)
			passed = append(passed, append(second, rec[cut:]...)...)
		case 6: // cut short
			body := rec[record.HeaderSize : record.HeaderSize+at*n/256]
			passed = append(passed, rec[0], 3, 3, byte(len(body)>>8), byte(len(body)))
			passed = append(passed, body...)
		default:
			passed = append(passed, rec...)
		}
	}
	return passed
}

// throughFinished returns how long the messages are up to the first Finished.
func throughFinished(messages []byte) int {
	for n := 0; n+4 <= len(messages); {
		t := wire.Type(messages[n])
		n += 4 + int(messages[n+1])<<16 + int(messages[n+2])<<8 + int(messages[n+3])
		if t == wire.TypeFinished {
			return n
		}
	}
	return len(messages)
}

// FuzzPair connects two ends over a transport that tampers. Whatever it does,
// an end that calls the handshake a success has seen what the other one sent.
func FuzzPair(f *testing.F) {
	for _, script := range []string{"", "0180", "0000018001ff", "000002000300", "05400580058005c0", "0400030002000100", "000000000680"} {
		s, err := hex.DecodeString(script)
		if err != nil {
			f.Fatal(err)
		}
		for kind := range byte(3) {
			f.Add(kind, s)
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, script []byte) {
		client := []*Config{allConfig(), config12(), testConfig()}[kind%3]
		if kind >= 128 {
			client.KeyShares = []suite.Group{}
		}
		c, s := newPair(client, allConfig())
		c.id = identities()["p256"]
		c.hs.transcript.keep, s.hs.transcript.keep = true, true
		sent, got := &c.hs.transcript, &s.hs.transcript
		c.Start()
		for range 20 {
			out := c.TakeOutput(nil)
			s.feed(tamper(out, &script))
			back := s.TakeOutput(nil)
			c.feed(tamper(back, &script))
			if len(out)+len(back) == 0 {
				break
			}
		}
		if !c.Established() && !s.Established() {
			return
		}
		n := min(len(sent.raw), len(got.raw))
		if !c.Established() && s.info.Version == suite.TLS12 {
			n = min(n, throughFinished(got.raw)) // nothing tells a server how its last flight arrived
		}
		if !bytes.Equal(sent.raw[:n], got.raw[:n]) {
			t.Errorf("success (client %v, server %v) though messages differ", c.Established(), s.Established())
		}
	})
}
