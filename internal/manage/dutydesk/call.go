package dutydesk

import (
	"slices"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/registry"
)

// CallID names a call. Whoever places it chooses the id, so that the same reason calls once: "case.C-17.escalated.2".
type CallID string

// CallStatus is how far a call is.
type CallStatus string

const (
	Calling      CallStatus = "calling"      // somebody has been told and has time to answer
	Acknowledged CallStatus = "acknowledged" // somebody sees to it
	Unanswered   CallStatus = "unanswered"   // nobody on the ladder did; it can still be taken
	Withdrawn    CallStatus = "withdrawn"    // its reason is gone
)

// Live says whether somebody still has to take the call.
func (s CallStatus) Live() bool { return s == Calling || s == Unanswered }

// Outcome is what came of one rung.
type Outcome string

const (
	Waiting Outcome = ""
	Taken   Outcome = "taken"
	Passed  Outcome = "passed"  // on, by one of those called
	Silent  Outcome = "silent"  // nobody answered in time
	Nobody  Outcome = "nobody"  // was on duty
	Dropped Outcome = "dropped" // the call was withdrawn or taken by somebody of another rung
)

// Who is a person as the records keep one.
type Who struct {
	ID   registry.PersonID `json:"id"`
	Name string            `json:"name"`
}

// Call is somebody being called for something.
type Call struct {
	ID      CallID          `json:"id"`
	Version int64           `json:"version"`
	About   string          `json:"about"` // what it is for, as links name it: "case/C-17"
	Title   lang.Text       `json:"title"`
	Unit    registry.UnitID `json:"unit"`
	By      Who             `json:"by"`
	At      time.Time       `json:"at"`
	Status  CallStatus      `json:"status"`
	Rungs   []Rung          `json:"rungs"` // who was called, in order
	Due     time.Time       `json:"due"`   // until when the last rung has time; zero when none waits
	Taken   Who             `json:"taken"` // who acknowledged it
	TakenAt time.Time       `json:"taken_at"`
	Note    string          `json:"note"` // of who took or withdrew it
}

// Rung is one post, or one person, that was called.
type Rung struct {
	Post    registry.PostID   `json:"post"` // empty: a person to whom it was passed
	Name    lang.Text         `json:"name"`
	People  []registry.OnDuty `json:"people"`
	At      time.Time         `json:"at"`
	Due     time.Time         `json:"due"`
	Outcome Outcome           `json:"outcome"`
	By      Who               `json:"by"` // who passed it on
	Note    string            `json:"note"`
}

// called says whether a person is among those of any rung.
func (c *Call) called(id registry.PersonID) bool {
	return slices.ContainsFunc(c.Rungs, func(r Rung) bool { return r.has(id) })
}

func (r *Rung) has(id registry.PersonID) bool {
	return slices.ContainsFunc(r.People, func(o registry.OnDuty) bool { return o.Person == id })
}

// current is the rung that waits; nil when none does.
func (c *Call) current() *Rung {
	if c.Status != Calling || len(c.Rungs) == 0 {
		return nil
	}
	return &c.Rungs[len(c.Rungs)-1]
}

// climb calls the first post of a ladder that has anybody, and notes those that have nobody. Without one the call is unanswered.
func (c Call) climb(ladder []registry.Rung, now time.Time) Call {
	c.Rungs, c.Due = slices.Clone(c.Rungs), time.Time{}
	for _, r := range ladder {
		rung := Rung{Post: r.Post, Name: r.Name, People: r.People, At: now, Due: now.Add(r.Within)}
		if len(r.People) > 0 {
			c.Rungs, c.Status, c.Due = append(c.Rungs, rung), Calling, rung.Due
			return c
		}
		rung.Due, rung.Outcome = now, Nobody
		c.Rungs = append(c.Rungs, rung)
	}
	c.Status = Unanswered
	return c
}

// end closes the waiting rung, if there is one, with what came of it.
func (c Call) end(o Outcome, by Who, note string) Call {
	c.Rungs, c.Due = slices.Clone(c.Rungs), time.Time{}
	if r := c.current(); r != nil {
		r.Outcome, r.By, r.Note = o, by, note
	}
	return c
}

// acknowledge is one of those called saying: I see to it.
func (c Call) acknowledge(who Who, note string, now time.Time) (Call, error) {
	switch {
	case !c.called(who.ID):
		return c, fault.Say(fault.Denied, "", "duty.other", "the call is for somebody else")
	case !c.Status.Live():
		return c, fault.Say(fault.Conflict, "", "duty.over", "the call is over: it is %s", c.Status)
	}
	outcome := Dropped
	if r := c.current(); r != nil && r.has(who.ID) {
		outcome = Taken
	}
	c = c.end(outcome, who, note)
	c.Version++
	c.Status, c.Taken, c.TakenAt, c.Note = Acknowledged, who, now, note
	return c, nil
}

// passing checks whether a person may pass the call on now.
func (c *Call) passing(who Who) error {
	r := c.current()
	switch {
	case !c.called(who.ID):
		return fault.Say(fault.Denied, "", "duty.other", "the call is for somebody else")
	case r == nil:
		return fault.Say(fault.Conflict, "", "duty.over", "the call is over: it is %s", c.Status)
	case !r.has(who.ID):
		return fault.Say(fault.Conflict, "", "duty.gone-on", "the call has gone on to the next already; it can still be acknowledged")
	}
	return nil
}

// hand passes the call to one person, who has as much time as the rung before.
func (c Call) hand(to registry.OnDuty, now time.Time) Call {
	c.Rungs = slices.Clone(c.Rungs)
	last := c.Rungs[len(c.Rungs)-1]
	rung := Rung{Name: to.Name, People: []registry.OnDuty{to}, At: now, Due: now.Add(last.Due.Sub(last.At))}
	c.Rungs, c.Status, c.Due = append(c.Rungs, rung), Calling, rung.Due
	return c
}

// lastPost is the post from which the ladder goes on.
func (c *Call) lastPost() registry.PostID {
	for _, r := range slices.Backward(c.Rungs) {
		if r.Post != "" {
			return r.Post
		}
	}
	return ""
}
