package protocol

import (
	"strings"
	"testing"
)

// TestKeyLog compares what both ends log, and that they log nothing unasked.
// Ends that are rebuilt from bytes in between log the same.
func TestKeyLog(t *testing.T) {
	for _, config := range []func() *Config{testConfig, config12} {
		for _, wanted := range []bool{false, true} {
			client, server := config(), config()
			client.KeyLog, server.KeyLog = wanted, wanted
			var logs [2]string
			c, s := newPair(client, server)
			c.id, s.id = identities()["p256"], identities()["p256"]
			c.onWait = func() { logs[0] += string(c.TakeKeyLog()); c.moved(t, client) }
			s.onWait = func() { logs[1] += string(s.TakeKeyLog()); s.moved(t, server) }
			connect(t, c, s)
			labels := []string{logMaster}
			if client.MaxVersion != c.Info().Version {
				t.Fatal("another version")
			}
			if len(c.randoms) == 0 {
				labels = []string{logClientHandshake, logServerHandshake, logExporter, logClientTraffic, logServerTraffic}
			}
			if !wanted {
				labels = nil
			}
			lines := strings.SplitAfter(logs[0], "\n")
			if logs[0] != logs[1] || len(lines) != len(labels)+1 {
				t.Fatalf("client:\n%sserver:\n%s", logs[0], logs[1])
			}
			for i, label := range labels {
				if !strings.HasPrefix(lines[i], label+" ") {
					t.Errorf("%q doesn't begin with %s", lines[i], label)
				}
			}
		}
	}
}
