package browser_test

import (
	"fmt"
	"strings"
	"testing"
)

// What no sensor, street or town sees alone is found in the demo, counted on the wall, and opens from there as cases with the evidence of all sides.
func TestWhatCrossesBordersIsSeenOnTheWall(t *testing.T) {
	t.Parallel()
	demo := demoOfItsOwn(t)
	for _, x := range []struct {
		name, sign, scenario string
		evidence             []string // in the case's readings
	}{
		{"a truck through three towns", "waste-mixed", "mixed-waste-truck", []string{"沪A·DM019"}},
		{"a person over two sensors", "elderly-doors", "elderly-alone-silent", nil},
		{"calls on both sides of a border", "serious-calls", "call-cluster", []string{"smoke"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			centre := openAt(t, demo.url, 1920, 1080)
			centre.enter("visitor-duty")
			id := centre.claim(x.scenario, "null")
			centre.goTo("/wall")
			tile := fmt.Sprintf(`[data-test="sign"][data-indicator="%s"]`, x.sign)
			for page := 0; centre.eval(fmt.Sprintf(`document.querySelector('%s') ? "yes" : "no"`, tile)) == "no" && page < 5; page++ {
				centre.click(`[data-test="page-after"]`)
			}
			centre.until(fmt.Sprintf(`Number(document.querySelector('%s').dataset.cases) > 0`, tile))
			centre.picture("wall-" + x.sign)
			centre.click(tile)
			centre.until(`document.querySelector('[data-test="case-row"] a') !== null`)
			centre.goTo("/console/cases/" + id)
			centre.until(`document.querySelector('[data-test="chain-readings"]') !== null`)
			readings := centre.eval(`document.querySelector('[data-test="chain-readings"]').innerText`)
			for _, text := range x.evidence {
				if !strings.Contains(readings, text) {
					t.Errorf("the readings do not tell of %s: %s", text, readings)
				}
			}
			centre.picture("case-" + x.scenario)
		})
	}
}
