package protocol

import "encoding/hex"

// Names of secrets in a key log, in the format of NSS (RFC 9850).
const (
	logMaster          = "CLIENT_RANDOM" // TLS 1.2
	logClientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
	logServerHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
	logClientTraffic   = "CLIENT_TRAFFIC_SECRET_0"
	logServerTraffic   = "SERVER_TRAFFIC_SECRET_0"
	logExporter        = "EXPORTER_SECRET"
)

// logKey adds a secret to the key log, if one is wanted.
func (c *Conn) logKey(name string, secret []byte) {
	if !c.cfg.KeyLog {
		return
	}
	line := append([]byte(name), ' ')
	line = hex.AppendEncode(line, c.hs.offer.Random)
	line = append(line, ' ')
	line = hex.AppendEncode(line, secret)
	c.keyLog = append(c.keyLog, append(line, '\n')...)
}

// TakeKeyLog returns the lines that have come to the key log. The caller takes
// them after each step: they are no part of Fields.
func (c *Conn) TakeKeyLog() []byte {
	lines := c.keyLog
	c.keyLog = nil
	return lines
}
