package interop

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
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

// Wireshark reads with it what a client and a server have said, and not without.
func TestKeyLogForWireshark(t *testing.T) {
	needs(t, "tshark")
	for _, version := range []string{"1.2", "1.3"} {
		t.Run(version, func(t *testing.T) {
			log, file := filepath.Join(t.TempDir(), "log"), filepath.Join(t.TempDir(), "pcap")
			s := ourServer(t, append(keypair("server"), "-p", "tlsv"+version)...)
			c := captureTo(t, s.port)
			ourClient(t, c.port(), "-n", "server.test", "-p", "tlsv"+version, "-L", log)
			c.write(t, file)
			follow := func(options ...string) string {
				return run(t, "tshark", append(options, "-r", file, "-q", "-d", "tcp.port==443,tls", "-z", "follow,tls,ascii,0")...)
			}
			if text := follow("-o", "tls.keylog_file:"+log); strings.Count(text, "hello") != 2 {
				t.Errorf("with the log:\n%s", text)
			}
			if text := follow(); strings.Contains(text, "hello") {
				t.Errorf("without it:\n%s", text)
			}
		})
	}
}

// A capture is what one connection carries through a relay.
type capture struct {
	net.Listener
	done    chan error
	mu      sync.Mutex
	packets []byte
	seq     [2]uint32 // of the client and of the server
}

func captureTo(t *testing.T, port string) *capture {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := &capture{Listener: l, done: make(chan error, 1)}
	go func() { c.done <- c.relay(port) }()
	return c
}

func (c *capture) port() string {
	_, port, _ := net.SplitHostPort(c.Addr().String())
	return port
}

func (c *capture) relay(port string) error {
	client, err := c.Accept()
	if err != nil {
		return err
	}
	defer client.Close()
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return err
	}
	defer server.Close()
	ends := [2]net.Conn{client, server}
	var both sync.WaitGroup
	for from := range ends {
		both.Go(func() {
			io.Copy(io.MultiWriter(writerFunc(func(b []byte) { c.add(from, b) }), ends[1-from]), ends[from])
			ends[1-from].(*net.TCPConn).CloseWrite()
		})
	}
	both.Wait()
	return nil
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) {
	f(b)
	return len(b), nil
}

// add appends data as a packet of IPv4 and TCP between 10.0.0.1 and port 443 of 10.0.0.2.
func (c *capture) add(from int, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	const headers = 20 + 20
	ports := [2]uint16{50000, 443}
	now := time.Now()
	p := binary.LittleEndian.AppendUint32(c.packets, uint32(now.Unix()))
	p = binary.LittleEndian.AppendUint32(p, uint32(now.Nanosecond()/1000))
	for range 2 { // captured, and on the wire
		p = binary.LittleEndian.AppendUint32(p, uint32(headers+len(data)))
	}
	p = binary.BigEndian.AppendUint32(p, 0x45000000|uint32(headers+len(data)))
	p = append(p, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, byte(1+from), 10, 0, 0, byte(2-from))
	p = binary.BigEndian.AppendUint16(p, ports[from])
	p = binary.BigEndian.AppendUint16(p, ports[1-from])
	p = binary.BigEndian.AppendUint32(p, 1+c.seq[from])
	p = binary.BigEndian.AppendUint32(p, 1+c.seq[1-from])
	p = append(p, 5<<4, 0x18, 0xff, 0xff, 0, 0, 0, 0) // PSH, ACK
	c.packets = append(p, data...)
	c.seq[from] += uint32(len(data))
}

// write puts the connection, once it is over, into a file of libpcap's form.
func (c *capture) write(t *testing.T, file string) {
	t.Helper()
	if err := <-c.done; err != nil {
		t.Fatal(err)
	}
	const rawIP = 101
	head := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	head = binary.LittleEndian.AppendUint32(head, 2|4<<16) // version 2.4
	head = append(head, make([]byte, 8)...)
	head = binary.LittleEndian.AppendUint32(head, 1<<16)
	head = binary.LittleEndian.AppendUint32(head, rawIP)
	if err := os.WriteFile(file, append(head, c.packets...), 0o600); err != nil {
		t.Fatal(err)
	}
}
