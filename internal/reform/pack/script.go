package pack

import (
	"cmp"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
)

// Script is one test of a pack: events with virtual time, and what must come of them. Times are offsets from the script's start. The log's
// time moves with the steps: between two steps the ticks of the time between them are delivered.
type Script struct {
	Name  string        `yaml:"test"`
	About []scenario.ID `yaml:"about"` // which scenarios it proves; findings of others count only when some step expects one of them
	Start string        `yaml:"start"` // RFC 3339, for rules about the time of day; empty = 2026-06-01T00:00:00Z
	With  Step          `yaml:"with"`  // what steps that send an event have unless they say otherwise
	Steps []Step        `yaml:"steps"`

	begin time.Time
	doc   document
}

// Begin is the moment that offsets count from.
func (s *Script) Begin() time.Time { return s.begin }

// Step is one moment of a script: time moves to At, then an order takes effect, then an event is sent (not by a step that has nothing but At,
// Order and Expect), then Expect is compared with everything that came out since the last Expect (of what concerns the script: see About). What came
// out and was never expected fails the test at its end.
type Step struct {
	At      time.Duration  `yaml:"at"`
	Event   event.TypeName `yaml:"event"`
	ID      string         `yaml:"id"` // empty = one of its own
	Source  string         `yaml:"source"`
	Subject string         `yaml:"subject"`
	Area    event.AreaCode `yaml:"area"`
	Place   *geo.Point     `yaml:"place"` // {lon, lat} in WGS 84
	Back    time.Duration  `yaml:"back"`  // the event's time lies this long before At; negative = ahead
	Data    map[string]any `yaml:"data"`  // laid over With's data, field by field; null removes a field
	Repeat  *Repeat        `yaml:"repeat"`
	Order   *ScriptOrder   `yaml:"order"`   // a city state or a silence, from here on
	Outcome string         `yaml:"outcome"` // what became of the event: evaluated, duplicate, conflict, late, dead; empty = not compared
	Expect  *[]Expectation `yaml:"expect"`  // [] = nothing came out
}

// Repeat sends a step's event several times: first at At, then every Every.
type Repeat struct {
	Every time.Duration `yaml:"every"`
	Times int           `yaml:"times"`
}

// Expectation is one thing that must come out: an episode that started or ended, or the latest value of an indicator.
type Expectation struct {
	Started   scenario.ID    `yaml:"started"`
	Ended     scenario.ID    `yaml:"ended"`
	Subject   string         `yaml:"subject"`
	Episode   int64          `yaml:"episode"`
	At        *time.Duration `yaml:"at"`
	Since     *time.Duration `yaml:"since"`
	Indicator indicator.ID   `yaml:"indicator"`
	Area      event.AreaCode `yaml:"area"` // of an indicator: empty = the city
	Value     *float64       `yaml:"value"`
	Band      indicator.Band `yaml:"band"` // where the value stands; empty = not compared
}

// Line is where a step is written, for reports; step -1 is the script itself.
func (s *Script) Line(step int) (file string, line int) {
	n := s.doc.node
	if steps := child(n, "steps"); steps != nil && step >= 0 && step < len(steps.Content) {
		n = steps.Content[step]
	}
	return s.doc.file, n.Line
}

var outcomes = []string{"evaluated", "duplicate", "conflict", "late", "dead"}

func checkScript(s *Script) []fault.Problem {
	var c checker
	c.name("test", s.Name)
	var err error
	if s.begin, err = time.Parse(time.RFC3339, cmp.Or(s.Start, "2026-06-01T00:00:00Z")); err != nil {
		c.fail("start", "%q is not a time such as 2026-06-01T00:00:00Z", s.Start)
	}
	if len(s.Steps) == 0 {
		c.fail("steps", "a test needs steps")
	}
	c.place("with.place", s.With.Place)
	if s.With.Order != nil {
		c.fail("with.order", "an order belongs to a step")
	}
	var last time.Duration
	expects := false
	for i := range s.Steps {
		st, path := &s.Steps[i], stepPath(i)
		if st.At < last {
			c.fail(path+".at", "time does not go back: the step before is at %s", last)
		}
		last = st.At
		c.step(path, st)
		expects = expects || st.Expect != nil && (len(s.About) > 0 || len(*st.Expect) > 0) || st.Outcome != ""
		if r := st.Repeat; r != nil {
			last += r.Every * time.Duration(r.Times-1)
		}
	}
	if !expects && len(s.Steps) > 0 {
		c.fail("steps", "no step has an outcome, or an expect of something that the test is about: the test could not fail")
	}
	return c.problems
}

func (c *checker) step(path string, st *Step) {
	if st.Outcome != "" {
		c.oneOf(path+".outcome", st.Outcome, outcomes...)
	}
	if r := st.Repeat; r != nil && (r.Times < 1 || r.Times > 10_000 || r.Every <= 0) {
		c.fail(path+".repeat", "allowed are times from 1 to 10000 and an every above 0")
	}
	c.place(path+".place", st.Place)
	if st.Order != nil {
		c.order(path+".order", st.Order)
	}
	if st.Expect == nil {
		return
	}
	for i := range *st.Expect {
		c.expectation(join(path+".expect", digits(i)), &(*st.Expect)[i])
	}
}

func (c *checker) place(path string, p *geo.Point) {
	if p == nil {
		return
	}
	if err := p.Valid(); err != nil {
		c.fail(path, "%v", err)
	}
}

func (c *checker) expectation(path string, x *Expectation) {
	named := 0
	for _, set := range []bool{x.Started != "", x.Ended != "", x.Indicator != ""} {
		if set {
			named++
		}
	}
	if named != 1 {
		c.fail(path, "an expectation has exactly one of started, ended, indicator")
	}
	if x.Indicator != "" && x.Value == nil {
		c.fail(path, "the indicator's value is missing")
	}
	if x.Band != "" {
		c.oneOf(path+".band", string(x.Band), string(indicator.Normal), string(indicator.Attention), string(indicator.Alarm))
	}
	if x.Indicator == "" && x.Subject == "" {
		c.fail(path, "the subject is missing")
	}
}
