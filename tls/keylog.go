package tls

import (
	"fmt"
	"syscall"

	"libtls/internal/descriptor"
	"libtls/internal/plain"
)

// keyLog is the file into which a configuration's connections write their
// secrets, in the format of NSS. The descriptor is the program's.
type keyLog struct {
	fd int
	id descriptor.ID
}

// SetKeyLogFD is tls_config_set_keylog_fd. -1 switches the feature off; a
// descriptor that is refused changes nothing.
func (c *Config) SetKeyLogFD(fd int) error {
	if fd == -1 {
		c.keyLog = nil
		return nil
	}
	id, _, err := descriptor.Private(fd, "key log", uint32(syscall.Getuid()))
	if err != nil {
		return asError(err)
	}
	flags, err := descriptor.Flags(fd)
	if err != nil {
		return asError(fmt.Errorf("failed to get flags of key log: %w", err))
	}
	if flags&syscall.O_ACCMODE == syscall.O_RDONLY || flags&syscall.O_APPEND == 0 {
		return failure("key log is not open for appending")
	}
	c.keyLog = &keyLog{fd, id}
	return nil
}

// write appends lines, unless the descriptor's number is another file's by now.
// A line that can't be written is lost: the connection goes on without it.
func (l *keyLog) write(lines []byte) {
	if l.id.Is(l.fd) {
		descriptor.Retry(func() error { _, err := syscall.Write(l.fd, lines); return err })
	}
}

func (l *keyLog) fields(p *plain.Coder) {
	plain.Number(p, &l.fd)
	l.id.Fields(p)
}

// logKeys writes the secrets that the last step brought.
func (t *Context) logKeys() {
	if t.config.keyLog == nil {
		return
	}
	if lines := t.Engine.TakeKeyLog(); lines != nil {
		t.config.keyLog.write(lines)
		clear(lines)
	}
}
