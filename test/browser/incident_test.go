package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A commander's ten minutes: an incident is opened, a task given and done on site, cases gathered, a situation report written, the administrator and the
// commander command at once, and the incident is stood down and closed with its open task named.
func TestACommandersTenMinutes(t *testing.T) {
	t.Parallel()
	chief := open(t, 1280, 900)
	chief.enter("visitor-duty")
	chief.goTo("/console/incidents")
	chief.until(`document.querySelector('[data-test="empty"]') !== null`)
	chief.axe("incidents, when there is none")
	chief.picture("empty")
	chief.write(`[data-test="open-form"] [name="title"]`, "秀沿路供水主管爆裂")
	chief.write(`[data-test="open-form"] [name="place"]`, "秀沿路 88 号")
	chief.click(`[data-test="open"]`)
	chief.until(`document.querySelector('[data-test="stage"]')?.dataset.state === "running"`)
	page := chief.eval(`location.pathname`)

	chief.order("关闭 12 号阀门", "unit:water-bureau")
	chief.card(1, "given")
	street := open(t, 390, 844)
	street.enter("visitor-field")
	street.until(`document.querySelector('[data-test="own-acknowledge"]') !== null`)
	street.axe("/field with a task")
	street.click(`[data-test="own-acknowledge"]`)
	chief.card(1, "acknowledged") // by itself: the page follows the stream

	chief.gather()
	chief.report("DN600 主管爆裂，秀沿路断流", "已派水务局关阀")
	street.click(`[data-test="own-done"] summary`)
	street.write(`[data-test="own-done"] textarea`, "00:20 已关闭")
	street.picture("field-task")
	street.click(`[data-test="own-done"] button`)
	chief.card(1, "done")
	chief.click(`[data-test="task-card"][data-n="1"] [data-test="task-check"]`)
	chief.card(1, "checked")
	for _, language := range []string{"zh-CN", "en"} {
		chief.axe(page + " in " + language)
		chief.picture("running-" + language)
		chief.click(`[data-test="language"]`)
	}
	atOnce(t, chief, page)
	passesOn(t, chief)
	chief.ends()
}

// write types into an empty field.
func (p *tab) write(selector, text string) {
	p.t.Helper()
	do(p, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// order gives a task to somebody; what else is asked is as the form has it.
func (p *tab) order(what, to string) {
	p.t.Helper()
	p.begin(what, to)
	p.click(`[data-test="give"]`)
}

// begin fills in the form that gives a task.
func (p *tab) begin(what, to string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.querySelector('[data-test="give-form"] option[value="%s"]') !== null`, to))
	p.write(`[data-test="give-form"] [name="what"]`, what)
	p.eval(fmt.Sprintf(`(document.querySelector('[data-test="give-form"] [name="to"]').value = %q)`, to))
}

func (p *tab) card(n int, state string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.querySelector('[data-test="task-card"][data-n="%d"]')?.dataset.state === %q`, n, state))
}

// gather takes the cases that fit, and looks at one of them.
func (p *tab) gather() {
	p.t.Helper()
	p.click(`[data-test="propose"]`)
	p.until(`document.querySelector('[data-test="fit"]') !== null`)
	p.eval(`(() => { const s = document.querySelector('[data-test="before"]'); s.value = "72h"; s.dispatchEvent(new Event("change", { bubbles: true })); return ""; })()`)
	p.click(`[data-test="propose"]`)
	p.until(`document.querySelector('[data-test="gather-all"]') !== null`)
	p.click(`[data-test="gather-all"]`)
	p.until(`document.querySelector('[data-test="gathered"] li') !== null`)
	one := p.eval(`document.querySelector('[data-test="gathered"] li').dataset.id`)
	said := p.eval(`fetch("/api/v1/incidents?case=` + one + `").then((r) => r.json()).then((l) => l.items[0].title)`)
	if said != "秀沿路供水主管爆裂" {
		p.t.Errorf("the incident of a gathered case: %q", said)
	}
	here := p.eval(`location.pathname`)
	p.click(`[data-test="gathered"] li a`)
	p.until(`document.querySelector('[data-test="incident"]') !== null`)
	p.click(`[data-test="incident"]`)
	p.until(fmt.Sprintf(`location.pathname === %q && document.querySelector('[data-test="write"]') !== null`, here))
}

// report writes a situation report, then finds the next one begun with it; printing prints one sheet.
func (p *tab) report(known, done string) {
	p.t.Helper()
	p.write(`[data-test="report-form"] [name="known"]`, known)
	p.write(`[data-test="report-form"] [name="done"]`, done)
	p.click(`[data-test="send-report"]`)
	p.until(`document.querySelector('[data-test="report"][data-n="1"]') !== null && document.querySelector('[data-test="report-due"]') !== null`)
	p.until(fmt.Sprintf(`document.querySelector('[data-test="report-form"] [name="known"]').value === %q`, known))
	p.eval(`(window.print = () => { window.sheets = document.querySelectorAll(".sheet.printed").length; }, "")`)
	p.click(`[data-test="report"][data-n="1"] [data-test="print"]`)
	p.until(`window.sheets === 1`)
}

// atOnce has two persons command at once: the second hears what the first did before it is done.
func atOnce(t *testing.T, chief *tab, page string) {
	t.Helper()
	admin := open(t, 1280, 900)
	admin.enter("visitor-admin")
	admin.goTo(page)
	admin.begin("通知沿线居民停水", "unit:water-bureau")
	chief.order("调两台抽水车", "unit:water-bureau")
	admin.card(2, "given")
	admin.click(`[data-test="give"]`)
	admin.until(`document.querySelector('[data-test="conflict"]') !== null`)
	if said := admin.eval(`document.querySelector('[data-test="conflict"]').innerText`); !strings.Contains(said, "值班长") || !strings.Contains(said, "调两台抽水车") {
		t.Errorf("who changed what: %q", said)
	}
	admin.axe("a conflict")
	admin.picture("conflict")
	admin.click(`[data-test="anyway"]`)
	chief.card(3, "given")
}

// passesOn: who is asked to take command finds the notice in the frame of any page, goes from there to the incident, and declines.
func passesOn(t *testing.T, chief *tab) {
	t.Helper()
	admin := open(t, 390, 844)
	admin.enter("visitor-admin")
	admin.goTo("/console/duty")
	admin.until(`document.querySelector('[data-test="inbox"]') !== null`)
	before := admin.eval(`document.querySelector('[data-test="inbox"]').dataset.n`)
	chief.click(`[data-test="offer"] summary`)
	chief.until(`document.querySelector('[data-test="offer-form"] option') !== null`)
	chief.eval(`(() => { const s = document.querySelector('[data-test="offer-form"] [name="to"]'); return (s.value = [...s.options].find((o) => o.textContent.includes("系统管理员")).value); })()`)
	chief.click(`[data-test="offer-form"] button`)
	chief.until(`document.querySelector('[data-test="offered"]') !== null`)
	admin.until(`document.querySelector('[data-test="inbox"]').dataset.n > ` + before)
	admin.click(`[data-test="inbox"]`)
	admin.until(`document.querySelector('[data-test="notice"]')?.innerText.includes("请您接任指挥")`)
	admin.axe("the inbox")
	admin.picture("inbox")
	admin.click(`[data-test="notice"] a`)
	admin.until(`document.querySelector('[data-test="decline"]') !== null && document.querySelector('[data-test="inbox"]').dataset.n === "` + before + `"`)
	admin.click(`[data-test="decline"]`)
	chief.until(`document.querySelector('[data-test="offered"]') === null`)
}

// ends stands the incident down and closes it. An open task that is not named keeps it from that.
func (p *tab) ends() {
	p.t.Helper()
	p.click(`[data-test="stand-down"] summary`)
	p.write(`[data-test="stand-down-form"] textarea`, "已恢复供水")
	p.click(`[data-test="stand-down-form"] button`)
	p.until(`document.querySelector('[data-test="said"]').innerText.includes("任务 2（调两台抽水车）尚未办结")`) // the refusal, in the page's language
	name := func(form string) {
		p.eval(fmt.Sprintf(`(document.querySelectorAll('[data-test="%s"] [name="open"]').forEach((b) => b.click()), "")`, form))
		p.click(fmt.Sprintf(`[data-test="%s"] button`, form))
	}
	name("stand-down-form")
	p.until(`document.querySelector('[data-test="stage"]').dataset.state === "stood-down"`)
	p.click(`[data-test="close"] summary`)
	p.write(`[data-test="close-form"] textarea`, "阀门台账要更新")
	name("close-form")
	p.until(`document.querySelector('[data-test="stage"]').dataset.state === "closed"`)
	if left := p.eval(`document.querySelector('[data-test="left"]').innerText`); !strings.Contains(left, "2") || !strings.Contains(left, "3") {
		p.t.Errorf("left open: %q", left)
	}
	if first := p.eval(`document.querySelector('[data-test="log"] li:last-child').dataset.kind`); first != "opened" {
		p.t.Errorf("the log begins with %q", first)
	}
	p.axe("a closed incident")
	p.picture("closed")
	do(p, chromedp.EmulateViewport(320, 640))
	p.picture("narrow")
	for _, path := range []string{"/console/incidents", p.eval(`location.pathname`)} {
		p.goTo(path)
		p.until(`document.querySelector(".order, .board") !== null || document.querySelector('[data-test="empty"]') !== null`)
		if wide := p.eval(`String(document.documentElement.scrollWidth)`); wide != "320" {
			p.t.Errorf("%s is %s pixels wide on a screen of 320", path, wide)
			p.picture("wide")
		}
	}
}
