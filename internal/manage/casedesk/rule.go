package casedesk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/operator/geofence"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
)

// Rule is the text of a scenario's definition, kept under its hash when it first led to a detection: it can be shown when the pack is gone.
type Rule struct {
	Scenario scenario.ID       `json:"scenario"`
	Version  int               `json:"version"`
	Title    lang.Text         `json:"title"`
	Operator scenario.Operator `json:"operator"`
	Settings []Setting         `json:"settings"` // what the operator was told, the limits and what ends it by time; nothing when kept by an older program
	Where    string            `json:"where"`
	When     string            `json:"when"`
	Until    string            `json:"until"`
	For      string            `json:"for"`
	Note     string            `json:"note"`
	Hash     string            `json:"hash"`
}

// Setting is one line of a scenario's definition as it is shown: "over" and "24h0m0s" of a window, "limit.high" and its values by city state.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RuleOf is the text of a scenario under its hash.
func RuleOf(s *scenario.Scenario, hash string) Rule {
	return Rule{
		Scenario: s.ID, Version: s.Version, Title: s.Title, Operator: s.Operator, Settings: settingsOf(s),
		Where: s.Where, When: s.When, Until: s.Until, For: length(s.For), Note: s.Note, Hash: hash,
	}
}

// settingsOf is what a scenario says beyond its conditions, in the order in which it is read; what is not said is left out.
func settingsOf(s *scenario.Scenario) []Setting {
	all := operatorSettings(s)
	for _, input := range s.Also {
		all = append(all, Setting{"also", inputText(input)})
	}
	all = append(all, Setting{"subject", s.Subject}, Setting{"hold", length(s.Hold)})
	for _, name := range sortedNames(s.Limits) {
		all = append(all, Setting{"limit." + name, levelsText(s.Limits[name])})
	}
	return slices.DeleteFunc(all, func(x Setting) bool { return x.Value == "" })
}

// operatorSettings is the operator's own block.
func operatorSettings(s *scenario.Scenario) []Setting {
	switch {
	case s.Window != nil:
		return []Setting{{"measure", s.Window.Measure}, {"of", s.Window.Of}, {"over", length(s.Window.Over)}, {"kind", s.Window.Kind}}
	case s.Absence != nil:
		return []Setting{{"gap", length(s.Absence.Gap)}}
	case s.Sequence != nil:
		return []Setting{{"within", length(s.Sequence.Within)}}
	case s.Join != nil:
		return []Setting{{"within", length(s.Join.Within)}}
	case s.Cluster != nil:
		return []Setting{{"metres", number(s.Cluster.Metres)}, {"over", length(s.Cluster.Over)}}
	case s.Anomaly != nil:
		return []Setting{{"of", s.Anomaly.Of}, {"every", length(s.Anomaly.Every)}, {"season", length(s.Anomaly.Season)}}
	case s.Geofence != nil:
		return []Setting{{"fences", fencesText(s.Geofence.Fences)}}
	}
	return nil
}

func inputText(i scenario.Input) string {
	if i.Where == "" {
		return string(i.On)
	}
	return string(i.On) + ": " + i.Where
}

func fencesText(fences []geofence.Fence) string {
	names := make([]string, len(fences))
	for i := range fences {
		names[i] = fences[i].Name
	}
	return strings.Join(names, ", ")
}

// levelsText is a limit's values by city state, from daily up: "daily 1 · special 0.5".
func levelsText(values order.ByLevel) string {
	var parts []string
	for _, l := range order.Levels() {
		if v, said := values[l]; said {
			parts = append(parts, fmt.Sprint(l, " ", number(v)))
		}
	}
	return strings.Join(parts, " · ")
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// length is a duration as text, nothing for none.
func length(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return d.String()
}

func sortedNames(limits map[string]order.ByLevel) []string {
	names := make([]string, 0, len(limits))
	for name := range limits {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
