package app

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/gateway/limit"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
)

// doorway is a running program with small limits.
type doorway struct {
	t    *testing.T
	app  *App
	keys map[string]string
}

func newDoorway(t *testing.T, limits limit.Limits) *doorway {
	t.Helper()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	c.Listen, c.Packs, c.Limits = "127.0.0.1:0", []string{"../../packs/pudong"}, limits
	d := &doorway{t: t, app: started(t, c, Options{}), keys: map[string]string{}}
	t.Cleanup(func() { stopped(t, d.app) })
	for name, role := range map[string]string{"gauge": "sender", "wall": "viewer"} {
		err := d.app.database.Update(t.Context(), func(tx *sqldb.Tx) (err error) {
			_, d.keys[name], err = d.app.records.CreateAccount(tx, manage.Account{ID: name, Name: name, Roles: []access.Role{access.Role(role)}, CreatedAt: d.app.o.Clock.Now()})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *doorway) ask(who, method, path, media, body string, header ...string) *http.Response {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.app.URL()+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+d.keys[who])
	}
	r.Header.Set("Content-Type", media)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { res.Body.Close() })
	return res
}

func (d *doorway) send(subjects ...string) *http.Response {
	d.t.Helper()
	var lines strings.Builder
	for _, s := range subjects {
		fmt.Fprintf(&lines, `{"specversion":"1.0","id":%q,"source":"s","type":"water.level","subject":%q,"area":%q,"data":{"level_cm":3}}`+"\n", s, s, ownArea)
	}
	return d.ask("gauge", "POST", "/api/v1/events", "application/x-ndjson", lines.String())
}

// expect sees that an answer is that of a limit, with what a program needs to do better.
func (d *doorway) expect(res *http.Response, status int, name string) {
	d.t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if res.StatusCode != status || !strings.Contains(string(body), "limit."+name) && !strings.Contains(string(body), name) {
		d.t.Errorf("%s: %s %s", name, res.Status, body)
	}
	if again := res.Header.Get("Retry-After") != ""; again != (status == 429 || status == 503) {
		d.t.Errorf("%s: %s with Retry-After %q", name, res.Status, res.Header.Get("Retry-After"))
	}
}

// The whole program holds its limits: who invents things, nests, packs, opens streams without end is told so, others are not in the way, and the figures say it.
func TestTheProgramHoldsItsLimits(t *testing.T) {
	t.Parallel()
	d := newDoorway(t, limit.Limits{SubjectsAccount: limit.Rate{Second: 0.001, Burst: 3}, StreamsAccount: 2, SignInAddress: limit.Rate{Second: 0.001, Burst: 1}, EventsAccount: limit.Rate{Second: 0.001, Burst: 12}})
	if res := d.send("a", "b", "c"); res.StatusCode != http.StatusAccepted {
		t.Fatal(res.Status)
	}
	d.expect(d.send("d"), 429, "subjects-account")
	if res := d.send("c", "b", "a", "a"); res.StatusCode != http.StatusAccepted {
		t.Errorf("things that are known: %s", res.Status)
	}
	deep := `{"specversion":"1.0","id":"x","source":"s","type":"water.level","subject":"a","data":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "}"
	d.expect(d.ask("gauge", "POST", "/api/v1/events", "application/cloudevents+json", deep), 400, "depth")
	hidden := `{"specversion":"1.0","id":"x","source":"s","type":"water.level","subject":"a","data_base64":"` + strings.Repeat("W1tb", 30) + `"}` // "[[[" again and again
	d.expect(d.ask("gauge", "POST", "/api/v1/events", "application/cloudevents+json", hidden), 400, "nested too deep")
	d.expect(d.ask("gauge", "POST", "/api/v1/events", "application/x-ndjson", "{}", "Content-Encoding", "gzip"), 415, "packed-body")
	d.send("a", "a", "a")
	d.expect(d.send("a"), 429, "events-account")
	for range 2 {
		if res := d.ask("wall", "GET", "/api/v1/stream", "", ""); res.StatusCode != http.StatusOK {
			t.Errorf("a stream: %s", res.Status)
		}
	}
	d.expect(d.ask("wall", "GET", "/api/v1/stream", "", ""), 429, "streams-account")
	d.ask("", "POST", "/signin", "application/x-www-form-urlencoded", "key=guess", "X-Forwarded-For", "192.0.2.1")
	d.expect(d.ask("", "POST", "/signin", "application/x-www-form-urlencoded", "key=guess", "X-Forwarded-For", "192.0.2.2"), 429, "sign-in-address") // a stranger's word on its address counts for nothing
	d.expect(d.ask("", "POST", "/language", "application/x-www-form-urlencoded", strings.Repeat("x", 70<<10)), 413, "form-bytes")
	figures, err := io.ReadAll(d.ask("", "GET", "/metrics", "", "").Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"subjects-account", "depth", "packed-body", "events-account", "streams-account", "sign-in-address", "form-bytes"} {
		if !strings.Contains(string(figures), `twoweave_gate_refused_total{limit="`+name+`"}`) {
			t.Errorf("no figure of %s", name)
		}
	}
}
