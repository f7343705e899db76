// The BoGo shim: the protocol engine as the program that BoringSSL's test
// runner puts through its tests. The runner says by flags what to be and what
// to expect; see ../README.md.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"libtls/internal/protocol"
)

// Exit codes that the runner knows; any other but 0 is an ordinary failure.
const (
	exitFailure       = 1
	exitUnimplemented = 89 // this test asks for something we don't do
	exitBroken        = 90 // a failure even where one is expected
)

// errUnimplemented is for tests of what isn't built.
var errUnimplemented = errors.New("not implemented")

// broken is something the shim found wrong that no test expects to be wrong.
type broken string

func (b broken) Error() string { return string(b) }

func brokenf(format string, args ...any) error { return broken(fmt.Sprintf(format, args...)) }

func main() {
	if slices.Contains(os.Args[1:], "-is-handshaker-supported") {
		fmt.Println("No")
		return
	}
	os.Exit(exitCode(barrier(os.Args[1:])))
}

// barrier turns a panic into an error: as a mere crash it would pass the tests
// that expect a failure.
func barrier(args []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = brokenf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return run(args)
}

// run plays the test's connections one after the other.
func run(args []string) error {
	first, err := parseFlags(args, false)
	if err != nil {
		return err
	}
	later, err := parseFlags(args, true)
	if err != nil {
		return err
	}
	mem, err := newMemory(first.ticketKey)
	if err != nil {
		return err
	}
	opts := first
	for i := range first.resumeCount + 1 {
		if i > 0 {
			opts = later
		}
		if err := connect(opts, mem, i); err != nil {
			return err
		}
	}
	return nil
}

// exitCode prints the error, the engine's with the runner's code for it.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		fmt.Fprintf(os.Stderr, ":%s: %v (alert %d, received: %t)\n", e.Code, e, e.Alert, e.Received)
		return exitFailure
	}
	fmt.Fprintln(os.Stderr, err)
	if errors.Is(err, errUnimplemented) {
		return exitUnimplemented
	}
	if _, ok := errors.AsType[broken](err); ok {
		return exitBroken
	}
	return exitFailure
}
