package pack

import (
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/scenario"
)

// Draft is a scenario in a file of its own, not yet part of a pack: for trying it out beside the packs in force.
type Draft struct {
	Scenario scenario.Scenario
	from     *Pack // knows where it is written
}

// ReadDraft reads a scenario from a file that may hold several; id chooses one, and may be empty when there is only one. Invalid: with every problem.
func ReadDraft(file string, text []byte, id scenario.ID) (*Draft, error) {
	const op = "pack.ReadDraft"
	docs, problems := parseFile(file, text)
	r := &reader{pack: &Pack{where: map[string]document{}}}
	r.add(problems...)
	for _, doc := range docs {
		r.entry("scenarios", doc)
	}
	if len(r.problems) > 0 {
		return nil, fault.Invalidly(op, r.problems...)
	}
	var names []string
	for _, s := range r.pack.Scenarios {
		if s.ID == id || id == "" && len(r.pack.Scenarios) == 1 {
			return &Draft{Scenario: s, from: r.pack}, nil
		}
		names = append(names, string(s.ID))
	}
	if id == "" && len(names) > 0 {
		return nil, fault.New(fault.Invalid, op, "%s holds several scenarios: %s; say which with id", file, strings.Join(names, ", "))
	}
	return nil, fault.New(fault.Invalid, op, "%s does not hold the scenario %q; it has %q", file, id, strings.Join(names, ", "))
}

// WithDraft is WithScenario of a draft; problems are told with their place in its file.
func (s *Set) WithDraft(d *Draft) (*Set, error) {
	set, err := s.withScenario(d.from, &d.Scenario)
	problems := fault.Problems(err)
	if problems == nil {
		return set, err
	}
	for i := range problems {
		problems[i].File = strings.TrimPrefix(problems[i].File, "/") // where several packs are in force, a pack's name would stand before it
	}
	return nil, fault.Invalidly("pack.WithDraft", problems...)
}
