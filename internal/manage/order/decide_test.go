package order_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
)

var noon = time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)

// city knows the areas a1 and a2 and the scenario ponding.
type city struct{}

func (city) KnownArea(a event.AreaCode) bool { return a == "a1" || a == "a2" }
func (city) KnownScenario(id string) bool    { return id == "ponding" }

var anna, bao = order.Person{ID: "anna"}, order.Person{ID: "bao"}

func TestADraftIsRefusedWithEveryProblem(t *testing.T) {
	t.Parallel()
	emergency := order.Draft{Level: order.Emergency3, Area: "a1", Until: noon.Add(time.Hour), Why: "typhoon"}
	silence := order.Draft{Scenarios: []string{"ponding"}, Area: "a1", Until: noon.Add(time.Hour), Ground: order.Maintenance, Why: "pump exchange"}
	for name, c := range map[string]struct {
		kind   order.Kind
		draft  order.Draft
		change func(*order.Draft)
		fields []string
	}{
		"whole":                       {order.PutState, emergency, func(d *order.Draft) {}, nil},
		"no area is the city":         {order.PutState, emergency, func(d *order.Draft) { d.Area = "" }, nil},
		"unknown area and no reason":  {order.PutState, emergency, func(d *order.Draft) { d.Area, d.Why = "a9", "" }, []string{"area", "why"}},
		"no level":                    {order.PutState, emergency, func(d *order.Draft) { d.Level = "red" }, []string{"level"}},
		"daily":                       {order.PutState, emergency, func(d *order.Draft) { d.Level = order.Daily }, []string{"level"}},
		"an emergency without an end": {order.PutState, emergency, func(d *order.Draft) { d.Until = time.Time{} }, []string{"until"}},
		"an emergency beyond a week":  {order.PutState, emergency, func(d *order.Draft) { d.Until = noon.Add(order.MaxEmergency + 1) }, []string{"until"}},
		"a week is allowed":           {order.PutState, emergency, func(d *order.Draft) { d.Until = noon.Add(order.MaxEmergency) }, nil},
		"special without an end":      {order.PutState, emergency, func(d *order.Draft) { d.Level, d.Until = order.Special, time.Time{} }, nil},
		"already over":                {order.PutState, emergency, func(d *order.Draft) { d.Until = noon }, []string{"until"}},
		"a reason no database holds":  {order.PutState, emergency, func(d *order.Draft) { d.Why = "a\x00b" }, []string{"why"}},
		"for six hours":               {order.PutState, emergency, func(d *order.Draft) { d.Until, d.For = time.Time{}, 6*time.Hour }, nil},
		"for two weeks":               {order.PutState, emergency, func(d *order.Draft) { d.Until, d.For = time.Time{}, 336*time.Hour }, []string{"until"}},
		"for less than nothing":       {order.PutState, emergency, func(d *order.Draft) { d.Until, d.For = time.Time{}, -1 }, []string{"for"}},
		"both an end and a time":      {order.PutState, emergency, func(d *order.Draft) { d.For = time.Hour }, []string{"for"}},
		"a whole silence":             {order.PutSilence, silence, func(d *order.Draft) {}, nil},
		"everything everywhere":       {order.PutSilence, silence, func(d *order.Draft) { d.Scenarios, d.Area = nil, "" }, []string{"scenarios"}},
		"unknown scenario":            {order.PutSilence, silence, func(d *order.Draft) { d.Scenarios = []string{"flood"} }, []string{"scenarios"}},
		"silent without an end":       {order.PutSilence, silence, func(d *order.Draft) { d.Until = time.Time{} }, []string{"until"}},
		"silent for years":            {order.PutSilence, silence, func(d *order.Draft) { d.Until = noon.Add(order.MaxSilence + 1) }, []string{"until"}},
		"ends before it begins":       {order.PutSilence, silence, func(d *order.Draft) { d.From = d.Until }, []string{"until"}},
		"on no ground":                {order.PutSilence, silence, func(d *order.Draft) { d.Ground = order.Parent }, []string{"ground"}},
		"an empty subject":            {order.PutSilence, silence, func(d *order.Draft) { d.Subjects = []string{""} }, []string{"subjects"}},
		"another kind":                {order.TakeBack, silence, func(d *order.Draft) {}, []string{"kind"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := c.draft
			c.change(&d)
			_, err := order.Give("o", c.kind, d, anna, noon, city{})
			if err != nil && !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			var fields []string
			for _, p := range fault.Problems(err) {
				fields = append(fields, p.Field)
			}
			if !slices.Equal(fields, c.fields) {
				t.Errorf("problems with %q, want %q", fields, c.fields)
			}
		})
	}
}

func TestOnlyOneWhoDidNotProposeConfirms(t *testing.T) {
	t.Parallel()
	o, err := order.Give("o", order.PutState, order.Draft{Level: order.Emergency1, Until: noon.Add(5 * time.Hour), Why: "quake"}, anna, noon, city{})
	if err != nil || o.Status != order.Proposed {
		t.Fatalf("%+v (%v)", o, err)
	}
	if _, err := order.Confirm(o, anna, noon); !fault.Is(err, fault.Denied) {
		t.Errorf("the proposer's confirmation: %v", err)
	}
	if _, err := order.Confirm(o, bao, noon.Add(order.ProposalLife)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a confirmation of what lapsed: %v", err)
	}
	done, err := order.Confirm(o, bao, noon.Add(time.Minute))
	if err != nil || done.Status != order.Ordered || done.Second != bao || done.Version != 2 {
		t.Errorf("%+v (%v)", done, err)
	}
	if _, err := order.Confirm(done, bao, noon.Add(time.Minute)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a second confirmation: %v", err)
	}
}

func TestAFindingOnlyRaises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		standing := rapid.SampledFrom(order.Levels()).Draw(r, "standing")
		wanted := rapid.SampledFrom(order.Levels()).Draw(r, "wanted")
		last := time.Duration(rapid.Int64Range(0, int64(3*order.MaxEmergency)).Draw(r, "for"))
		d := order.Draft{Level: wanted, Area: "a1"}
		if last > 0 {
			d.Until = noon.Add(last)
		}
		o := order.Automatic("o", order.PutState, d, "f", anna, noon, standing)
		if up := wanted.Rank() > standing.Rank(); up != (o.Status == order.Ordered) || !up && o.Status != order.Ignored {
			r.Fatalf("%s over %s is %s", wanted, standing, o.Status)
		}
		if o.Until.IsZero() || o.Until.After(noon.Add(order.MaxEmergency)) {
			r.Fatalf("until %v", o.Until)
		}
	})
}

// model is the same machine told once more, from the outside: who said what, when.
type model struct {
	status   order.Status
	proposer string
}

// Whatever persons and clocks do in whatever order, an emergency is in force only on the word of two, and what is over stays over.
func TestOrdersMoveOnlyAsTheMachineSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		level := rapid.SampledFrom(order.Levels()[1:]).Draw(r, "level")
		until := noon.Add(time.Duration(rapid.IntRange(1, 180).Draw(r, "minutes")) * time.Minute)
		now := noon
		o, err := order.Give("o", order.PutState, order.Draft{Level: level, Until: until, Why: "y"}, anna, now, city{})
		if err != nil {
			r.Fatal(err)
		}
		m := model{status: order.Ordered, proposer: anna.ID}
		if level.Emergency() {
			m.status = order.Proposed
		}
		for range rapid.IntRange(0, 12).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(r, "wait")) * time.Minute)
			who := rapid.SampledFrom([]order.Person{anna, bao}).Draw(r, "who")
			before := o
			switch rapid.SampledFrom([]string{"confirm", "end", "expire"}).Draw(r, "what") {
			case "confirm":
				if o, err = order.Confirm(o, who, now); err == nil {
					if m.status != order.Proposed || who.ID == m.proposer || !now.Before(until) || !now.Before(noon.Add(order.ProposalLife)) {
						r.Fatalf("confirmed by %s at %v while %s", who.ID, now, m.status)
					}
					m.status = order.Ordered
				}
			case "end":
				if o, err = order.End(o, who, "calm", now); (err == nil) != m.status.Live() {
					r.Fatalf("end while %s: %v", m.status, err)
				}
				m.status = map[order.Status]order.Status{order.Proposed: order.Refused, order.Ordered: order.Ended}[m.status]
				if err != nil {
					m.status = before.Status
				}
			case "expire":
				var due bool
				o, due = order.Expire(o, now)
				over := !now.Before(until) || m.status == order.Proposed && !now.Before(noon.Add(order.ProposalLife))
				if due != (m.status.Live() && over) {
					r.Fatalf("due %v at %v while %s", due, now, m.status)
				}
				if due {
					m.status = order.Expired
				}
			}
			if o.Status != m.status || o.Version < before.Version || o.Version > before.Version+1 {
				r.Fatalf("%s at version %d, want %s after version %d", o.Status, o.Version, m.status, before.Version)
			}
			if o.InForce(now) && level.Emergency() && (o.Second.ID == "" || o.Second.ID == o.By.ID) {
				r.Fatalf("one person's emergency is in force: %+v", o)
			}
		}
	})
}

// What is told twice, in any place after the first time and before its end, changes nothing: at least once is enough.
func TestAnOrderToldTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var once, twice []order.Control
		for i := range rapid.IntRange(1, 5).Draw(r, "orders") {
			o := order.Order{ID: order.ID(rune('a' + i)), Kind: rapid.SampledFrom([]order.Kind{order.PutState, order.PutSilence}).Draw(r, "kind"),
				Draft: order.Draft{Level: rapid.SampledFrom(order.Levels()).Draw(r, "level"), Area: rapid.SampledFrom([]event.AreaCode{"", "a1", "a2"}).Draw(r, "area"), Why: "y"}}
			told := []order.Control{o.Put()}
			if rapid.Bool().Draw(r, "ended") {
				told = append(told, o.TakeBack())
			}
			for _, c := range told {
				once = append(once, c)
				for range rapid.IntRange(1, 3).Draw(r, "times") {
					twice = append(twice, c)
				}
			}
		}
		var a, b order.Table
		for _, c := range once {
			a.Apply(through(r, c))
		}
		for _, c := range twice {
			b.Apply(through(r, c))
		}
		if !slices.EqualFunc(a.States, b.States, func(x, y order.State) bool { return x == y }) || len(a.Silences) != len(b.Silences) {
			r.Fatalf("%+v, told more than once %+v", a, b)
		}
	})
}

// through is a control message as it comes out of the log.
func through(r *rapid.T, c order.Control) order.Control {
	read, err := order.Decode(c.Encode())
	if err != nil {
		r.Fatal(err)
	}
	return read
}
