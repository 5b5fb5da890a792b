package dutydesk

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"twoweave/internal/base/fault"
	"twoweave/internal/registry"
)

// HandOverID names a hand-over: one person's of one shift at one post.
type HandOverID string

// HandOver is what one shift leaves to the next.
type HandOver struct {
	ID         HandOverID       `json:"id"`
	Version    int64            `json:"version"`
	Post       registry.PostID  `json:"post"`
	Shift      registry.ShiftID `json:"shift"`
	Unit       registry.UnitID  `json:"unit"`
	Until      time.Time        `json:"until"` // when the shift ends
	From       Who              `json:"from"`
	Points     string           `json:"points"` // what is open, in words
	Cases      []string         `json:"cases"`
	At         time.Time        `json:"at"`
	Due        time.Time        `json:"due"`       // until when it should be accepted
	Escalated  time.Time        `json:"escalated"` // zero: it was not
	By         Who              `json:"by"`        // who accepted it
	AcceptedAt time.Time        `json:"accepted_at"`
	Note       string           `json:"note"`
}

// Accepted says whether somebody took the shift over.
func (h *HandOver) Accepted() bool { return !h.AcceptedAt.IsZero() }

// HandOverDraft is what the person who leaves writes.
type HandOverDraft struct {
	Post   registry.PostID
	Points string
	Cases  []string
}

// Bounds of what people write.
const (
	MaxPoints = 4000 // characters
	MaxNote   = 1000
	MaxCases  = 200
	MaxID     = 200 // bytes
)

func (h *HandOverDraft) check() []fault.Problem {
	var problems []fault.Problem
	fail := func(field string, code fault.Code, format string, args ...any) {
		problems = append(problems, fault.Wrong(field, code, format, args...))
	}
	h.Points = strings.TrimSpace(h.Points)
	if h.Points == "" {
		fail("points", "duty.points", "what is open must be said, also when it is nothing")
	}
	if !writable(h.Points, MaxPoints) {
		fail("points", "duty.points-long", "at most %d characters, without control characters", MaxPoints)
	}
	if len(h.Cases) > MaxCases {
		fail("cases", "duty.cases", "at most %d cases", MaxCases)
	}
	for i, id := range h.Cases {
		if id == "" || len(id) > MaxID || !writable(id, MaxID) {
			fail(fmt.Sprintf("cases.%d", i), "duty.no-case", "%q is no case", id)
		}
	}
	return problems
}

// writable says whether a text can be kept by any database, and is not too long.
func writable(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r == 0 || r < ' ' && r != '\n' && r != '\t' })
}

// accept is who comes taking over from who leaves. coming are those on duty at the post after that shift.
func (h HandOver) accept(who Who, coming []registry.OnDuty, note string, now time.Time) (HandOver, error) {
	switch {
	case h.Accepted():
		return h, fault.Say(fault.Conflict, "", "duty.taken-over", "the shift was taken over by %s already", h.By.Name)
	case h.From.ID == who.ID:
		return h, fault.Say(fault.Denied, "", "access.own-shift", "who leaves does not accept")
	case !slices.ContainsFunc(coming, func(o registry.OnDuty) bool { return o.Person == who.ID }):
		return h, fault.Say(fault.Denied, "", "duty.not-coming", "who accepts must come on duty at this post")
	}
	h.Version++
	h.By, h.AcceptedAt, h.Note = who, now, note
	return h, nil
}

// DeputyID names a deputy's entry.
type DeputyID string

// Deputy is a deputy set on a screen, for a time, until the time is over or somebody ends it.
type Deputy struct {
	ID      DeputyID `json:"id"`
	Version int64    `json:"version"`
	registry.Deputy
	SetBy   Who       `json:"set_by"`
	At      time.Time `json:"at"`
	EndedBy Who       `json:"ended_by"`
	EndedAt time.Time `json:"ended_at"`
}

// MaxDeputy is the longest time for which somebody can stand in.
const MaxDeputy = 366 * 24 * time.Hour
