package crash

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is one data folder and the process that serves it, which may die and be started again.
type program struct {
	t       testing.TB
	dir     string // of its data; the log lies beside it
	config  string // file
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
	base := t.TempDir()
	p := &program{t: t, dir: filepath.Join(base, "data"), config: filepath.Join(base, "twoweave.yaml"), http: freeAddress(t), mqtt: freeAddress(t), flags: flags}
	if err := os.WriteFile(p.config, []byte(generous), 0o600); err != nil {
		t.Fatal(err)
	}
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

// generous limits let one sender and one account do what a city does.
const generous = "limits:\n  events-account: {second: 1000000, burst: 10000000}\n  subjects-account: {second: 1000000, burst: 10000000}\n" +
	"  publish-account: {second: 1000000, burst: 10000000}\n  command-account: {second: 100000, burst: 1000000}\n  read-account: {second: 100000, burst: 1000000}\n" +
	"  command-address: {second: 100000, burst: 1000000}\n  read-address: {second: 100000, burst: 1000000}\n"

func (p *program) logFile() string { return p.dir + ".log" }

var given sync.Map // addresses that some program of these tests has

// freeAddress is an address for as long as the test runs, over all starts of its program: it lies below the ports that the system hands out by itself, so that
// nothing else takes it while the program is down.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		if _, taken := given.LoadOrStore(address, true); taken {
			continue
		}
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no free port between 10,000 and 30,000")
	return ""
}

func (p *program) args() []string {
	return append([]string{"serve", "--config", p.config, "--log", "warn", "--data", p.dir, "--listen", p.http, "--mqtt", p.mqtt}, p.flags...)
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

// verifyAudit sees that the audit of a program that has stopped is whole, and that all of it is linked.
func (p *program) verifyAudit() {
	p.t.Helper()
	out, err := exec.Command(os.Getenv(binaryEnv), append([]string{"audit", "verify"}, p.database()...)...).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "; 0 wait for their link") {
		p.t.Errorf("audit verify: %v\n%s", err, out)
	}
	p.t.Logf("%s", out)
}

// database is the flags that say where a program keeps things.
func (p *program) database() []string {
	args := []string{"--data", p.dir}
	for i, f := range p.flags {
		if f == "--database" {
			args = append(args, f, p.flags[i+1])
		}
	}
	return args
}

// account makes an account while the program is not running or running; both are allowed.
func (p *program) account(roles string) (key string) {
	p.t.Helper()
	args := append([]string{"account", "add", "--name", "Test", "--role", roles}, p.database()...)
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
