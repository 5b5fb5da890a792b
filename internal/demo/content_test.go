package demo

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// inPack is what the lines of a pack's files say after a word.
func inPack(t *testing.T, folder, word string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../packs/pudong", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the pack has no %s: %v", folder, err)
	}
	line, found := regexp.MustCompile(`(?m)^`+word+`: (\S+)$`), map[string]bool{}
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range line.FindAllStringSubmatch(string(body), -1) {
			found[m[1]] = true
		}
	}
	return found
}

func TestEveryScenarioCanHappen(t *testing.T) {
	t.Parallel()
	c := newCity(towns(), noon, true, 1, 1)
	can := map[string]bool{"mixed-waste-truck": true, "call-cluster": true, "entrapment-after-fault": true, "ponding-after-warning": true}
	for _, p := range c.processes {
		can[p.scenario] = true
		if len(p.places) == 0 {
			t.Errorf("%s can happen nowhere", p.scenario)
		}
	}
	for trouble := range noticedAfter {
		can[string(trouble)] = true
	}
	for scenario := range inPack(t, "scenarios", "scenario") {
		if !can[scenario] {
			t.Errorf("%s never happens", scenario)
		}
	}
}

func TestEverySignIsFedWithinAMinute(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, a := range towns() {
		codes = append(codes, a.Code)
	}
	fed := map[string]bool{}
	for _, p := range History(codes, noon) {
		if noon.Sub(p.At) < 3*time.Hour {
			fed[kindOf(p.CloudEvent)] = true
		}
	}
	for _, m := range live(newCity(towns(), noon, true, 1, 1), time.Minute) {
		fed[m.Type] = true
	}
	for kind := range inPack(t, "indicators", "on") {
		if !fed[kind] {
			t.Errorf("nothing tells of %s", kind)
		}
	}
}

var kind = regexp.MustCompile(`"type":"([^"]+)"`)

func kindOf(event []byte) string { return string(kind.FindSubmatch(event)[1]) }

func TestLiftsAreMended(t *testing.T) {
	t.Parallel()
	faults, mended := 0, 0
	for _, m := range live(newCity(towns(), noon, true, 3, 1), 6*time.Hour) {
		switch m.Data["kind"] {
		case "fault":
			faults++
		case "restored":
			mended++
		}
	}
	if faults < 3 || mended < faults-3 {
		t.Errorf("%d faults, %d mended", faults, mended)
	}
}

func TestTheDayHasItsRhythm(t *testing.T) {
	t.Parallel()
	c := newCity(towns(), noon, true, 1, 1)
	emergencies := c.systems[3]
	urgent := func(at time.Time) float64 {
		n := 0
		for range 4000 {
			if visit(emergencies, area{}, at).Data["triage"].(int) <= 2 {
				n++
			}
		}
		return float64(n) / 4000
	}
	night, afternoon := noon.Add(-9*time.Hour), noon.Add(3*time.Hour)
	if n, a := urgent(night), urgent(afternoon); n <= a+0.02 || a < 0.48 || n > 0.64 {
		t.Errorf("urgent are %.3f by night and %.3f in the afternoon", n, a)
	}
	evening := noon.Add(6 * time.Hour)
	if busy(evening) < 2*busy(noon) || busy(evening) < 4*busy(night) {
		t.Errorf("roads: %.2f at 18, %.2f at 12, %.2f at 3", busy(evening), busy(noon), busy(night))
	}
	for _, s := range c.sensors {
		if s.kind == "street.lamp" && s.data(s, noon)["lit"] == true {
			t.Fatal("a lamp burns at noon")
		}
		if strings.HasPrefix(s.prefix, "weather") {
			if day, dark := s.data(s, noon.Add(2*time.Hour))["temperature_c"].(float64), s.data(s, night)["temperature_c"].(float64); day < dark {
				t.Errorf("%.1f °C by day, %.1f by night", day, dark)
			}
		}
	}
}

func TestTogetherBecomesAMatter(t *testing.T) {
	t.Parallel()
	x := newTogether()
	at := func(after time.Duration, scenario, subject string) []Incident {
		return x.with(&Incident{Scenario: scenario, Subject: subject, Area: "a", Start: noon.Add(after), End: noon.Add(after + time.Hour)})
	}
	at(0, liftFault, "lift-1")
	at(0, rainWarning, "a")
	for _, s := range []struct {
		after             time.Duration
		scenario, subject string
		want              string
	}{
		{time.Hour, "lift-entrapment", "lift-2", ""},
		{time.Hour, "lift-entrapment", "lift-1", "entrapment-after-fault"},
		{24 * time.Hour, "lift-entrapment", "lift-1", ""},
		{time.Hour, "road-ponding", "ponding-1", "ponding-after-warning"},
		{2 * time.Hour, "road-ponding", "ponding-1", ""}, // it is one matter
	} {
		got := ""
		for _, i := range at(s.after, s.scenario, s.subject) {
			got = i.Scenario
		}
		if got != s.want {
			t.Errorf("%s of %s after %s: %q, not %q", s.scenario, s.subject, s.after, got, s.want)
		}
	}
}
