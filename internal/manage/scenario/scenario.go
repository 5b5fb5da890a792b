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
	"twoweave/internal/manage/operator/absence"
	"twoweave/internal/manage/operator/anomaly"
	"twoweave/internal/manage/operator/cluster"
	"twoweave/internal/manage/operator/geofence"
	"twoweave/internal/manage/operator/join"
	"twoweave/internal/manage/operator/sequence"
	"twoweave/internal/manage/operator/window"
	"twoweave/internal/manage/order"
)

// ID names a scenario within its pack: "water-level-high".
type ID string

// Operator is how a scenario looks at its events.
type Operator string

const (
	// Match holds from the first event for which When is true until the first for which Until is.
	Match Operator = "match"
	// Sustain is Match once When has been true for the whole of For without an event for which Until is true.
	Sustain Operator = "sustain"
	// Window measures the events of a time: value, count, full.
	Window Operator = "window"
	// Absence notices that nothing has come for too long: absent.
	Absence Operator = "absence"
	// Sequence notices that its inputs' events came one after the other: complete.
	Sequence Operator = "sequence"
	// Cluster finds reports near each other in place and time, across area borders: count, sources.
	Cluster Operator = "cluster"
	// Geofence watches where things are: inside, left, fence.
	Geofence Operator = "geofence"
	// Anomaly compares a value with its own season: score, value, expected.
	Anomaly Operator = "anomaly"
	// Join holds the newest events of two inputs beside each other: both, and the other's values as other.data.x, other.area and so on.
	Join Operator = "join"
)

// Operators are all operators.
func Operators() []Operator {
	return []Operator{Match, Sustain, Window, Absence, Sequence, Cluster, Geofence, Anomaly, Join}
}

// Severity of a scenario's detections, as operators sort them.
type Severity string

const (
	Minor    Severity = "minor"
	Major    Severity = "major"
	Critical Severity = "critical"
)

// Scenario is one entry of a pack's scenarios folder.
//
// Beside an event's own variables, When and Until may ask for what the operator measures, for state (the city state's level as a text: "daily") and level
// (as a number from 0), for limit.NAME, and with the operator join for other.NAME. What is judged as time passes, without an event, has no
// variables of an event but subject, area and time.
type Scenario struct {
	ID       ID                       `yaml:"scenario"`
	Version  int                      `yaml:"version"`
	Title    lang.Text                `yaml:"title"`
	Domain   string                   `yaml:"domain"` // facilities, operation, environment, traffic, safety, enforcement
	On       event.TypeName           `yaml:"on"`
	Subject  string                   `yaml:"subject"` // CEL string: what a detection is about; empty = the event's partition key. See Keyed
	Where    string                   `yaml:"where"`   // CEL bool: which events concern it at all; empty = all of the type
	Also     []Input                  `yaml:"also"`    // further inputs: of absence, the later steps of a sequence, the other side of a join
	Operator Operator                 `yaml:"operator"`
	When     string                   `yaml:"when"`     // CEL bool: the condition; may be empty where the operator has one: absent, complete, inside, both
	Until    string                   `yaml:"until"`    // CEL bool: recovered; empty = when is false (of cluster and sequence: never, Hold ends them). A gap between the two is the hysteresis
	For      time.Duration            `yaml:"for"`      // how long the condition must last before an episode starts; must be there with sustain
	Hold     time.Duration            `yaml:"hold"`     // an episode also ends this long after the newest moment at which the condition held; 0 = never so
	Evidence int                      `yaml:"evidence"` // readings kept from before the condition holds, at most MaxKept; for what sums up many events
	Limits   map[string]order.ByLevel `yaml:"limits"`   // named thresholds by city state: limit.NAME in rules
	States   map[order.Level]Variant  `yaml:"states"`   // what else differs in a city state, and in those above it

	Window   *window.Config   `yaml:"window"`
	Absence  *absence.Config  `yaml:"absence"`
	Sequence *sequence.Config `yaml:"sequence"`
	Cluster  *cluster.Config  `yaml:"cluster"`
	Geofence *geofence.Config `yaml:"geofence"`
	Anomaly  *anomaly.Config  `yaml:"anomaly"`
	Join     *join.Config     `yaml:"join"`

	Raises   *Raise   `yaml:"raises"` // an episode raises its area's city state
	Quiets   *Quiet   `yaml:"quiets"` // while an episode lasts, what follows from it opens no cases
	Severity Severity `yaml:"severity"`
	Class    string   `yaml:"class"` // matter class of the case
	First    *First   `yaml:"first"` // what comes before the case is accepted; nothing = it is accepted at once
	Note     string   `yaml:"note"`  // where the threshold comes from: law, standard, paper, or "assumed"
}

// First is what comes before a detection's case is accepted: a person looks whether the alarm is right, or its owner is told and has a time to put it right.
type First struct {
	Screen   bool          `yaml:"screen"`
	Persists time.Duration `yaml:"persists"` // its owner is told, and it is filed only if it lasts so long
}

// Input is one more stream of events that a scenario watches.
type Input struct {
	On      event.TypeName `yaml:"on"`
	Subject string         `yaml:"subject"` // CEL string: the same subject as the main input's; empty = the event's partition key
	Where   string         `yaml:"where"`
}

// Variant is what differs in a city state.
type Variant struct {
	Severity Severity `yaml:"severity"`
}

// Raise orders a city state for the area of an episode when it starts. It only goes up, and it runs out.
type Raise struct {
	Level order.Level   `yaml:"level"`
	For   time.Duration `yaml:"for"`
}

// Quiet silences scenarios in the area of an episode while it lasts, and at most For: the children of one parent failure.
type Quiet struct {
	Scenarios []ID          `yaml:"scenarios"`
	For       time.Duration `yaml:"for"`
}

// MaxPersists bounds the time that an owner has after a warning.
const MaxPersists = 7 * 24 * time.Hour

// MaxKept bounds Evidence.
const MaxKept = 64

// SeverityAt is the severity in a city state.
func (s *Scenario) SeverityAt(l order.Level) Severity {
	for rank := l.Rank(); rank >= 0; rank-- {
		if v, ok := s.States[order.Levels()[rank]]; ok && v.Severity != "" {
			return v.Severity
		}
	}
	return s.Severity
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
	State    order.Level // the city state there and then
	Measures []Measured  // what the rule was judged by, apart from the events: the operator's measures and the limits, by name
	Evidence []Reading   // the events behind it, oldest first, at most MaxEvidence
	More     int64       // evidence beyond that, counted
}

// Measured is one value behind a finding.
type Measured struct {
	Name  string `json:"name"`  // "value", "limit.high"
	Value string `json:"value"` // as CEL writes it
}

// MaxEvidence bounds the readings a detection carries: the first ones of the episode's condition and the deciding one, or as many as the scenario's
// Evidence says when that is more.
const MaxEvidence = 16

// Reading is one event as evidence: enough to show it and to find it in the log.
type Reading struct {
	Seq    uint64    `json:"seq"` // position in the log
	N      int       `json:"n"`   // index within the batch
	ID     string    `json:"id"`
	Source string    `json:"source"`
	Type   string    `json:"type"`
	Time   time.Time `json:"time"`

	Subject string         `json:"subject"` // the event's own: the thing that told
	Area    event.AreaCode `json:"area"`

	Data []byte `json:"-"` // as in the log, sealed values sealed
}
