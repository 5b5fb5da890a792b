package detect

import "testing"

// The fences: within 400 m of the beginning of the street, and from 1000 m to 1400 m.
const fences = "operator: geofence\nwhere: data.cm != 9.0\ngeofence: {fences: [{name: gate, centre: {lon: 121.5, lat: 31.2}, metres: 400}, " +
	"{name: dock, polygon: [{lon: 121.510493, lat: 31.1}, {lon: 121.51469, lat: 31.1}, {lon: 121.51469, lat: 31.3}, {lon: 121.510493, lat: 31.3}]}]}\n"

var street = []int{0, 300, 500, 800, 1100, 1200, 2000}

func fenced(metres int) bool {
	return metres >= 0 && metres <= 400 || metres >= 1000 && metres <= 1400
}

// roving is what the geofence's judgements of a person are made of.
type roving struct {
	*places
	items []int
}

// newest is the newest of a person's positions among the first items, of several at one moment the last; -1 for none.
func (o roving) newest(before int) int {
	best := -1
	for _, i := range o.items {
		if i < before && o.seen[i].metres != nowhere && (best < 0 || o.time(i) >= o.time(best)) {
			best = i
		}
	}
	return best
}

func (o roving) inside(before int) bool {
	i := o.newest(before)
	return i >= 0 && fenced(o.seen[i].metres)
}

func (o roving) left(before int) bool {
	for _, i := range o.items {
		if i < before && fenced(o.seen[i].metres) {
			return !o.inside(before)
		}
	}
	return false
}

// judged is the moment at which an item is judged: its own when it is the newest position, that of the newest when it shows that the thing has left.
func (o roving) judged(i int) (at int, ok bool) {
	switch newest := o.newest(i + 1); {
	case newest == i:
		return o.time(i), true
	case o.left(i+1) && !o.left(i):
		return o.time(newest), true
	}
	return 0, false
}

// rovers tell of the persons by a rule about inside and left.
func rovers(p *places, full, hold int, rule func(inside, left bool) (holds, fails bool)) (all []saga) {
	here, _ := persons()
	for _, who := range here {
		o, steps := roving{p, nil}, []step(nil)
		for i, s := range p.seen {
			if !s.tick && s.copied && s.who == who && p.outcomes[i] == Evaluated && s.cm != 9 && s.cm != 0 {
				o.items = append(o.items, i)
			}
		}
		for _, i := range o.items {
			x := step{by: i, reach: p.time(i)}
			if at, ok := o.judged(i); ok {
				x.verdict = &verdict{at: at, n: 1}
				x.verdict.holds, x.verdict.fails = rule(o.inside(i+1), o.left(i+1))
			}
			steps = append(steps, x)
		}
		all = append(all, p.saga(who, steps, full, hold))
	}
	return all
}

func within(inside, _ bool) (holds, fails bool) { return inside, !inside }

func TestGeofenceFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule string
		tell func(p *places) []saga
	}{
		"enter and exit": {fences, func(p *places) []saga { return rovers(p, 0, 0, within) }},
		"dwell":          {fences + "for: 25s", func(p *places) []saga { return rovers(p, 25, 0, within) }},
		"left": {fences + "when: left\nuntil: inside", func(p *places) []saga {
			return rovers(p, 0, 0, func(inside, left bool) (bool, bool) { return left, inside })
		}},
		"held": {fences + "until: false\nhold: 40s", func(p *places) []saga {
			return rovers(p, 0, 40, func(inside, _ bool) (bool, bool) { return inside, false })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkPlaces(t, c.rule, street, c.tell)
		})
	}
}
