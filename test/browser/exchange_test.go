package browser_test

import (
	"testing"
)

// An order of the simulated hotline comes, has a case, and the page and the case say the same of it; axe finds nothing, and a phone shows it.
func TestOrdersOfOtherSystems(t *testing.T) {
	t.Parallel()
	p := open(t, 1280, 900)
	p.enter("visitor-duty")
	p.goTo("/console/exchange")
	p.until(`document.querySelectorAll('[data-test="peers"] li').length === 2`)
	p.until(`document.querySelector('[data-peer="hotline-12345"]')?.dataset.health === "good"`)
	p.click(`[data-test="peer-hotline-12345"]`)
	p.until(`document.querySelector('[data-test="orders"] tbody tr td a') !== null`)
	p.axe("the exchange")
	p.picture("exchange")
	number := p.eval(`[...document.querySelectorAll('[data-test="orders"] tbody tr')].find((r) => r.querySelector("td a")).dataset.number`)
	p.click(`[data-number="` + number + `"] td a`)
	p.until(`document.querySelector('[data-test="peer-orders"]')?.innerText.includes("` + number + `")`)

	narrow := open(t, 320, 640)
	narrow.enter("visitor-duty")
	narrow.goTo("/console/exchange")
	narrow.until(`document.querySelector('[data-test="peers"]') !== null`)
	if wide := narrow.eval(`String(document.documentElement.scrollWidth)`); wide != "320" {
		t.Errorf("%s pixels wide on a screen of 320", wide)
	}
	street := open(t, 1280, 900)
	street.enter("visitor-field")
	if got := street.eval(`fetch("/api/v1/exchange").then((r) => String(r.status))`); got != "403" {
		t.Errorf("a field worker who asks for the exchange is answered %s", got)
	}
}
