package demo

import (
	"encoding/json"
	"testing"
	"time"
)

var noon = time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC) // 12:00 in the city

func towns() []area {
	var all []area
	for _, code := range []string{"310115004000", "310115005000", "310115007000", "310115103000", "310115104000", "310115105000"} {
		all = append(all, area{Code: code})
	}
	return all
}

func live(c *city, d time.Duration) (sent []message) {
	for at := noon; at.Before(noon.Add(d)); at = at.Add(stepEvery) {
		a, b := c.step(at)
		sent = append(append(sent, a...), b...)
	}
	return sent
}

func TestWhatHappensDoesNotDependOnWhoTells(t *testing.T) {
	t.Parallel()
	a, b, other := newCity(towns(), noon, true, 1, 1), newCity(towns(), noon, true, 1, 99), newCity(towns(), noon, true, 2, 1)
	live(a, time.Hour)
	live(b, time.Hour)
	live(other, time.Hour)
	if len(a.truth) < 10 || len(a.truth) != len(b.truth) {
		t.Fatalf("%d and %d incidents from one seed", len(a.truth), len(b.truth))
	}
	for i := range a.truth {
		if a.truth[i] != b.truth[i] {
			t.Fatalf("incident %d differs: %+v and %+v", i, a.truth[i], b.truth[i])
		}
	}
	if len(other.truth) == len(a.truth) && other.truth[0] == a.truth[0] {
		t.Error("another seed gave the same city")
	}
}

func TestNightIsWhenNightMattersHappen(t *testing.T) {
	t.Parallel()
	if night.at(noon) != 0 || night.at(noon.Add(11*time.Hour)) == 0 {
		t.Errorf("noon %v, 23:00 %v", night.at(noon), night.at(noon.Add(11*time.Hour)))
	}
	c := newCity(towns(), noon, true, 1, 1)
	live(c, 2*time.Hour)
	for _, i := range c.truth {
		if i.Scenario == "night-construction-noise" {
			t.Fatalf("noise at night began at %s", i.Start.In(cityTime))
		}
	}
}

func TestDevicesFailAsDevicesDo(t *testing.T) {
	t.Parallel()
	c := newCity(towns(), noon, true, 1, 7)
	seen := map[string]int{}
	wrong := 0
	for _, m := range live(c, 3*time.Hour) {
		seen[m.Source+m.ID]++
	}
	for _, s := range c.sensors {
		if s.offset != 0 {
			wrong++
		}
	}
	doubled := 0
	for _, n := range seen {
		if n > 1 {
			doubled++
		}
	}
	if share := float64(doubled) / float64(len(seen)); share < duplicateChance/3 || share > duplicateChance*3 {
		t.Errorf("%.3f of %d messages were sent twice", share, len(seen))
	}
	if wrong == len(c.sensors) {
		t.Error("every clock is wrong")
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	truth := []Incident{
		{Scenario: "road-ponding", Subject: "p-1", Start: noon, End: noon.Add(5 * time.Minute)},
		{Scenario: "road-ponding", Subject: "p-2", Start: noon, End: noon.Add(5 * time.Minute)},                        // missed
		{Scenario: "road-ponding", Subject: "p-3", Start: noon.Add(59 * time.Minute), End: noon.Add(90 * time.Minute)}, // too early to tell
		{Scenario: "serious-call", Subject: "call-1", Area: "a", Start: noon, End: noon.Add(time.Minute)},
	}
	findings := []Detection{
		{Scenario: "road-ponding", Subject: "p-1", Since: noon, Started: noon.Add(10 * time.Second)},
		{Scenario: "road-ponding", Subject: "p-1", Since: noon.Add(4 * time.Minute), Started: noon.Add(4 * time.Minute)}, // its second episode
		{Scenario: "road-ponding", Subject: "p-9", Since: noon, Started: noon},                                           // nothing happened there
		{Scenario: "serious-call", Subject: "a/" + incidentNumber(&truth[3]), Since: noon, Started: noon},
	}
	got := compare(truth, findings, noon.Add(time.Hour))
	if len(got) != 2 {
		t.Fatalf("scores = %+v", got)
	}
	p := got[0]
	if p.Truth != 2 || p.Found != 1 || p.Findings != 3 || p.True != 2 || p.Delays[0] != 10*time.Second {
		t.Errorf("road-ponding: %+v", p)
	}
	if c := got[1]; c.Truth != 1 || c.Found != 1 || c.Precision() != 1 {
		t.Errorf("serious-call: %+v", c)
	}
}

func TestACitysPastLeadsUpToWhatIsFound(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, a := range towns() {
		codes = append(codes, a.Code)
	}
	past := History(codes, noon)
	loads, last := 0, map[string]time.Time{}
	for i, p := range past {
		if i > 0 && p.At.Before(past[i-1].At) || !p.At.Before(noon) || p.At.Before(noon.Add(-14*24*time.Hour)) {
			t.Errorf("event %d is of %s", i, p.At)
		}
		var m message
		if err := json.Unmarshal(p.CloudEvent, &m); err != nil {
			t.Fatal(err)
		}
		if m.Data["plate"] == "沪A·DM019" {
			loads++
		}
		if home, is := m.Data["household"].(string); is {
			last[home] = p.At
		}
	}
	if loads != mixedLoads-3 {
		t.Errorf("the past has %d mixed loads", loads)
	}
	c := newCity(towns(), noon, true, 1, 1)
	sent := live(c, 3*time.Minute)
	towns, sides := map[string]bool{}, map[string]bool{}
	for _, m := range sent {
		if m.Data["plate"] == "沪A·DM019" {
			loads++
			towns[m.Area] = true
		}
		if m.Type == "call.110" && m.Data["summary"] == "浓烟 / smoke" {
			sides[m.Area] = true
		}
	}
	if loads != mixedLoads || len(towns) != 3 || len(sides) != 2 {
		t.Errorf("%d mixed loads in %d towns; calls from %d sides of a border", loads, len(towns), len(sides))
	}
	happened := map[string]Incident{}
	for _, i := range c.truth {
		happened[i.Scenario] = i
	}
	alone := happened["elderly-alone-silent"]
	if happened["mixed-waste-truck"].Subject == "" || happened["call-cluster"].Start.IsZero() || !alone.Start.Equal(last[alone.Subject].Add(24*time.Hour)) {
		t.Errorf("happened: %+v", happened)
	}
}
