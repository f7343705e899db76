// Package descriptor knows files by descriptors: those that programs have us keep
// secrets in, and what system calls want of whoever makes them.
package descriptor

import (
	"fmt"
	"syscall"

	"libtls/internal/plain"
)

// ID is the same for all descriptors of one file. A program may close a descriptor
// and get its number once more for another file, which isn't ours to use.
type ID struct{ dev, ino uint64 }

// Is tells whether the file is behind fd.
func (id ID) Is(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) == nil && id == identify(&st)
}

// Fields goes through all of it.
func (id *ID) Fields(p *plain.Coder) {
	plain.Number(p, &id.dev)
	plain.Number(p, &id.ino)
}

func identify(st *syscall.Stat_t) ID { return ID{uint64(st.Dev), st.Ino} }

// Private returns the file behind fd and its size in bytes, if it may hold secrets:
// a regular file of the process's user, or of the owner that is named, which nobody
// else can read or write. The error calls it what.
func Private(fd int, what string, owner uint32) (id ID, size int64, err error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return ID{}, 0, fmt.Errorf("failed to stat %s: %w", what, err)
	}
	switch mode, user := st.Mode&0o777, uint32(syscall.Getuid()); {
	case st.Mode&syscall.S_IFMT != syscall.S_IFREG:
		err = fmt.Errorf("%s is not a regular file", what)
	case st.Uid != owner && st.Uid != user:
		err = fmt.Errorf("%s has incorrect owner (uid %d != %d)", what, st.Uid, user)
	case mode != 0o600:
		err = fmt.Errorf("%s has incorrect permissions (%o != 600)", what, mode)
	}
	return identify(&st), st.Size, err
}

// Flags returns how fd was opened: O_ACCMODE, O_APPEND and the like.
func Flags(fd int) (int, error) {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(flags), nil
}

// Retry repeats a system call that a signal interrupts.
func Retry(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}
