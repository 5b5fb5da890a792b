package dutydesktest

import (
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/dutydesk"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

// leave moves the clock to half an hour before the day shift's end, 16:00, and has somebody hand over.
func (d *Desk) leave(t *testing.T, who access.Actor, post registry.PostID) dutydesk.HandOverView {
	t.Helper()
	d.clock.Set(shiftEnd.Add(-30 * time.Minute))
	v, err := d.HandOver(t.Context(), d.by(who), dutydesk.HandOverDraft{Post: post, Points: " two leaks are open ", Cases: []string{"C-1", "C-2"}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var shiftEnd = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)

// ring lets a handler run as if its timer had come.
func (d *Desk) ring(t *testing.T, kind, key string) {
	t.Helper()
	d.update(t, func(tx *sqldb.Tx) error {
		return d.Timers()[kind](t.Context(), tx, timer.Timer{Kind: kind, Key: key, Due: d.clock.Now()})
	})
}

func handsOver(t *testing.T, d *Desk) {
	h := d.leave(t, operator, "operator")
	if h.Points != "two leaks are open" || len(h.Cases) != 2 || h.Shift != "day" || !h.Until.Equal(shiftEnd) || !h.Due.Equal(shiftEnd.Add(dutydesk.AcceptWithin)) || h.FromName != "Op" {
		t.Fatalf("%+v", h)
	}
	if got := d.told(t, "handover/"+string(h.ID)); got != "op2" {
		t.Errorf("told %s", got)
	}
	if _, err := d.HandOver(t.Context(), d.by(operator), dutydesk.HandOverDraft{Post: "operator", Points: "again"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	d.pass(t, 20*time.Minute)
	v, err := d.Accept(t.Context(), d.by(operator2), h.ID, " read ")
	if err != nil || v.By != "op2" || v.AcceptedAt == nil || v.Note != "read" || v.Escalated != nil || len(v.Commands) != 0 {
		t.Fatalf("%+v (%v)", v, err)
	}
	if _, err := d.Accept(t.Context(), d.by(operator2), h.ID, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("accepted twice: %v", err)
	}
	d.pass(t, 24*time.Hour)
	if got := d.happened(t, "handover/"+string(h.ID)); got != "shift-handed-over shift-accepted" {
		t.Errorf("the log says %s", got)
	}
	open, err := d.HandOvers(t.Context(), operator, dutydesk.HandOverFilter{Open: true})
	all, err2 := d.HandOvers(t.Context(), operator, dutydesk.HandOverFilter{Post: "operator"})
	if err != nil || err2 != nil || len(open.Items) != 0 || len(all.Items) != 1 {
		t.Errorf("%+v, %+v (%v, %v)", open, all, err, err2)
	}
}

func late(t *testing.T, d *Desk) {
	h := d.leave(t, operator, "operator")
	call := dutydesk.CallID("handover." + h.ID)
	d.pass(t, 30*time.Minute+dutydesk.AcceptWithin-time.Second)
	if got := d.happened(t, ""); strings.Contains(got, "call") {
		t.Fatalf("called early: %s", got)
	}
	d.pass(t, time.Second)
	if c := d.call(t, call); rungs(c) != "dispatcher:" || d.told(t, "call/"+string(call)) != "di2" || c.About != "handover/"+string(h.ID) {
		t.Fatalf("%+v", c)
	}
	page, err := d.HandOvers(t.Context(), operator2, dutydesk.HandOverFilter{Open: true})
	if err != nil || len(page.Items) != 1 || page.Items[0].Escalated == nil {
		t.Errorf("%+v (%v)", page, err)
	}
	if v, err := d.Accept(t.Context(), d.by(operator2), h.ID, ""); err != nil || v.By != "op2" {
		t.Fatalf("late: %+v (%v)", v, err)
	}
	if c := d.call(t, call); c.Status != dutydesk.Withdrawn {
		t.Errorf("still calling: %+v", c)
	}
	if got := d.happened(t, "handover/"+string(h.ID)); got != "shift-handed-over shift-not-accepted shift-accepted" {
		t.Errorf("the log says %s", got)
	}
}

func mayHandOver(t *testing.T, d *Desk) {
	write := func(who access.Actor, post registry.PostID, after time.Duration) error {
		d.clock.Set(shiftEnd.Add(after))
		_, err := d.HandOver(t.Context(), d.by(who), dutydesk.HandOverDraft{Post: post, Points: "nothing"})
		return err
	}
	for name, err := range map[string]error{
		"who is not there":         write(operator2, "operator", -time.Minute),
		"who left long ago":        write(operator, "operator", dutydesk.Grace),
		"another post's person":    write(dispatcher, "operator", -time.Minute),
		"another unit's":           write(stranger, "leader", -time.Minute),
		"a role without any shift": write(access.Actor{ID: "op", Roles: []access.Role{access.Admin}}, "operator", -time.Minute),
		"a field worker elsewhere": write(access.Actor{ID: "le", Roles: []access.Role{access.FieldWorker}, Unit: "street-2"}, "leader", -time.Minute),
	} {
		if !fault.Is(err, fault.Denied) {
			t.Errorf("%s hands over: %v", name, err)
		}
	}
	if err := write(operator, "operator", dutydesk.Grace-time.Second); err != nil {
		t.Errorf("a little late: %v", err)
	}
	if err := write(operator, "no such post", 0); !fault.Is(err, fault.Invalid) || fault.Problems(err)[0].Field != "post" {
		t.Errorf("no such post: %v", err)
	}
	early := shiftEnd.Add(-dutydesk.Grace - 2*time.Minute)
	d.clock.Set(early)
	first, err := d.HandOver(t.Context(), d.by(dispatcher), dutydesk.HandOverDraft{Post: "dispatcher", Points: "nothing"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Accept(t.Context(), d.by(dispatcher2), first.ID, ""); !fault.Is(err, fault.Denied) {
		t.Errorf("long before the shift: %v", err)
	}
	h := d.leave(t, leader, "leader")
	if _, err := d.Accept(t.Context(), d.by(dispatcher2), first.ID, ""); err != nil {
		t.Errorf("a little before the shift: %v", err)
	}
	for _, who := range []access.Actor{leader, worker, operator, stranger, viewer} {
		if _, err := d.Accept(t.Context(), d.by(who), h.ID, ""); !fault.Is(err, fault.Denied) {
			t.Errorf("%s accepts: %v", who.ID, err)
		}
	}
	if _, err := d.Accept(t.Context(), d.by(leader2), "nothing", ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("what is not there: %v", err)
	}
	if _, err := d.Accept(t.Context(), d.by(leader2), h.ID, ""); err != nil {
		t.Error(err)
	}
}

func absent(who, by registry.PersonID) registry.Deputy {
	return registry.Deputy{For: who, By: by, From: Start, Until: Start.Add(2 * time.Hour), Why: "ill"}
}

func deputies(t *testing.T, d *Desk) {
	v, err := d.SetDeputy(t.Context(), d.by(dispatcher), absent("wo", "le2"))
	if err != nil || v.ForName.EN != "Wo" || v.ByName.EN != "Le 2" || v.SetBy != "Di" {
		t.Fatalf("%+v (%v)", v, err)
	}
	if got := d.told(t, "deputy/"+string(v.ID)); got != "le2 wo" {
		t.Errorf("told %s", got)
	}
	d.place(t, "c")
	if got := d.told(t, "call/c"); got != "le2" {
		t.Errorf("told %s", got)
	}
	own := access.Actor{ID: "le", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
	second, err := d.SetDeputy(t.Context(), d.by(own), absent("le2", "le")) // of the deputy
	if err != nil {
		t.Fatal(err)
	}
	d.place(t, "d")
	if got := d.told(t, "call/d"); got != "le" {
		t.Errorf("the deputy's deputy: told %s", got)
	}
	for _, id := range []dutydesk.DeputyID{second.ID, v.ID} {
		if v, err := d.EndDeputy(t.Context(), d.by(dispatcher), id); err != nil || v.EndedAt == nil || v.EndedBy != "Di" {
			t.Errorf("%+v (%v)", v, err)
		}
	}
	if _, err := d.EndDeputy(t.Context(), d.by(dispatcher), v.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("ended twice: %v", err)
	}
	d.place(t, "e")
	if got := d.told(t, "call/e"); got != "wo" {
		t.Errorf("told %s", got)
	}
	if got := d.happened(t, "deputy/"+string(v.ID)); got != "deputy-set deputy-ended" {
		t.Errorf("the log says %s", got)
	}
	third, err := d.SetDeputy(t.Context(), d.by(dispatcher), absent("wo", "le2"))
	if err != nil {
		t.Fatal(err)
	}
	d.pass(t, 2*time.Hour)
	if _, err := d.EndDeputy(t.Context(), d.by(dispatcher), third.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("ended after its time: %v", err)
	}
	if b, err := d.Board(t.Context(), operator); err != nil || len(b.Deputies) != 0 {
		t.Errorf("%+v (%v)", b.Deputies, err)
	}
}

func wrongDeputies(t *testing.T, d *Desk) {
	for field, change := range map[string]func(p *registry.Deputy){
		"for":    func(p *registry.Deputy) { p.For = "nobody" },
		"by":     func(p *registry.Deputy) { p.By = "nobody" },
		"by ":    func(p *registry.Deputy) { p.By = p.For },
		"post":   func(p *registry.Deputy) { p.Post = "nowhere" },
		"until":  func(p *registry.Deputy) { p.From, p.Until = Start.Add(-2*time.Hour), Start.Add(-time.Hour) },
		"until ": func(p *registry.Deputy) { p.Until = p.From.Add(dutydesk.MaxDeputy + time.Second) },
		"why":    func(p *registry.Deputy) { p.Why = "  " },
		"why ":   func(p *registry.Deputy) { p.Why = "a\x00b" },
	} {
		p := absent("wo", "le")
		change(&p)
		_, err := d.SetDeputy(t.Context(), d.by(dispatcher), p)
		if problems := fault.Problems(err); !fault.Is(err, fault.Invalid) || len(problems) != 1 || problems[0].Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, who := range []access.Actor{stranger, operator} {
		if _, err := d.SetDeputy(t.Context(), d.by(who), absent("wo", "le")); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", who.ID, err)
		}
	}
	if _, err := d.EndDeputy(t.Context(), d.by(dispatcher), "nothing"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

func pages(t *testing.T, d *Desk) {
	ids := []dutydesk.CallID{"c1", "c2", "c3", "c4", "c5"}
	for i, id := range ids {
		if i%2 == 0 {
			d.clock.Advance(time.Second) // some at one moment
		}
		d.place(t, id)
	}
	if _, err := d.Acknowledge(t.Context(), d.by(worker), "c3", ""); err != nil {
		t.Fatal(err)
	}
	collect := func(f dutydesk.CallFilter) string {
		var all []string
		for {
			page, err := d.Calls(t.Context(), worker, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Items {
				all = append(all, string(v.ID))
			}
			if f.Cursor = page.Next; f.Cursor == "" {
				return strings.Join(all, " ")
			}
		}
	}
	for limit := 1; limit <= 6; limit++ {
		if got := collect(dutydesk.CallFilter{Paging: dutydesk.Paging{Limit: limit}}); got != "c5 c4 c3 c2 c1" {
			t.Errorf("by %d: %s", limit, got)
		}
		if got := collect(dutydesk.CallFilter{Live: true, About: "case/C-1", Unit: "street-1", Paging: dutydesk.Paging{Limit: limit}}); got != "c5 c4 c2 c1" {
			t.Errorf("live, by %d: %s", limit, got)
		}
	}
	if got := collect(dutydesk.CallFilter{Unit: "street-2"}) + collect(dutydesk.CallFilter{About: "case/C-2"}); got != "" {
		t.Errorf("elsewhere: %s", got)
	}
	log, err := d.Log(t.Context(), worker, dutydesk.LogFilter{About: "case/C-1", Unit: "street-1", Paging: dutydesk.Paging{Limit: 3}})
	if err != nil || len(log.Items) != 3 || log.Next == "" || log.Items[0].What != dutydesk.CallAcknowledged || log.Items[0].By != "Wo" {
		t.Errorf("%+v (%v)", log, err)
	}
	for _, p := range []dutydesk.Paging{{Limit: -1}, {Limit: dutydesk.MaxLimit + 1}, {Cursor: "§"}, {Cursor: "bm8"}} {
		if _, err := d.Calls(t.Context(), worker, dutydesk.CallFilter{Paging: p}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func board(t *testing.T, d *Desk) {
	if _, err := d.SetDeputy(t.Context(), d.by(dispatcher), absent("op", "op2")); err != nil {
		t.Fatal(err)
	}
	b, err := d.Board(t.Context(), worker)
	if err != nil || len(b.Posts) != 6 || len(b.Deputies) != 1 {
		t.Fatalf("%+v (%v)", b, err)
	}
	p := b.Posts[1]
	if p.Post != "operator" || len(p.People) != 1 || p.People[0].Person != "op2" || p.People[0].For != "op" || p.People[0].ForName.EN != "Op" || p.UnitName.EN != "District centre" || p.Next != "dispatcher" || p.Within != 300 {
		t.Errorf("%+v", p)
	}
	if on := b.Posts[3]; on.UnitName.EN != "Street 1" || len(on.Gaps) != 0 || len(b.Posts[2].People) != 0 {
		t.Errorf("%+v", b.Posts)
	}
	l, err := d.Ladder(t.Context(), worker, "street-1")
	if err != nil || len(l.Rungs) != 5 || l.Rungs[0].People[0].Person != "wo" || !l.Rungs[1].At.Equal(l.At.Add(registry.DefaultAnswer)) || !l.Rungs[3].At.Equal(l.At.Add(registry.DefaultAnswer+10*time.Minute)) {
		t.Errorf("%+v (%v)", l, err)
	}
	if _, err := d.Ladder(t.Context(), worker, "nowhere"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	d.place(t, "c")
	for who, want := range map[*access.Actor]bool{&worker: true, &leader: false} {
		page, err := d.Calls(t.Context(), *who, dutydesk.CallFilter{Live: true})
		if err != nil || len(page.Items) != 1 || page.Items[0].Mine != want || len(page.Items[0].Commands) != 2 || page.Items[0].Commands[0].Allowed != want || page.Items[0].Commands[1].Allowed != want {
			t.Errorf("for %s: %+v (%v)", who.ID, page.Items, err)
		}
	}
}

func texts(t *testing.T, d *Desk) {
	d.place(t, "c")
	for _, bad := range []string{strings.Repeat("长", dutydesk.MaxNote+1), "a\x00b", "\xff", "a\x1b[31m"} {
		if _, err := d.Acknowledge(t.Context(), d.by(worker), "c", bad); !fault.Is(err, fault.Invalid) || fault.Problems(err)[0].Field != "note" {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
	note := "𠮷野家 'x' \"y\" \\ {}\n第二行" + strings.Repeat("长", 500)
	if v, err := d.Acknowledge(t.Context(), d.by(worker), "c", note); err != nil || v.Note != note || d.call(t, "c").Note != note {
		t.Errorf("%+v (%v)", v, err)
	}
	d.clock.Set(shiftEnd.Add(-time.Minute))
	for field, draft := range map[string]dutydesk.HandOverDraft{
		"points": {Post: "operator", Points: " \n "}, "points ": {Post: "operator", Points: strings.Repeat("x", dutydesk.MaxPoints+1)}, "points  ": {Post: "operator", Points: "a\x00"},
		"cases": {Post: "operator", Points: "x", Cases: make([]string, dutydesk.MaxCases+1)}, "cases.0": {Post: "operator", Points: "x", Cases: []string{"\xff"}},
		"cases.1": {Post: "operator", Points: "x", Cases: []string{"C", ""}},
	} {
		_, err := d.HandOver(t.Context(), d.by(operator), draft)
		if problems := fault.Problems(err); !fault.Is(err, fault.Invalid) || len(problems) == 0 || problems[0].Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	d.update(t, func(tx *sqldb.Tx) error {
		return d.Place(tx, dutydesk.Draft{ID: dutydesk.CallID(strings.Repeat("x", 200)), About: "case/案", Title: lang.Text{ZH: note, EN: note}, Unit: "street-1"})
	})
	page, err := d.Calls(t.Context(), worker, dutydesk.CallFilter{About: "case/案"})
	if err != nil || len(page.Items) != 1 || page.Items[0].Title.ZH != note {
		t.Errorf("%+v (%v)", page, err)
	}
}
