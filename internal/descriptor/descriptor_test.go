package descriptor

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

func TestRetry(t *testing.T) {
	left := []error{syscall.EINTR, syscall.EINTR, syscall.EIO}
	err := Retry(func() error {
		err := left[0]
		left = left[1:]
		return err
	})
	if err != syscall.EIO || len(left) != 0 {
		t.Errorf("%v, %d results left", err, len(left))
	}
}

func TestID(t *testing.T) {
	open := func() int {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return int(f.Fd())
	}
	fd, other := open(), open()
	again, err := syscall.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(again)
	id, size, err := Private(fd, "file", 0)
	if err != nil || size != 0 || !id.Is(fd) || !id.Is(again) || id.Is(other) || id.Is(-1) {
		t.Errorf("%d bytes, %v; %v, %v, %v, %v", size, err, id.Is(fd), id.Is(again), id.Is(other), id.Is(-1))
	}
	if _, _, err := Private(-1, "file", 0); !errors.Is(err, syscall.EBADF) {
		t.Error(err)
	}
	if flags, err := Flags(fd); err != nil || flags&syscall.O_ACCMODE != syscall.O_RDWR {
		t.Errorf("flags %#x, %v", flags, err)
	}
	if _, err := Flags(-1); !errors.Is(err, syscall.EBADF) {
		t.Error(err)
	}
}
