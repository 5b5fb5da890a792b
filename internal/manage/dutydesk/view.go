package dutydesk

import (
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/registry"
)

// CallView is a call as it is shown. The JSON forms of the views are contracts: fields are added, never renamed. Times are UTC in milliseconds; what has not
// happened is null.
type CallView struct {
	ID       CallID          `json:"id"`
	Version  int64           `json:"version"`
	About    string          `json:"about" doc:"what it is for: case/…, handover/…"`
	Title    lang.Text       `json:"title"`
	Unit     registry.UnitID `json:"unit" doc:"empty: the centre"`
	UnitName lang.Text       `json:"unit_name"`
	At       time.Time       `json:"at"`
	Status   CallStatus      `json:"status" enum:"calling,acknowledged,unanswered,withdrawn"`
	Rungs    []RungView      `json:"rungs" doc:"who was called, in order"`
	Due      *time.Time      `json:"due" doc:"until when those called last have time"`
	Taken    string          `json:"taken,omitempty" doc:"who acknowledged it"`
	TakenBy  string          `json:"taken_by,omitempty" doc:"the name"`
	TakenAt  *time.Time      `json:"taken_at"`
	Note     string          `json:"note,omitempty"`
	Mine     bool            `json:"mine" doc:"whether the reader is among those who are called now"`
	Commands []CommandView   `json:"commands" doc:"what the reader may do with it"`
}

// RungView is one post, or one person, that was called.
type RungView struct {
	Post    registry.PostID `json:"post,omitempty" doc:"missing: a person to whom it was passed on"`
	Name    lang.Text       `json:"name"`
	People  []PersonView    `json:"people"`
	At      time.Time       `json:"at"`
	Due     time.Time       `json:"due"`
	Outcome Outcome         `json:"outcome" enum:",taken,passed,silent,nobody,dropped" doc:"empty: it waits"`
	By      string          `json:"by,omitempty" doc:"who passed it on or took it"`
	Note    string          `json:"note,omitempty"`
}

// PersonView is a person on duty.
type PersonView struct {
	Person  registry.PersonID `json:"person"`
	Name    lang.Text         `json:"name"`
	For     registry.PersonID `json:"for,omitempty" doc:"in whose place"`
	ForName *lang.Text        `json:"for_name,omitempty"`
	Shift   registry.ShiftID  `json:"shift,omitempty"`
	Until   time.Time         `json:"until" doc:"the end of the shift"`
	Why     lang.Text         `json:"why"`
}

// CommandView is a command that might be given, for whoever looks.
type CommandView struct {
	Command string `json:"command" enum:"acknowledge,pass,accept"`
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason,omitempty"`
}

// HandOverView is a hand-over as it is shown.
type HandOverView struct {
	ID         HandOverID       `json:"id"`
	Version    int64            `json:"version"`
	Post       registry.PostID  `json:"post"`
	PostName   lang.Text        `json:"post_name"`
	Shift      registry.ShiftID `json:"shift"`
	Unit       registry.UnitID  `json:"unit" doc:"empty: the centre"`
	Until      time.Time        `json:"until" doc:"when the shift ends"`
	From       string           `json:"from"`
	FromName   string           `json:"from_name"`
	Points     string           `json:"points" doc:"what is open"`
	Cases      []string         `json:"cases"`
	At         time.Time        `json:"at"`
	Due        time.Time        `json:"due" doc:"until when it should be accepted"`
	Escalated  *time.Time       `json:"escalated" doc:"when the post above was called, because nobody had accepted"`
	By         string           `json:"by,omitempty" doc:"who accepted it"`
	ByName     string           `json:"by_name,omitempty"`
	AcceptedAt *time.Time       `json:"accepted_at"`
	Note       string           `json:"note,omitempty"`
	Commands   []CommandView    `json:"commands"`
}

// DeputyView is a deputy as it is shown.
type DeputyView struct {
	ID      DeputyID          `json:"id"`
	For     registry.PersonID `json:"for"`
	ForName lang.Text         `json:"for_name"`
	By      registry.PersonID `json:"by"`
	ByName  lang.Text         `json:"by_name"`
	Post    registry.PostID   `json:"post,omitempty" doc:"missing: wherever the person is on duty"`
	From    time.Time         `json:"from"`
	Until   time.Time         `json:"until"`
	Why     string            `json:"why"`
	SetBy   string            `json:"set_by"`
	At      time.Time         `json:"at"`
	EndedBy string            `json:"ended_by,omitempty"`
	EndedAt *time.Time        `json:"ended_at"`
}

func (d *Desk) callView(c *Call, reader access.Actor) CallView {
	v := CallView{
		ID: c.ID, Version: c.Version, About: c.About, Title: c.Title, Unit: c.Unit, UnitName: d.unitName(c.Unit), At: milli(c.At), Status: c.Status,
		Rungs: []RungView{}, Due: optional(c.Due), Taken: string(c.Taken.ID), TakenBy: c.Taken.Name, TakenAt: optional(c.TakenAt), Note: c.Note, Commands: []CommandView{},
	}
	for i := range c.Rungs {
		r := &c.Rungs[i]
		v.Rungs = append(v.Rungs, RungView{Post: r.Post, Name: r.Name, People: d.people(r.People), At: milli(r.At), Due: milli(r.Due), Outcome: r.Outcome, By: r.By.Name, Note: r.Note})
	}
	if r := c.current(); r != nil {
		v.Mine = r.has(registry.PersonID(reader.ID))
	}
	if !c.Status.Live() {
		return v
	}
	_, taking := c.acknowledge(who(reader), "", c.At)
	v.Commands = append(v.Commands, d.offer("acknowledge", about(reader, access.AcknowledgeCall, c.access()), taking))
	if c.Status == Calling {
		v.Commands = append(v.Commands, d.offer("pass", about(reader, access.AcknowledgeCall, c.access()), c.passing(who(reader))))
	}
	return v
}

// offer says whether a command would be carried out, so that screens offer nothing that is refused.
func (d *Desk) offer(name string, question access.Request, refusal error) CommandView {
	c := CommandView{Command: name}
	_, err := permit(d.now(), question, refusal)
	if c.Allowed = err == nil; !c.Allowed {
		c.Reason = fault.Message(err)
	}
	return c
}

func (d *Desk) people(all []registry.OnDuty) []PersonView {
	list := []PersonView{}
	for _, o := range all {
		v := PersonView{Person: o.Person, Name: o.Name, For: o.For, Shift: o.Shift, Until: milli(o.Until), Why: o.Why}
		if o.For != "" {
			name := d.personName(o.For)
			v.ForName = &name
		}
		list = append(list, v)
	}
	return list
}

func (d *Desk) handOverView(h *HandOver, reader access.Actor) HandOverView {
	v := HandOverView{
		ID: h.ID, Version: h.Version, Post: h.Post, PostName: d.postName(h.Post), Shift: h.Shift, Unit: h.Unit, Until: milli(h.Until), From: string(h.From.ID), FromName: h.From.Name,
		Points: h.Points, Cases: []string{}, At: milli(h.At), Due: milli(h.Due), Escalated: optional(h.Escalated), By: string(h.By.ID), ByName: h.By.Name,
		AcceptedAt: optional(h.AcceptedAt), Note: h.Note, Commands: []CommandView{},
	}
	v.Cases = append(v.Cases, h.Cases...)
	if !h.Accepted() {
		v.Commands = append(v.Commands, d.offer("accept", about(reader, access.AcceptShift, h.access()), nil))
	}
	return v
}

func (d *Desk) deputyView(p *Deputy) DeputyView {
	return DeputyView{
		ID: p.ID, For: p.For, ForName: d.personName(p.For), By: p.By, ByName: d.personName(p.By), Post: p.Post, From: milli(p.From), Until: milli(p.Until), Why: p.Why,
		SetBy: p.SetBy.Name, At: milli(p.At), EndedBy: p.EndedBy.Name, EndedAt: optional(p.EndedAt),
	}
}

var centre = lang.Text{ZH: "区城运中心", EN: "District centre"}

func (d *Desk) unitName(id registry.UnitID) lang.Text {
	if id == "" {
		return centre
	}
	if u, known := d.city.Load().Directory.Unit(id); known {
		return u.Name
	}
	return lang.Text{ZH: string(id), EN: string(id)}
}

func (d *Desk) postName(id registry.PostID) lang.Text {
	if p, known := d.city.Load().Directory.Post(id); known {
		return p.Name
	}
	return lang.Text{ZH: string(id), EN: string(id)}
}

func (d *Desk) personName(id registry.PersonID) lang.Text {
	if p, known := d.city.Load().Directory.Person(id); known {
		return p.Name
	}
	return lang.Text{ZH: string(id), EN: string(id)}
}

func milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = milli(t)
	return &t
}
