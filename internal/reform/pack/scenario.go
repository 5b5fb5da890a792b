package pack

import (
	"fmt"
	"slices"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/rule"
)

// draft is a scenario on its way into a set.
type draft struct {
	pack  *Pack
	def   *scenario.Scenario
	types []*Type // of its inputs
}

// judgeKey is what scenarios have in common that are judged over the same variables.
type judgeKey struct {
	operator    scenario.Operator
	main, other event.TypeName
}

func (d *draft) key() string { return "scenario/" + string(d.def.ID) }

// judgeKey: only a join's rules see the other input.
func (d *draft) judgeKey() judgeKey {
	k := judgeKey{operator: d.def.Operator, main: d.def.On}
	if d.def.Operator == scenario.Join {
		k.other = d.def.Also[0].On
	}
	return k
}

// scenarios compiles all scenarios. Those of one type and operator share their variables.
func (c *combiner) scenarios() {
	groups := map[judgeKey][]*scenario.Scenario{}
	var drafts []draft
	for _, p := range c.set.Packs {
		for i := range p.Scenarios {
			d := draft{pack: p, def: &p.Scenarios[i]}
			if c.resolve(&d) {
				drafts = append(drafts, d)
				groups[d.judgeKey()] = append(groups[d.judgeKey()], d.def)
			}
		}
	}
	judges := map[judgeKey]*scenario.Judge{}
	for i := range drafts {
		d := &drafts[i]
		k := d.judgeKey()
		if _, made := judges[k]; !made {
			judges[k] = c.judge(d, groups[k])
		}
		if j := judges[k]; j != nil {
			c.compile(d, j)
		}
	}
	c.quietsKnown(drafts)
}

// resolve finds what the scenario names.
func (c *combiner) resolve(d *draft) bool {
	if !c.own(d.pack, "scenario", string(d.def.ID)) {
		return false
	}
	if c.set.Classes[matter.ClassID(d.def.Class)] == nil {
		c.fail(d.pack, d.key(), "class", "no pack has the matter class %q", d.def.Class)
	}
	for i, in := range d.def.AllInputs() {
		field := "on"
		if i > 0 {
			field = fmt.Sprintf("also.%d.on", i-1)
		}
		t := c.typeOf(d.pack, d.key(), field, in.On)
		if t == nil {
			return false
		}
		d.types = append(d.types, t)
	}
	return true
}

func (c *combiner) judge(d *draft, all []*scenario.Scenario) *scenario.Judge {
	other := d.types[0]
	if len(d.types) > 1 {
		other = d.types[1]
	}
	j, err := scenario.NewJudge(d.def.Operator, d.types[0].Env, other.Env, scenario.LimitsOf(all))
	if err != nil {
		c.place(d.pack, d.key(), inSchema(err)...)
		return nil
	}
	return j
}

func (c *combiner) compile(d *draft, j *scenario.Judge) {
	types := scenario.Types{Judge: j, Setting: operator.Setting{Inputs: len(d.types)}}
	for _, t := range d.types {
		types.Inputs = append(types.Inputs, t.Env)
		types.Keys = append(types.Keys, string(t.Key))
		types.Setting.Lateness = max(types.Setting.Lateness, t.Lateness)
	}
	compiled, problems := scenario.Compile(d.def, types)
	c.place(d.pack, d.key(), problems...)
	if compiled != nil {
		c.set.Scenarios = append(c.set.Scenarios, compiled)
	}
}

// quietsKnown makes sure that what an episode silences is there.
func (c *combiner) quietsKnown(drafts []draft) {
	for i := range drafts {
		d := &drafts[i]
		if d.def.Quiets == nil {
			continue
		}
		for n, id := range d.def.Quiets.Scenarios {
			if _, known := c.owner["scenario/"+string(id)]; !known {
				c.fail(d.pack, d.key(), "quiets.scenarios."+digits(n), "no pack has the scenario %q", id)
			}
		}
	}
}

// CopyKeys are the keys by which keyed scenarios group an event, beside its partition key: sorted, each once. row holds the event's values. An
// input whose filter does not hold, or whose key is missing or fails, needs no copy.
func (t *Type) CopyKeys(e *event.Event, row *rule.Row) []string {
	var keys []string
	for i := range t.Watches {
		w := &t.Watches[i]
		if !w.Keyed || !holds(w.Inputs[w.Input].Where, row) {
			continue
		}
		if key, err := Key(w.Compiled, w.Input, t, e, row); err == nil && key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Copied says whether any scenario may want copies of the type's events.
func (t *Type) Copied() bool {
	return slices.ContainsFunc(t.Watches, func(w Watch) bool { return w.Keyed })
}

// MaxKey is how many bytes a subject may have: what is found of it must fit into the indexes of any database.
const MaxKey = 1024

// Key is what an event is about for an input of a scenario: its subject, by which copies are spread too; of a cluster without a key of its own, the
// scenario. Empty when a value for it is missing. It is Invalid for a subject that no record could be kept of.
func Key(s *scenario.Compiled, input int, t *Type, e *event.Event, row *rule.Row) (string, error) {
	switch subject := s.Inputs[input].Subject; {
	case subject != nil:
		key, _, err := subject.EvalString(row)
		if len(key) > MaxKey {
			return "", fault.New(fault.Invalid, "pack.Key", "what the event is about is longer than %d bytes", MaxKey)
		}
		return key, err
	case s.Operator == scenario.Cluster:
		return string(s.ID), nil
	}
	return t.PartitionKey(e), nil
}

func holds(c *rule.Program, row *rule.Row) bool {
	if c == nil {
		return true
	}
	truth, err := c.Eval(row)
	return err == nil && truth == rule.True
}
