package scenario

import (
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
)

// Comparison is what a changed or new scenario would have found in the past, beside what the one in force finds in the same log.
type Comparison struct {
	Before    *Definition  `json:"before"` // nil: the scenario is new
	After     Definition   `json:"after"`
	From      time.Time    `json:"from"` // what started from here on counts,
	To        time.Time    `json:"to"`   // to here, not included
	Events    int64        `json:"events"`
	Gained    int          `json:"gained"`    // found by the changed one alone
	Lost      int          `json:"lost"`      // found by the one in force alone
	Moved     int          `json:"moved"`     // found by both, with another start: the two episodes overlap
	Unchanged int          `json:"unchanged"` // found by both with the same start
	OtherEnd  int          `json:"other_end"` // of the unchanged: those that end at another time
	Examples  []Difference `json:"examples"`  // the first of each kind
	Remarks   []lang.Text  `json:"remarks"`
}

// Difference is one finding that is not the same.
type Difference struct {
	Kind    DifferenceKind `json:"kind"`
	Subject string         `json:"subject"`
	Area    event.AreaCode `json:"area"`
	Before  *Episode       `json:"before"` // by the scenario in force; nil when gained
	After   *Episode       `json:"after"`  // by the changed one; nil when lost
}

// DifferenceKind says how a finding differs.
type DifferenceKind string

const (
	Gained DifferenceKind = "gained"
	Lost   DifferenceKind = "lost"
	Moved  DifferenceKind = "moved"
)

// Episode is a finding from its start to its end, with the readings behind it.
type Episode struct {
	Since    time.Time   `json:"since"`
	Started  time.Time   `json:"started"`
	Ended    *time.Time  `json:"ended"` // nil: open at the end of the log
	Severity Severity    `json:"severity"`
	Measures []Measured  `json:"measures"`
	Readings []*Evidence `json:"readings"`
	More     int64       `json:"more"`
}
