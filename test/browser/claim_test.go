package browser_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// claim waits for an open case of a scenario and urges it: simulated officers leave alone what a visitor has touched, so that it stays as it is. It is the case's
// id. Where there is a reading, the case is one of its own, and in the state that a new case has: the reading is sent, with another subject each time, until
// no officer was faster.
func (p *tab) claim(scenario, reading string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 3*patience) // the city has its own pace
	defer cancel()
	id, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`(async () => {
		const send = (path, body, type, key) => fetch(path, { method: "POST", headers: { "Content-Type": type, "Idempotency-Key": key }, body: JSON.stringify(body) });
		const wait = () => new Promise((done) => setTimeout(done, 200));
		const open = async () => (await (await fetch("/api/v1/cases?open=true&limit=200&order=opened&scenario=%[1]s")).json()).items;
		const reading = %[2]s;
		for (let n = 1, subject = ""; ; await wait()) {
			if (reading && n %% 50 === 1) {
				subject = %[3]q + n;
				await send("/api/v1/events", { specversion: "1.0", id: subject, source: "/tests", subject, time: new Date().toISOString(), ...reading }, "application/cloudevents+json", subject);
			}
			n++;
			for (const c of await open()) {
				if (reading && (c.subject !== subject || c.state !== "accepted")) continue;
				const r = await send("/api/v1/cases/" + c.id + "/commands", { command: "urge", version: c.version, note: "claimed" }, "application/json", c.id + Date.now());
				window.claimed = c.scenario + " " + c.state + " " + r.status;
				if (r.ok) return c.id;
			}
		}
	})()`, scenario, reading, strings.ReplaceAll(p.t.Name(), "/", "-")), chromedp.EvalAwaitPromise))
	if err != nil {
		known := p.eval(`fetch("/api/v1/cases?limit=20&order=opened&scenario=` + scenario + `").then((r) => r.text())`)
		found := p.eval(`fetch("/api/v1/detections?limit=20&scenario=` + scenario + `").then((r) => r.text())`)
		p.t.Fatalf("no case of %s came: %v; the last try was %s; cases %s; detections %s", scenario, err, p.eval(`String(window.claimed)`), known, found)
	}
	return id
}

// ponding is a gauge that stands over its limit.
const ponding = `{ type: "water.level", area: "310115005000", data: { level_cm: 31 } }`

// demoOfItsOwn is a demo that has just begun: what happens in a demo happens at its time, and is over at its time.
func demoOfItsOwn(t *testing.T) program {
	t.Helper()
	p, err := launch("demo", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--mqtt", "off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}
