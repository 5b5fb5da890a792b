package attack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// city is a program that is attacked.
type city struct {
	t    *testing.T
	dir  string
	addr string
	keys map[string]string
	cmd  *exec.Cmd
}

// start runs a program on this machine, with accounts of good people and of attackers. settings are lines of its configuration file.
func start(t *testing.T, settings string) *city {
	t.Helper()
	c := &city{t: t, dir: t.TempDir(), keys: map[string]string{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	c.must(err)
	c.addr = l.Addr().String()
	c.must(l.Close())
	file := filepath.Join(c.dir, "config.yaml")
	c.must(os.WriteFile(file, []byte(fmt.Sprintf("data: %s\nlisten: %s\nmqtt: \"off\"\nlog: error\n%s", filepath.Join(c.dir, "data"), c.addr, settings)), 0o600))
	for name, role := range map[string]string{"operator": "operator,dispatcher", "wall": "viewer", "gauge": "sender", "reader": "admin", "rogue": "sender", "stolen-0": "viewer", "stolen-1": "viewer", "stolen-2": "viewer", "stolen-3": "viewer", "stolen-4": "viewer", "stolen-5": "viewer", "stolen-6": "viewer", "stolen-7": "viewer"} {
		out, err := exec.Command(binary, "account", "add", "--config", file, "--id", name, "--name", name, "--role", role).Output()
		c.must(err)
		_, rest, _ := strings.Cut(string(out), "key ")
		c.keys[name] = strings.Fields(rest)[0]
	}
	c.cmd = exec.Command(binary, "serve", "--config", file)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	c.must(err)
	defer func() { _ = log.Close() }() // the process has its own
	c.cmd.Stderr = log
	out, err := c.cmd.StdoutPipe()
	c.must(err)
	c.must(c.cmd.Start())
	t.Cleanup(c.stop)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "is ready") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return c
		}
	}
	t.Fatal("the program ended before it was ready")
	return nil
}

func (c *city) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *city) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- c.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			c.t.Errorf("the program ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		_ = c.cmd.Process.Kill()
		c.t.Error("the program does not stop")
	}
}

// client asks from an address of this machine; several addresses are several clients.
func client(from string, timeout time.Duration) *http.Client {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	return &http.Client{Timeout: timeout, Transport: &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 64, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ask sends one request, and gives its answer.
func (c *city) ask(ctx context.Context, by *http.Client, key, method, path, media string, body io.Reader, header ...string) (int, []byte, http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.addr+path, body)
	if err != nil {
		return 0, nil, nil, err
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := by.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, res.Header, err
}

// get reads one answer into v.
func (c *city) get(path string, v any) {
	c.t.Helper()
	status, body, _, err := c.ask(c.t.Context(), client("127.0.0.1", 20*time.Second), c.keys["reader"], "GET", path, "", nil)
	c.must(err)
	if status != http.StatusOK {
		c.t.Fatalf("%s: %d %s", path, status, body)
	}
	c.must(json.Unmarshal(body, v))
}

// memory is the resident set in MiB: the peak since the last forget, and now.
func (c *city) memory() (peak, now int) {
	c.t.Helper()
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	c.must(err)
	of := func(name string) int {
		_, rest, _ := bytes.Cut(body, []byte(name+":"))
		kib, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
		c.must(err)
		return kib >> 10
	}
	return of("VmHWM"), of("VmRSS")
}

// forget lets the peak begin anew.
func (c *city) forget() {
	c.t.Helper()
	c.must(os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", c.cmd.Process.Pid), []byte("5"), 0))
}

// processor is the program's processor time so far.
func (c *city) processor() time.Duration {
	c.t.Helper()
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	c.must(err)
	fields := strings.Fields(string(body[bytes.LastIndexByte(body, ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	c.must(err)
	system, err := strconv.Atoi(fields[12])
	c.must(err)
	return time.Duration(user+system) * 10 * time.Millisecond
}
