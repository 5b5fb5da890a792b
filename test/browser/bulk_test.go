package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// fresh lets the person in the tab take n reports of a class, one of which nothing in the city sends any by itself.
func (p *tab) fresh(class, mark string, n int) {
	p.t.Helper()
	p.eval(fmt.Sprintf(`(async () => {
		const area = (await (await fetch("/api/v1/areas")).json()).areas[3].code;
		for (let i = 0; i < %[1]d; i++) await fetch("/api/v1/reports", { method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": %[2]q + i },
			body: JSON.stringify({ channel: "phone", text: %[2]q, class: %[3]q, area, address: "花木路 " + %[2]q + i }) });
		return "";
	})()`, n, mark, class))
}

// Many reports are filed at once: what would happen is seen first, somebody else is faster with one of them, and what was done is taken back.
func TestOneCommandForManyCases(t *testing.T) {
	t.Parallel()
	p := open(t, 1440, 900)
	p.enter("visitor-duty")
	p.fresh("bench", "bulk", 5)
	p.goTo("/console?state=accepted&class=bench")
	p.until(`document.querySelectorAll('[data-test="case-row"]').length >= 5`)
	p.until(`Number(document.querySelector('[data-test="queue-accepted"] .n')?.textContent) >= 5`)
	p.click(`[data-test="pick-page"]`)
	p.until(`document.querySelector('[data-test="bulk-file"]') !== null`)
	p.picture("picked")
	p.click(`[data-test="bulk-file"]`)
	p.until(`Number(document.querySelector('[data-test="foreseen"]')?.dataset.done) >= 5`)
	p.picture("preview")
	p.axe("a bulk's preview")
	n := p.eval(`document.querySelector('[data-test="foreseen"]').dataset.done`)
	// Meanwhile a colleague files one of them.
	p.eval(`(async () => {
		const c = (await (await fetch("/api/v1/cases?state=accepted&class=bench&order=due")).json()).items[0];
		const r = await fetch("/api/v1/cases/" + c.id + "/commands", { method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": "meanwhile" }, body: JSON.stringify({ command: "file", version: c.version }) });
		return String(r.status);
	})()`)
	p.click(`[data-test="bulk-do"]`)
	p.until(fmt.Sprintf(`Number(document.querySelector('[data-test="bulk-result"]')?.dataset.done) === %s - 1`, n))
	p.until(`document.querySelectorAll('[data-test="bulk-dialog"] [data-ok="false"]').length === 1`)
	p.picture("result")
	p.axe("a bulk's result")
	p.click(`[data-test="bulk-undo"]`)
	p.until(fmt.Sprintf(`Number(document.querySelector('[data-test="bulk-result"]')?.dataset.done) === %s - 1 && document.querySelector('[data-test="bulk-undo"]') === null`, n))
	p.click(`[data-test="bulk-close"]`)
	p.until(fmt.Sprintf(`document.querySelector('[data-test="total"]')?.dataset.total >= %s - 1`, n))

	// A bulk that needs a reason does not go without one.
	p.click(`[data-test="pick-page"]`)
	p.click(`[data-test="bulk-void"]`)
	p.until(`document.querySelector('[data-test="bulk-note"]') !== null`)
	p.click(`[data-test="bulk-preview"]`)
	do(p, chromedp.SendKeys(chromedp.CSS(`[data-test="bulk-note"]`), "现场未发现"))
	p.click(`[data-test="bulk-preview"]`)
	p.until(`document.querySelector('[data-test="foreseen"]') !== null`)
	p.picture("void")
}

// A second report of the same matter is merged into the first: the page offers what is near, of the same class first; undone, it stands by itself again.
func TestMergingIntoACaseNearby(t *testing.T) {
	t.Parallel()
	p := open(t, 1440, 900)
	p.enter("visitor-duty")
	p.fresh("sculpture", "merge", 2)
	id := p.eval(`(async () => (await (await fetch("/api/v1/cases?state=accepted&class=sculpture&order=opened")).json()).items[0].id)()`)
	p.goTo("/console/cases/" + id)
	p.until(`document.querySelector('[data-test="more"]') !== null`)
	p.click(`[data-test="more"] summary`)
	p.click(`[data-test="more-merge"]`)
	p.until(`document.querySelector('.merge input[type="radio"]') !== null`)
	p.picture("merge")
	p.axe("the form of a merge")
	p.click(`.merge input[type="radio"]`)
	p.click(`[data-test="give-merge"]`)
	p.waitState("merged")
	p.until(`document.querySelector('[data-test="into"]') !== null`)
	p.click(`[data-test="cmd-undo"]`)
	p.waitState("accepted")
}
