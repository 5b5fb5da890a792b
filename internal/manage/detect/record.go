package detect

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
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
	nextRecord  = "h" // a state of a scenario that fills its windows
	fieldRecord = "c"
	nextField   = "k"
	chunkRecord = "d"
	meterRecord = "g"
	usedRecord  = "u" // how far the numbers of a scenario's forgotten subjects reach
	oldMeter    = "p" // of before signs measured more than counts: passed over, what they counted is counted anew
)

// chunkSize is the number of dedup entries in one record.
const chunkSize = 256

func stateKey(s *state) string {
	section := stateRecord
	if s.watch.silent {
		section = nextRecord
	}
	return section + string(s.watch.id) + "\x00" + s.subject
}

func fieldKey(f *field) string {
	section := fieldRecord
	if f.watch.silent {
		section = nextField
	}
	return section + string(f.watch.id) + "\x00" + f.key
}

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
	p.eachWatch(func(w *watch) {
		for _, s := range w.states {
			m[stateKey(s)] = encodeState(s)
		}
		for _, f := range w.fields {
			m[fieldKey(f)] = f.Append([]byte{})
		}
		if w.used > 0 {
			m[usedRecord+string(w.id)] = binary.AppendVarint(nil, w.used)
		}
	})
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
	p.eachWatch(func(w *watch) {
		for _, f := range w.fields {
			if f.dirty {
				m[fieldKey(f)] = f.Append([]byte{})
				f.dirty = false
			}
		}
		if w.grown {
			m[usedRecord+string(w.id)] = binary.AppendVarint(nil, w.used)
			w.grown = false
		}
	})
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

// eachWatch visits every watch, also those that fill their windows and those that are gone.
func (p *Partition) eachWatch(visit func(w *watch)) {
	for _, w := range p.watches {
		visit(w)
		if w.next != nil {
			visit(w.next)
		}
	}
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
	return p.appendPast(b)
}

// appendPast adds what came to the head later: orders, senders of the running minute, and the watches that are not of the set in force alone.
func (p *Partition) appendPast(b []byte) []byte {
	orders, _ := json.Marshal(p.orders) // texts and times always marshal
	b = p.flood.append(wire.AppendString(b, string(orders)))
	var notes [][]byte
	for _, id := range slices.Sorted(maps.Keys(p.watches)) {
		for _, w := range p.watches[id].both() {
			if n := p.noteOf(w); n != nil {
				notes = append(notes, n)
			}
		}
	}
	b = binary.AppendUvarint(b, uint64(len(notes)))
	for _, n := range notes {
		b = wire.AppendString(b, string(n))
	}
	return p.copies.append(b)
}

// noteOf is what the set in force does not say of a watch; nil when that is nothing.
func (p *Partition) noteOf(w *watch) []byte {
	crowd := w.fresh > 0 && w.freshIn == p.clock.minute()
	if !w.silent && !crowd && w.origin.Activation == p.activation.Activation {
		return nil
	}
	b := wire.AppendString(nil, string(w.id))
	b = appendBool(b, w.silent)
	b = wire.AppendString(b, string(w.origin.Encode()))
	b = binary.AppendVarint(b, int64(p.watches[w.id].ready))
	b = binary.AppendVarint(b, w.freshIn)
	return binary.AppendVarint(b, w.fresh)
}

// stateForm marks the form of a state's value in its first byte, beside the phase. Values without it are of the first form, which had no more than
// match and sustain.
const stateForm = 0x80

func encodeState(s *state) []byte {
	b := append(make([]byte, 0, 64), stateForm|byte(s.phase))
	b = binary.AppendVarint(b, s.number)
	for _, m := range [...]micros{s.since, s.began, s.held, s.ended, s.last, s.hushed} {
		b = binary.AppendVarint(b, int64(m))
	}
	b = wire.AppendString(b, string(s.area))
	b = appendReadings(b, s.kept)
	b = appendProof(b, s.proof)
	if s.machine == nil {
		return append(b, 0)
	}
	return s.machine.Append(append(b, 1))
}

func appendReadings(b []byte, all []scenario.Reading) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for i := range all {
		b = AppendReading(b, &all[i])
	}
	return b
}

func appendProof(b []byte, f *proof) []byte {
	if f == nil {
		return append(b, 0)
	}
	b = binary.AppendVarint(append(b, 1), f.count)
	b = wire.AppendString(wire.AppendString(b, string(f.area)), string(f.level))
	b = appendMeasures(b, f.measures)
	b = appendReadings(b, f.first)
	if f.last == nil {
		return append(b, 0)
	}
	return AppendReading(append(b, 1), f.last)
}

func appendMeasures(b []byte, all []scenario.Measured) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for _, m := range all {
		b = wire.AppendString(wire.AppendString(b, m.Name), m.Value)
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
	dst = wire.AppendString(wire.AppendString(dst, r.Subject), string(r.Area))
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
	for _, s := range [...]string{d.Rule, string(d.Area), string(d.Severity), d.Class, string(d.State)} {
		dst = wire.AppendString(dst, s)
	}
	dst = appendMeasures(dst, d.Measures)
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
	g := r.firstReading()
	g.Subject, g.Area = r.String(), event.AreaCode(r.String())
	r.readingData(&g)
	return g
}

// firstReading is the part of a reading that all forms have.
func (r *reader) firstReading() scenario.Reading {
	g := scenario.Reading{Seq: r.Uvarint(), N: int(r.Varint()), ID: r.String(), Source: r.String(), Type: r.String()}
	g.Time = r.micros().time()
	return g
}

func (r *reader) readingData(g *scenario.Reading) {
	some := r.Byte() == 1
	if data := r.Bytes(); some {
		g.Data = append([]byte{}, data...)
	}
}

func (r *reader) readings() []scenario.Reading {
	var all []scenario.Reading
	for range r.many() {
		all = append(all, r.reading())
	}
	return all
}

func (r *reader) measures() []scenario.Measured {
	var all []scenario.Measured
	for range r.many() {
		all = append(all, scenario.Measured{Name: r.String(), Value: r.String()})
	}
	return all
}

// proof is what appendProof wrote.
func (r *reader) proof() *proof {
	if r.Byte() == 0 {
		return nil
	}
	f := &proof{count: r.Varint(), area: event.AreaCode(r.String()), level: order.Level(r.String()), measures: r.measures()}
	f.first = r.readings()
	if r.Byte() == 1 {
		g := r.reading()
		f.last = &g
	}
	f.weigh()
	return f
}

// weigh sums up the bytes of data.
func (f *proof) weigh() {
	for i := range f.first {
		f.bytes += len(f.first[i].Data)
	}
}

func (r *reader) entry() entry {
	e := entry{key: event.Key{}}
	copy(e.key[:], r.Take(uint64(len(e.key))))
	e.body, e.at = r.Fixed(), micros(r.Fixed())
	return e
}
