package cluster

import (
	"encoding/binary"
	"math"
	"slices"

	"twoweave/internal/base/geo"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
)

// Append appends the field's encoding: how many were dropped, the labels from the oldest to the newest, then the reports by time, each with its label's number
// from 1.
func (f *Field) Append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, f.dropped)
	all := slices.SortedFunc(slices.Values(f.oldest), compare)
	labels := labelsOf(all)
	dst = binary.AppendUvarint(dst, uint64(len(labels)))
	number := map[*label]uint64{}
	for i, l := range labels {
		dst = wire.AppendString(dst, l.name)
		number[l] = uint64(i + 1)
	}
	dst = binary.AppendUvarint(dst, uint64(len(all)))
	for _, r := range all {
		dst = r.append(dst)
		dst = binary.AppendUvarint(dst, number[r.label])
	}
	return dst
}

// labelsOf are the labels that reports carry, the oldest first.
func labelsOf(all []*report) (labels []*label) {
	seen := map[*label]bool{nil: true}
	for _, r := range all {
		if !seen[r.label] {
			seen[r.label] = true
			labels = append(labels, r.label)
		}
	}
	slices.SortFunc(labels, func(a, b *label) int {
		if a.given < b.given {
			return -1
		}
		return 1
	})
	return labels
}

func (r *report) append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, r.at)
	dst = binary.AppendUvarint(dst, r.seq)
	dst = binary.AppendUvarint(dst, uint64(r.n))
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(r.place.Lon))
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(r.place.Lat))
	dst = wire.AppendString(dst, r.from.name)
	dst = wire.AppendString(dst, string(r.payload))
	return binary.AppendUvarint(dst, uint64(r.count))
}

// Read is a field that Append wrote; an empty one when r is damaged.
func (c *Config) Read(s operator.Setting, r *wire.Reader) *Field {
	f := c.New(s)
	f.dropped = r.Varint()
	labels := []*label{nil}
	for range bounded(r, MaxReports) {
		labels = append(labels, &label{name: r.String(), given: f.given})
		f.given++
	}
	var before *report
	for range bounded(r, MaxReports) {
		x := f.read(r, labels)
		if r.Bad || before != nil && !before.before(x) {
			r.Bad = true
			break
		}
		f.put(x)
		before = x
	}
	if r.Bad || f.dropped < 0 || f.full() {
		r.Bad = true
		return c.New(s)
	}
	return f
}

// bounded reads a number that must be at most a bound; 0 when it is not.
func bounded(r *wire.Reader, most uint64) uint64 {
	n := r.Uvarint()
	if r.Bad = r.Bad || n > most; r.Bad {
		return 0
	}
	return n
}

// read reads a report and its label's number.
func (f *Field) read(r *wire.Reader, labels []*label) *report {
	x := &report{at: r.Varint(), seq: r.Uvarint(), n: int(bounded(r, math.MaxInt32))}
	x.place = geo.Point{Lon: math.Float64frombits(r.Fixed()), Lat: math.Float64frombits(r.Fixed())}
	x.from = f.source(r.String())
	x.payload = slices.Clone(r.Bytes())
	x.count = int(bounded(r, MaxReports))
	number := bounded(r, uint64(len(labels)-1))
	if r.Bad = r.Bad || x.place.Valid() != nil; !r.Bad {
		x.label = labels[number]
	}
	return x
}
