package browser_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"twoweave/test/browser"
)

// enter signs a visitor in from the landing page.
func (p *tab) enter(person string) {
	p.t.Helper()
	p.goTo("/")
	p.click(fmt.Sprintf(`form[data-test="enter-%s"] button`, person))
	p.until(`location.pathname !== "/" && document.querySelector("main h1") !== null`)
}

// A visitor follows one case from its readings to its closing: the duty officer in the centre, a field worker of the water bureau on site.
func TestACaseFromItsReadingsToItsClosing(t *testing.T) {
	t.Parallel()
	centre := open(t, 1280, 900)
	centre.enter("visitor-duty")
	id := centre.claim("road-ponding", ponding)
	centre.goTo("/console?open=true&state=accepted&scenario=road-ponding")
	row := fmt.Sprintf(`[data-test="case-row"] a[href="/console/cases/%s"]`, id)
	centre.until(fmt.Sprintf(`document.querySelector('%s') !== null`, row))
	centre.picture("list")
	centre.click(row)
	centre.until(`document.querySelector('[data-test="cmd-file"]') !== null`)
	for _, part := range []string{"chain-readings", "chain-rule", "chain-detection", "chain-steps"} {
		if got := centre.eval(fmt.Sprintf(`document.querySelector('[data-test="%s"]').innerText`, part)); len(got) < 20 {
			t.Errorf("%s says only %q", part, got)
		}
	}
	if rule := centre.eval(`document.querySelector('[data-test="chain-rule"]').innerText`); !strings.Contains(rule, "level_cm") {
		t.Errorf("the rule is not shown: %q", rule)
	}
	do(centre, chromedp.SendKeys(chromedp.CSS(`[data-test="note"]`), "核实 confirmed"))
	centre.click(`[data-test="cmd-file"]`)
	centre.waitState("filed")
	centre.click(`[data-test="cmd-dispatch"]`)
	centre.waitState("dispatched")
	centre.picture("dispatched")

	street := open(t, 390, 844)
	street.enter("visitor-field")
	task := fmt.Sprintf(`[data-test="task"][data-id="%s"]`, id)
	street.until(fmt.Sprintf(`document.querySelector('%s [data-test="task-start"]') !== null`, task))
	street.click(task + ` [data-test="task-start"]`)
	street.until(fmt.Sprintf(`document.querySelector('%s [data-test="task-finish"]') !== null`, task))
	street.picture("field")
	street.click(task + ` [data-test="task-finish"]`)

	centre.waitState("handled") // by itself: the page follows the stream
	centre.click(`[data-test="cmd-verify"]`)
	centre.waitState("verified")
	centre.click(`[data-test="cmd-close"]`)
	centre.waitState("closed")
	centre.picture("closed")
	if steps := centre.eval(`document.querySelector('[data-test="chain-steps"]').innerText`); !strings.Contains(steps, "核实 confirmed") {
		t.Errorf("the note is not among the steps: %q", steps)
	}
}

func (p *tab) waitState(state string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.querySelector('[data-test="state"]')?.dataset.state === %q`, state))
}

// The wall shows at least forty signs of at least fifteen classes; the list behind a sign counts the same as its tile, whether it is made of events or of
// cases.
func TestASignOpensTheCasesBehindItAndTheCountsAgree(t *testing.T) {
	t.Parallel()
	p := open(t, 1920, 1080)
	p.enter("visitor-duty")
	p.goTo("/wall")
	p.until(`document.querySelectorAll('[data-test="sign"]').length >= 12`)
	var signs, classes int
	if _, err := fmt.Sscan(p.eval(`(async () => { const b = await (await fetch("/api/v1/signs")).json(); return b.signs.length + " " + b.classes.length; })()`), &signs, &classes); err != nil || signs < 40 || classes < 15 {
		t.Errorf("there are %d signs in %d classes, %v", signs, classes, err)
	}
	p.until(`document.querySelector('[data-test="link"]')?.dataset.state === "live"`)
	p.until(`document.querySelector('[data-indicator="emergency-calls"]')?.dataset.cases > 0`)
	p.until(`document.querySelectorAll('.stream li').length > 0`)
	p.picture("wall")
	p.agree("cases-opened-today", "")
	p.goTo("/wall")
	p.until(`document.querySelector('[data-indicator="emergency-calls"]')`)
	p.agree("emergency-calls", "open=true&")
}

// agree compares a tile with the list behind it. Cases come and go between the two looks, so both are taken again until they were the same
// around one moment: the tile before and after the list.
func (p *tab) agree(sign, open string) {
	p.t.Helper()
	for range 20 {
		both := p.eval(fmt.Sprintf(`(async () => {
			const tile = async () => (await (await fetch("/api/v1/signs")).json()).signs.find((s) => s.indicator === %[1]q).cases;
			const before = await tile();
			const list = (await (await fetch("/api/v1/cases?%[2]sindicator=%[1]s")).json()).total;
			await new Promise((done) => setTimeout(done, 1100)); // figures of cases are counted once a second
			const after = await tile();
			return [before, list, after].join(" ");
		})()`, sign, open))
		if n := strings.Fields(both); n[0] == n[2] {
			if n[0] != n[1] {
				p.t.Fatalf("the tile of %s says %s, the list %s", sign, n[0], n[1])
			}
			break
		}
	}
	p.click(fmt.Sprintf(`[data-indicator=%q]`, sign))
	p.until(`document.querySelector('[data-test="total"]') !== null`)
	total, err := strconv.Atoi(p.eval(`document.querySelector('[data-test="total"]').dataset.total`))
	if err != nil || !strings.Contains(p.eval(`location.search`), "indicator="+sign) {
		p.t.Errorf("total %d, address %s, %v", total, p.eval(`location.search`), err)
	}
	p.picture("behind-" + sign)
}

// The language is switched without losing the page or what was typed.
func TestSwitchingTheLanguageKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	p := open(t, 1280, 800)
	p.enter("visitor-duty")
	p.goTo("/console/cases/" + p.claim("road-ponding", ponding))
	p.until(`document.querySelector('[data-test="note"]') !== null`)
	do(p, chromedp.SendKeys(chromedp.CSS(`[data-test="note"]`), "half a sentence"))
	before := p.eval(`location.href + document.querySelector("[data-test=chain-steps] h2").innerText`)
	p.click(`[data-test="language"]`)
	p.until(`document.documentElement.lang === "en" && document.querySelector('[data-test="chain-steps"] h2').innerText === "Steps"`)
	after := p.eval(`location.href + document.querySelector("[data-test=chain-steps] h2").innerText`)
	if before == after {
		t.Errorf("nothing changed: %q", after)
	}
	if typed := p.eval(`document.querySelector('[data-test="note"]').value`); typed != "half a sentence" {
		t.Errorf("typed text became %q", typed)
	}
	p.picture("english")
}

// axe-core finds nothing on any page, in both languages.
func TestNothingKeepsPeopleOut(t *testing.T) {
	t.Parallel()
	p := open(t, 1280, 800)
	p.enter("visitor-duty")
	p.goTo("/console?open=true")
	p.until(`document.querySelector('[data-test="case-row"]') !== null`)
	one := p.eval(`document.querySelector('[data-test="case-row"]').dataset.id`)
	pages := []string{"/", "/signin", "/signin?error=key", "/wall", "/console?open=true", "/console/state", "/console/call", "/console/duty", "/console/incidents", "/console/messages", "/console/cases/" + one, "/no-such-page"}
	for _, language := range []string{"zh-CN", "en"} {
		p.eval(fmt.Sprintf(`fetch("/language", {method: "POST", headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: "lang=%s"}).then(() => "")`, language))
		for _, path := range pages {
			p.check(path, language)
		}
	}
	field := open(t, 390, 844)
	field.enter("visitor-field")
	field.check("/field", "zh-CN")
}

func (p *tab) check(path, language string) {
	p.t.Helper()
	p.goTo(path)
	p.until(`document.querySelector("h1") !== null`)
	p.axe(path + " in " + language)
}

// axe lets axe-core look at the page as it is now.
func (p *tab) axe(what string) {
	p.t.Helper()
	do(p, chromedp.Evaluate[*int](browser.Axe+"; null"))
	found := p.eval(`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then((r) =>
		r.violations.map((v) => v.id + ": " + v.help + " " + v.nodes.map((n) => n.target.join(" ") + " " + (n.failureSummary ?? "")).join("; ")).join("\n"))`)
	if found != "" {
		p.t.Errorf("%s:\n%s", what, found)
	}
}

// No page asks anything of another server, and none scrolls sideways on a phone.
func TestPagesStayAtHomeAndFitAPhone(t *testing.T) {
	t.Parallel()
	p := open(t, 320, 640)
	p.enter("visitor-duty")
	for _, path := range []string{"/", "/signin", "/wall", "/console?open=true", "/console/state", "/no-such-page"} {
		p.goTo(path)
		p.until(`document.querySelector("h1") !== null`)
		if wide := p.eval(`String(document.documentElement.scrollWidth)`); wide != "320" {
			t.Errorf("%s is %s pixels wide on a screen of 320", path, wide)
			p.picture("wide")
		}
		foreign := p.eval(`performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith(location.origin)).join(" ")`)
		if foreign != "" {
			t.Errorf("%s asked for %s", path, foreign)
		}
	}
}
