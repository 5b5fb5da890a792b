package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/access/accesstest"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
	"twoweave/internal/registry"
)

// book is the table of who may do what, written by hand.
const book = "../../docs/access.md"

// The units of the matrix: things belong to own, involved was asked to help with them, other has nothing to do with them.
const (
	own      = "street-310115004000"
	involved = "street-310115005000"
	other    = "street-310115007000"
	ownArea  = "310115004000"
)

// nobody has no account.
const nobody = "nobody"

// matrix is a running program with accounts of every role in every unit, and things of own that they try to see and change.
type matrix struct {
	t       *testing.T
	app     *App
	lines   map[access.Action]accesstest.Line
	people  []access.Actor
	keys    map[string]string
	ready   map[string]*attempt // that was refused: nothing has become of it
	n       int
	tried   int
	stopped bool
	granted map[string]bool // routes by which somebody got something
}

// attempt is one request about one thing.
type attempt struct {
	method, target, body string
	media                string
	thing                access.Thing
	shows                string // what the answer holds of the thing, when it is a list of which one sees a part
}

func TestEveryRouteLetsInWhomTheTableSays(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, Options{}, func(*Config) {})
	routes := accesstest.Routes(t, book)
	m.sameRoutes(routes)
	for _, r := range routes {
		for _, me := range m.people {
			m.try(r, me, false)
			if me.ID == nobody {
				continue
			}
			if cell := m.lines[r.Action].Cell(me.Roles[0]); strings.HasPrefix(cell, "not own") || strings.Contains(cell, "task") {
				m.try(r, me, true)
			}
		}
		if !m.granted[r.String()] && r.Action != access.SendOrder { // peers sign; they have no account
			t.Errorf("%s: nobody came in, so nothing is shown", r)
		}
	}
	t.Logf("%d routes and commands, %d accounts, %d requests", len(routes), len(m.people), m.tried)
}

func newMatrix(t *testing.T, o Options, set func(*Config)) *matrix {
	t.Helper()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	c.Listen, c.Packs = "127.0.0.1:0", []string{"../../packs/pudong"}
	set(&c)
	m := &matrix{t: t, app: started(t, c, o), lines: map[access.Action]accesstest.Line{}, keys: map[string]string{}, ready: map[string]*attempt{}, granted: map[string]bool{}}
	t.Cleanup(m.stop)
	for _, line := range accesstest.Actions(t, book) {
		m.lines[line.Action] = line
	}
	for _, role := range access.Roles {
		units := []string{"", other}
		if role == access.FieldWorker {
			units = []string{own, involved, other}
		}
		for _, unit := range units {
			m.addAccount(access.Actor{ID: strings.Trim(string(role)+"-"+unit, "-"), Roles: []access.Role{role}, Unit: unit})
		}
	}
	m.people = append(m.people, access.Actor{ID: nobody})
	return m
}

// stop stops the program, once.
func (m *matrix) stop() {
	if !m.stopped {
		stopped(m.t, m.app)
	}
	m.stopped = true
}

func (m *matrix) addAccount(who access.Actor) {
	m.t.Helper()
	err := m.app.database.Update(m.t.Context(), func(tx *sqldb.Tx) (err error) {
		_, m.keys[who.ID], err = m.app.records.CreateAccount(tx, manage.Account{ID: who.ID, Name: who.ID, Roles: who.Roles, Unit: registry.UnitID(who.Unit), CreatedAt: m.app.o.Clock.Now()})
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.people = append(m.people, who)
}

// sameRoutes holds the table of routes against the description of the interface: none is missing, none is left over.
func (m *matrix) sameRoutes(routes []accesstest.Route) {
	m.t.Helper()
	described, err := m.app.api.Describe()
	if err != nil {
		m.t.Fatal(err)
	}
	var doc struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(described, &doc); err != nil {
		m.t.Fatal(err)
	}
	there := map[string]bool{}
	for path, methods := range doc.Paths {
		for method := range methods {
			there[strings.ToUpper(method)+" "+path] = false
		}
	}
	for _, r := range routes {
		if _, is := there[r.Method+" "+r.Path]; !is {
			m.t.Errorf("%s names %s, which is no route", book, r)
		}
		there[r.Method+" "+r.Path] = true
	}
	for route, named := range there {
		if !named {
			m.t.Errorf("%s has no line for %s", book, route)
		}
	}
}

// try lets somebody try a route on a thing of the own unit; mine says that the thing was handled, asked for or proposed by whoever tries.
func (m *matrix) try(r accesstest.Route, me access.Actor, mine bool) {
	m.t.Helper()
	key := r.String()
	if mine || r.Action == access.ReportCase {
		key += me.ID
	}
	a := m.ready[key]
	if a == nil {
		a = m.attempt(r, me, mine)
	}
	want := r.Action == access.SendEvent // also without an account, while the program listens on this machine only
	if me.ID != nobody {
		want = accesstest.Words[m.lines[r.Action].Cell(me.Roles[0])](me, a.thing)
	}
	status, answer := m.send(me, a)
	m.tried++
	got, clear := came(status, answer, a)
	if !clear || got != want {
		m.t.Errorf("%s by %s (mine: %v): %d, wanted %v: %.300s", r, me.ID, mine, status, want, answer)
	}
	m.ready[key] = a
	if got {
		m.granted[r.String()] = true
		if r.Method == http.MethodPost {
			delete(m.ready, key)
		}
	}
}

// came says whether access let the request through. It is clear when it did, whatever the thing itself then says against it, such as that somebody else is on duty;
// or when access is what refused.
func came(status int, answer string, a *attempt) (got, clear bool) {
	switch {
	case status == http.StatusUnauthorized:
		return false, true
	case status == http.StatusForbidden:
		return !strings.Contains(answer, `"code":"access.`), strings.Contains(answer, `"code":"`)
	case status/100 != 2:
		return true, status == http.StatusUnprocessableEntity || status == http.StatusConflict || status == http.StatusNotFound
	}
	return strings.Contains(answer, a.shows), true
}

func (m *matrix) send(me access.Actor, a *attempt) (status int, answer string) {
	m.t.Helper()
	r, err := http.NewRequestWithContext(m.t.Context(), a.method, m.app.URL()+a.target, strings.NewReader(a.body))
	if err != nil {
		m.t.Fatal(err)
	}
	m.n++
	r.Header.Set("Content-Type", a.media)
	r.Header.Set("Idempotency-Key", fmt.Sprint("try-", m.n))
	if key := m.keys[me.ID]; key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return res.StatusCode, "" // it never ends
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}
