package crash

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is one data folder and the process that serves it, which may die and be started again.
type program struct {
	t       testing.TB
	dir     string
	http    string // address; the same for every start
	mqtt    string
	flags   []string
	key     string // of an account that may see and do everything here
	wrapper func(program string, args ...string) (*exec.Cmd, error)

	cmd    *exec.Cmd
	exited chan struct{}
}

// newProgram prepares a program; start runs it.
func newProgram(t testing.TB, flags ...string) *program {
	t.Helper()
	p := &program{t: t, dir: filepath.Join(t.TempDir(), "data"), http: freeAddress(t), mqtt: freeAddress(t), flags: flags}
	t.Cleanup(p.end)
	return p
}

// end makes sure that no process is left, and shows its log when the test has failed.
func (p *program) end() {
	if p.running() {
		p.kill()
	}
	if !p.t.Failed() {
		return
	}
	if log, err := os.ReadFile(p.logFile()); err == nil {
		p.t.Logf("the end of the log of %s:\n%s", p.http, log[max(0, len(log)-6000):])
	}
}

func (p *program) logFile() string { return p.dir + ".log" }

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (p *program) args() []string {
	return append([]string{"serve", "--log", "warn", "--data", p.dir, "--listen", p.http, "--mqtt", p.mqtt}, p.flags...)
}

// start runs the program and returns when it is ready.
func (p *program) start() {
	p.t.Helper()
	if err := p.tryStart(60 * time.Second); err != nil {
		p.t.Fatal(err)
	}
}

func (p *program) tryStart(limit time.Duration) error {
	if p.wrapper != nil {
		var err error
		if p.cmd, err = p.wrapper(os.Getenv(binaryEnv), p.args()...); err != nil {
			return err
		}
	} else {
		p.cmd = exec.Command(os.Getenv(binaryEnv), p.args()...)
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own descriptor
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.exited = make(chan struct{})
	ready := make(chan bool, 1)
	go p.attend(out, ready)
	select {
	case ok := <-ready:
		if ok {
			return nil
		}
		return fmt.Errorf("the program ended before it was ready; log: %s", p.logTail())
	case <-time.After(limit):
		return fmt.Errorf("the program is not ready after %v; log: %s", limit, p.logTail())
	}
}

// attend reads what the program says until it ends.
func (p *program) attend(out io.Reader, ready chan<- bool) {
	defer close(p.exited)
	lines := bufio.NewScanner(out)
	said := false
	for lines.Scan() {
		if !said && strings.Contains(lines.Text(), "is ready") {
			said = true
			ready <- true
		}
	}
	_ = p.cmd.Wait() // killed: that is the point
	if !said {
		ready <- false
	}
}

func (p *program) logTail() string {
	log, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-2000):])
}

func (p *program) running() bool {
	if p.exited == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Errorf("%v: %v", s, err)
	}
}

// kill is kill -9, and waits until the process is gone.
func (p *program) kill() {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// stop asks the program to end by itself.
func (p *program) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(40 * time.Second):
		p.t.Fatal("the program does not stop")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("a graceful stop ends with code %d: %s", code, p.logTail())
	}
}

// account makes an account while the program is not running or running; both are allowed.
func (p *program) account(roles string) (key string) {
	p.t.Helper()
	args := []string{"account", "add", "--data", p.dir, "--name", "Test", "--role", roles}
	for i, f := range p.flags {
		if f == "--database" {
			args = append(args, f, p.flags[i+1])
		}
	}
	out, err := exec.Command(os.Getenv(binaryEnv), args...).Output()
	if err != nil {
		p.t.Fatalf("account: %v", err)
	}
	_, rest, _ := strings.Cut(string(out), "key ")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		p.t.Fatalf("no key in %q", out)
	}
	return fields[0]
}
