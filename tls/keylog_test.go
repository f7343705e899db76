package tls

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"libtls/internal/drive"
)

// openLog opens a new file with permissions in which secrets are kept.
func openLog(t *testing.T, flags int, mode os.FileMode) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "keys"), flags|os.O_CREATE, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestKeyLog(t *testing.T) {
	eachVersion(t, func(t *testing.T, limit func(...*Config)) {
		client, server := configs(t, "p256")
		limit(client, server)
		log := openLog(t, os.O_WRONLY|os.O_APPEND, 0o600)
		if err := client.SetKeyLogFD(int(log.Fd())); err != nil {
			t.Fatal(err)
		}
		lines := func() int {
			data, err := os.ReadFile(log.Name())
			if err != nil {
				t.Fatal(err)
			}
			return bytes.Count(data, []byte("\n"))
		}
		connect := func() *end {
			c, s := connectPair(dial(t, client, "server.test"), accept(t, server))
			mustHandshake(t, c, s)
			return c
		}
		if connect(); lines() == 0 {
			t.Error("no secrets")
		}
		unconnected := NewClient()
		unconnected.Configure(client)
		if step := unconnected.Step(drive.Close, new(drive.IO)); step != drive.Done {
			t.Error("no end without a connection")
		}

		// Another file under the descriptor's number is left alone.
		before := lines()
		other := openLog(t, os.O_WRONLY|os.O_APPEND, 0o600)
		if err := syscall.Dup3(int(other.Fd()), int(log.Fd()), 0); err != nil {
			t.Fatal(err)
		}
		connect()
		if st, err := other.Stat(); err != nil || st.Size() != 0 || lines() != before {
			t.Errorf("%d bytes in another file, %v", st.Size(), err)
		}
	})
}

func TestSetKeyLogFD(t *testing.T) {
	pipe, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	c := NewConfig()
	for _, test := range []struct {
		file *os.File
		want string
	}{
		{pipe, "key log is not a regular file"},
		{openLog(t, os.O_WRONLY|os.O_APPEND, 0o400), "key log has incorrect permissions (400 != 600)"},
		{openLog(t, os.O_RDONLY|os.O_APPEND, 0o600), "key log is not open for appending"},
		{openLog(t, os.O_WRONLY, 0o600), "key log is not open for appending"},
		{openLog(t, os.O_RDWR|os.O_APPEND, 0o600), ""},
	} {
		if got := text(c.SetKeyLogFD(int(test.file.Fd()))); got != test.want {
			t.Errorf("%q; want %q", got, test.want)
		}
	}
	if os.Getuid() == 0 {
		log := openLog(t, os.O_WRONLY|os.O_APPEND, 0o600)
		if err := log.Chown(65534, -1); err != nil {
			t.Fatal(err)
		}
		if got := text(c.SetKeyLogFD(int(log.Fd()))); got != "key log has incorrect owner (uid 65534 != 0)" {
			t.Error(got)
		}
	}
	kept := c.keyLog
	if err, ok := c.SetKeyLogFD(1 << 30).(*Error); !ok || err.Errno != syscall.EBADF || c.keyLog != kept {
		t.Errorf("no descriptor: %v", err)
	}
	if err := c.SetKeyLogFD(-1); err != nil || c.keyLog != nil {
		t.Errorf("not switched off: %v", err)
	}
}
