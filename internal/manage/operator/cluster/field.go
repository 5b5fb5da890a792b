package cluster

import (
	"strconv"

	"twoweave/internal/base/geo"
	"twoweave/internal/manage/operator"
)

// Field is the reports of one key (the whole city, unless the scenario's subject says otherwise). Detection calls it from one goroutine. What operator says
// of every Machine holds for it too. New and Read make one.
type Field struct {
	metres         float64
	over, lateness int64 // microseconds

	oldest  queue // all reports
	cells   grid
	names   map[string]*source
	payload int    // bytes
	given   uint64 // labels so far
	round   uint64 // of telling sources apart
	dropped int64
	members []*report // of the last Found
}

// Found is the largest cluster that a report is in. It may be used until the next Observe or Advance.
type Found struct {
	At      int64  // the newest time among its reports
	Subject string // the oldest label of its reports; when none has one, its centre: "121.512,31.221"
	Count   int    // of its reports; 0 when the arriving report was dropped
	Sources int    // of different subjects among them
	label   *label // nil when the subject is the centre
	members []*report
}

// New makes an empty field. Check must have passed.
func (c *Config) New(s operator.Setting) *Field {
	return &Field{
		metres: c.Metres, over: c.Over.Microseconds(), lateness: s.Lateness.Microseconds(),
		cells: grid{size: c.Metres*1.001 + 0.001, reports: map[cell][]*report{}}, names: map[string]*source{},
	}
}

// Observe takes in a report, at a valid place, with what the caller wants back of it later.
func (f *Field) Observe(e operator.Event, place geo.Point, payload []byte) Found {
	r := &report{at: e.At, seq: e.Seq, n: e.N, place: place, from: f.source(nameOf(e)), payload: payload}
	f.put(r)
	for _, other := range f.near(r, r.at-f.over+1, r.at+f.over-1) {
		f.meet(r, other)
	}
	for f.full() {
		if gone := f.forget(); gone == r {
			f.dropped++
			return Found{}
		}
		f.dropped++
	}
	return f.found(f.largest(r))
}

// nameOf is by what a report's source is told from others.
func nameOf(e operator.Event) string {
	if e.Of.Subject != "" {
		return e.Of.Subject
	}
	return e.Of.Source
}

// put adds a report to the field; the clusters do not know of it yet.
func (f *Field) put(r *report) {
	r.where = r.place.Cartesian()
	f.oldest.push(r)
	f.cells.add(r)
	f.payload += len(r.payload)
}

// meet counts a new report and one near it, perhaps itself, in each other's clusters.
func (f *Field) meet(r, other *report) {
	if other.at > r.at-f.over && other.at <= r.at {
		r.count++
	}
	if other != r && r.at > other.at-f.over && r.at <= other.at {
		other.count++
	}
}

// near finds the reports within Metres of r with times in [from, to], itself among them.
func (f *Field) near(r *report, from, to int64) []*report {
	f.members = f.members[:0]
	for _, all := range f.cells.around(r.where) {
		for i := since(all, from); i < len(all) && all[i].at <= to; i++ {
			if all[i].where.Distance(r.where) <= f.metres {
				f.members = append(f.members, all[i])
			}
		}
	}
	return f.members
}

// largest is the centre of the largest cluster that r is in.
func (f *Field) largest(r *report) *report {
	best := r
	for _, c := range f.near(r, r.at, r.at+f.over-1) {
		if c.count > best.count || c.count == best.count && best.before(c) {
			best = c
		}
	}
	return best
}

// found describes the cluster of a centre.
func (f *Field) found(c *report) Found {
	found := Found{At: c.at, members: f.near(c, c.at-f.over+1, c.at)}
	f.round++
	for _, r := range found.members {
		if r.from.round != f.round {
			r.from.round = f.round
			found.Sources++
		}
		if r.label != nil && (found.label == nil || r.label.given < found.label.given) {
			found.label = r.label
		}
	}
	found.Count = len(found.members)
	if found.label != nil {
		found.Subject = found.label.name
	} else {
		found.Subject = f.name(c.place)
	}
	return found
}

// name is a place as a subject.
func (f *Field) name(p geo.Point) string {
	decimals := 5
	switch {
	case f.metres >= 100:
		decimals = 3
	case f.metres >= 10:
		decimals = 4
	}
	return strconv.FormatFloat(p.Lon, 'f', decimals, 64) + "," + strconv.FormatFloat(p.Lat, 'f', decimals, 64)
}

// Label gives the found cluster's reports its subject, so that those who come near join it. Detection calls it, before the next Observe, when the rule
// holds.
func (f *Field) Label(found Found) {
	l := found.label
	if l == nil {
		l = &label{name: found.Subject, given: f.given}
		f.given++
	}
	for _, r := range found.members {
		r.label = l
	}
}

// Payloads are what came with the found cluster's reports, by time; shared, read only.
func (f *Field) Payloads(found Found) [][]byte {
	return payloads(found.members)
}

// Dropped counts the reports for which there was no room.
func (f *Field) Dropped() int64 { return f.dropped }

// Due is the moment of log time from which on the oldest report cannot be with a report to come; Never when there is none.
func (f *Field) Due() int64 {
	if len(f.oldest) == 0 {
		return operator.Never
	}
	return f.leaves(f.oldest[0])
}

// Advance says that log time has reached now; it forgets the reports that no report to come can be with.
func (f *Field) Advance(now int64) {
	for len(f.oldest) > 0 && f.Due() <= now {
		f.forget()
	}
}

// Spent says that at log time now no report that is here can matter any more: a new Field would find the same from here on.
func (f *Field) Spent(now int64) bool {
	for _, r := range f.oldest {
		if f.leaves(r) > now {
			return false
		}
	}
	return true
}

// leaves is the moment of log time from which on a report cannot be with one to come, which is at most lateness older.
func (f *Field) leaves(r *report) int64 { return r.at + f.over + f.lateness }

// full says that there are more reports than a field holds.
func (f *Field) full() bool { return len(f.oldest) > MaxReports || f.payload > MaxPayload }

// forget removes the oldest report.
func (f *Field) forget() *report {
	r := f.oldest.pop()
	for _, c := range f.near(r, r.at, r.at+f.over-1) {
		c.count--
	}
	f.cells.removeFirst(r)
	f.payload -= len(r.payload)
	if r.from.reports--; r.from.reports == 0 {
		delete(f.names, r.from.name)
	}
	return r
}

// source is the source with a name, of one report more.
func (f *Field) source(name string) *source {
	s := f.names[name]
	if s == nil {
		s = &source{name: name}
		f.names[name] = s
	}
	s.reports++
	return s
}
