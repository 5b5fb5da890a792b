package casedesk

import (
	"encoding/json"
	"fmt"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/appraisal"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
)

// Message is the body of an outgoing message: one fact, and the case after it.
type Message struct {
	Case View     `json:"case"`
	Fact FactView `json:"fact"`
}

// keep writes all of a decided command: case, facts, timers, messages, audit.
func (d *Desk) keep(tx *sqldb.Tx, done decided) error {
	if err := d.Store.SaveCase(tx, done.after, done.before.Version, done.result.Facts); err != nil {
		return err
	}
	if err := d.appraise(tx, done); err != nil {
		return err
	}
	for _, t := range done.result.Timers {
		if err := setTimer(tx, done.after.ID, t); err != nil {
			return err
		}
	}
	if err := d.answers(tx, done); err != nil {
		return err
	}
	if err := d.warns(tx, done); err != nil {
		return err
	}
	if err := d.calls(tx, done); err != nil {
		return err
	}
	if err := d.tell(tx, done); err != nil {
		return err
	}
	if d.Follower != nil {
		if err := d.Follower.Follow(tx, Change{Before: done.before, After: done.after, Facts: done.result.Facts}); err != nil {
			return err
		}
	}
	return d.Store.AppendAudit(tx, done.audit)
}

// appraise keeps what the facts count as for the appraisal.
func (d *Desk) appraise(tx *sqldb.Tx, done decided) error {
	var acts []appraisal.Act
	var undone int64
	before := done.before
	for i := range done.result.Facts {
		f := &done.result.Facts[i]
		after := casework.Apply(before, *f)
		acts = append(acts, appraisal.ActsOf(&before, &after, f)...)
		if f.Kind == casework.FactUndone {
			undone = f.Version - 1
		}
		before = after
	}
	if len(acts) == 0 && undone == 0 {
		return nil
	}
	return d.Store.KeepActs(tx, acts, done.after.ID, undone)
}

func setTimer(tx *sqldb.Tx, id casework.ID, t casework.Timer) error {
	if t.Due.IsZero() {
		return timer.Cancel(tx, string(t.Kind), string(id))
	}
	return timer.Set(tx, timer.Timer{Kind: string(t.Kind), Key: string(id), Due: t.Due})
}

// tell leaves a message for each fact. Its id is the fact's, so that the bus takes it once however often it is sent.
func (d *Desk) tell(tx *sqldb.Tx, done decided) error {
	view := d.view(&done.after, done.audit.At)
	for i := range done.result.Facts {
		f := &done.result.Facts[i]
		body, err := json.Marshal(Message{Case: view, Fact: factView(f)})
		if err != nil {
			return fault.Wrap("casedesk.tell", err)
		}
		m := outbox.Message{ID: fmt.Sprintf("%s.%d", f.Case, f.Version), Subject: Subject(done.after.Area), Body: body}
		if err := outbox.Put(tx, m); err != nil {
			return err
		}
	}
	return nil
}

// Subject is the bus subject of the facts of an area's cases: "fact.case.<area>". What a subject cannot hold becomes "_".
func Subject[T ~string](area T) string {
	token := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, string(area))
	if token == "" {
		token = "_"
	}
	return "fact.case." + token
}
