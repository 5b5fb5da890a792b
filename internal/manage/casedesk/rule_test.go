package casedesk_test

import (
	"reflect"
	"testing"
	"time"

	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/operator/absence"
	"twoweave/internal/manage/operator/cluster"
	"twoweave/internal/manage/operator/window"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
)

// Whoever reads a case sees what the operator was told, with limits by city state and what ends it by time.
func TestARuleShowsWhatTheOperatorWasTold(t *testing.T) {
	t.Parallel()
	limits := map[string]order.ByLevel{"low": {order.Daily: 2}, "high": {order.Special: 0.5, order.Daily: 1}}
	for name, x := range map[string]struct {
		of   scenario.Scenario
		want []casedesk.Setting
	}{
		"match": {scenario.Scenario{Operator: scenario.Match}, []casedesk.Setting{}},
		"window": {
			scenario.Scenario{Operator: scenario.Window, Window: &window.Config{Over: 24 * time.Hour, Measure: "avg", Of: "data.x"}, Limits: limits},
			[]casedesk.Setting{{"measure", "avg"}, {"of", "data.x"}, {"over", "24h0m0s"}, {"limit.high", "daily 1 · special 0.5"}, {"limit.low", "daily 2"}},
		},
		"absence of two streams": {
			scenario.Scenario{Operator: scenario.Absence, Absence: &absence.Config{Gap: time.Hour}, Subject: "data.household", Also: []scenario.Input{{On: "home.door", Where: "data.alone"}}},
			[]casedesk.Setting{{"gap", "1h0m0s"}, {"also", "home.door: data.alone"}, {"subject", "data.household"}},
		},
		"cluster": {
			scenario.Scenario{Operator: scenario.Cluster, Cluster: &cluster.Config{Metres: 300, Over: 30 * time.Minute}, Hold: time.Hour},
			[]casedesk.Setting{{"metres", "300"}, {"over", "30m0s"}, {"hold", "1h0m0s"}},
		},
	} {
		got := casedesk.RuleOf(&x.of, "hash").Settings
		if len(got) == 0 && len(x.want) == 0 {
			continue
		}
		if !reflect.DeepEqual(got, x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
	}
}
