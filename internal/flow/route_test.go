package flow_test

import (
	"testing"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/registry"
)

// TestRoutingRulesSendDetections: a rule for the class in an area, and one for the scenario, count more than the class's own kind of unit.
func TestRoutingRulesSendDetections(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		c := l.set.Directory.Content
		c.Units = append(c.Units, registry.Unit{ID: "drain", Kind: "drain", Name: lang.Text{ZH: "排水", EN: "Drain"}})
		c.Rules = []registry.Rule{
			{ID: "here", Match: registry.Match{Class: "ponding", Area: "a1"}, To: "drain", Why: lang.Text{ZH: "协议", EN: "an agreement"}},
			{ID: "everywhere", Match: registry.Match{Scenario: "ponding"}, To: "street-1"},
		}
		directory, wrong := registry.New(c)
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		l.set.Directory = directory
		first, second := started("p-1", 1), started("p-2", 1)
		second.Area = "a2"
		l.must(t, l.commit(10, first, second))
		if c := l.page(t, casework.IDOf(first.DetectionID)); c.Unit != "drain" || c.WhyUnit != "rule here names Drain: an agreement" {
			t.Errorf("unit %s, because %s", c.Unit, c.WhyUnit)
		}
		if c := l.page(t, casework.IDOf(second.DetectionID)); c.Unit != "street-1" {
			t.Errorf("unit %s, because %s", c.Unit, c.WhyUnit)
		}
	})
}
