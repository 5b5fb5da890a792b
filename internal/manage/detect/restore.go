package detect

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// meta is the part of a state that says how to read the rest.
type meta struct {
	clock      micros
	activation Activation // zero before the first
	account    Accounting
	horizons   []*horizon
	orders     order.Table
	flood      flood
	copies     flood
	notes      []note
}

// note is what a watch is beside what the set in force says.
type note struct {
	id             scenario.ID
	silent         bool
	origin         Activation
	ready          micros
	freshIn, fresh int64
}

// activations are all that the state refers to, the one in force first.
func (m *meta) activations() []Activation {
	all := []Activation{m.activation}
	for _, n := range m.notes {
		if !slices.ContainsFunc(all, func(a Activation) bool { return a.Activation == n.origin.Activation }) {
			all = append(all, n.origin)
		}
	}
	return all
}

func decodeMeta(records []record) (meta, error) {
	for _, r := range records {
		if r.key == metaRecord {
			return readMeta(r.value)
		}
	}
	return meta{}, damaged("the state has no head")
}

func readMeta(value []byte) (m meta, err error) {
	r := reader{wire.Reader{Rest: value}}
	m.clock = r.micros()
	body := r.Bytes()
	figures := m.account.fields()
	for i := range r.many() {
		if v := r.Varint(); i < len(figures) {
			*figures[i] = v
		}
	}
	for range r.many() {
		h := &horizon{span: r.micros()}
		h.young.number, h.young.start = r.Uvarint(), r.micros()
		h.old.number, h.old.start = r.Uvarint(), r.micros()
		m.horizons = append(m.horizons, h)
	}
	var past error
	if len(r.Rest) > 0 { // a head of the first form ends here
		past = m.readPast(&r)
	}
	if !r.Done() || past != nil {
		return meta{}, damaged("the state's head")
	}
	if string(body) != string(Activation{}.Encode()) {
		m.activation, err = decodeActivation(body)
	}
	return m, err
}

// readPast reads what appendPast wrote.
func (m *meta) readPast(r *reader) error {
	if err := json.Unmarshal(r.Bytes(), &m.orders); err != nil {
		return err
	}
	m.flood = r.flood()
	for range r.many() {
		in := &reader{wire.Reader{Rest: r.Bytes()}}
		n := note{id: scenario.ID(in.String()), silent: in.Byte() == 1}
		origin, err := decodeActivation(in.Bytes())
		if err != nil {
			return err
		}
		n.origin, n.ready, n.freshIn, n.fresh = origin, in.micros(), in.Varint(), in.Varint()
		if !in.Done() {
			return damaged("a note of a scenario")
		}
		m.notes = append(m.notes, n)
	}
	if len(r.Rest) > 0 { // a head of before copies were counted by themselves ends here
		m.copies = r.flood()
	}
	return nil
}

// restore builds the partition as it was when its records were taken. sets are what the meta's activations stand for, in their order.
func restore(part int, seq bus.Seq, m meta, records []record, sets []*pack.Set) (*Partition, error) {
	p := New(part, nil)
	p.seq, p.clock, p.activation, p.account = seq, m.clock, m.activation, m.account
	p.seen.horizons, p.orders, p.flood, p.copies = m.horizons, m.orders, m.flood, m.copies
	if sets[0] != nil {
		p.change(sets[0])
		if err := p.recall(m, sets); err != nil {
			return nil, err
		}
	}
	for _, r := range records {
		if err := p.put(r); err != nil {
			return nil, err
		}
	}
	for _, h := range p.seen.horizons {
		h.young.saved, h.old.saved = len(h.young.entries), len(h.old.entries)
	}
	return p, nil
}

// recall gives the watches what the notes say of them: older definitions that are in force still, and those that fill their windows.
func (p *Partition) recall(m meta, sets []*pack.Set) error {
	for _, n := range m.notes {
		i := slices.IndexFunc(m.activations(), func(a Activation) bool { return a.Activation == n.origin.Activation })
		def, known := sets[i].Scenario(n.id)
		w := p.watches[n.id]
		if !known || w == nil {
			return damaged("a note of a scenario that its packs do not have")
		}
		if n.silent {
			w.next = newWatch(n.id, def, sets[i], n.origin)
			w.next.silent, w.ready = true, n.ready
			w = w.next
		} else {
			w.define(def, sets[i], n.origin)
		}
		w.freshIn, w.fresh = n.freshIn, n.fresh
	}
	p.plan()
	p.listen()
	return nil
}

func (p *Partition) put(r record) error {
	if r.key == "" {
		return damaged("a record without a key")
	}
	section, rest := r.key[:1], r.key[1:]
	first, second, _ := strings.Cut(rest, "\x00")
	in := &reader{wire.Reader{Rest: r.value}}
	switch section {
	case metaRecord:
		return nil
	case stateRecord:
		p.putState(p.watchOf(scenario.ID(first)), second, in)
	case nextRecord:
		p.putNext(scenario.ID(first), in, func(w *watch) { p.putState(w, second, in) })
	case fieldRecord:
		p.putField(p.watchOf(scenario.ID(first)), second, in)
	case nextField:
		p.putNext(scenario.ID(first), in, func(w *watch) { p.putField(w, second, in) })
	case usedRecord:
		p.watchOf(scenario.ID(first)).used = in.Varint()
	case oldMeter:
		return nil
	case meterRecord:
		p.putMeter(indicator.ID(first), event.AreaCode(second), in)
	case chunkRecord:
		p.putChunk(rest, in)
	default:
		return damaged("a record of an unknown section")
	}
	if in.Bad || len(in.Rest) != 0 {
		return damaged("a record")
	}
	return nil
}

// putNext is a record of a scenario that fills its windows.
func (p *Partition) putNext(id scenario.ID, in *reader, put func(w *watch)) {
	w := p.watches[id]
	if w == nil || w.next == nil {
		in.Bad = true
		return
	}
	put(w.next)
}

func (p *Partition) putField(w *watch, key string, in *reader) {
	if w.def == nil || w.def.Cluster == nil {
		in.Bad = true
		return
	}
	p.keepField(&field{Field: w.def.Cluster.Read(w.def.Setting, &in.Reader), watch: w, key: key})
}

func (p *Partition) putState(w *watch, subject string, in *reader) {
	s := &state{watch: w, subject: subject, hushed: far, wake: far, dueAt: -1}
	if form := in.Byte(); form&stateForm == 0 {
		in.firstForm(s, phase(form))
	} else {
		in.state(s, phase(form&^stateForm))
	}
	in.Bad = in.Bad || s.phase > open || s.phase != idle && (w.def == nil || s.proof == nil)
	if in.Bad {
		return
	}
	s.area = p.areaOf(s.area)
	p.keep(s)
	p.schedule(s)
}

// state is what encodeState wrote after the first byte.
func (r *reader) state(s *state, is phase) {
	s.phase, s.number = is, r.Varint()
	s.since, s.began, s.held, s.ended, s.last, s.hushed = r.micros(), r.micros(), r.micros(), r.micros(), r.micros(), r.micros()
	s.area, s.kept, s.proof = event.AreaCode(r.String()), r.readings(), r.proof()
	if r.Byte() == 0 {
		return
	}
	if s.watch.def == nil || s.watch.def.Measure == nil {
		r.Bad = true
		return
	}
	s.machine = s.watch.def.Measure.Read(&r.Reader)
}

// firstForm reads the form of before there were operators that measure.
func (r *reader) firstForm(s *state, is phase) {
	s.phase, s.number = is, r.Varint()
	s.since, s.began, s.ended, s.last = r.micros(), r.micros(), r.micros(), r.micros()
	s.held = later(s.since, s.began)
	f := &proof{count: r.Varint(), area: event.AreaCode(r.String()), level: order.Daily}
	old := func() scenario.Reading {
		g := r.firstReading()
		r.readingData(&g)
		return g
	}
	for range r.many() {
		f.first = append(f.first, old())
	}
	if r.Byte() == 1 {
		g := old()
		f.last = &g
	}
	f.weigh()
	if is != idle {
		s.proof = f
	}
}

func (p *Partition) putChunk(key string, in *reader) {
	if len(key) != 20 {
		in.Bad = true
		return
	}
	span, number := micros(binary.BigEndian.Uint64([]byte(key))), binary.BigEndian.Uint64([]byte(key[8:]))
	for _, h := range p.seen.horizons {
		if h.span != span {
			continue
		}
		g := &h.young
		if h.old.number == number && h.young.number != number {
			g = &h.old
		}
		in.Bad = in.Bad || g.number != number || len(g.entries) != chunkSize*int(binary.BigEndian.Uint32([]byte(key[16:])))
		for !in.Bad && len(in.Rest) > 0 {
			if e := in.entry(); !in.Bad {
				g.append(e)
			}
		}
		return
	}
	in.Bad = true
}

func damaged(what string) error {
	return fault.New(fault.Invalid, "detect.restore", "the snapshot is damaged: %s", what)
}
