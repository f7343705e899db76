package libtls

import (
	"sync"
	"syscall"
	"time"

	"libtls/internal/descriptor"
)

const (
	// fileLockBound is how long a connection waits for its turn at the file. It
	// goes on without a session after that.
	fileLockBound = 250 * time.Millisecond
	// fileLockPoll is the pause between two attempts at another process's lock;
	// fcntl knows no wait with a bound.
	fileLockPoll = 500 * time.Microsecond
)

// lock locks the file against other threads and other processes, for reading
// or writing as kind says. The record lock is of the kind that a forked child
// doesn't inherit and that dies with the process.
func (f *SessionFile) lock(kind int16) (unlock func(), err error) {
	deadline := time.Now().Add(fileLockBound)
	leave, err := awaitTurn(f.id, fileLockBound)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.FcntlFlock(uintptr(f.fd), syscall.F_SETLK, &syscall.Flock_t{Type: kind})
		switch err {
		case nil:
			return func() {
				syscall.FcntlFlock(uintptr(f.fd), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_UNLCK})
				leave()
			}, nil
		case syscall.EAGAIN, syscall.EACCES, syscall.EINTR:
			if time.Now().Before(deadline) {
				time.Sleep(fileLockPoll)
				continue
			}
		}
		leave()
		return nil, err
	}
}

// fileTurns has a turn for each file that a thread works on, because record
// locks don't keep the threads of a process apart.
var fileTurns = struct {
	sync.Mutex
	of map[descriptor.ID]*fileTurn
}{of: map[descriptor.ID]*fileTurn{}}

type fileTurn struct {
	token chan struct{} // holds one element while a thread has its turn
	users int           // that have or await it
}

// awaitTurn waits for the calling thread's turn at a file, until leave.
func awaitTurn(id descriptor.ID, bound time.Duration) (leave func(), err error) {
	fileTurns.Lock()
	turn := fileTurns.of[id]
	if turn == nil {
		turn = &fileTurn{token: make(chan struct{}, 1)}
		fileTurns.of[id] = turn
	}
	turn.users++
	fileTurns.Unlock()
	drop := func() {
		fileTurns.Lock()
		defer fileTurns.Unlock()
		if turn.users--; turn.users == 0 {
			delete(fileTurns.of, id)
		}
	}
	timer := time.NewTimer(bound)
	defer timer.Stop()
	select {
	case turn.token <- struct{}{}:
		return func() { <-turn.token; drop() }, nil
	case <-timer.C:
		drop()
		return nil, syscall.EAGAIN
	}
}
