package event

import (
	"time"

	"twoweave/internal/base/lang"
)

// Kind says what sort of fact a type is about.
type Kind string

const (
	Observation Kind = "observation" // a property of a thing, measured
	Report      Kind = "report"      // told by a person: hotline, app, field worker
	Notice      Kind = "notice"      // told by another system
)

// KeyPath says which value of an event is its partition key. Scenarios see, in order, all events of one key.
type KeyPath string

const (
	KeySubject KeyPath = "subject"
	KeySource  KeyPath = "source"
	KeyArea    KeyPath = "area"
)

// Type is pack content: what events of a type look like and how they are treated.
type Type struct {
	Name      TypeName      `yaml:"type"`
	Title     lang.Text     `yaml:"title"`
	Kind      Kind          `yaml:"kind"`
	Key       KeyPath       `yaml:"key"`
	Retention time.Duration `yaml:"retention"` // whole days: how long it stays in the log
	Lateness  time.Duration `yaml:"lateness"`  // how far behind the log's time an event may be and still count
	Dedup     time.Duration `yaml:"dedup"`     // the horizon within which a repeated id is recognised
	Cap       *Cap          `yaml:"cap"`       // what one flood may cost; nil = nothing is capped
	Personal  *Personal     `yaml:"personal"`  // which values are about a person; nil for none
	Schema    []byte        `yaml:"-"`         // JSON Schema 2020-12 of data
}

// Cap bounds, minute by minute of log time and in each partition, what is evaluated of a type. What is beyond stays in the log and is counted.
type Cap struct {
	Sender int `yaml:"sender"` // events of one sender; 0 = any number
	New    int `yaml:"new"`    // subjects that a scenario takes up for the first time; 0 = any number
}

// Personal names the values of data that are about a person. They are sealed under that person's own key before the log sees them.
type Personal struct {
	Kind   string   `yaml:"kind"`   // what identifies: "phone", "id-number"
	By     string   `yaml:"by"`     // the field of data that identifies the person
	Fields []string `yaml:"fields"` // the fields to seal, the identifying one included
}

// PartitionKey is the value by which an event of this type is partitioned. An empty subject falls back to the source, so that
// reports without a subject still spread.
func (t *Type) PartitionKey(e *Event) string {
	switch t.Key {
	case KeyArea:
		return string(e.Area)
	case KeySource:
		return e.Source
	}
	if e.Subject == "" {
		return e.Source
	}
	return e.Subject
}
