package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// put sets a field of a form, as a choice or as typed text would.
func (p *tab) put(selector, value string) {
	p.t.Helper()
	p.eval(fmt.Sprintf(`(() => {
		const field = document.querySelector(%q);
		field.value = %q;
		field.dispatchEvent(new Event("input", {bubbles: true}));
		field.dispatchEvent(new Event("change", {bubbles: true}));
		return field.value;
	})()`, selector, value))
}

// An emergency takes two persons: the duty officer proposes it and cannot confirm it, the administrator does, the wall shows it, and the duty officer ends it.
func TestAnEmergencyTakesTwoPersons(t *testing.T) {
	t.Parallel()
	duty := open(t, 1280, 900)
	duty.enter("visitor-duty")
	duty.click(`nav a[href="/console/state"]`)
	duty.until(`document.querySelector('[data-test="state-form"] select[name="area"] option:nth-child(3)') !== null`)
	area := duty.eval(`document.querySelector('[data-test="state-form"] select[name="area"] option:nth-child(3)').value`)
	duty.put(`[data-test="state-form"] select[name="level"]`, "emergency-4")
	duty.until(`document.querySelector('[data-test="order-state"]').innerText === "提请"`)
	duty.put(`[data-test="state-form"] select[name="area"]`, area)
	do(duty, chromedp.SendKeys(chromedp.CSS(`[data-test="state-form"] input[name="why"]`), "台风 typhoon"))
	duty.click(`[data-test="order-state"]`)
	duty.until(`document.querySelector('.order[data-status="proposed"] [data-test="cannot-confirm"]') !== null`)
	if duty.eval(`String(document.querySelector('[data-test="confirm"]'))`) != "null" {
		t.Error("who proposed is offered to confirm")
	}
	id := duty.eval(`document.querySelector('.order[data-status="proposed"]').dataset.id`)
	if status := duty.eval(fmt.Sprintf(`fetch("/api/v1/orders/%s/confirm", {method: "POST", headers: {"Idempotency-Key": "own"}}).then((r) => String(r.status))`, id)); status != "403" {
		t.Errorf("the own confirmation is answered %s", status)
	}
	duty.picture("proposed")

	wall := open(t, 1920, 1080)
	wall.enter("visitor-wall")
	wall.goTo("/wall")
	wall.until(`document.querySelector('[data-test="city-level"]') !== null`)
	tense := fmt.Sprintf(`fetch("/api/v1/states").then((r) => r.json()).then((s) => s.areas.find((a) => a.area === %q).level)`, area)
	if level := wall.eval(tense); level != "daily" {
		t.Errorf("a proposal alone makes the area %s", level)
	}

	second := open(t, 1280, 900)
	second.enter("visitor-admin")
	second.goTo("/console/state")
	card := fmt.Sprintf(`.order[data-id="%s"]`, id)
	second.until(fmt.Sprintf(`document.querySelector('%s [data-test="confirm"]') !== null`, card))
	second.picture("second")
	second.click(card + ` [data-test="confirm"]`)
	second.until(fmt.Sprintf(`document.querySelector('%s')?.dataset.status === "ordered"`, card))
	second.until(fmt.Sprintf(`document.querySelector('[data-test="tense"] [data-area="%s"]')?.dataset.level === "emergency-4"`, area))
	second.picture("ordered")

	wall.until(`document.querySelector('[data-test="city-level"]').dataset.above > 0 && document.querySelector('[data-test="city-level"]').innerText.includes("应急Ⅳ级")`)
	wall.picture("wall")

	duty.until(fmt.Sprintf(`document.querySelector('%s')?.dataset.status === "ordered"`, card)) // by itself: the page follows the stream
	duty.click(card + ` [data-test="end"]`)
	do(duty, chromedp.SendKeys(chromedp.CSS(card+` input[name="why"]`), "台风已过 passed"))
	duty.click(card + ` [data-test="end-now"]`)
	duty.until(fmt.Sprintf(`document.querySelector('%s') === null`, card))
	wall.until(fmt.Sprintf(`window.await_level === "daily" || (%s.then((l) => { window.await_level = l; }), false)`, tense))
}

func TestASilenceIsGivenAndEnded(t *testing.T) {
	t.Parallel()
	p := open(t, 390, 844)
	p.enter("visitor-duty")
	p.goTo("/console/state")
	p.until(`document.querySelector('[data-test="silence-form"] select[name="scenarios"] option:nth-child(2)') !== null`)
	p.put(`[data-test="silence-form"] select[name="scenarios"]`, p.eval(`document.querySelector('[data-test="silence-form"] select[name="scenarios"] option:nth-child(2)').value`))
	do(p, chromedp.SendKeys(chromedp.CSS(`[data-test="silence-form"] input[name="subjects"]`), "nothing-1，nothing-2"))
	do(p, chromedp.SendKeys(chromedp.CSS(`[data-test="silence-form"] input[name="why"]`), "泵站检修 pump"))
	p.click(`[data-test="order-silence"]`)
	p.until(`document.querySelector('[data-test="silences"] .order')?.innerText.includes("nothing-2")`)
	p.picture("silence")
	p.click(`[data-test="language"]`)
	p.until(`document.querySelector('[data-test="silences"] .order')?.innerText.includes("Maintenance")`)
	p.click(`[data-test="silences"] .order [data-test="end"]`)
	do(p, chromedp.SendKeys(chromedp.CSS(`[data-test="silences"] .order input[name="why"]`), "done"))
	p.click(`[data-test="silences"] .order [data-test="end-now"]`)
	p.until(`document.querySelector('[data-test="silences"] .order') === null`)
	p.picture("ended")
}
