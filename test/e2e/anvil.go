// Package e2e helps tests that run ocrkit against real components.
package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTimeout bounds how long a program may take until it is ready.
const startTimeout = 30 * time.Second

// Anvil is a running development node. It has ten accounts with 10,000 ether each, whose keys come from the mnemonic
// "test test test test test test test test test test test junk".
type Anvil struct {
	URL string // http://127.0.0.1:port
	WS  string // ws://127.0.0.1:port
}

var listening = regexp.MustCompile(`Listening on 127\.0\.0\.1:(\d+)`)

// StartAnvil starts a node on a free port and stops it at the end of the test. args are further arguments, for example
// "--block-time", "1".
func StartAnvil(t testing.TB, args ...string) *Anvil {
	t.Helper()
	cmd := exec.Command(Tool(t, "anvil"), append([]string{"--host", "127.0.0.1", "--port", "0"}, args...)...)
	cmd.SysProcAttr = processAttributes()
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	// On Linux the child ends with the thread that started it; keep that thread until the child has ended.
	ready := make(chan string, 1)
	exited := make(chan struct{})
	var log tail
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(exited)
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			log.add(lines.Text())
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				ready <- m[1]
				break
			}
		}
		_, _ = io.Copy(io.Discard, output)
		_ = cmd.Wait()
	}()
	if err := <-started; err != nil {
		t.Fatalf("anvil does not start: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(startTimeout):
			_ = cmd.Process.Kill()
			<-exited
		}
	})
	select {
	case port := <-ready:
		return &Anvil{URL: "http://127.0.0.1:" + port, WS: "ws://127.0.0.1:" + port}
	case <-exited:
		t.Fatalf("anvil ended at once:\n%s", log.String())
	case <-time.After(startTimeout):
		t.Fatalf("anvil is not ready after %s:\n%s", startTimeout, log.String())
	}
	return nil
}

// Tool returns the path of a program of the contract toolchain (forge, anvil, cast). The test fails if it is not installed.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Root(t), "node_modules", ".bin", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is not installed (%v): run make deps", name, err)
	}
	// The entry in .bin is a script that starts the real program as a child, which would outlive a signal to the script.
	if real, err := filepath.Glob(filepath.Join(Root(t), "node_modules", "@foundry-rs", fmt.Sprintf("%s-%s-*", name, runtime.GOOS), "bin", name)); err == nil && len(real) == 1 {
		return real[0]
	}
	return path
}

// Root returns the folder of the repository.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}

// Output runs a program of the toolchain and returns what it prints, without surrounding white space.
func Output(t testing.TB, tool string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, Tool(t, tool), args...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

// tail keeps the last lines of a log.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
	if len(t.lines) > 50 {
		t.lines = t.lines[1:]
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}
