// Package scenario is what the city watches for: a kind of matter, how it is noticed, and what case it becomes.
//
// A Scenario is pack content. Detection compiles it; when it holds for a subject, the result is a Detection with an episode: it starts,
// gathers evidence, and ends. One episode of one subject is one matter and becomes at most one case.
package scenario

import (
	"time"

	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
)

// ID names a scenario within its pack: "water-level-high".
type ID string

// Operator is how a scenario looks at its events.
type Operator string

const (
	// Match holds from the first event for which When is true until the first for which Until is.
	Match Operator = "match"
	// Sustain holds once When has been true for the whole of For without an event for which Until is true.
	Sustain Operator = "sustain"
)

// Severity of a scenario's detections, as operators sort them.
type Severity string

const (
	Minor    Severity = "minor"
	Major    Severity = "major"
	Critical Severity = "critical"
)

// Scenario is one entry of a pack's scenarios folder.
type Scenario struct {
	ID       ID             `yaml:"scenario"`
	Version  int            `yaml:"version"`
	Title    lang.Text      `yaml:"title"`
	Domain   string         `yaml:"domain"` // facilities, operation, environment, traffic, safety, enforcement
	On       event.TypeName `yaml:"on"`
	Subject  string         `yaml:"subject"` // CEL string: what a detection is about; empty = the event's partition key
	Where    string         `yaml:"where"`   // CEL bool: which events concern it at all; empty = all of the type
	Operator Operator       `yaml:"operator"`
	When     string         `yaml:"when"`  // CEL bool: the condition
	Until    string         `yaml:"until"` // CEL bool: recovered; empty = when is false. A gap between the two is the hysteresis
	For      time.Duration  `yaml:"for"`   // sustain only
	Severity Severity       `yaml:"severity"`
	Class    string         `yaml:"class"` // matter class of the case
	Note     string         `yaml:"note"`  // where the threshold comes from: law, standard, paper, or "assumed"
}

// DetectionID is (scenario, subject, episode): the identity that makes "exactly one case" checkable.
type DetectionID struct {
	Scenario ID
	Subject  string
	Episode  int64
}

// String is the identity as one opaque identifier, the same wherever it is derived.
func (d DetectionID) String() string {
	return ident.Derive("detection", string(d.Scenario), d.Subject, time.Duration(d.Episode).String())
}

// Change is what a detection message says about an episode.
type Change string

const (
	Started Change = "started"
	Ended   Change = "ended"
)

// Detection is one finding as it leaves detection: an episode started or ended. Rows are in log order within a partition.
type Detection struct {
	DetectionID
	Change   Change
	At       time.Time      // event time of the start or the end; for a sustained condition the moment For was full
	Since    time.Time      // when the condition began to hold
	Version  int            // of the scenario
	Rule     string         // hash of the scenario's definition in force
	Area     event.AreaCode // where, from the deciding event
	Severity Severity
	Class    string
	Evidence []Reading // the events behind it, oldest first, at most MaxEvidence
	More     int64     // evidence beyond MaxEvidence, counted
}

// MaxEvidence bounds the readings a detection carries: the first ones of the episode's condition and the deciding one.
const MaxEvidence = 16

// Reading is one event as evidence: enough to show it and to find it in the log.
type Reading struct {
	Seq    uint64    `json:"seq"` // position in the log
	N      int       `json:"n"`   // index within the batch
	ID     string    `json:"id"`
	Source string    `json:"source"`
	Type   string    `json:"type"`
	Time   time.Time `json:"time"`
	Data   []byte    `json:"-"` // as in the log, sealed values sealed
}
