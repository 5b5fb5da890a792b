package detect

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
)

// record is one keyed piece of a partition's state. A delta is the records that changed; what is gone has no value. The first byte of a key says what
// it is; keys never change their form, values begin with what their section's decoder needs.
type record struct {
	key   string
	value []byte // nil = delete
}

const (
	metaRecord  = "m"
	stateRecord = "s"
	chunkRecord = "d"
	meterRecord = "p"
)

// chunkSize is the number of dedup entries in one record.
const chunkSize = 256

func stateKey(s *state) string { return stateRecord + string(s.watch.id) + "\x00" + s.subject }
func meterKey(m *meter) string { return meterRecord + string(m.gauge.id) + "\x00" + string(m.area) }

func chunkKey(span micros, number uint64, i int) string {
	b := append(make([]byte, 0, 21), chunkRecord...)
	b = binary.BigEndian.AppendUint64(b, uint64(span))
	b = binary.BigEndian.AppendUint64(b, number)
	return string(binary.BigEndian.AppendUint32(b, uint32(i)))
}

// all is the whole state as records, in key order.
func (p *Partition) all() []record {
	m := map[string][]byte{metaRecord: p.encodeMeta()}
	for _, w := range p.watches {
		for _, s := range w.states {
			m[stateKey(s)] = encodeState(s)
		}
	}
	for _, g := range p.gauges {
		for _, a := range g.areas {
			m[meterKey(a)] = encodeMeter(a)
		}
	}
	for _, h := range p.seen.horizons {
		h.old.encode(h.span, 0, m)
		h.young.encode(h.span, 0, m)
	}
	return sorted(m)
}

// changes is what changed since the last call, in key order, and takes it as saved.
func (p *Partition) changes() []record {
	m := map[string][]byte{metaRecord: p.encodeMeta()}
	for key := range p.removed {
		m[key] = nil
	}
	for _, s := range p.dirty {
		s.dirty = false
		if s.watch.states[s.subject] == s {
			m[stateKey(s)] = encodeState(s)
		}
	}
	for _, g := range p.gauges {
		for _, a := range g.areas {
			if a.dirty {
				m[meterKey(a)] = encodeMeter(a)
				a.dirty = false
			}
		}
	}
	for _, h := range p.seen.horizons {
		h.old.encode(h.span, h.old.saved, m)
		h.young.encode(h.span, h.young.saved, m)
		h.old.saved, h.young.saved = len(h.old.entries), len(h.young.entries)
	}
	p.dirty, p.removed = nil, map[string]struct{}{}
	return sorted(m)
}

func sorted(m map[string][]byte) []record {
	all := make([]record, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, record{key, m[key]})
	}
	return all
}

// merge lays newer records over older ones. A deletion stays in the result, so that it can be laid over others; see live.
func merge(older, newer []record) []record {
	all := make([]record, 0, len(older)+len(newer))
	for len(older) > 0 && len(newer) > 0 {
		switch c := strings.Compare(older[0].key, newer[0].key); {
		case c < 0:
			all, older = append(all, older[0]), older[1:]
		case c > 0:
			all, newer = append(all, newer[0]), newer[1:]
		default:
			older = older[1:]
		}
	}
	return append(append(all, older...), newer...)
}

// live is the records without the deletions.
func live(all []record) []record {
	return slices.DeleteFunc(all, func(r record) bool { return r.value == nil })
}

func (p *Partition) encodeMeta() []byte {
	b := binary.AppendVarint(nil, int64(p.clock))
	b = wire.AppendString(b, string(p.activation.Encode()))
	figures := p.account.fields()
	b = binary.AppendUvarint(b, uint64(len(figures)))
	for _, f := range figures {
		b = binary.AppendVarint(b, *f)
	}
	b = binary.AppendUvarint(b, uint64(len(p.seen.horizons)))
	for _, h := range p.seen.horizons {
		b = binary.AppendVarint(b, int64(h.span))
		for _, g := range [...]*generation{&h.young, &h.old} {
			b = binary.AppendUvarint(b, g.number)
			b = binary.AppendVarint(b, int64(g.start))
		}
	}
	return b
}

func encodeState(s *state) []byte {
	b := append(make([]byte, 0, 64), byte(s.phase))
	b = binary.AppendVarint(b, s.number)
	for _, m := range [...]micros{s.since, s.began, s.ended, s.last} {
		b = binary.AppendVarint(b, int64(m))
	}
	f := &s.proof
	b = binary.AppendVarint(b, f.count)
	b = wire.AppendString(b, string(f.area))
	b = binary.AppendUvarint(b, uint64(len(f.first)))
	for i := range f.first {
		b = AppendReading(b, &f.first[i])
	}
	if f.last == nil {
		return append(b, 0)
	}
	return AppendReading(append(b, 1), f.last)
}

func encodeMeter(m *meter) []byte {
	b := appendBool(nil, m.spoken)
	b = binary.AppendVarint(b, m.said)
	b = binary.AppendVarint(b, m.value)
	b = binary.AppendUvarint(b, uint64(len(m.panes)))
	for _, x := range m.panes {
		b = binary.AppendVarint(b, x.minute)
		b = binary.AppendVarint(b, x.count)
	}
	return b
}

// encode adds the chunks that hold entries from the given one on.
func (g *generation) encode(span micros, from int, to map[string][]byte) {
	if from == len(g.entries) {
		return
	}
	for i := from / chunkSize; i*chunkSize < len(g.entries); i++ {
		entries := g.entries[i*chunkSize : min((i+1)*chunkSize, len(g.entries))]
		b := make([]byte, 0, len(entries)*32)
		for _, e := range entries {
			b = append(b, e.key[:]...)
			b = binary.BigEndian.AppendUint64(b, e.body)
			b = binary.BigEndian.AppendUint64(b, uint64(e.at))
		}
		to[chunkKey(span, g.number, i)] = b
	}
}

func (g *generation) savedChunks() int { return (g.saved + chunkSize - 1) / chunkSize }

// AppendReading appends the encoding of a reading to dst: length-prefixed texts, numbers as varints, time in microseconds.
func AppendReading(dst []byte, r *scenario.Reading) []byte {
	dst = binary.AppendUvarint(dst, r.Seq)
	dst = binary.AppendVarint(dst, int64(r.N))
	dst = wire.AppendString(wire.AppendString(wire.AppendString(dst, r.ID), r.Source), r.Type)
	dst = binary.AppendVarint(dst, r.Time.UnixMicro())
	return wire.AppendString(appendBool(dst, r.Data != nil), string(r.Data))
}

// AppendDetection appends the one encoding of a detection that comparisons of runs use: equal detections give equal bytes.
func AppendDetection(dst []byte, d *scenario.Detection) []byte {
	dst = wire.AppendString(wire.AppendString(dst, string(d.Scenario)), d.Subject)
	dst = binary.AppendVarint(dst, d.Episode)
	dst = wire.AppendString(dst, string(d.Change))
	dst = binary.AppendVarint(dst, d.At.UnixMicro())
	dst = binary.AppendVarint(dst, d.Since.UnixMicro())
	dst = binary.AppendVarint(dst, int64(d.Version))
	for _, s := range [...]string{d.Rule, string(d.Area), string(d.Severity), d.Class} {
		dst = wire.AppendString(dst, s)
	}
	dst = binary.AppendVarint(dst, d.More)
	dst = binary.AppendUvarint(dst, uint64(len(d.Evidence)))
	for i := range d.Evidence {
		dst = AppendReading(dst, &d.Evidence[i])
	}
	return dst
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// reader reads the parts of records.
type reader struct{ wire.Reader }

// many is a count of things that take at least one byte each.
func (r *reader) many() int {
	n := r.Uvarint()
	if n > uint64(len(r.Rest)) {
		r.Bad = true
		return 0
	}
	return int(n)
}

func (r *reader) micros() micros { return micros(r.Varint()) }

func (r *reader) reading() scenario.Reading {
	g := scenario.Reading{Seq: r.Uvarint(), N: int(r.Varint()), ID: r.String(), Source: r.String(), Type: r.String()}
	g.Time = r.micros().time()
	some := r.Byte() == 1
	if data := r.Bytes(); some {
		g.Data = append([]byte{}, data...)
	}
	return g
}

func (r *reader) entry() entry {
	e := entry{key: event.Key{}}
	copy(e.key[:], r.Take(uint64(len(e.key))))
	e.body, e.at = r.Fixed(), micros(r.Fixed())
	return e
}
