package bus_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"twoweave/internal/platform/bus"
)

func TestPartSetIsASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var set bus.PartSet
		model := map[int]bool{}
		for _, part := range rapid.SliceOf(rapid.IntRange(-5, 70)).Draw(rt, "add") {
			set = set.Add(part)
			model[part] = part >= 0 && part < bus.Partitions
		}
		for _, part := range rapid.SliceOf(rapid.IntRange(-5, 70)).Draw(rt, "remove") {
			set = set.Remove(part)
			model[part] = false
		}
		var want []int
		for part := -5; part <= 70; part++ {
			if set.Has(part) != model[part] {
				rt.Fatalf("Has(%d) is %v", part, set.Has(part))
			}
			if model[part] {
				want = append(want, part)
			}
		}
		if got := slices.Collect(set.All()); !slices.Equal(got, want) || set.Len() != len(want) {
			rt.Fatalf("%v, %d; want %v", got, set.Len(), want)
		}
		if bus.Parts(want...) != set {
			rt.Fatal("Parts gives another set")
		}
	})
	if bus.AllParts.Len() != bus.Partitions {
		t.Errorf("all are %d", bus.AllParts.Len())
	}
}
