package cluster

import (
	"twoweave/internal/base/geo"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
)

// Field is the reports of one key (the whole city, unless the scenario's subject says otherwise). Detection calls it from one goroutine. What operator says
// of every Machine holds for it too.
//
// A report c is the centre of a cluster: the reports within Metres of it whose times lie in (c − Over, c]. An arriving report changes the clusters it is
// in; what is judged is the largest of them (of equals, that of the newest centre).
type Field struct{}

// Found is the largest cluster that a report is in.
type Found struct {
	At       int64    // the newest time among its reports
	Subject  string   // the label of a report in it that has one, the oldest label first; otherwise its centre: "121.512,31.221"
	Count    int      // of its reports
	Sources  int      // of different subjects among them
	Payloads [][]byte // of its reports, by time; shared, read only
	members  []int
}

// New makes an empty field.
func (c *Config) New() *Field { return &Field{} }

// Observe takes in a report with what the caller wants back of it later.
func (f *Field) Observe(e operator.Event, place geo.Point, payload []byte) Found { return Found{} }

// Label gives the found cluster's reports its subject, so that those who come near join it. Detection calls it, before the next Observe, when the rule
// holds.
func (f *Field) Label(found Found) {}

// Due, Advance, Spent and Append are as in operator.Machine; Advance forgets reports that no report to come can be with.
func (f *Field) Due() int64               { return operator.Never }
func (f *Field) Advance(now int64)        {}
func (f *Field) Spent(now int64) bool     { return false }
func (f *Field) Append(dst []byte) []byte { return dst }

// Read is a field that Append wrote.
func (c *Config) Read(r *wire.Reader) *Field { return &Field{} }
