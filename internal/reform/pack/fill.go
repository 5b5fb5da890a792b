package pack

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/rule"
)

// NewRow makes a row for the type's rules; one per goroutine, used again for each event.
func (t *Type) NewRow() *rule.Row { return t.Env.NewRow() }

// Fill puts an event's values into row, all slots of it; what data does not hold is missing. Invalid: data is no JSON object, or a value is not of
// its schema's type; row is then of no use.
func (t *Type) Fill(e *event.Event, row *rule.Row) error {
	clear(row.Slots)
	row.Slots[t.slots.id] = rule.StringValue(e.ID)
	row.Slots[t.slots.source] = rule.StringValue(e.Source)
	row.Slots[t.slots.subject] = rule.StringValue(e.Subject)
	row.Slots[t.slots.area] = rule.StringValue(string(e.Area))
	row.Slots[t.slots.time] = rule.TimestampValue(e.Time)
	return t.tree.fill(e.Data, row)
}

// FillBare puts into row what is known of a subject when time passes and no event comes: the rest is missing.
func (t *Type) FillBare(row *rule.Row, subject string, area event.AreaCode, at time.Time) {
	clear(row.Slots)
	row.Slots[t.slots.subject] = rule.StringValue(subject)
	row.Slots[t.slots.area] = rule.StringValue(string(area))
	row.Slots[t.slots.time] = rule.TimestampValue(at)
}

// bind looks up the slots and builds the tree of data's fields.
func (t *Type) bind() {
	slot := func(name string) int {
		i, _ := t.Env.Slot(name) // the environment was made of these names
		return i
	}
	t.slots = envelopeSlots{id: slot("id"), source: slot("source"), subject: slot("subject"), area: slot("area"), time: slot("time")}
	t.tree = &member{}
	for _, f := range t.fields {
		t.tree.put(strings.Split(strings.TrimPrefix(f.name, "data."), "."), f.kind, slot(f.name))
	}
}

// member is a field of data, or an object with members.
type member struct {
	kind    rule.Type
	slot    int
	members map[string]*member // of an object
}

func (m *member) put(path []string, kind rule.Type, slot int) {
	if m.members == nil {
		m.members = map[string]*member{}
	}
	next := m.members[path[0]]
	if next == nil {
		next = &member{}
		m.members[path[0]] = next
	}
	if len(path) == 1 {
		next.kind, next.slot = kind, slot
		return
	}
	next.put(path[1:], kind, slot)
}

// fill reads data into the slots of its fields. It says which field it could not read.
func (m *member) fill(text []byte, row *rule.Row) error {
	if !json.Valid(text) {
		return fault.New(fault.Invalid, "pack.Fill", "the data is not JSON")
	}
	w := walker{text: text}
	if w.space(); w.text[w.at] != '{' {
		return fault.New(fault.Invalid, "pack.Fill", "the data is no JSON object")
	}
	if bad := w.object(m, row); bad != "" {
		return fault.New(fault.Invalid, "pack.Fill", "the value of %s is not of its schema's type", bad)
	}
	return nil
}

// forget makes the field missing, and all fields inside it.
func (m *member) forget(row *rule.Row) {
	if m.members == nil {
		row.Slots[m.slot] = rule.Value{}
		return
	}
	for _, inner := range m.members {
		inner.forget(row)
	}
}

// value reads one scalar.
func (f *member) value(raw []byte) (rule.Value, bool) {
	switch f.kind {
	case rule.Bool:
		yes := string(raw) == "true"
		return rule.BoolValue(yes), yes || string(raw) == "false"
	case rule.Int:
		return integer(raw)
	case rule.Double:
		n, err := strconv.ParseFloat(string(raw), 64)
		return rule.DoubleValue(n), err == nil
	case rule.Timestamp:
		var at time.Time
		err := json.Unmarshal(raw, &at)
		return rule.TimestampValue(at), err == nil
	}
	s, ok := text(raw)
	return rule.StringValue(s), ok
}

// integer also takes 3.0 and 3e2, which JSON Schema calls integers.
func integer(raw []byte) (rule.Value, bool) {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return rule.IntValue(n), true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	n := int64(f)
	return rule.IntValue(n), err == nil && float64(n) == f
}
