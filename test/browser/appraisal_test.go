package browser_test

import (
	"strconv"
	"strings"
	"testing"
)

// A figure is opened: as many acts as it says lie behind it, its sheets hold the same, and an act leads to its case.
func TestAFigureOpensWhatItCounts(t *testing.T) {
	t.Parallel()
	p := open(t, 1280, 900)
	p.enter("visitor-duty")
	p.goTo("/console/appraisal?by=scenario")
	const first = `tbody td[data-figure="detected"] button`
	p.until(`document.querySelector('` + first + `') !== null`)
	p.click(first)
	p.until(`document.querySelector('[data-test="acts"] tbody tr') !== null`)
	p.until(`(document.querySelector('[data-test="more"]')?.click(), document.querySelector('[data-test="more"]') === null)`)
	heading := p.eval(`document.querySelector('[data-test="behind"] h2').innerText`)
	said, err := strconv.Atoi(strings.ReplaceAll(heading[strings.LastIndex(heading, " ")+1:], ",", ""))
	// the figure may have grown since it was asked for: what it counts goes with what is true now
	listed, errListed := strconv.Atoi(p.eval(`String(document.querySelectorAll('[data-test="acts"] tbody tr').length)`))
	if err != nil || errListed != nil || said == 0 || listed < said || listed > said+20 {
		t.Errorf("%q opened %d acts (%v, %v)", heading, listed, err, errListed)
	}
	lines := p.eval(`fetch(document.querySelector('[data-test="behind"] [data-test="take-csv"]').href).then((r) => r.arrayBuffer()).then((b) => { const u = new Uint8Array(b);
		return [u[0], u[1], u[2]].join() + " " + (new TextDecoder().decode(b).trim().split("\r\n").length - 1); })`)
	mark, n, _ := strings.Cut(lines, " ")
	if got, err := strconv.Atoi(n); err != nil || mark != "239,187,191" || got < listed {
		t.Errorf("the CSV begins with %s and has %s lines, the page %d (%v)", mark, n, listed, err)
	}
	if kind := p.eval(`fetch(document.querySelector('.filters [data-test="take-xlsx"]').href).then((r) => r.blob()).then((b) => b.slice(0, 2).text())`); kind != "PK" {
		t.Errorf("the XLSX begins with %q", kind)
	}
	p.picture("appraisal")
	p.click(`[data-test="acts"] tbody td[data-col="number"] a`)
	p.until(`document.querySelector('[data-test="chain-steps"]') !== null`)
}

// Rows are sorted by any figure; a period without work says so and offers a longer one; a field worker sees nobody else's figures.
func TestFiguresOfAPeriod(t *testing.T) {
	t.Parallel()
	p := open(t, 1280, 900)
	p.enter("visitor-duty")
	p.goTo("/console/appraisal?by=area&from=2020-01-01&to=2020-01-31")
	p.until(`document.querySelector('[data-test="none"]') !== null`)
	p.click(`[data-test="none"] button`)
	p.until(`document.querySelectorAll('[data-test="figures"] tbody tr').length > 1`)
	p.click(`[data-test="sort-2"]`)
	opened := `[...document.querySelectorAll('[data-test="figures"] tbody td[data-figure="opened"] .figure')].map((f) => Number(f.innerText.replaceAll(",", "")))`
	p.until(opened + `.every((v, i, all) => i === 0 || v <= all[i - 1])`)
	p.click(`[data-test="sort-2"]`)
	p.until(opened + `.every((v, i, all) => i === 0 || v >= all[i - 1])`)

	worker := open(t, 1280, 900)
	worker.enter("visitor-field")
	for by, want := range map[string]string{"worker": "200", "unit": "200", "area": "403", "operator": "403"} {
		got := worker.eval(`fetch("/api/v1/appraisal?from=2026-01-01&to=2026-12-31&by=` + by + `").then((r) => r.json().then((b) => r.status + " " + (b.rows ?? []).map((x) => x.key).join()))`)
		status, keys, _ := strings.Cut(got, " ")
		if status != want || strings.Contains(keys, ",") {
			t.Errorf("a field worker asks by %s and is answered %s", by, got)
		}
	}
}

// axe finds nothing on any table of figures, with a list open; a phone shows it without scrolling the page sideways.
func TestAppraisalKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	p := open(t, 1280, 900)
	p.enter("visitor-admin")
	for _, by := range []string{"unit", "area", "worker", "operator", "class", "scenario"} {
		p.goTo("/console/appraisal?by=" + by)
		p.until(`document.querySelector('[data-test="figures"], [data-test="none"]') !== null`)
		p.axe("figures by " + by)
	}
	p.until(`document.querySelector('tbody button') !== null`)
	p.click("tbody button")
	p.until(`document.querySelector('[data-test="acts"]') !== null`)
	p.axe("what a figure counts")
	narrow := open(t, 320, 640)
	narrow.enter("visitor-admin")
	narrow.goTo("/console/appraisal?by=scenario")
	narrow.until(`document.querySelector('[data-test="figures"]') !== null`)
	if wide := narrow.eval(`String(document.documentElement.scrollWidth)`); wide != "320" {
		t.Errorf("%s pixels wide on a screen of 320", wide)
		narrow.picture("appraisal-wide")
	}
}
