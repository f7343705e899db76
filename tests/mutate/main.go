// Command mutate changes a line of the rooms of sessions and tickets, and of what drives connections, and
// sees whether a test fails: first the Go tests of the rooms that stand on the line, then the C tests of
// make quick. It prints each change that none has found. It works in a copy of the tree.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A room is some files, and the packages whose tests are to find what is wrong with them.
type room struct {
	files string
	tests []string
}

var rooms = []room{
	{"session*.go", []string{".", "./tls", "./ssl"}},
	{"ticket*.go", []string{".", "./tls", "./ssl"}},
	{"internal/drive/*.go", []string{"./internal/drive", "./tls", "./ssl"}},
	{"tls/*.go", []string{"./tls"}},
	{"ssl/*.go", []string{"./ssl"}},
}

// What runs longer than this doesn't end any more, and what wants more memory has no bound.
const (
	patience = 5 * time.Minute
	memory   = 8 << 30 // of address space, in bytes
)

// copied is where the copy is. It is no part of the module, and stays the same, so that Go's cache knows it.
const copied = "build/mutate"

func main() {
	log.SetFlags(0)
	n := flag.Int("n", 20, "how many lines to change, one after the other")
	seed := flag.Uint64("seed", 1, "which ones")
	only := flag.String("only", "", "those of one file alone")
	alone := flag.Bool("go", false, "run the Go tests alone")
	list := flag.Bool("list", false, "print the changes, and test none")
	flag.Parse()

	lines := mutations(*only)
	random := rand.New(rand.NewPCG(*seed, 0))
	random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	if *list {
		for _, l := range lines[:min(*n, len(lines))] {
			fmt.Println(l[random.IntN(len(l))])
		}
		return
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: memory, Max: memory}); err != nil {
		log.Fatal(err)
	}
	os.Setenv("CGO_ENABLED", "0") // of what is tested only capi wants it, which make says
	duplicate()
	for _, r := range rooms {
		if how := test(r.tests); how != survived {
			log.Fatalf("the tests of %s fail without a change", r.files)
		}
	}
	if !*alone && testInC() != survived {
		log.Fatal("the C tests fail without a change")
	}

	count := map[verdict]int{}
	for _, l := range lines {
		if count[found]+count[foundInC]+count[survived] == *n {
			break
		}
		m := l[random.IntN(len(l))]
		m.write(m.after)
		how := test(m.tests)
		if how == survived && !*alone {
			how = testInC()
		}
		m.write(m.before)
		if count[how]++; how != nonsense {
			fmt.Println(how, m)
		}
	}
	fmt.Printf("%d found by Go tests, %d by C tests, %d by none\n", count[found], count[foundInC], count[survived])
}

// duplicate makes the copy, of what git knows as it is now.
func duplicate() {
	files, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.RemoveAll(copied); err != nil {
		log.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(files), "\x00"), "\x00") {
		data, err := os.ReadFile(name)
		if err != nil {
			log.Fatal(err)
		}
		info, err := os.Stat(name)
		if err != nil {
			log.Fatal(err)
		}
		to := filepath.Join(copied, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(to, data, info.Mode().Perm()); err != nil {
			log.Fatal(err)
		}
	}
}

// A verdict says what became of a change.
type verdict string

const (
	found    verdict = "found"
	foundInC verdict = "found in C"
	survived verdict = "SURVIVED"
	nonsense verdict = "" // it doesn't compile
)

// test runs the Go tests of packages, one after the other.
func test(packages []string) verdict {
	for _, p := range packages {
		output, ok := run("go", "test", "-p", "1", "-vet=off", "-ldflags=-s -w", "-failfast", "-timeout", "2m", p)
		if strings.Contains(output, "[build failed]") {
			return nonsense
		}
		if !ok {
			return found
		}
	}
	return survived
}

func testInC() verdict {
	if output, ok := run("env", "CGO_ENABLED=1", "make", "-s"); !ok {
		log.Fatal(output)
	}
	if _, ok := run("tests/quick.sh", "c"); !ok {
		return foundInC
	}
	return survived
}

// run runs a command in the copy, with all that it starts.
func run(name string, args ...string) (output string, ok bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = copied
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	data, err := cmd.CombinedOutput()
	return string(data), err == nil
}

// mutations returns what can be done to each line of the rooms, or of one file.
func mutations(only string) (lines [][]mutation) {
	for _, r := range rooms {
		files, err := filepath.Glob(r.files)
		if err != nil {
			log.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") || only != "" && name != only {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				log.Fatal(err)
			}
			of := map[int][]mutation{}
			for _, m := range mutate(name, source) {
				m.tests = r.tests
				of[m.line] = append(of[m.line], m)
			}
			for line := range strings.Count(string(source), "\n") {
				if of[line+1] != nil {
					lines = append(lines, slices.Clip(of[line+1]))
				}
			}
		}
	}
	return lines
}
