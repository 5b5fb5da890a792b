package demo

import "time"

// trouble is what is wrong in a home when a new city begins to live.
type trouble string

const (
	none    trouble = ""
	fell    trouble = "elderly-alone-silent" // lies on the floor: neither water nor door
	dry     trouble = "elderly-alone-water"  // goes out, but uses no water
	indoors trouble = "elderly-alone-door"   // uses water, but does not go out
)

// noticedAfter is how long each of them lasts until it is a matter.
var noticedAfter = map[trouble]time.Duration{fell: 24 * time.Hour, dry: 12 * time.Hour, indoors: 48 * time.Hour}

const helpTakes = 40 * time.Minute // from when it is a matter until life goes on

// home is where an elderly person lives alone, with a water meter and a contact at the door.
type home struct {
	household string
	area      string
	trouble   trouble
	matter    time.Time // when the trouble has lasted long enough
	told      bool
	next      time.Time
	n         int
}

func homesOf(areas []area, begun time.Time) (all []*home) {
	for i, a := range areas {
		if i%3 == 0 {
			all = append(all, &home{household: "home-" + short(a.Code), area: a.Code, next: begun.Add(time.Duration(5+i) * time.Second)})
		}
	}
	for i, t := range []trouble{fell, dry, indoors} {
		if i < len(all) {
			all[i].trouble, all[i].matter = t, begun.Add(time.Duration(1+i)*30*time.Second)
		}
	}
	return all
}

// began is the moment of the last sign of life that is missing since.
func (h *home) began() time.Time { return h.matter.Add(-noticedAfter[h.trouble]) }

func (h *home) sensor(kind string) string { return kind + "-" + h.household }

func (h *home) door(at time.Time) message {
	h.n++
	return newMessage("home.door", "/demo/home.door/"+h.household, h.sensor("home.door"), h.area, h.n, at, reading{"household": h.household, "elderly_alone": true})
}

func (h *home) water(at time.Time, used float64) message {
	h.n++
	return newMessage("water.meter", "/demo/water.meter/"+h.household, h.sensor("water.meter"), h.area, h.n, at,
		reading{"household": h.household, "elderly_alone": true, "used_m3": used})
}

// signs is what the home's sensors tell at a moment: what the trouble keeps silent is missing.
func (h *home) signs(at time.Time, water, door bool) (out []message) {
	ill := h.trouble != none && at.After(h.began()) && at.Before(h.matter.Add(helpTakes))
	used := 0.02 + 0.004*float64(h.n%5)
	if ill && h.trouble == dry {
		used = 0
	}
	if water && !(ill && h.trouble == fell) {
		out = append(out, h.water(at, used))
	}
	if door && !(ill && h.trouble != dry) {
		out = append(out, h.door(at))
	}
	return out
}

// past is two days and more of signs. Where somebody fell, the water alone was a matter 12 hours before the city begins to live: that case is open still.
func (h *home) past(begun time.Time) (out []message) {
	for ago := 56 * time.Hour; ago > 0; ago -= 2 * time.Hour {
		if at := begun.Truncate(time.Hour).Add(-ago); h.trouble != none || ago < 26*time.Hour {
			out = append(out, h.signs(at, true, ago%(4*time.Hour) == 0)...)
		}
	}
	if h.trouble != none { // the last sign
		out = append(out, h.water(h.began().Add(-time.Second), 0.03), h.door(h.began()))
	}
	return out
}

func (h *home) due(now time.Time) (out []message, truth []Incident) {
	if h.trouble != none && !h.told && !now.Before(h.matter) {
		h.told = true
		truth = append(truth, Incident{Scenario: string(h.trouble), Subject: h.subject(), Area: h.area, Start: h.matter, End: h.matter.Add(time.Hour)})
	}
	for !now.Before(h.next) {
		out = append(out, h.signs(h.next, true, h.n%2 == 0)...)
		h.next = h.next.Add(9 * time.Minute)
		if h.trouble == dry && !h.told {
			h.next = later(now, h.matter.Add(5*time.Second))
		}
	}
	return out, truth
}

// subject is what the program finds the trouble at: the household, or the sensor that is silent.
func (h *home) subject() string {
	switch h.trouble {
	case dry:
		return h.sensor("water.meter")
	case indoors:
		return h.sensor("home.door")
	}
	return h.household
}
