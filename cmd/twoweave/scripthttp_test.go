package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var client = &http.Client{
	Timeout:       within,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// as ID|nobody: who asks from here on.
func cmdAs(ts *testscript.TestScript, _ bool, args []string) {
	needs(ts, args, 1, "as ID|nobody")
	s := of(ts)
	key, known := s.keys[args[0]]
	if !known && args[0] != "nobody" {
		ts.Fatalf("there is no account %s in this script", args[0])
	}
	s.key = key
}

// http STATUS METHOD PATH [Name: value]... [FILE]: asks; stdout is the answer's body, stderr its headers.
func cmdHTTP(ts *testscript.TestScript, _ bool, args []string) {
	needs(ts, args, 3, "http STATUS METHOD PATH [Name: value]... [FILE]")
	var body []byte
	header := http.Header{}
	for _, arg := range args[3:] {
		if name, value, ok := strings.Cut(arg, ": "); ok {
			header.Set(name, value)
		} else {
			body = []byte(os.Expand(ts.ReadFile(arg), ts.Getenv))
		}
	}
	expect(ts, args[0], args[1], args[2], header, body)
}

func expect(ts *testscript.TestScript, status, method, path string, header http.Header, body []byte) {
	s := of(ts)
	got, err := s.ask(method, path, header, body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n", bytes.TrimSpace(s.answer))
	fmt.Fprint(ts.Stderr(), s.headers)
	if strconv.Itoa(got) != status {
		ts.Fatalf("%s %s: status %d, want %s\n%s", method, path, got, status, s.answer)
	}
}

func (s *session) ask(method, path string, header http.Header, body []byte) (status int, err error) {
	r, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header = header
	if r.Header.Get("Authorization") == "" && s.key != "" {
		r.Header.Set("Authorization", "Bearer "+s.key)
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var headers bytes.Buffer
	answer.Header.Write(&headers)
	s.headers = strings.ReplaceAll(headers.String(), "\r\n", "\n")
	s.answer, err = io.ReadAll(answer.Body)
	return answer.StatusCode, err
}

// do STATUS COMMAND VERSION [name=value]...: gives the case $CASE a command. key=… is the idempotency key, random when it is not given.
func cmdDo(ts *testscript.TestScript, _ bool, args []string) {
	needs(ts, args, 3, "do STATUS COMMAND VERSION [name=value]...")
	version, err := strconv.Atoi(args[2])
	ts.Check(err)
	key := rand.Text()
	body := map[string]any{"command": args[1], "version": version}
	for _, arg := range args[3:] {
		name, value, _ := strings.Cut(arg, "=")
		if name == "key" {
			key = value
		} else {
			body[name] = value
		}
	}
	text, err := json.Marshal(body)
	ts.Check(err)
	expect(ts, args[0], "POST", "/api/v1/cases/"+ts.Getenv("CASE")+"/commands",
		http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {key}}, text)
}

// json PATH VALUE: what stands at a path of the last answer, such as items/0/state; len is how many a list has, ~1 a slash in a name.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, args, 2, "json PATH VALUE")
	got := of(ts).at(args[0])
	if (got == args[1]) == neg {
		ts.Fatalf("%s is %s; want %s\n%s", args[0], got, args[1], of(ts).shown())
	}
}

// save NAME PATH: puts what stands at a path of the last answer into the environment.
func cmdSave(ts *testscript.TestScript, _ bool, args []string) {
	needs(ts, args, 2, "save NAME PATH")
	got := of(ts).at(args[1])
	if got == absent {
		ts.Fatalf("nothing stands at %s\n%s", args[1], of(ts).shown())
	}
	ts.Setenv(args[0], got)
}

// await PATH JSONPATH VALUE: asks again and again until the answer has the value there.
func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	needs(ts, args, 3, "await PATH JSONPATH VALUE")
	s := of(ts)
	ok := poll(func() bool {
		_, err := s.ask("GET", args[0], http.Header{}, nil)
		ts.Check(err)
		return s.at(args[1]) == args[2]
	})
	fmt.Fprintf(ts.Stdout(), "%s\n", bytes.TrimSpace(s.answer))
	if !ok {
		ts.Fatalf("GET %s: %s is %s, and did not become %s within %s\n%s", args[0], args[1], s.at(args[1]), args[2], time.Duration(within), s.shown())
	}
}

// shown is the last answer for a message, without the rest of a long one.
func (s *session) shown() string {
	const most = 2000
	return string(s.answer[:min(len(s.answer), most)])
}

const absent = "(nothing)"

// at is the text of what stands at a path of the last answer.
func (s *session) at(path string) string {
	decoder := json.NewDecoder(bytes.NewReader(s.answer))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return absent
	}
	for _, step := range strings.Split(path, "/") {
		var ok bool
		if value, ok = into(value, strings.ReplaceAll(step, "~1", "/")); !ok {
			return absent
		}
	}
	if text, is := value.(string); is {
		return text
	}
	text, _ := json.Marshal(value) // it was just decoded
	return string(text)
}

func into(value any, step string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		inner, ok := v[step]
		return inner, ok
	case []any:
		if step == "len" {
			return json.Number(strconv.Itoa(len(v))), true
		}
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		return v[i], true
	}
	return nil, false
}
