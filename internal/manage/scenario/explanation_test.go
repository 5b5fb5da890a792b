package scenario_test

import (
	"testing"
	"time"

	"twoweave/internal/base/geo"
	"twoweave/internal/manage/operator/absence"
	"twoweave/internal/manage/operator/geofence"
	"twoweave/internal/manage/operator/window"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
)

func TestADefinitionIsWrittenAsPeopleReadIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s            scenario.Scenario
		part, limits string
	}{
		{scenario.Scenario{Operator: scenario.Match}, "", ""},
		{scenario.Scenario{Operator: scenario.Window, Window: &window.Config{Over: time.Minute, Measure: "count"},
			Limits: map[string]order.ByLevel{"b": {order.Daily: 80, order.Special: 70.5}, "a": {order.Daily: 1}}},
			"over 1m0s, measure count", "a (daily 1), b (daily 80, special 70.5)"},
		{scenario.Scenario{Operator: scenario.Absence, Absence: &absence.Config{Gap: time.Hour}}, "gap 1h0m0s", ""},
		{scenario.Scenario{Operator: scenario.Geofence, Geofence: &geofence.Config{Fences: []geofence.Fence{
			{Name: "core", Centre: &geo.Point{Lon: 121.5, Lat: 31.2}, Metres: 400}, {Polygon: []geo.Point{{Lon: 1, Lat: 2}}}}}},
			"fences (name core, centre lon 121.5, lat 31.2, metres 400) (polygon (lon 1, lat 2))", ""},
	} {
		if d := c.s.Text("h"); d.Part != c.part || d.Limits != c.limits {
			t.Errorf("%q, %q; want %q, %q", d.Part, d.Limits, c.part, c.limits)
		}
	}
}
