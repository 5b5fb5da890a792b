package app

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
)

// Whoever looks at very many persons' data is flagged once, every administrator is told, and the page of the audit shows it to administrators alone; it verifies the
// chain, gives a table away in which nothing is a formula, and what was asked of it stands on the audit too.
func TestManyLooksAreFlaggedAndShown(t *testing.T) {
	t.Parallel()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	c.Listen, c.Packs, c.Audit.Looks = "127.0.0.1:0", []string{"../../packs/pudong"}, 5
	a := started(t, c, Options{})
	defer stopped(t, a)
	keys := map[string]string{}
	accounts := map[string]access.Role{"anna": access.Operator, "bert": access.Operator, "boss": access.Admin, "chief": access.Admin}
	update := func(fn func(tx *sqldb.Tx) error) {
		t.Helper()
		if err := a.database.Update(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	for id, role := range accounts {
		update(func(tx *sqldb.Tx) (err error) {
			_, keys[id], err = a.records.CreateAccount(tx, manage.Account{ID: id, Name: id, Roles: []access.Role{role}, CreatedAt: a.o.Clock.Now()})
			return err
		})
	}
	look := func(who string, at time.Time, person int) access.Audit {
		return access.Audit{At: at, Actor: who, Roles: "operator", Action: access.ReadPersonal, Thing: fmt.Sprint("person/p", person), Purpose: access.Casework,
			Decision: access.Decision{Allow: true, Reason: `=HYPERLINK("x")`}}
	}
	now := a.o.Clock.Now()
	update(func(tx *sqldb.Tx) error {
		for i := range 5 {
			if err := a.records.AppendAudit(tx, look("anna", now, i), look("bert", now, i%4), look("bert", now.Add(-time.Hour), i)); err != nil {
				return err
			}
		}
		return nil
	})
	for range 3 {
		if err := a.watchLooks(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := audited(t, a, access.ManyLooks); n != 1 {
		t.Errorf("%d alarms", n)
	}
	told := 0
	update(func(tx *sqldb.Tx) error {
		for id := range accounts {
			page, err := notify.Inbox(tx, id, notify.InboxFilter{Now: a.o.Clock.Now()})
			if err != nil {
				return err
			}
			if told += len(page.Entries); len(page.Entries) > 0 && accounts[id] != access.Admin {
				t.Errorf("%s is told", id)
			}
		}
		return nil
	})
	if told != 2 {
		t.Errorf("%d administrators were told", told)
	}
	boss := newBrowser(t, a)
	boss.post("/signin", url.Values{"key": {keys["boss"]}})
	status, _, page := boss.get("/console/audit?verify=1")
	if status != http.StatusOK || !strings.Contains(page, "account/anna") || !strings.Contains(page, `data-test="verified"`) || strings.Contains(page, "account/bert") {
		t.Errorf("%d %s", status, page)
	}
	if status, _, page = boss.get("/console/audit?who=bert&thing=person%2Fp3"); status != http.StatusOK || strings.Contains(page, "anna") || !strings.Contains(page, "person/p3") {
		t.Errorf("a search: %d %s", status, page)
	}
	if status, _, page = boss.get("/console/audit?from=2026-99-99"); status != http.StatusUnprocessableEntity || strings.Contains(page, "person/p3") {
		t.Errorf("no date: %d", status)
	}
	if status, _, page = boss.get("/console/audit/sheet?who=anna"); status != http.StatusOK || !strings.Contains(page, "HYPERLINK") || strings.Contains(page, ",=HYPER") || strings.Contains(page, `,"=HYPER`) {
		t.Errorf("the table: %d %s", status, page)
	}
	anna := newBrowser(t, a)
	anna.post("/signin", url.Values{"key": {keys["anna"]}})
	for _, path := range []string{"/console/audit", "/console/audit/sheet", "/console/audit?verify=1", "/console/audit?from=x"} {
		if status, _, page := anna.get(path); status != http.StatusForbidden || strings.Contains(page, "person/p") {
			t.Errorf("an operator at %s: %d", path, status)
		}
	}
	if n := audited(t, a, access.ReadAudit); n < 8 {
		t.Errorf("%d lines on the audit about reading it", n)
	}
}
