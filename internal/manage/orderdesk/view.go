package orderdesk

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
)

// View is an order as it is shown. Its JSON form is a contract: fields are added, never renamed. Times are UTC in milliseconds; what has not happened is
// null.
type View struct {
	ID             order.ID       `json:"id"`
	Version        int64          `json:"version"`
	Kind           order.Kind     `json:"kind" enum:"state,silence"`
	Level          order.Level    `json:"level,omitempty" doc:"of a state"`
	Area           event.AreaCode `json:"area" doc:"empty: the whole city"`
	AreaName       lang.Text      `json:"area_name"`
	Scenarios      []string       `json:"scenarios,omitempty" doc:"of a silence; none: all"`
	ScenarioTitles []lang.Text    `json:"scenario_titles,omitempty"`
	Subjects       []string       `json:"subjects,omitempty" doc:"of a silence; none: all"`
	Ground         order.Ground   `json:"ground,omitempty" doc:"of a silence: maintenance, permit, or parent (a known failure)"`
	From           *time.Time     `json:"from"`
	Until          *time.Time     `json:"until" doc:"null: until somebody ends it"`
	Lapses         *time.Time     `json:"lapses" doc:"of a proposal: when it lapses unless it is confirmed"`
	Why            string         `json:"why"`
	Status         order.Status   `json:"status" enum:"proposed,ordered,ended,refused,expired,ignored"`
	Origin         order.Origin   `json:"origin" enum:"person,finding"`
	Detection      string         `json:"detection,omitempty" doc:"the finding behind an automatic order"`
	By             string         `json:"by"`
	ByName         string         `json:"by_name"`
	At             time.Time      `json:"at"`
	Second         string         `json:"second,omitempty" doc:"who confirmed an emergency"`
	SecondName     string         `json:"second_name,omitempty"`
	SecondAt       *time.Time     `json:"second_at"`
	EndedBy        string         `json:"ended_by,omitempty"`
	EndedByName    string         `json:"ended_by_name,omitempty"`
	EndedAt        *time.Time     `json:"ended_at"`
	EndWhy         string         `json:"end_why,omitempty"`
	Placed         bool           `json:"placed" doc:"whether the log holds what was commanded so far: what counts for detection"`
	Position       uint64         `json:"position" doc:"where the log holds it: it is in force from there; 0: not yet"`
	EndPosition    uint64         `json:"end_position" doc:"where the log holds its end"`
	Commands       []CommandView  `json:"commands" doc:"what the reader may do with it"`
}

// CommandView is a command that an order might be given, for whoever looks at it.
type CommandView struct {
	Command string `json:"command" enum:"confirm,end"`
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason,omitempty"`
}

func (d *Desk) view(o *order.Order, reader access.Actor) View {
	city := d.city.Load()
	v := View{
		ID: o.ID, Version: o.Version, Kind: o.Kind, Level: o.Level, Area: o.Area, AreaName: city.areaName(o.Area), Scenarios: o.Scenarios, Subjects: o.Subjects,
		Ground: o.Ground, From: optional(o.From), Until: optional(o.Until), Why: o.Why, Status: o.Status, Origin: o.Origin, Detection: o.Detection,
		By: o.By.ID, ByName: o.By.Name, At: o.At.Truncate(time.Millisecond), Second: o.Second.ID, SecondName: o.Second.Name, SecondAt: optional(o.SecondAt),
		EndedBy: o.EndedBy.ID, EndedByName: o.EndedBy.Name, EndedAt: optional(o.EndedAt), EndWhy: o.EndWhy, Position: o.Position, EndPosition: o.EndPosition,
		Placed: o.Placed(), Commands: d.commands(o, reader),
	}
	if o.Status == order.Proposed {
		v.Lapses = optional(o.Due())
	}
	for _, id := range o.Scenarios {
		v.ScenarioTitles = append(v.ScenarioTitles, city.title(scenario.ID(id)))
	}
	return v
}

// commands are what a reader may do, so that screens offer nothing that is refused.
func (d *Desk) commands(o *order.Order, reader access.Actor) []CommandView {
	all := []CommandView{}
	offer := func(name string, action access.Action, possible error) {
		c := CommandView{Command: name}
		_, err := access.Ask(d.Clock.Now(), about(reader, action, o))
		if err == nil {
			err = possible
		}
		if c.Allowed = err == nil; !c.Allowed {
			c.Reason = fault.Message(err)
		}
		all = append(all, c)
	}
	if o.Status == order.Proposed {
		_, err := order.Confirm(*o, person(reader), d.Clock.Now())
		offer("confirm", access.ConfirmEmergency, err)
	}
	if o.Status.Live() {
		offer("end", actionOf(o.Kind), nil)
	}
	return all
}

var everywhere = lang.Text{ZH: "全市", EN: "Whole city"}

func (c *City) areaName(code event.AreaCode) lang.Text {
	if code == "" {
		return everywhere
	}
	if a, known := c.Directory.Area(code); known {
		return a.Name
	}
	return lang.Text{ZH: string(code), EN: string(code)}
}

func (c *City) title(id scenario.ID) lang.Text {
	if t, known := c.Scenarios[id]; known {
		return t
	}
	return lang.Text{ZH: string(id), EN: string(id)}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.Truncate(time.Millisecond)
	return &t
}
