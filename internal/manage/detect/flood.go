package detect

import (
	"cmp"
	"encoding/binary"
	"slices"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/reform/pack"
)

// flood counts, in the running minute of log time, the events of each sender of the types that are capped; or the keyed copies.
type flood struct {
	minute int64
	counts map[flow]int64
}

type flow struct {
	typ    event.TypeName
	sender event.Sender
}

// beyond counts an event and says whether it is one too many.
func (f *flood) beyond(t *pack.Type, sender event.Sender, minute int64) bool {
	if t.Cap == nil || t.Cap.Sender == 0 {
		return false
	}
	if f.minute != minute || f.counts == nil {
		f.minute, f.counts = minute, map[flow]int64{}
	}
	k := flow{t.Name, sender}
	f.counts[k]++
	return f.counts[k] > int64(t.Cap.Sender)
}

// flows are the senders counted, in order.
func (f *flood) flows() []flow {
	var all []flow
	for k := range f.counts {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b flow) int { return cmp.Or(cmp.Compare(a.typ, b.typ), cmp.Compare(a.sender, b.sender)) })
	return all
}

func (f *flood) append(b []byte) []byte {
	flows := f.flows()
	b = binary.AppendVarint(b, f.minute)
	b = binary.AppendUvarint(b, uint64(len(flows)))
	for _, k := range flows {
		b = wire.AppendString(wire.AppendString(b, string(k.typ)), string(k.sender))
		b = binary.AppendVarint(b, f.counts[k])
	}
	return b
}

func (r *reader) flood() flood {
	f := flood{minute: r.Varint(), counts: map[flow]int64{}}
	for range r.many() {
		k := flow{event.TypeName(r.String()), event.Sender(r.String())}
		f.counts[k] = r.Varint()
	}
	return f
}

// crowded says whether a scenario has taken up all the new subjects that its main type allows in a minute; if not, one more is counted.
func (w *watch) crowded(minute int64) bool {
	t := w.types[w.def.On]
	if t == nil || t.Cap == nil || t.Cap.New == 0 {
		return false
	}
	if w.freshIn != minute {
		w.freshIn, w.fresh = minute, 0
	}
	if w.fresh >= int64(t.Cap.New) {
		return true
	}
	w.fresh++
	return false
}
