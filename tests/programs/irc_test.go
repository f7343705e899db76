package programs

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// ircServer serves one user: registration with SASL EXTERNAL, a channel, and a
// message that is answered in capitals.
func ircServer(c *tls.Conn) error {
	in := bufio.NewScanner(c)
	say := func(format string, arg ...any) { fmt.Fprintf(c, ":irc.test "+format+"\r\n", arg...) }
	nick, user, welcome := "*", false, false
	for in.Scan() {
		command, rest, _ := strings.Cut(in.Text(), " ")
		switch command {
		case "CAP":
			switch {
			case strings.HasPrefix(rest, "LS"):
				say("CAP * LS :sasl")
			case strings.HasPrefix(rest, "REQ"):
				say("CAP * ACK %s", strings.TrimPrefix(rest, "REQ "))
			}
		case "AUTHENTICATE":
			if rest == "EXTERNAL" {
				fmt.Fprint(c, "AUTHENTICATE +\r\n")
				break
			}
			if len(c.ConnectionState().PeerCertificates) == 0 {
				return fmt.Errorf("authentication without a certificate")
			}
			say("900 %s * tester :You are now logged in", nick)
			say("903 %s :SASL authentication successful", nick)
		case "NICK":
			nick = strings.TrimPrefix(rest, ":")
		case "USER":
			user = true
		case "JOIN":
			fmt.Fprintf(c, ":%s!~t@host JOIN %s\r\n", nick, rest)
			say("353 %s = %s :%s @warden", nick, rest, nick)
			say("366 %s %s :End of /NAMES list.", nick, rest)
		case "PRIVMSG":
			channel, text, _ := strings.Cut(rest, " :")
			fmt.Fprintf(c, ":warden!~w@host PRIVMSG %s :%s\r\n", channel, strings.ToUpper(text))
		case "PING":
			say("PONG irc.test %s", rest)
		case "QUIT":
			fmt.Fprint(c, "ERROR :Closing link\r\n")
			return nil
		}
		if user && nick != "*" && !welcome && (command == "CAP" && rest == "END") {
			welcome = true
			say("001 %s :Welcome to the test network %s", nick, nick)
			say("005 %s NETWORK=Test CHANTYPES=# :are supported by this server", nick)
			say("422 %s :MOTD File is missing", nick)
		}
	}
	return in.Err()
}

// catgirl registers with a client certificate, joins, and talks.
func TestIRC(t *testing.T) {
	a := newAuthority(t)
	cert, _ := a.issue(t, "localhost", x509.ExtKeyUsageServerAuth)
	_, client := a.issue(t, "tester", x509.ExtKeyUsageClientAuth)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			port := listen(t, &tls.Config{
				Certificates: []tls.Certificate{cert}, MaxVersion: version,
				ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
			}, ircServer)
			cmd := program(t, a, "catgirl", "-h", "localhost", "-p", port, "-n", "tester", "-j", "#burrow", "-c", client, "-e")
			s := inTerminal(t, cmd)
			s.await("arrive in")
			s.await("warden")
			s.press("is anybody there\r")
			s.await("IS ANYBODY THERE")
			s.press("/quit bye\r")
			if err := finish(t, cmd); err != nil {
				t.Errorf("%v: %q", err, s.text())
			}
		})
	}
}

// catgirl prints the server's chain, which it takes from any server.
func TestIRCChain(t *testing.T) {
	a := newAuthority(t)
	cert, _ := a.issue(t, "localhost", x509.ExtKeyUsageServerAuth)
	port := listen(t, &tls.Config{Certificates: []tls.Certificate{cert}}, func(c *tls.Conn) error {
		c.Handshake()
		c.Read(make([]byte, 1))
		return nil
	})
	out := run(t, program(t, a, "catgirl", "-o", "-h", "localhost", "-p", port))
	body := base64.StdEncoding.EncodeToString(cert.Certificate[0])
	if got := strings.ReplaceAll(out, "\n", ""); !strings.Contains(got, body) {
		t.Errorf("it printed %s", bytes.TrimSpace([]byte(out)))
	}
}
