package interop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Both ends of a connection log the same secrets, whatever the order.
func TestKeyLog(t *testing.T) {
	needs(t, "openssl")
	for version, tt := range map[string]struct {
		option []string
		lines  int
	}{"1.2": {[]string{"-tls1_2"}, 1}, "1.3": {nil, 5}} {
		t.Run(version, func(t *testing.T) {
			ours, theirs := filepath.Join(t.TempDir(), "ours"), filepath.Join(t.TempDir(), "theirs")
			s := ourServer(t, append(keypair("server"), "-p", "tlsv"+version, "-L", ours)...)
			converse(opensslClient(t, s.port, append(tt.option, "-keylogfile", theirs)...))
			got, want := logged(t, ours), logged(t, theirs)
			if len(got) != tt.lines || !slices.Equal(got, want) {
				t.Errorf("ours:\n%s\ntheirs:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// logged returns a key log's lines, sorted.
func logged(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	slices.Sort(lines)
	return lines
}
