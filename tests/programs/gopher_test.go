package programs

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
)

// sacc shows a menu and a text that come over TLS.
func TestGopher(t *testing.T) {
	a := newAuthority(t)
	cert, _ := a.issue(t, "localhost", x509.ExtKeyUsageServerAuth)
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			var port string
			port = listen(t, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}, func(c *tls.Conn) error {
				selector, err := bufio.NewReader(c).ReadString('\n')
				if err != nil {
					return err
				}
				switch strings.TrimRight(selector, "\r\n") {
				case "", "/":
					fmt.Fprintf(c, "iWelcome to the burrow\t\t\t\r\n0A text of the burrow\t/text\tlocalhost\t%s\r\n.\r\n", port)
				case "/text":
					// More than one record.
					fmt.Fprintf(c, "%s\r\nThe text has come.\r\n", strings.Repeat("dig dig dig\r\n", 3000))
				default:
					return fmt.Errorf("selector %q", selector)
				}
				return nil
			})
			cmd := program(t, a, "sacc", "gophers://localhost:"+port+"/")
			s := inTerminal(t, cmd)
			s.await("Welcome to the burrow")
			s.await("A text of the burrow")
			s.press("J")
			s.press("l")
			s.await("The text has come.")
			s.press("\r")
			s.press("q")
			if err := finish(t, cmd); err != nil {
				t.Error(err)
			}
		})
	}
}

// A server that nobody vouches for gets no request.
func TestGopherUntrusted(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	cert, _ := other.issue(t, "localhost", x509.ExtKeyUsageServerAuth)
	port := listen(t, &tls.Config{Certificates: []tls.Certificate{cert}}, func(c *tls.Conn) error {
		if err := c.Handshake(); err == nil {
			if line, _ := bufio.NewReader(c).ReadString('\n'); line != "" {
				return fmt.Errorf("asked for %q", line)
			}
		}
		return nil
	})
	cmd := program(t, a, "sacc", "gophers://localhost:"+port+"/")
	s := inTerminal(t, cmd)
	s.await("certificate verification failed: unable to get local issuer certificate")
	s.press("q")
}
