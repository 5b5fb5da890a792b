package pack_test

import (
	"testing"
	"time"

	"twoweave/internal/manage/order"
	"twoweave/internal/reform/pack"
)

const ordered = `test: high-in-a-flood
about: [high]
start: 2026-06-01T12:00:00Z
with: {event: level, subject: a, area: "001", place: {lon: 121.5, lat: 31.2}}
steps:
  - {at: 0s, order: {state: {id: flood, level: emergency-2, area: "001", until: 6h}}}
  - {at: 1m, order: {silence: {id: works, scenarios: [high], subjects: [a], from: -1h, until: 2h}}}
  - {at: 2m, order: {end: works}, data: {cm: 15}, place: {lon: 121.6, lat: 31.3}}
  - {at: 3m, expect: []}
`

func TestAScriptOrdersByOffsets(t *testing.T) {
	t.Parallel()
	p, err := pack.Read(folder(map[string]string{"tests/ordered.yaml": ordered}))
	if err != nil {
		t.Fatal(err)
	}
	s := p.Tests[1]
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	state := s.Steps[0].Order.Control(s.Begin())
	if state.Kind != order.PutState || state.State.Level != order.Emergency2 || state.State.Area != "001" || !state.State.Until.Equal(noon.Add(6*time.Hour)) {
		t.Errorf("the state is %+v", state)
	}
	silence := s.Steps[1].Order.Control(s.Begin())
	if silence.Kind != order.PutSilence || !silence.Silence.From.Equal(noon.Add(-time.Hour)) || !silence.Silence.Until.Equal(noon.Add(2*time.Hour)) ||
		silence.Silence.Scenarios[0] != "high" || silence.Silence.Subjects[0] != "a" {
		t.Errorf("the silence is %+v", silence)
	}
	for i := range s.Steps[:3] { // what the log can say, a script can
		c := s.Steps[i].Order.Control(s.Begin())
		if _, err := order.Decode(c.Encode()); err != nil {
			t.Error(err)
		}
	}
	if s.With.Place.Lon != 121.5 || s.Steps[2].Place.Lat != 31.3 {
		t.Errorf("the places are %v and %v", s.With.Place, s.Steps[2].Place)
	}
}

func TestAnOrderOfAScriptIsOneWholeThing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ order, want string }{
		"nothing":  {`{}`, "tests/high.yaml:4:21: steps.0.order: an order has exactly one of"},
		"two":      {`{end: x, silence: {id: y}}`, "steps.0.order: an order has exactly one of"},
		"level":    {`{state: {id: x, level: emergency}}`, `steps.0.order.state.level: "emergency" is not allowed; allowed are daily, special, emergency-4`},
		"no id":    {`{silence: {area: "001"}}`, "steps.0.order.silence.id: the order's id is missing"},
		"until":    {`{state: {id: x, level: special, until: later}}`, "is not a duration"},
		"unknown":  {`{raise: special}`, "unknown field; allowed are end, silence, state"},
		"no place": {`{end: x}, place: {lon: 200, lat: 0}`, "steps.0.place: longitude 200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "test: high-fires\nabout: [high]\nsteps:\n  - {at: 0s, order: " + c.order + "}\n  - {at: 1s, expect: []}\n"
			_, err := pack.Read(folder(map[string]string{"tests/high.yaml": text}))
			wantProblem(t, err, c.want)
		})
	}
}
