package trial

import (
	"encoding/json"
	"fmt"
	"maps"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/reform/pack"
)

// event makes the event of a step from the step and the script's With; false when the step sends none or it is not valid, which fails.
func (p *player) event(i int, st *pack.Step) (event.Event, bool) {
	if !sends(st) {
		return event.Event{}, false
	}
	w := &p.script.With
	e := event.Event{
		ID: st.ID, Source: first(st.Source, w.Source, "script"), Sender: "trial", Type: first(st.Event, w.Event),
		Subject: first(st.Subject, w.Subject), Area: first(st.Area, w.Area, event.Unplaced), Time: p.now.Add(-first(st.Back, w.Back)),
		Place: first(st.Place, w.Place),
	}
	if e.ID == "" {
		e.ID = fmt.Sprintf("step-%d", i)
	}
	t := p.set.Types[e.Type]
	if t == nil {
		p.fail(i, "there is no event type %q", e.Type)
		return e, false
	}
	data := maps.Clone(w.Data)
	if data == nil {
		data = map[string]any{}
	}
	maps.Copy(data, st.Data)
	maps.DeleteFunc(data, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(data)
	if err != nil {
		p.fail(i, "the data is not JSON: %v", err)
		return e, false
	}
	for _, problem := range t.Validate(text) {
		p.fail(i, "the event would be refused: %s", fault.Problem{Field: problem.Field, Message: problem.Message})
		return e, false
	}
	e.Data = text
	return e, true
}

// sends says whether a step sends an event: one that says anything of an event does, and one that neither expects nor orders anything; a step with at,
// order and expect alone only waits.
func sends(st *pack.Step) bool {
	return st.Expect == nil && st.Order == nil || st.Place != nil || st.Event != "" || st.ID != "" || st.Subject != "" || st.Data != nil || st.Back != 0 || st.Outcome != "" || st.Repeat != nil
}

func first[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}
