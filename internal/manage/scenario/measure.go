package scenario

import (
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/operator/window"
	"twoweave/internal/rule"
)

// measures are the variables that an operator gives to When and Until.
func measures(op Operator) []rule.Var {
	return map[Operator][]rule.Var{
		Window:   {{Name: "value", Type: rule.Double}, {Name: "count", Type: rule.Int}, {Name: "full", Type: rule.Bool}},
		Absence:  {{Name: "absent", Type: rule.Bool}},
		Sequence: {{Name: "complete", Type: rule.Bool}},
		Cluster:  {{Name: "count", Type: rule.Int}, {Name: "sources", Type: rule.Int}},
		Geofence: {{Name: "inside", Type: rule.Bool}, {Name: "left", Type: rule.Bool}, {Name: "fence", Type: rule.String}},
		Anomaly:  {{Name: "score", Type: rule.Double}, {Name: "value", Type: rule.Double}, {Name: "expected", Type: rule.Double}},
		Join:     {{Name: "both", Type: rule.Bool}},
	}[op]
}

// MeasureNames are the names of what an operator measures.
func (s *Scenario) MeasureNames() []string {
	var names []string
	for _, v := range measures(s.Operator) {
		names = append(names, v.Name)
	}
	return names
}

// block is an operator's own part of a scenario.
type block interface{ Check() []fault.Problem }

// blocks are all parts that are there, by operator.
func (s *Scenario) blocks() map[Operator]block {
	all := map[Operator]block{}
	add := func(op Operator, there bool, b block) {
		if there {
			all[op] = b
		}
	}
	add(Window, s.Window != nil, s.Window)
	add(Absence, s.Absence != nil, s.Absence)
	add(Sequence, s.Sequence != nil, s.Sequence)
	add(Cluster, s.Cluster != nil, s.Cluster)
	add(Geofence, s.Geofence != nil, s.Geofence)
	add(Anomaly, s.Anomaly != nil, s.Anomaly)
	add(Join, s.Join != nil, s.Join)
	return all
}

// measure makes the operator and compiles what it measures.
func (b *builder) measure() {
	s, set := &b.c.Scenario, b.c.Setting
	switch s.Operator {
	case Window:
		b.c.Measure = s.Window.New(set)
		b.of("window.of", s.Window.Of, string(s.Window.Measure) == string(window.Distinct))
	case Absence:
		b.c.Measure = s.Absence.New(set)
	case Sequence:
		b.c.Measure = s.Sequence.New(set)
	case Geofence:
		b.c.Measure = s.Geofence.New(set)
	case Anomaly:
		b.c.Measure = s.Anomaly.New(set)
		b.of("anomaly.of", s.Anomaly.Of, false)
	case Join:
		b.c.Measure = s.Join.New(set)
	}
}

// of compiles what is measured: a text, or a number, whole or not.
func (b *builder) of(field, text string, isText bool) {
	env := b.types.Inputs[0]
	if isText {
		b.program(field, text, rule.String, env, &b.c.Programs.Of)
		return
	}
	if whole, err := env.CompileTyped(text, rule.Int); text != "" && err == nil {
		b.c.Programs.Of = whole
		return
	}
	b.program(field, text, rule.Double, env, &b.c.Programs.Of)
}
