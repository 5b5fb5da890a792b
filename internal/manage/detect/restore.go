package detect

import (
	"encoding/binary"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
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
	if !r.Done() {
		return meta{}, damaged("the state's head")
	}
	if string(body) != string(Activation{}.Encode()) {
		m.activation, err = DecodeControl(body)
	}
	return m, err
}

// restore builds the partition as it was when its records were taken. set is what the activation in the records stands for.
func restore(part int, seq bus.Seq, m meta, records []record, set *pack.Set) (*Partition, error) {
	p := New(part, nil)
	p.seq, p.clock, p.activation, p.account = seq, m.clock, m.activation, m.account
	p.seen.horizons = m.horizons
	if set != nil {
		p.use(set)
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
		p.putState(scenario.ID(first), second, in)
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

func (p *Partition) putState(id scenario.ID, subject string, in *reader) {
	w := p.watchOf(id)
	s := &state{watch: w, subject: subject, dueAt: -1, phase: phase(in.Byte()), number: in.Varint()}
	s.since, s.began, s.ended, s.last = in.micros(), in.micros(), in.micros(), in.micros()
	s.proof.count, s.proof.area = in.Varint(), event.AreaCode(in.String())
	for range in.many() {
		g := in.reading()
		s.proof.bytes += len(g.Data)
		s.proof.first = append(s.proof.first, g)
	}
	if in.Byte() == 1 {
		g := in.reading()
		s.proof.last = &g
	}
	if in.Bad = in.Bad || s.phase > open || s.phase != idle && w.def == nil; in.Bad {
		return
	}
	p.keep(s)
	if s.phase == pending {
		p.due.put(s)
	}
}

func (p *Partition) putMeter(id indicator.ID, area event.AreaCode, in *reader) {
	m := &meter{area: area, spoken: in.Byte() == 1, said: in.Varint(), value: in.Varint()}
	for range in.many() {
		m.panes = append(m.panes, pane{minute: in.Varint(), count: in.Varint()})
	}
	if m.gauge = p.gauges[id]; m.gauge == nil {
		in.Bad = true
		return
	}
	m.gauge.areas[area] = m
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
