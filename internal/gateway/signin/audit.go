package signin

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/chain"
	"twoweave/internal/platform/sheet"
)

// Auditing is the audit as its page asks for it. Each call is on the audit itself; whoever may not see it is fault.Denied.
type Auditing interface {
	// Rows finds the rows of each query at one moment.
	Rows(ctx context.Context, by access.Actor, queries ...AuditQuery) ([][]access.Audit, error)
	// Verify follows the chain; fault.Unavailable while somebody else does.
	Verify(ctx context.Context, by access.Actor) (chain.Report, error)
}

// AuditQuery is which rows of the audit somebody wants; empty fields are all.
type AuditQuery struct {
	Who, Thing string
	Action     access.Action
	Flagged    bool // refusals and alarms alone
	From, To   time.Time
	Limit      int
}

const (
	auditRows  = 200
	auditSheet = 20_000
	auditDays  = 7
	day        = 24 * time.Hour
	dayFormat  = "2006-01-02"
)

// china is the time of the city's clocks.
var china = time.FixedZone("CST", 8*60*60)

// audited is what the page of the audit shows.
type audited struct {
	Who, Thing, Action, From, To string // as they were entered
	Flagged, All                 []access.Audit
	Cut                          int // only so many rows are shown; 0: all
	Sheet                        string
	Report                       *chain.Report
	Error                        string
}

// auditQuery reads what was entered; without days it is the last ones.
func (h *Handler) auditQuery(form url.Values) (q AuditQuery, p audited, ok bool) {
	get := func(key string) string { return strings.TrimSpace(form.Get(key)) }
	today := h.o.Clock.Now().In(china)
	p = audited{Who: get("who"), Thing: get("thing"), Action: get("action"), From: get("from"), To: get("to")}
	if p.To == "" {
		p.To = today.Format(dayFormat)
	}
	if p.From == "" {
		p.From = today.Add(-auditDays * day).Format(dayFormat)
	}
	from, err := time.ParseInLocation(dayFormat, p.From, china)
	to, toErr := time.ParseInLocation(dayFormat, p.To, china)
	q = AuditQuery{Who: p.Who, Thing: p.Thing, Action: access.Action(p.Action), From: from, To: to.Add(day), Limit: auditRows}
	p.Sheet = "/console/audit/sheet?" + url.Values{"who": {p.Who}, "thing": {p.Thing}, "action": {p.Action}, "from": {p.From}, "to": {p.To}}.Encode()
	return q, p, err == nil && toErr == nil && !to.Before(from)
}

func (h *Handler) audit(w http.ResponseWriter, r *http.Request, by access.Actor) {
	q, p, ok := h.auditQuery(r.URL.Query())
	if !ok { // the empty search decides whether the form is for the account at all
		q, p.Error, p.Sheet = AuditQuery{Limit: 1}, "audit.date", ""
	}
	flagged := q
	flagged.Flagged = true
	found, err := h.o.Auditing.Rows(r.Context(), by, flagged, q)
	if err == nil && ok && r.URL.Query().Has("verify") {
		var report chain.Report
		report, err = h.o.Auditing.Verify(r.Context(), by)
		p.Report = &report
	}
	if err != nil {
		h.deny(w, r, err)
		return
	}
	status := http.StatusUnprocessableEntity
	if ok {
		status, p.Flagged, p.All = http.StatusOK, found[0], found[1]
	}
	if len(p.All) == auditRows || len(p.Flagged) == auditRows {
		p.Cut = auditRows
	}
	h.show(w, r, status, "audit", "audit.title", p)
}

// auditSheet gives the rows away as a table; what people typed is no formula in it.
func (h *Handler) auditSheet(w http.ResponseWriter, r *http.Request, by access.Actor) {
	q, p, ok := h.auditQuery(r.URL.Query())
	if !ok {
		http.Redirect(w, r, "/console/audit?"+r.URL.RawQuery, http.StatusSeeOther)
		return
	}
	q.Limit = auditSheet
	found, err := h.o.Auditing.Rows(r.Context(), by, q)
	if err != nil {
		h.deny(w, r, err)
		return
	}
	t := &sheet.Table{Name: "audit", Zone: china, Columns: []sheet.Column{{Title: "at", Shape: sheet.Moment}}}
	for _, title := range []string{"actor", "roles", "action", "thing", "purpose", "allowed", "rule", "reason"} {
		t.Columns = append(t.Columns, sheet.Column{Title: title})
	}
	for _, a := range found[0] {
		t.Rows = append(t.Rows, []any{a.At, a.Actor, a.Roles, string(a.Action), a.Thing, string(a.Purpose), fmt.Sprint(a.Decision.Allow), a.Decision.Rule, a.Decision.Reason})
	}
	var body bytes.Buffer
	if err := sheet.Write(&body, sheet.CSV, t); err != nil {
		h.fail(w, r, fault.Wrap("signin.auditSheet", err))
		return
	}
	w.Header().Set("Content-Type", sheet.CSV.Type())
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="audit-%s-%s.csv"`, p.From, p.To))
	_, _ = w.Write(body.Bytes()) // whoever went away needs no answer
}
