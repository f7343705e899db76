package tls

import (
	"syscall"

	"libtls/internal/plain"
)

// keyLog is the file into which a configuration's connections write their
// secrets, in the format of NSS. The descriptor is the program's.
type keyLog struct {
	fd       int
	dev, ino uint64
}

// SetKeyLogFD is tls_config_set_keylog_fd. -1 switches the feature off; a
// descriptor that is refused changes nothing.
func (c *Config) SetKeyLogFD(fd int) error {
	if fd == -1 {
		c.keyLog = nil
		return nil
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return &Error{Text: "failed to stat key log", Errno: err.(syscall.Errno)}
	}
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	if errno != 0 {
		return &Error{Text: "failed to get flags of key log", Errno: errno}
	}
	switch mode := st.Mode & 0o777; {
	case st.Mode&syscall.S_IFMT != syscall.S_IFREG:
		return failure("key log is not a regular file")
	case int(st.Uid) != syscall.Getuid():
		return failure("key log has incorrect owner (uid %d != %d)", st.Uid, syscall.Getuid())
	case mode != 0o600:
		return failure("key log has incorrect permissions (%o != 600)", mode)
	case flags&syscall.O_ACCMODE == syscall.O_RDONLY || flags&syscall.O_APPEND == 0:
		return failure("key log is not open for appending")
	}
	c.keyLog = &keyLog{fd, uint64(st.Dev), st.Ino}
	return nil
}

// write appends lines, unless the descriptor's number is another file's by now.
// A line that can't be written is lost: the connection goes on without it.
func (l *keyLog) write(lines []byte) {
	var st syscall.Stat_t
	if syscall.Fstat(l.fd, &st) != nil || uint64(st.Dev) != l.dev || st.Ino != l.ino {
		return
	}
	for {
		if _, err := syscall.Write(l.fd, lines); err != syscall.EINTR {
			return
		}
	}
}

func (l *keyLog) fields(r *plain.Coder) {
	plain.Number(r, &l.fd)
	plain.Number(r, &l.dev)
	plain.Number(r, &l.ino)
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
