package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// centre is an operations centre as it is run, not the demo: the program with the demo's pack, people with keys of their own, an SMS gateway that remembers
// everything, and nobody who works by himself.
type centre struct {
	program
	keys   map[string]string // by account
	phones *phones
}

// staff are the accounts of a centre: id, roles, unit.
type staff struct{ id, roles, unit string }

// hurried lets one account do what a hundred people do: tests have few people and no time.
const hurried = "limits:\n  command-account: {second: 2000, burst: 20000}\n  read-account: {second: 2000, burst: 20000}\n"

// startCentre starts one. The shift of now ends in half an hour, so that it can be handed over at any time of day.
func startCentre(t *testing.T, people ...staff) *centre {
	t.Helper()
	folder := t.TempDir()
	packs, data := filepath.Join(folder, "pudong"), filepath.Join(folder, "data")
	if err := os.CopyFS(packs, os.DirFS("../../packs/pudong")); err != nil {
		t.Fatal(err)
	}
	c := &centre{keys: map[string]string{}, phones: newPhones(t)}
	roster := filepath.Join(packs, "roster.yaml")
	was, err := os.ReadFile(roster)
	if err != nil {
		t.Fatal(err)
	}
	write(t, roster, rosterOf(people, string(was), time.Now()))
	config := filepath.Join(folder, "twoweave.yaml")
	write(t, config, fmt.Sprintf("data: %q\npacks: [%q]\nlisten: 127.0.0.1:0\nmqtt: \"off\"\nlog: warn\nnotify: {sms: {url: %q}}\n%s", data, packs, c.phones.URL, hurried))
	for _, p := range people {
		c.keys[p.id] = addAccount(t, data, p)
	}
	if c.program, err = launch("serve", "--config", config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	return c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func addAccount(t *testing.T, data string, p staff) (key string) {
	t.Helper()
	out, err := exec.Command(built, "account", "add", "--data", data, "--id", p.id, "--name", p.id, "--role", p.roles, "--unit", p.unit).CombinedOutput()
	if err != nil {
		t.Fatalf("account: %v\n%s", err, out)
	}
	_, rest, _ := strings.Cut(string(out), "key ")
	if key = strings.TrimSpace(strings.Split(rest, "\n")[0]); key == "" {
		t.Fatalf("no key in %q", out)
	}
	return key
}

// rosterOf puts everybody whose id ends in -2 on duty after the shift of now, everybody else of the centre on duty now. Field workers of the pack's own roster
// stay, since grids name them.
func rosterOf(people []staff, was string, now time.Time) string {
	china := time.FixedZone("CST", 8*3600)
	clock := func(d time.Duration) string { return now.Add(d).In(china).Format("15:04") }
	b := &strings.Builder{}
	fmt.Fprintf(b, "otherwise: dispatcher\nshifts:\n  - {shift: now, name: {zh: 本班, en: this shift}, from: %q, to: %q}\n", clock(-12*time.Hour), clock(30*time.Minute))
	fmt.Fprintf(b, "  - {shift: next, name: {zh: 下一班, en: next shift}, from: %q, to: %q}\npersons:\n", clock(30*time.Minute), clock(-12*time.Hour))
	duties := &strings.Builder{}
	for _, p := range people {
		fmt.Fprintf(b, "  - {person: %s, name: {zh: %s, en: %s}}\n", p.id, p.id, p.id)
		post, shift := strings.Split(p.roles, ",")[0], "now"
		if strings.HasSuffix(p.id, "-2") {
			shift = "next"
		}
		if p.unit == "" && p.roles != "admin" {
			fmt.Fprintf(duties, "  - {post: %s, shift: %s, persons: [%s]}\n", post, shift, p.id)
		}
	}
	for line := range strings.Lines(was) {
		if strings.HasPrefix(line, "  - {person: demo-field-") {
			b.WriteString(line)
		}
	}
	b.WriteString("posts:\n")
	for _, post := range []string{"dispatcher", "operator", "verifier"} {
		fmt.Fprintf(b, "  - {post: %s, name: {zh: %s, en: %s}, shifts: [now, next], within: 5m}\n", post, post, post)
	}
	return b.String() + "duties:\n" + duties.String()
}

// signIn signs somebody in with the key, as people do.
func (c *centre) signIn(t *testing.T, id string, width, height int64) *tab {
	t.Helper()
	p := openAt(t, c.url, width, height)
	p.goTo("/signin")
	p.typeAt(`input[name="key"]`, c.keys[id]+"\r")
	p.until(`location.pathname !== "/signin" && document.querySelector("main h1") !== null`)
	return p
}

// call gives a command or asks a question as a program does, and reads the answer into out. It is the status.
func (c *centre) call(key, method, path, once string, body, out any) (int, error) {
	var in io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		in = bytes.NewReader(encoded)
	}
	r, err := http.NewRequest(method, c.url+path, in)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	if once != "" {
		r.Header.Set("Idempotency-Key", once)
	}
	res, err := clients.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(answer, out)
	}
	return res.StatusCode, err
}

var clients = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}

// phones is an SMS gateway and the phones behind it.
type phones struct {
	*httptest.Server

	mu  sync.Mutex
	got map[string][]string // texts by number
	ids map[string]bool     // a message that is sent twice under one id is shown once, as gateways do
	n   int                 // texts that all numbers have got
}

func newPhones(t *testing.T) *phones {
	p := &phones{got: map[string][]string{}, ids: map[string]bool{}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.take))
	t.Cleanup(p.Close)
	return p
}

func (p *phones) take(w http.ResponseWriter, r *http.Request) {
	var m struct{ ID, To, Text string }
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ids[m.ID] {
		p.ids[m.ID] = true
		p.got[m.To] = append(p.got[m.To], m.Text)
		p.n++
	}
	w.WriteHeader(http.StatusAccepted)
}

// texts is how many have arrived.
func (p *phones) texts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// of are the texts that a number has got.
func (p *phones) of(number string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.got[number]...)
}
