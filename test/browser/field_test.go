package browser_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// cut takes the tab's network away, or gives it back.
func (p *tab) cut(offline bool) {
	p.t.Helper()
	do(p, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if err := t.Call(ctx, "Network.enable", map[string]any{}, nil); err != nil {
			return err
		}
		return t.Call(ctx, "Network.emulateNetworkConditions", map[string]any{"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}, nil)
	}))
}

// sentOut lets the duty officer file a report and send it to the water bureau, and answers the case's id.
func (p *tab) sentOut(mark string) string {
	p.t.Helper()
	return p.eval(fmt.Sprintf(`(async () => {
		const post = async (path, key, body) => (await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": %[1]q + key }, body: JSON.stringify(body) })).json();
		const area = (await (await fetch("/api/v1/areas")).json()).areas[5].code;
		let c = (await post("/api/v1/reports", "take", { channel: "phone", text: "路面积水", class: "ponding", area, address: %[1]q + " 1" })).case;
		c = await post("/api/v1/cases/" + c.id + "/commands", "file", { command: "file", version: c.version });
		c = await post("/api/v1/cases/" + c.id + "/commands", "dispatch", { command: "dispatch", version: c.version, unit: "water-bureau" });
		return c.id;
	})()`, mark))
}

// kinds are the steps of a case as the server has them.
func (p *tab) kinds(id string) string {
	p.t.Helper()
	return p.eval(fmt.Sprintf(`fetch("/api/v1/cases/%s").then((r) => r.json()).then((d) => d.facts.map((f) => f.kind).join(" "))`, id))
}

// In a cellar without a network a field worker starts and finishes a task, and returns another that meanwhile was taken away. All of it waits, survives
// closing the page, and comes to the server once; what was refused says why until it is read.
func TestWorkWithoutANetworkIsSentOnce(t *testing.T) {
	t.Parallel()
	centre := open(t, 1280, 900)
	centre.enter("visitor-duty")
	one, two := centre.sentOut("cellar-a"), centre.sentOut("cellar-b")
	street := open(t, 390, 844)
	street.enter("visitor-field")
	task := func(id string) string { return fmt.Sprintf(`[data-test="task"][data-id="%s"]`, id) }
	street.until(fmt.Sprintf(`document.querySelector('%s') && document.querySelector('%s')`, task(one), task(two)))

	street.cut(true)
	street.until(`document.querySelector('[data-test="offline"]')`) // pushes what is below it down
	street.click(task(one) + ` [data-test="task-start"]`)
	street.until(fmt.Sprintf(`document.querySelector('%s [data-test="task-finish"]') !== null`, task(one)))
	do(street, chromedp.SendKeys(chromedp.CSS(task(one)+` [data-test="note"]`), "抽干 pumped dry"))
	street.click(task(one) + ` [data-test="task-finish"]`)
	street.click(task(two) + ` [data-test="task-more"] summary`)
	street.click(task(two) + ` [data-test="task-return"]`)
	street.click(task(two) + ` .chip`)
	street.click(task(two) + ` [data-test="give-return"]`)
	street.until(`document.querySelector('[data-test="waiting"]')?.dataset.n === "3"`)
	street.picture("offline")
	if got := centre.kinds(one); got != "taken filed dispatched" {
		t.Fatalf("before the network is back the server has %q", got)
	}
	// Meanwhile the centre urges the second: its version is another one.
	centre.eval(fmt.Sprintf(`fetch("/api/v1/cases/%[1]s").then((r) => r.json()).then((c) => fetch("/api/v1/cases/%[1]s/commands", { method: "POST",
		headers: { "Content-Type": "application/json", "Idempotency-Key": "urge-%[1]s" }, body: JSON.stringify({ command: "urge", version: c.version, note: "quick" }) })).then((r) => String(r.status))`, two))

	// The page is closed and opened again: first without, then with a network.
	do(street, chromedp.Navigate("about:blank"))
	street.cut(false)
	street.goTo("/field")
	street.until(`document.querySelector('[data-test="refused"]') !== null && document.querySelector('[data-test="waiting"]') === null`)
	street.picture("refused")
	street.axe("a refused step")
	if got := centre.kinds(one); got != "taken filed dispatched started handled" {
		t.Errorf("the server has %q of the first", got)
	}
	if got := centre.kinds(two); got != "taken filed dispatched urged" {
		t.Errorf("the server has %q of the second", got)
	}
	street.goTo("/field")
	street.until(`document.querySelector('[data-test="refused"]') !== null`) // kept until it is read
	street.click(`[data-test="refused"] button`)                             // again, on the case as it is now
	street.until(`document.querySelector('[data-test="refused"]') === null && document.querySelector('[data-test="waiting"]') === null`)
	street.until(fmt.Sprintf(`fetch("/api/v1/cases/%s").then((r) => r.json()).then((d) => { window.now = d.state; }) && window.now === "returned"`, two))
	if got := centre.kinds(two); got != "taken filed dispatched urged returned" {
		t.Errorf("the server has %q of the second", got)
	}
}
