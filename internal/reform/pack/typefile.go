package pack

import (
	"encoding/json"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
)

const day = 24 * time.Hour

// Bounds of what an event type may ask for.
const (
	MaxRetention = 3650 * day
	MaxLateness  = day
	MaxDedup     = 7 * day
)

type typeFile struct {
	event.Type `yaml:",inline"`
	Schema     *yaml.Node `yaml:"schema"`
}

// finish checks the type and turns its schema into JSON.
func (f *typeFile) finish() []fault.Problem {
	var c checker
	c.name("type", string(f.Name))
	c.title("title", f.Title)
	c.oneOf("kind", string(f.Kind), string(event.Observation), string(event.Report), string(event.Notice))
	c.oneOf("key", string(f.Key), string(event.KeySubject), string(event.KeySource), string(event.KeyArea))
	if f.Retention < day || f.Retention > MaxRetention || f.Retention%day != 0 {
		c.fail("retention", "the retention is whole days, from 1d to 3650d")
	}
	if f.Lateness < 0 || f.Lateness > MaxLateness {
		c.fail("lateness", "the lateness is from 0s to 24h")
	}
	if f.Dedup < time.Minute || f.Dedup > MaxDedup {
		c.fail("dedup", "the dedup horizon is from 1m to 7d")
	}
	if cap := f.Cap; cap != nil && (cap.Sender < 0 || cap.New < 0) {
		c.fail("cap", "a cap is a number of events a minute; 0 = none")
	}
	c.personal(f.Personal)
	f.Type.Schema = c.schemaJSON(f.Schema)
	return c.problems
}

func (c *checker) personal(p *event.Personal) {
	if p == nil {
		return
	}
	c.name("personal.kind", p.Kind)
	if !slices.Contains(p.Fields, p.By) || p.By == "" {
		c.fail("personal.by", "the identifying field %q must be one of the fields that are sealed", p.By)
	}
}

func (c *checker) schemaJSON(n *yaml.Node) []byte {
	if n == nil {
		c.fail("schema", "the JSON Schema of data is missing")
		return nil
	}
	var v any
	if err := n.Decode(&v); err != nil {
		c.fail("schema", "the schema cannot be read: %v", err)
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		c.fail("schema", "the schema is not JSON: %v", err)
	}
	return text
}
