package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The duty officer takes back what was done by mistake, closes a matter that is none with a reason, and reopens it.
func TestWhatIsBesideTheLine(t *testing.T) {
	t.Parallel()
	centre := open(t, 1280, 900)
	centre.enter("visitor-duty")
	id := centre.eval(`fetch("/api/v1/areas").then((r) => r.json()).then((a) => fetch("/api/v1/reports", { method: "POST",
		headers: { "Content-Type": "application/json", "Idempotency-Key": "beside" },
		body: JSON.stringify({ channel: "phone", text: "工地夜间施工", class: "construction-noise", area: a.areas[2].code, address: "花木路 1 号" }) })).then((r) => r.json()).then((t) => t.case.id)`)
	centre.goTo("/console/cases/" + id)
	centre.until(`document.querySelector('[data-test="cmd-file"]') !== null`)
	centre.click(`[data-test="cmd-file"]`)
	centre.waitState("filed")
	centre.until(`document.querySelector('[data-test="undo-bar"]') !== null`)
	centre.picture("undo")
	centre.click(`[data-test="cmd-undo"]`)
	centre.waitState("accepted")
	centre.click(`[data-test="more"] summary`)
	centre.click(`[data-test="more-void"]`)
	centre.until(`document.querySelector('[data-test="form-void"] textarea') !== null`)
	centre.picture("void")
	// Without a reason the form does not go.
	centre.click(`[data-test="give-void"]`)
	centre.waitState("accepted")
	do(centre, chromedp.SendKeys(chromedp.CSS(`[data-test="reason"]`), "现场未发现 not found on site"))
	centre.click(`[data-test="give-void"]`)
	centre.waitState("voided")
	steps := centre.eval(`document.querySelector('[data-test="chain-steps"]').innerText`)
	for _, want := range []string{"not found on site", "Undone: Filed", "Closed without filing"} {
		if !strings.Contains(steps, want) && !strings.Contains(steps, zhOf[want]) {
			t.Errorf("the steps do not say %q: %s", want, steps)
		}
	}
	centre.click(`[data-test="more"] summary`)
	centre.click(`[data-test="more-reopen"]`)
	centre.until(`document.querySelector('[data-test="form-reopen"] .chip') !== null`)
	centre.click(`[data-test="form-reopen"] .chip`)
	centre.click(`[data-test="give-reopen"]`)
	centre.waitState("accepted")
}

// zhOf is what a step says to a visitor who reads Chinese.
var zhOf = map[string]string{"not found on site": "现场未发现", "Undone: Filed": "已撤销：立案", "Closed without filing": "不予立案"}
