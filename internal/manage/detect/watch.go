package detect

import (
	"cmp"
	"maps"
	"slices"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator/cluster"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/reform/pack"
	"twoweave/internal/rule"
)

// watch is one scenario at work, with its subjects.
type watch struct {
	id     scenario.ID
	def    *scenario.Compiled            // nil when the scenario is gone; only numbers are kept then
	origin Activation                    // whose packs hold def
	types  map[event.TypeName]*pack.Type // of those packs
	forSp  micros
	hold   micros
	late   micros // lateness of its event types
	row    *rule.Row
	holds  bool // only Hold ends its episodes
	bare   bool // its rules ask only for the event's own variables
	states map[string]*state
	fields map[string]*field // of cluster, by key

	used  int64 // the greatest number of an episode among the subjects that were forgotten: new subjects are numbered from there on
	grown bool  // it is greater than in the last delta

	silent bool   // it fills its windows beside the one in force, and finds nothing yet
	next   *watch // the changed scenario that takes over,
	ready  micros // at this moment of log time

	freshIn int64 // minute of log time in which
	fresh   int64 // so many subjects were new
}

// field is the reports of one key of a cluster scenario.
type field struct {
	*cluster.Field
	watch *watch
	key   string
	dirty bool
}

// newWatch makes a watch with no subjects. set holds def.
func newWatch(id scenario.ID, def *scenario.Compiled, set *pack.Set, origin Activation) *watch {
	w := &watch{id: id, states: map[string]*state{}, fields: map[string]*field{}}
	if def != nil {
		w.define(def, set, origin)
	}
	return w
}

// define gives a watch its definition.
func (w *watch) define(def *scenario.Compiled, set *pack.Set, origin Activation) {
	w.def, w.origin = def, origin
	w.types = set.Types
	w.forSp, w.hold, w.late = spanOf(def.For), spanOf(def.Hold), spanOf(def.Setting.Lateness)
	w.row = &rule.Row{Slots: make([]rule.Value, def.Slots.Size)}
	w.bare, w.holds = asksOnlyEvent(def), def.EndsByHold()
}

// asksOnlyEvent says whether a rule can be judged on the event's row as it is.
func asksOnlyEvent(def *scenario.Compiled) bool {
	if def.Operator != scenario.Match && def.Operator != scenario.Sustain {
		return false
	}
	for _, p := range []*rule.Program{def.Programs.When, def.Programs.Until} {
		if p != nil && slices.ContainsFunc(p.Uses(), func(name string) bool {
			return name == "state" || name == "level" || len(name) > 6 && name[:6] == "limit."
		}) {
			return false
		}
	}
	return true
}

// listener is everything that wants events of one type.
type listener struct {
	typ      *pack.Type
	row      *rule.Row
	views    []*view // the first is of typ itself
	gauges   []*gauge
	lateness micros
	dedup    micros
}

// view is the events of a type as the watches of one activation read them: an older scenario may know another schema.
type view struct {
	typ   *pack.Type
	row   *rule.Row
	own   []interest // in the order of ids, what is in force before what fills
	keyed []interest // likewise, of keyed copies
}

// interest is a watch and those of its inputs that have the type.
type interest struct {
	watch  *watch
	inputs []int
}

// listen builds what listens from the watches and the set in force.
func (p *Partition) listen() {
	p.listeners = map[event.TypeName]*listener{}
	for name, t := range p.set.Types {
		l := &listener{typ: t, row: t.NewRow(), lateness: spanOf(t.Lateness), dedup: spanOf(t.Dedup)}
		l.views = []*view{{typ: t, row: l.row}}
		for _, i := range t.Indicators {
			l.gauges = append(l.gauges, p.gauges[i.ID])
		}
		p.listeners[name] = l
	}
	for _, id := range slices.Sorted(maps.Keys(p.watches)) {
		for _, w := range p.watches[id].both() {
			p.hear(w)
		}
	}
}

// both are the watch in force and the one that fills, those that are there.
func (w *watch) both() []*watch {
	var all []*watch
	if w.def != nil {
		all = append(all, w)
	}
	if w.next != nil {
		all = append(all, w.next)
	}
	return all
}

// hear adds a watch to the listeners of its inputs' types.
func (p *Partition) hear(w *watch) {
	byType := map[event.TypeName][]int{}
	for i, in := range w.def.Inputs {
		byType[in.On] = append(byType[in.On], i)
	}
	for name, inputs := range byType {
		l := p.listeners[name]
		if l == nil {
			continue // the type is gone: what comes of it is dead
		}
		x := l.viewOf(w.types[name])
		if w.def.Keyed {
			x.keyed = append(x.keyed, interest{w, inputs})
		} else {
			x.own = append(x.own, interest{w, inputs})
		}
	}
}

// heed are the watches that want events themselves, or keyed copies of them.
func (x *view) heed(copied bool) []interest {
	if copied {
		return x.keyed
	}
	return x.own
}

func (l *listener) viewOf(t *pack.Type) *view {
	for _, x := range l.views {
		if x.typ == t {
			return x
		}
	}
	x := &view{typ: t, row: t.NewRow()}
	l.views = append(l.views, x)
	return x
}

// fieldOf is the field of a key; nil, and counted, when there is no room for another.
func (p *Partition) fieldOf(w *watch, key string) *field {
	if f := w.fields[key]; f != nil {
		return f
	}
	if p.states >= p.bounds.subjects {
		p.account.Overflow++
		return nil
	}
	f := &field{Field: w.def.Cluster.New(w.def.Setting), watch: w, key: key}
	p.keepField(f)
	return f
}

func (p *Partition) keepField(f *field) {
	f.watch.fields[f.key] = f
	p.states++
}

func (p *Partition) forgetField(f *field) {
	delete(f.watch.fields, f.key)
	p.states--
	p.removed[fieldKey(f)] = struct{}{}
}

// sortedStates are a watch's states by subject.
func (w *watch) sortedStates() []*state {
	return slices.SortedFunc(maps.Values(w.states), func(a, b *state) int { return cmp.Compare(a.subject, b.subject) })
}
