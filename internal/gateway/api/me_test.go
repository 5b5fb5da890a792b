package api_test

import (
	"slices"
	"strings"
	"testing"
)

// The surfaces that each role is shown, written apart from the table of access.
func TestWhoIsShownWhichSurfaces(t *testing.T) {
	t.Parallel()
	p := start(t)
	for key, want := range map[string]string{
		"viewer":   "wall",
		"operator": "wall console call messages duty incidents city appraisal exchange machine state order",
		"worker":   "wall console duty appraisal field",
		"admin":    "wall console messages duty incidents command city appraisal exchange people audit machine state order",
		"device":   "",
	} {
		_, answer := p.request(t, "GET", "/api/v1/me", key, nil, "")
		var shown []string
		for surface, may := range answer["can"].(map[string]any) {
			if may == true {
				shown = append(shown, surface)
			}
		}
		expected := strings.Fields(want)
		slices.Sort(shown)
		slices.Sort(expected)
		if !slices.Equal(shown, expected) {
			t.Errorf("%s is shown %v, not %v", key, shown, expected)
		}
	}
}
