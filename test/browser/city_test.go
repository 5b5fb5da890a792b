package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// fill puts a text in the place of what a field says.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	p.eval(`document.querySelector('` + selector + `').select() ?? ""`)
	do(p, chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (p *tab) saidIt(part string) {
	p.t.Helper()
	p.until(`document.querySelector('[data-test="said"]')?.innerText.includes("` + part + `")`)
}

// A limit is changed on the screen: the next case has it, the history says who and why, and it can be undone. Nobody overwrites what another has changed.
func TestALimitIsChangedOnTheScreen(t *testing.T) {
	t.Parallel()
	admin := open(t, 1280, 900)
	admin.enter("visitor-admin")
	limit := func() string {
		return admin.eval(`fetch("/api/v1/city/class").then((r) => r.json()).then((l) => l.items.find((c) => c.id === "bench").body.limit)`)
	}
	before := limit()
	admin.goTo("/console/city?kind=class&id=bench")
	admin.until(`document.querySelector("#f-limit") !== null`)
	admin.fill("#f-limit", "7")
	admin.click(`[data-test="save"]`) // without a reason: the browser itself asks for one
	if said := admin.eval(`document.querySelector('[data-test="said"]').innerText`); said != "" || limit() != before {
		t.Errorf("without a reason: %q, limit %s", said, limit())
	}
	admin.fill("#f-reason", "沪城管〔2026〕1 号")
	admin.click(`[data-test="check"]`)
	admin.saidIt("可以保存")
	admin.click(`[data-test="save"]`)
	admin.saidIt("已生效")
	if got := limit(); got != "7 working days" {
		t.Errorf("the limit in force is %s", got)
	}
	admin.until(`document.querySelector('[data-test="history"] li')?.innerText.includes("沪城管")`)
	admin.picture("settings")

	// somebody else changes it while the form is open
	admin.eval(`fetch("/api/v1/city/class").then((r) => r.json()).then((l) => { const c = l.items.find((c) => c.id === "bench"); return fetch("/api/v1/city/class/bench", { method: "POST",
		headers: { "Content-Type": "application/json", "Idempotency-Key": "beside" }, body: JSON.stringify({ what: "put", body: { ...c.body, limit: "9 working days" }, base: c.revision, why: "beside" }) }) }).then((r) => String(r.status))`)
	admin.fill("#f-limit", "5")
	admin.fill("#f-reason", "second")
	admin.click(`[data-test="save"]`)
	admin.saidIt("刚刚修改了")
	if got, typed := limit(), admin.eval(`document.querySelector("#f-limit").value`); got != "9 working days" || typed != "5" {
		t.Errorf("in force %s, typed %s", got, typed)
	}
	admin.click(`[data-test="back"]`)
	admin.saidIt("已生效")
	if got := limit(); got != before {
		t.Errorf("after going back: %s, before %s", got, before)
	}
}

// What does not fit is told at the field, and nothing is changed; a corner of a grid moves by the arrow keys.
func TestWhatDoesNotFitIsToldAtItsField(t *testing.T) {
	t.Parallel()
	admin := open(t, 1280, 900)
	admin.enter("visitor-admin")
	admin.goTo("/console/city?kind=rule")
	admin.until(`document.querySelectorAll('[data-test="entries"] li').length > 1`)
	admin.click(`[data-test="new"]`)
	admin.fill("#f-id", "no-rule")
	admin.fill(`[id="f-why.zh"]`, "试")
	admin.fill(`[id="f-why.en"]`, "a trial")
	admin.fill("#f-scenario", "no-such-scenario")
	admin.fill("#f-reason", "a trial")
	admin.click(`[data-test="save"]`)
	admin.until(`document.querySelector('[data-test="wrong"]') !== null`)
	if wrong := admin.eval(`document.querySelector('[data-test="wrong"]').innerText`); !strings.Contains(wrong, "no-such-scenario") {
		t.Errorf("it says %q", wrong)
	}
	if at := admin.eval(`String(document.querySelector("#f-scenario").getAttribute("aria-invalid"))`); at != "true" {
		t.Error("the field is not marked")
	}
	admin.goTo("/console/city?kind=grid&id=310115005000-01")
	admin.until(`document.querySelector(".corner") !== null`)
	x := admin.eval(`document.querySelector(".corner").getAttribute("cx")`)
	admin.eval(`document.querySelector(".corner").focus() ?? ""`)
	do(admin, chromedp.KeyEvent(kb.ArrowRight))
	if now := admin.eval(`document.querySelector(".corner").getAttribute("cx")`); now == x {
		t.Errorf("the corner stays at %s", x)
	}
}

// axe finds nothing in any kind of setting, with a form open.
func TestSettingsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	admin := open(t, 1280, 900)
	admin.enter("visitor-admin")
	for kind, id := range map[string]string{"unit": "water-bureau", "area": "310115005000", "grid": "310115005000-01", "class": "ponding", "rule": "owner-power", "person": "dispatcher-1",
		"shift": "day", "post": "dispatcher", "duty": "dispatcher", "holiday": "", "history": ""} {
		path := "/console/city?kind=" + kind
		admin.goTo(path)
		admin.until(`document.querySelector('[data-test="entries"], [data-test="history"]') !== null`)
		admin.axe(path)
		if id != "" {
			admin.goTo(path + "&id=" + id)
			admin.until(`document.querySelector('[data-test="entry"]') !== null`)
			admin.axe(path + "&id=" + id)
		}
	}
	narrow := open(t, 320, 640)
	narrow.enter("visitor-admin")
	narrow.goTo("/console/city?kind=duty&id=dispatcher")
	narrow.until(`document.querySelector('[data-test="entry"]') !== null`)
	if wide := narrow.eval(`String(document.documentElement.scrollWidth)`); wide != "320" {
		t.Errorf("%s pixels wide on a screen of 320", wide)
	}
}
