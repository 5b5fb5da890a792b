package trial

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/geo"
	"twoweave/internal/manage/operator/geofence"
	"twoweave/internal/manage/operator/window"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
)

func definition() *scenario.Scenario {
	return &scenario.Scenario{
		ID: "x", Version: 3, Where: "true", Also: []scenario.Input{{On: "b", Where: "false"}}, Operator: scenario.Window, When: "value > 1.0",
		For: time.Minute, Evidence: 7,
		Limits: map[string]order.ByLevel{"high": {order.Daily: 80, order.Special: 0.5}},
		Window: &window.Config{Over: 32 * time.Minute, Measure: "count"},
		Geofence: &geofence.Config{Fences: []geofence.Fence{{Name: "gate", Centre: &geo.Point{Lon: 121.5, Lat: 31.2}, Metres: 300},
			{Polygon: []geo.Point{{Lon: 1, Lat: 2}, {Lon: 3, Lat: 4}}}}},
	}
}

// values are the texts of a definition's leaves by path.
func values(def *scenario.Scenario) map[string]any {
	all := map[string]any{}
	leaves(reflect.ValueOf(def).Elem(), "", func(path string, leaf reflect.Value) { all[path] = leaf.Interface() })
	return all
}

func TestLeavesAreFoundWhereverTheyAre(t *testing.T) {
	t.Parallel()
	got := values(definition())
	for path, want := range map[string]any{
		"for": time.Minute, "also.0.where": "false", "limits.high.daily": 80.0, "limits.high.special": 0.5, "window.over": 32 * time.Minute,
		"geofence.fences.0.metres": 300.0, "geofence.fences.0.centre.lon": 121.5, "geofence.fences.1.polygon.1.lat": 4.0,
	} {
		if got[path] != want {
			t.Errorf("%s is %v, want %v", path, got[path], want)
		}
	}
}

// An edit changes the one value and nothing of the original.
func TestAnEditChangesOneValue(t *testing.T) {
	t.Parallel()
	def := definition()
	before := values(def)
	var numbers []string
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if _, ways := steps(path, reflect.ValueOf(before[path]), time.Second); len(ways) > 0 {
			numbers = append(numbers, path)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.SampledFrom(numbers).Draw(t, "path")
		_, ways := steps(path, reflect.ValueOf(before[path]), time.Second)
		way := rapid.SampledFrom(ways).Draw(t, "way")
		after := values(edited(def, path, way.set))
		for other, value := range before {
			if (after[other] != value) != (other == path) {
				t.Fatalf("%s was edited to %s; %s is %v and was %v", path, way.to, other, after[other], value)
			}
		}
		if !maps.Equal(values(def), before) {
			t.Fatalf("editing %s changed the original", path)
		}
	})
}

// A copy is the same, down to what is not there: checks tell nil from empty.
func TestACopyIsTheSame(t *testing.T) {
	t.Parallel()
	def := definition()
	if own := edited(def, "", nil); !reflect.DeepEqual(own, def) {
		t.Errorf("%+v is copied as %+v", def, own)
	}
}

func TestStepsAreLittleAndTwo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path string
		leaf any
		want []string
	}{
		{"for", time.Minute, []string{"59s", "1m1s"}},
		{"for", time.Duration(0), nil},
		{"cap.sender", 10, []string{"9", "11"}},
		{"cap.sender", 0, nil},
		{"limits.a.daily", 80.0, []string{"79", "81"}},
		{"limits.a.daily", 0.5, []string{"0.495", "0.505"}},
		{"limits.a.daily", 0.0, []string{"-0.01", "0.01"}},
		{"metres", 300.0, []string{"297", "303"}},
		{"x.lon", 121.5, []string{"121.49", "121.51"}},
		{"kind", "sliding", nil},
	} {
		_, ways := steps(c.path, reflect.ValueOf(c.leaf), time.Second)
		var got []string
		for _, w := range ways {
			got = append(got, w.to)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %v: %v, want %v", c.path, c.leaf, got, c.want)
		}
	}
}
