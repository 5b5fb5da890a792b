package detect

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
)

const (
	clusterOver = 60
	clusterRule = "operator: cluster\nwhere: data.cm >= 9.0\ncluster: {metres: 300, over: 60s}\nwhen: count >= 3 && sources >= 2\n"
)

// reports are a person's reports, and the labels that they carry once the rule has held for them: the one thing here that is kept from report to report.
type reports struct {
	*places
	who     string
	items   []int
	labels  []string // in the order in which they were given
	carried map[int]int
}

// compare orders reports by time, then by place in the log.
func (o *reports) compare(i, j int) int {
	return cmp.Or(cmp.Compare(o.time(i), o.time(j)), cmp.Compare(i, j))
}

// cluster are the reports among the first items of the cluster around a centre.
func (o *reports) cluster(centre, before int) (members []int) {
	for _, i := range o.items {
		far := o.seen[i].metres - o.seen[centre].metres
		if i < before && far <= 300 && far >= -300 && o.time(i) > o.time(centre)-clusterOver && o.time(i) <= o.time(centre) {
			members = append(members, i)
		}
	}
	return members
}

// largest is the largest cluster that a report is in when it arrives.
func (o *reports) largest(i int) (centre int, members []int) {
	for _, c := range o.items {
		m := o.cluster(c, i+1)
		if c > i || !slices.Contains(m, i) {
			continue
		}
		if len(m) > len(members) || len(m) == len(members) && o.compare(c, centre) > 0 {
			centre, members = c, m
		}
	}
	return centre, members
}

// subject is the cluster's name: the oldest label, or its centre.
func (o *reports) subject(centre int, members []int) string {
	oldest := len(o.labels)
	for _, i := range members {
		if label, has := o.carried[i]; has {
			oldest = min(oldest, label)
		}
	}
	if oldest < len(o.labels) {
		return o.labels[oldest]
	}
	p := o.seen[centre].place()
	return fmt.Sprintf("%s@%.3f,%.3f", o.who, p.Lon, p.Lat)
}

func (o *reports) label(subject string, members []int) {
	label := len(o.labels)
	for _, i := range members {
		if carried, has := o.carried[i]; has {
			label = min(label, carried)
		}
	}
	if label == len(o.labels) {
		o.labels = append(o.labels, subject)
	}
	for _, i := range members {
		o.carried[i] = label
	}
}

// sources counts the different things of reports; one that has none goes by its source.
func (o *reports) sources(members []int) int {
	different := map[string]bool{}
	for _, i := range members {
		different[cmp.Or(o.seen[i].thing, "test")] = true
	}
	return len(different)
}

// clusters tell of all clusters by a rule's until.
func clusters(p *places, hold int, fails func(count, sources int) bool) (all []saga) {
	here, _ := persons()
	for _, who := range here {
		o, own := &reports{places: p, who: who, carried: map[int]int{}}, map[string][]step{}
		for i, s := range p.seen {
			if !s.tick && s.copied && s.who == who && p.outcomes[i] == Evaluated && s.cm >= 9 && s.metres != nowhere {
				o.items = append(o.items, i)
			}
		}
		for _, i := range o.items {
			centre, members := o.largest(i)
			subject, count, sources := o.subject(centre, members), len(members), o.sources(members)
			v := &verdict{at: o.time(centre), n: count, holds: count >= 3 && sources >= 2, fails: fails(count, sources)}
			own[subject] = append(own[subject], step{by: i, reach: v.at, verdict: v})
			if v.holds {
				o.label(subject, members)
			}
		}
		for subject, steps := range own {
			all = append(all, p.saga(subject, steps, 0, hold))
		}
	}
	return all
}

func TestClusterFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	block := []int{0, 100, 200, 350, 450, 600, 5000}
	t.Run("only time ends it", func(t *testing.T) {
		t.Parallel()
		checkPlaces(t, clusterRule, block, func(p *places) []saga {
			return clusters(p, clusterOver, func(int, int) bool { return false })
		})
	})
	t.Run("until it is smaller", func(t *testing.T) {
		t.Parallel()
		checkPlaces(t, clusterRule+"until: count < 3 || sources < 2", block, func(p *places) []saga {
			return clusters(p, clusterOver, func(count, sources int) bool { return count < 3 || sources < 2 })
		})
	})
	t.Run("held", func(t *testing.T) {
		t.Parallel()
		checkPlaces(t, clusterRule+"until: count < 2\nhold: 25s", block, func(p *places) []saga {
			return clusters(p, 25, func(count, _ int) bool { return count < 2 })
		})
	})
}
