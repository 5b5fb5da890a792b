package pack

import (
	"slices"
	"time"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
)

// ScriptOrder is what a step orders the city brain to do, as a control message of the log does: exactly one of its parts is there. A step with only an
// order sends no event. Moments are offsets from the script's start.
type ScriptOrder struct {
	State   *ScriptState   `yaml:"state"`
	Silence *ScriptSilence `yaml:"silence"`
	End     string         `yaml:"end"` // the id of the order that is taken back
}

// ScriptState is an order.State.
type ScriptState struct {
	ID    string         `yaml:"id"`
	Level order.Level    `yaml:"level"`
	Area  event.AreaCode `yaml:"area"`
	Until *time.Duration `yaml:"until"`
}

// ScriptSilence is an order.Silence.
type ScriptSilence struct {
	ID        string         `yaml:"id"`
	Scenarios []scenario.ID  `yaml:"scenarios"`
	Area      event.AreaCode `yaml:"area"`
	Subjects  []string       `yaml:"subjects"`
	From      *time.Duration `yaml:"from"`
	Until     *time.Duration `yaml:"until"`
}

// Control is the order as detection gets it, in a script that starts at begin.
func (o *ScriptOrder) Control(begin time.Time) order.Control {
	moment := func(d *time.Duration) time.Time {
		if d == nil {
			return time.Time{}
		}
		return begin.Add(*d)
	}
	switch {
	case o.State != nil:
		s := o.State
		return order.Control{Kind: order.PutState, State: &order.State{ID: s.ID, Level: s.Level, Area: s.Area, Until: moment(s.Until), Why: "script"}}
	case o.Silence != nil:
		s := o.Silence
		silence := &order.Silence{ID: s.ID, Area: s.Area, Subjects: slices.Clone(s.Subjects), From: moment(s.From), Until: moment(s.Until), Why: "script"}
		for _, id := range s.Scenarios {
			silence.Scenarios = append(silence.Scenarios, string(id))
		}
		return order.Control{Kind: order.PutSilence, Silence: silence}
	}
	return order.Control{Kind: order.TakeBack, ID: o.End}
}

func (c *checker) order(path string, o *ScriptOrder) {
	parts := 0
	for _, there := range []bool{o.State != nil, o.Silence != nil, o.End != ""} {
		if there {
			parts++
		}
	}
	if parts != 1 {
		c.fail(path, "an order has exactly one of state, silence, end")
	}
	if s := o.State; s != nil {
		c.orderID(path+".state.id", s.ID)
		var levels []string
		for _, l := range order.Levels() {
			levels = append(levels, string(l))
		}
		c.oneOf(path+".state.level", string(s.Level), levels...)
	}
	if s := o.Silence; s != nil {
		c.orderID(path+".silence.id", s.ID)
	}
}

func (c *checker) orderID(field, id string) {
	if id == "" {
		c.fail(field, "the order's id is missing")
	}
}
