package trial

import (
	"maps"
	"slices"

	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/reform/pack"
)

// order puts an order in force, in every partition, and then those that it sets off.
func (p *player) order(c order.Control) {
	p.effects = append(p.effects, c)
	p.settle()
}

// settle puts in force what findings have ordered since, one order after the other. In the running program they take a moment to come back through the
// log; here they come before the next message.
func (p *player) settle() {
	for len(p.effects) > 0 {
		c := p.effects[0]
		p.effects = p.effects[1:]
		p.seq++
		p.table.Apply(c)
		p.orders = append(p.orders, placedOrder{p.seq, c})
		for _, n := range slices.Sorted(maps.Keys(p.parts)) {
			p.take(p.parts[n].Order(p.seq, c))
		}
	}
}

// setsOff notes what a finding orders by itself: a state that it raises, a silence while it lasts. A finding without an area orders nothing.
func (p *player) setsOff(d *scenario.Detection) {
	s, known := p.set.Scenario(d.Scenario)
	if !known || d.Area == "" || s.Raises == nil && s.Quiets == nil {
		return
	}
	id := d.DetectionID.String()
	add := func(o order.Order) {
		if o.Status.Live() {
			p.effects = append(p.effects, o.Put())
		}
	}
	switch {
	case d.Change == scenario.Ended && s.Quiets != nil:
		p.effects = append(p.effects, order.Control{Kind: order.TakeBack, ID: string(order.QuietedBy(id))})
	case d.Change == scenario.Ended:
		return
	default:
		if r := s.Raises; r != nil {
			draft := order.Draft{Level: r.Level, Area: d.Area, Until: d.At.Add(r.For)}
			add(order.Automatic(order.RaisedBy(id), order.PutState, draft, id, order.Person{}, d.At, p.table.Level(d.Area, p.now)))
		}
		if q := s.Quiets; q != nil {
			draft := order.Draft{Area: d.Area, From: d.Since, Until: d.At.Add(q.For)}
			for _, child := range q.Scenarios {
				draft.Scenarios = append(draft.Scenarios, string(child))
			}
			add(order.Automatic(order.QuietedBy(id), order.PutSilence, draft, id, order.Person{}, d.At, order.Daily))
		}
	}
}

// concerning are the scenarios that a script is about or expects anything of.
func concerning(s *pack.Script) map[scenario.ID]bool {
	concerns := map[scenario.ID]bool{}
	for _, id := range s.About {
		concerns[id] = true
	}
	for i := range s.Steps {
		if expected := s.Steps[i].Expect; expected != nil {
			for _, x := range *expected {
				concerns[x.Started], concerns[x.Ended] = true, true
			}
		}
	}
	return concerns
}
