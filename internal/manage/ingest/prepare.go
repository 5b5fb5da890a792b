package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// Bounds of an event's envelope.
const (
	MaxText = 256      // bytes of id, source and subject
	MaxData = 64 << 10 // bytes of data
)

// prepare makes an item of each good event and settles the others in out.
func (in *Ingest) prepare(ctx context.Context, c *call, sender event.Sender, events []event.Event, out []Outcome) []*item {
	set := in.set.Load()
	items := make([]*item, 0, len(events))
	for i := range events {
		it := &item{event: events[i], index: i, held: len(events[i].Data), call: c}
		it.event.Sender = sender
		if out[i] = in.admit(ctx, set, it); out[i].Reason != "" {
			in.tally.refuse(events[i].Type, out[i].Reason, set.Types[events[i].Type] != nil)
			c.note(out[i])
			continue
		}
		items = append(items, it)
	}
	return items
}

// admit checks and completes one event. An outcome with a reason refuses it.
func (in *Ingest) admit(ctx context.Context, set *pack.Set, it *item) Outcome {
	e := &it.event
	if len(bytes.TrimSpace(e.Data)) == 0 {
		e.Data = []byte("{}")
	}
	if problems := checkEnvelope(e); len(problems) > 0 {
		return refused(BadEnvelope, problems...)
	}
	t := set.Types[e.Type]
	if t == nil {
		return refused(UnknownType, fault.Problem{Field: "type", Message: fmt.Sprintf("%q is no event type of the active packs", e.Type)})
	}
	if problems := t.Validate(e.Data); len(problems) > 0 {
		return refused(BadData, problems...)
	}
	e.Body = e.BodyDigest(in.opts.Secret)
	if e.Time.IsZero() {
		e.Time = in.opts.Clock.Now() // after the digest: a repeat without a time is the same event
	}
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	it.unplaced = place(set, e)
	if o := in.seal(ctx, t, e); o.Reason != "" {
		return o
	}
	it.lane = laneKey{part: event.PartitionOf(t.PartitionKey(e)), class: ClassOf(t)}
	it.copies = copyLanes(t, e, it.lane.class)
	return Outcome{}
}

// copyLanes are where keyed copies of the event go: each partition once.
func copyLanes(t *pack.Type, e *event.Event, class bus.Retention) []laneKey {
	if !t.Copied() {
		return nil
	}
	var lanes []laneKey
	for _, part := range t.CopyParts(e, t.NewRow()) {
		lanes = append(lanes, laneKey{part: part, class: class, copies: true})
	}
	return lanes
}

func refused(reason Reason, problems ...fault.Problem) Outcome {
	return Outcome{Kind: fault.Invalid, Reason: reason, Problems: problems}
}

// ClassOf names the retention in the log's subjects: "d7".
func ClassOf(t *pack.Type) bus.Retention {
	return bus.Retention(fmt.Sprintf("d%d", t.Retention/(24*time.Hour)))
}

// place keeps an area that the registry knows; any other event is unplaced.
func place(set *pack.Set, e *event.Event) (unplaced bool) {
	if _, known := set.Directory.Area(e.Area); known {
		return false
	}
	e.Area = event.Unplaced
	return true
}

func checkEnvelope(e *event.Event) []fault.Problem {
	var problems []fault.Problem
	fail := func(field, format string, args ...any) {
		problems = append(problems, fault.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	for _, t := range [...]struct {
		field, text string
		must        bool
	}{{"id", e.ID, true}, {"source", e.Source, true}, {"subject", e.Subject, false}} {
		switch {
		case t.must && t.text == "":
			fail(t.field, "the attribute is missing")
		case len(t.text) > MaxText:
			fail(t.field, "the attribute is longer than %d bytes", MaxText)
		case !printable(t.text):
			fail(t.field, "the attribute holds control characters or is not UTF-8")
		}
	}
	if y := e.Time.Year(); !e.Time.IsZero() && (y < 1970 || y > 2200) {
		fail("time", "the year %d is not between 1970 and 2200", y)
	}
	if e.Place != nil {
		if err := e.Place.Valid(); err != nil {
			fail("place", "%v", err)
		}
	}
	if len(e.Data) > MaxData {
		fail("data", "the data is larger than %d bytes", MaxData)
	}
	return problems
}

func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// seal replaces the personal values of e's data by sealed ones and adds the person they belong to.
func (in *Ingest) seal(ctx context.Context, t *pack.Type, e *event.Event) Outcome {
	if t.Personal == nil {
		return Outcome{}
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return refused(BadData, fault.Problem{Field: "data", Message: "the data is no JSON object"})
	}
	plain := personalValues(t.Personal, data)
	if len(plain) == 0 {
		return Outcome{}
	}
	by, identified := plain[t.Personal.By]
	if !identified {
		return refused(BadData, fault.Problem{Field: "data." + t.Personal.By, Message: "the value is missing; with it the other personal values are protected"})
	}
	if in.opts.Sealer == nil {
		return Outcome{Kind: fault.Unavailable, Reason: SealFailed}
	}
	person, sealed, err := in.opts.Sealer.Seal(ctx, t.Personal.Kind, string(by), plain)
	if err != nil {
		in.opts.Logger.ErrorContext(ctx, "personal values could not be sealed; the event is refused", "type", e.Type, "err", err)
		return Outcome{Kind: fault.Unavailable, Reason: SealFailed}
	}
	for field := range plain {
		data[field] = quote(sealed[field])
	}
	data[pack.PersonField] = quote(person)
	e.Data, _ = json.Marshal(data) // raw messages that were just parsed
	return Outcome{}
}

// personalValues are the texts to seal. A value that is no text is sealed as its JSON.
func personalValues(p *event.Personal, data map[string]json.RawMessage) map[string][]byte {
	plain := map[string][]byte{}
	for _, field := range p.Fields {
		raw, there := data[field]
		if !there || string(raw) == "null" {
			continue
		}
		var text string
		if json.Unmarshal(raw, &text) == nil {
			plain[field] = []byte(text)
		} else {
			plain[field] = raw
		}
	}
	return plain
}

func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string always marshals
	return b
}
