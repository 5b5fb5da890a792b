package browser_test

import (
	"strings"
	"testing"
)

// Whoever urges a case has the person on duty called, and sees in the duty room whom.
func TestAnUrgedCaseCallsWhoeverIsOnDuty(t *testing.T) {
	t.Parallel()
	centre := open(t, 1280, 900)
	centre.enter("visitor-duty")
	id := centre.eval(`fetch("/api/v1/areas").then((r) => r.json()).then((a) => fetch("/api/v1/reports", { method: "POST",
		headers: { "Content-Type": "application/json", "Idempotency-Key": "duty" },
		body: JSON.stringify({ channel: "phone", text: "夜里还在施工", class: "construction-noise", area: a.areas[5].code, address: "秀沿路 1 号" }) })).then((r) => r.json()).then((t) => t.case.id)`)
	centre.goTo("/console/cases/" + id)
	centre.click(`[data-test="more"] summary`)
	centre.click(`[data-test="more-urge"]`)
	centre.until(`document.querySelector('[data-test="form-urge"] .chip') !== null`)
	centre.click(`[data-test="form-urge"] .chip`)
	centre.click(`[data-test="give-urge"]`)
	centre.until(`document.querySelector('[data-test="chain-steps"]').innerText.includes("督办")`)
	centre.click(`nav a[href="/console/duty"]`)
	called := `[...document.querySelectorAll('[data-test="calls"] li')].find((c) => c.querySelector("a")?.getAttribute("href") === "/console/cases/` + id + `")`
	centre.until(called + ` !== undefined`)
	if said := centre.eval(called + `.innerText`); !strings.Contains(said, "正在呼叫") {
		t.Errorf("the call says %q", said)
	}
	if posts := centre.eval(`String(document.querySelectorAll('[data-test="posts"] tbody tr').length)`); posts == "0" {
		t.Error("nobody is on duty")
	}
	centre.picture("duty")
}
