package demo

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"text/tabwriter"
	"time"
)

// Score compares one scenario's findings with the truth.
type Score struct {
	Scenario string
	Truth    int // incidents that have happened
	Found    int // of these, the ones that were found
	Findings int
	True     int             // findings that were of something true
	Delays   []time.Duration // from the start of what happened to the start of the finding
}

// Precision is the share of findings that were true; 1 when there were none.
func (s Score) Precision() float64 { return share(s.True, s.Findings) }

// Recall is the share of incidents that were found; 1 when there were none.
func (s Score) Recall() float64 { return share(s.Found, s.Truth) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// slack is how far a finding's time may lie beside its incident: devices' clocks are wrong by that much and more.
const slack = 3 * time.Minute

// settle is how long after its start an incident must have been found: the longest time a scenario waits, and a minute.
const settle = 21 * time.Minute

// Report compares what the program found since the city began with what happened.
func (c *City) Report(ctx context.Context) ([]Score, error) {
	findings, err := c.watch.detections(ctx, c.started.Add(-time.Hour))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	truth := slices.Clone(c.truth)
	c.mu.Unlock()
	return compare(truth, findings, c.o.Clock.Now()), nil
}

// compare gives each incident at most one finding of the same scenario and subject at about its time.
func compare(truth []Incident, findings []Detection, now time.Time) []Score {
	scores := map[string]*Score{}
	of := func(scenario string) *Score {
		if scores[scenario] == nil {
			scores[scenario] = &Score{Scenario: scenario}
		}
		return scores[scenario]
	}
	used := make([]bool, len(truth))
	for _, f := range findings {
		s := of(f.Scenario)
		s.Findings++
		if i := match(truth, f, used); i >= 0 {
			s.True++
			if !used[i] {
				used[i] = true
				s.Found++
				s.Truth++
				s.Delays = append(s.Delays, max(0, f.Started.Sub(truth[i].Start)))
			}
		}
	}
	for i, t := range truth {
		if !used[i] && (now.After(t.End) || now.Sub(t.Start) > max(settle, t.Within)) {
			of(t.Scenario).Truth++
		}
	}
	var all []Score
	for _, s := range scores {
		all = append(all, *s)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Scenario < all[j].Scenario })
	return all
}

// match is the incident that a finding is of, or -1; an unused one is preferred, since one incident may be found in two episodes.
func match(truth []Incident, f Detection, used []bool) int {
	found := -1
	for i, t := range truth {
		if subject := detectedSubject(t); t.Scenario != f.Scenario || subject != f.Subject && subject != anySubject {
			continue
		}
		if f.Started.Before(t.Start.Add(-slack)) || f.Since.After(t.End.Add(slack)) {
			continue
		}
		if !used[i] {
			return i
		}
		found = i
	}
	return found
}

// WriteReport prints scores as a table with a total.
func WriteReport(w io.Writer, scores []Score) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "scenario\thappened\tfound\trecall\tfindings\ttrue\tprecision\tdelay p50\tdelay max\t")
	total := Score{Scenario: "all"}
	for _, s := range scores {
		writeScore(t, s)
		total.Truth += s.Truth
		total.Found += s.Found
		total.Findings += s.Findings
		total.True += s.True
		total.Delays = append(total.Delays, s.Delays...)
	}
	writeScore(t, total)
	return t.Flush()
}

func writeScore(w io.Writer, s Score) {
	slices.Sort(s.Delays)
	median, worst := time.Duration(0), time.Duration(0)
	if n := len(s.Delays); n > 0 {
		median, worst = s.Delays[n/2], s.Delays[n-1]
	}
	fmt.Fprintf(w, "%s\t%d\t%d\t%.1f %%\t%d\t%d\t%.1f %%\t%s\t%s\t\n", s.Scenario, s.Truth, s.Found, 100*s.Recall(), s.Findings, s.True, 100*s.Precision(),
		median.Round(100*time.Millisecond), worst.Round(100*time.Millisecond))
}
