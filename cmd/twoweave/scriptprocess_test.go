package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// within is how long a script waits for anything before it says that it did not come.
const within = 20 * time.Second

type sessionKey struct{}

// session is what the commands of one script share: the program that runs, who asks, and the last answer.
type session struct {
	program *exec.Cmd
	ended   chan error
	errors  string // file with the program's log
	url     string
	keys    map[string]string // by account
	key     string            // of who asks now
	answer  []byte
	headers string
}

func of(ts *testscript.TestScript) *session { return ts.Value(sessionKey{}).(*session) }

func (s *session) kill() {
	if s.program != nil {
		s.program.Process.Kill()
		<-s.ended
		s.program = nil
	}
}

// poll tries at once and then 50 times a second, until it is done or the time is up.
func poll(done func() bool) bool {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if done() {
			return true
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return done()
		}
	}
}

// serve [FLAGS]: starts the program on the folder data and waits until it is ready. $URL is where; its log goes to serve.err.
func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if neg || s.program != nil {
		ts.Fatalf("serve needs a program that does not run yet; for one that must not start use: ! exec twoweave serve")
	}
	base := []string{"serve", "--listen", "127.0.0.1:0", "--mqtt", "off", "--data", "data", "--database", ts.Getenv("DATABASE")}
	c := exec.Command("twoweave", append(base, args...)...)
	c.Dir = ts.MkAbs(".")
	s.errors = ts.MkAbs("serve.err")
	stderr, err := os.OpenFile(s.errors, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer stderr.Close()
	c.Stderr = stderr
	ts.Check(s.start(c))
	if s.url == "" {
		<-s.ended
		s.program = nil
		ts.Fatalf("the program ended before it was ready:\n%s", ts.ReadFile("serve.err"))
	}
	ts.Setenv("URL", s.url)
}

// start starts c and reads the line that says where it is; the URL stays empty when it ends without one.
func (s *session) start(c *exec.Cmd) error {
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	s.program, s.ended, s.url = c, make(chan error, 1), ""
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, url, ok := strings.Cut(lines.Text(), "is ready: "); ok {
				ready <- url
			}
		}
		close(ready)
		s.ended <- c.Wait()
	}()
	s.url = <-ready
	return nil
}

// shutdown: asks the program to stop and sees that it does so gracefully.
func cmdShutdown(ts *testscript.TestScript, neg bool, _ []string) {
	s := of(ts)
	ts.Check(s.program.Process.Signal(syscall.SIGTERM))
	overdue := time.NewTimer(within)
	defer overdue.Stop()
	select {
	case err := <-s.ended:
		s.program = nil
		if neg || err != nil {
			ts.Fatalf("the program stopped with %v:\n%s", err, ts.ReadFile("serve.err"))
		}
	case <-overdue.C:
		ts.Fatalf("the program does not stop:\n%s", ts.ReadFile("serve.err"))
	}
}

// crash: kill -9.
func cmdCrash(ts *testscript.TestScript, _ bool, _ []string) { of(ts).kill() }

// reload: SIGHUP.
func cmdReload(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(of(ts).program.Process.Signal(syscall.SIGHUP))
}

// logged REGEXP: waits until the program has logged it.
func cmdLogged(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, args, 1, "logged REGEXP")
	s := of(ts)
	pattern := regexp.MustCompile(args[0])
	var log []byte
	found := func() bool {
		var err error
		log, err = os.ReadFile(s.errors)
		ts.Check(err)
		return pattern.Match(log)
	}
	if neg {
		if found() {
			ts.Fatalf("logged, and must not be: %s", bytes.Join(pattern.FindAll(log, -1), []byte("\n")))
		}
		return
	}
	if !poll(found) {
		ts.Fatalf("%q was not logged:\n%s", args[0], log)
	}
}

// account ID ROLES [UNIT]: makes an account; "as ID" speaks for it.
func cmdAccount(ts *testscript.TestScript, _ bool, args []string) {
	needs(ts, args, 2, "account ID ROLES [UNIT] [FLAG VALUE]...")
	add := []string{"account", "add", "--data", "data", "--database", ts.Getenv("DATABASE"), "--id", args[0], "--name", "The " + args[0], "--role", args[1]}
	rest := args[2:]
	if len(rest)%2 == 1 {
		add, rest = append(add, "--unit", rest[0]), rest[1:]
	}
	add = append(add, rest...)
	c := exec.Command("twoweave", add...)
	c.Dir = ts.MkAbs(".")
	out, err := c.CombinedOutput()
	key := regexp.MustCompile(`(?m)^key +(\S+)$`).FindSubmatch(out)
	if err != nil || key == nil {
		ts.Fatalf("account add: %v\n%s", err, out)
	}
	of(ts).keys[args[0]] = string(key[1])
	ts.Setenv("KEY_"+args[0], string(key[1]))
}

// needs stops a script whose command has too few words.
func needs(ts *testscript.TestScript, args []string, n int, usage string) {
	if len(args) < n {
		ts.Fatalf("usage: %s", usage)
	}
}
