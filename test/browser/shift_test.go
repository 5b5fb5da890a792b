package browser_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// caller is one call of the shift: who calls, what about, and what it is to the centre.
type caller struct {
	is                   callKind
	phone, name, text    string
	class, address, area string // search: the first letters of an address told before
	answer               string // of a question
}

type callKind string

const (
	fresh    callKind = "a new matter"
	again    callKind = "a new matter, known caller"
	search   callKind = "a new matter, place by search"
	repeat   callKind = "a repeat, another caller"
	own      callKind = "a repeat, the same caller"
	question callKind = "a question, answered"
	wrong    callKind = "a wrong number, cleared"
	mistaken callKind = "taken by mistake, voided"
)

// mostSteps is how many steps a call may need. Each key that is no text, each field typed into and each click is one; Tab counts too, so a form of five fields
// has nine before it is sent.
var mostSteps = map[callKind]int{
	fresh:    11, // phone, name, text, address and area with the Tabs between them; Enter for the class that the text suggests; Ctrl+Enter
	again:    10, // without the name
	search:   10, // Enter takes the address that is known, and with it the area
	repeat:   10, // as before, a Tab past the class instead of choosing it, and Alt+1 joins
	own:      5,  // phone and text with the Tabs past the name; Alt+Shift+1 joins
	question: 7,  // the same, Alt+Q, the answer, Ctrl+Enter
	wrong:    3,  // phone, Tab, Alt+X
	mistaken: 17, // a new matter, then: to its link, open, n, the reason, Ctrl+Enter, back
}

// calls are twenty calls in a row, as an ordinary morning with rain has them.
var calls = []caller{
	{is: fresh, phone: "13800000001", name: "王女士", text: "小区门口路面积水很深，车子开不过去", class: "ponding", address: "世纪大道 88 号", area: "陆家嘴街道"},
	{is: fresh, phone: "13800000002", name: "李先生", text: "花木路的垃圾箱满溢了", class: "waste-bin", address: "花木路 12 号", area: "花木街道"},
	{is: repeat, phone: "13800000003", name: "陈女士", text: "八十八号门口都是水", address: "世纪大道"},
	{is: question, phone: "13800000004", text: "街道办事处星期六上班吗", answer: "周一至周五 9:00 到 17:00，周六不上班"},
	{is: fresh, phone: "13800000005", name: "赵先生", text: "路口的井盖没有了，很危险", class: "manhole-cover", address: "张杨路 500 号", area: "潍坊新村街道"},
	{is: own, phone: "13800000001", name: "王女士", text: "积水怎么还没处理"},
	{is: again, phone: "13800000002", name: "李先生", text: "小区门口路灯不亮", class: "street-lamp", address: "梅花路 3 号", area: "花木街道"},
	{is: wrong, phone: "13800000006"},
	{is: search, phone: "13800000007", name: "孙女士", text: "有棵行道树歪了", class: "street-tree", address: "张杨"},
	{is: fresh, phone: "13800000008", name: "周先生", text: "工地施工噪声太大", class: "construction-noise", address: "秀沿路 1 号", area: "康桥镇"},
	{is: repeat, phone: "13800000009", name: "吴女士", text: "这里半夜还在打桩", address: "秀沿"},
	{is: mistaken, phone: "13800000010", name: "郑先生", text: "电话拨错了，说是消火栓", class: "hydrant", address: "浦东南路 9 号", area: "塘桥街道"},
	{is: fresh, phone: "13800000011", name: "冯女士", text: "店外经营，人行道走不过去", class: "shop-outside", address: "昌里路 77 号", area: "周家渡街道"},
	{is: again, phone: "13800000005", name: "赵先生", text: "停车的地方有私设车位地锁", class: "parking-lock", address: "商城路 6 号", area: "潍坊新村街道"},
	{is: question, phone: "13800000012", text: "养老补贴在哪里申请", answer: "到居住地社区事务受理服务中心，带身份证"},
	{is: own, phone: "13800000008", name: "周先生", text: "施工还没有停"},
	{is: fresh, phone: "13800000013", name: "褚先生", text: "河边的防汛墙有裂缝", class: "flood-wall", address: "滨江大道 20 号", area: "陆家嘴街道"},
	{is: search, phone: "13800000014", name: "卫女士", text: "路名牌倒了", class: "street-name-sign", address: "商城"},
	{is: repeat, phone: "13800000015", name: "蒋先生", text: "我也看到井盖不见了", address: "张杨"},
	{is: again, phone: "13800000011", name: "冯女士", text: "流动设摊挡住路口", class: "street-vending", address: "长清路 30 号", area: "周家渡街道"},
}

// A shift, by keyboard: twenty calls, filing, dispatch with routing's proposal and once by hand, two cases settled on site and verified, the shift handed over
// and accepted. Nothing that is known is typed again, and no case needs more than its steps. The table of both is printed.
func TestAShift(t *testing.T) {
	t.Parallel()
	c := startCentre(t, staff{"operator-1", "operator", ""}, staff{"dispatcher-1", "dispatcher", ""}, staff{"dispatcher-2", "dispatcher", ""},
		staff{"verifier-1", "verifier", ""}, staff{"water-1", "fieldworker", "water-bureau"})
	operator := &hands{tab: c.signIn(t, "operator-1", 1280, 900)}
	takeCalls(t, c, operator)
	table(t, "taking calls", operator.done)
	operator.done = nil
	if n := operator.work("accepted", "f", "filed"); n != 11 {
		t.Errorf("%d cases were filed", n)
	}
	dispatcher := &hands{tab: c.signIn(t, "dispatcher-1", 1280, 900)}
	dispatcher.byHand("井盖", "street-310115004000") // whose own people are nearer than the commission that routing proposes
	if n := dispatcher.work("filed", "d", "dispatched"); n != 10 {
		t.Errorf("%d cases were dispatched as routing proposes", n)
	}
	field := &hands{tab: c.signIn(t, "water-1", 390, 844)}
	field.settle(2)
	verifier := &hands{tab: c.signIn(t, "verifier-1", 1280, 900)}
	if n := verifier.work("handled", "v", "verified"); n != 2 {
		t.Errorf("%d cases were verified", n)
	}
	next := &hands{tab: c.signIn(t, "dispatcher-2", 1280, 900)}
	dispatcher.handOver(next)
	table(t, "the rest of the shift", slices.Concat(operator.done, dispatcher.done, field.done, verifier.done, next.done))
}

func takeCalls(t *testing.T, c *centre, h *hands) {
	t.Helper()
	h.until(`document.querySelector('[data-test="area"] option:nth-child(3)') !== null && document.activeElement?.id === "phone"`)
	names := map[string]string{} // by number: what the program knows
	for i, x := range calls {
		h.begin(fmt.Sprintf("%2d %s", i+1, x.is))
		h.fill("phone", x.phone)
		h.press(kb.Tab)
		h.until(`document.querySelector('[data-test="earlier"], #h-earlier + .empty') !== null`)
		if stale := h.eval(`document.querySelector('[data-test="near"]')?.innerText ?? ""`); stale != "" {
			t.Errorf("beside call %d, before a place was typed, stands what was near the one before: %s", i+1, stale)
		}
		h.take(x, names[x.phone])
		h.known("name", names[x.phone])
		if x.is != wrong {
			names[x.phone] = x.name
		}
		h.end(mostSteps[x.is])
	}
	h.picture("calls")
}

// take is one call after the number was typed; name is what the program knows of the caller.
func (h *hands) take(x caller, name string) {
	h.t.Helper()
	if name != "" {
		h.until(fmt.Sprintf(`document.querySelector('[data-test="name"]').value === %q`, name))
	} else if x.name != "" {
		h.fill("name", x.name)
	}
	if x.is == wrong {
		h.press("x", kb.ModifierAlt)
		h.until(`document.querySelector('[data-test="dropped"]') !== null`)
		return
	}
	h.press(kb.Tab)
	h.fill("text", x.text)
	switch x.is {
	case question:
		h.press("q", kb.ModifierAlt)
		h.fill("answer", x.answer)
		h.send()
	case own:
		h.until(`document.querySelector('[data-test="join-own"]') !== null`)
		h.press("1", kb.ModifierAlt, kb.ModifierShift)
		h.joined()
	case repeat:
		h.press(kb.Tab)
		h.isAt("class-search")
		h.press(kb.Tab) // the case that is joined knows its class
		h.where(x)
		h.until(`document.querySelector('[data-test="near"] li') !== null`)
		h.press("1", kb.ModifierAlt)
		h.joined()
	default:
		h.press(kb.Tab)
		h.press(kb.Enter) // the class that what was said suggests
		h.until(fmt.Sprintf(`document.querySelector('[data-test="class"]')?.dataset.class === %q`, x.class))
		h.where(x)
		h.send()
	}
	if x.is == mistaken {
		h.voidLast()
	}
}

// where says where it is: by the beginning of an address that is known, or as a new one.
func (h *hands) where(x caller) {
	h.t.Helper()
	h.fill("address", x.address)
	if x.area == "" {
		h.until(`document.querySelector('[data-test="known"] button') !== null`)
		h.press(kb.Enter)
		h.until(`document.querySelector('[data-test="area"]').value !== ""`)
		return
	}
	h.press(kb.Tab)
	h.fill("area", x.area)
	h.until(fmt.Sprintf(`document.querySelector('[data-test="area"]').selectedOptions[0].text === %q`, x.area))
}

func (h *hands) send() {
	h.t.Helper()
	h.press(kb.Enter, kb.ModifierCtrl)
	h.until(`document.querySelector('[data-test="taken"]') !== null && document.activeElement?.id === "phone"`)
}

func (h *hands) joined() {
	h.t.Helper()
	h.until(`document.querySelector('[data-test="taken"]')?.dataset.joined === "true" && document.activeElement?.id === "phone"`)
}

// voidLast opens the case that was just taken and closes it without filing, then comes back to the call-taker's screen.
func (h *hands) voidLast() {
	h.t.Helper()
	h.press(kb.Tab, kb.ModifierShift)
	h.press(kb.Enter)
	h.waitState("accepted")
	h.press("n")
	h.fill("reason", "拨错")
	h.confirm()
	h.waitState("voided")
	h.press(kb.Escape)
	h.until(`document.activeElement?.id === "phone"`)
}

// confirm gives the command whose form or note is open.
func (h *hands) confirm() {
	h.t.Helper()
	h.press(kb.Enter, kb.ModifierCtrl)
}

// work takes all cases of a queue, the most urgent first, each by a key of the list, Ctrl+Enter and Escape; it says how many there were.
func (h *hands) work(state, key, becomes string) (n int) {
	h.t.Helper()
	h.goTo("/console?state=" + state)
	h.until(`document.querySelector('[data-test="total"]') !== null`)
	for h.eval(`document.querySelector('[data-test="total"]').dataset.total`) != "0" {
		n++
		h.begin(fmt.Sprintf("%s → %s", state, becomes))
		id := h.eval(`document.querySelector('[data-test="case-row"]').dataset.id`)
		h.press(key)
		h.until(`location.pathname.startsWith("/console/cases/")`)
		h.isAt("note")
		h.confirm()
		h.waitState(becomes)
		h.press(kb.Escape)
		h.until(`document.querySelector('[data-test="total"]') !== null && document.querySelector('[data-id="` + id + `"]') === null`)
		h.end(3)
	}
	return n
}

// byHand sends a filed case to another unit than routing proposes: a click opens it, D asks for the unit.
func (h *hands) byHand(title, unit string) {
	h.t.Helper()
	h.goTo("/console?state=filed")
	row := `[...document.querySelectorAll('[data-test="case-row"]')].find((x) => x.innerText.includes("` + title + `"))`
	h.until(row)
	h.begin("filed → dispatched, by hand")
	h.tap(`[data-id="` + h.eval(row+`.dataset.id`) + `"] a`)
	h.waitState("filed")
	h.press("D")
	h.isAt("unit")
	h.until(`document.querySelector('select[name="unit"] option[value="` + unit + `"]') !== null`)
	h.fill("unit", h.eval(`document.querySelector('select[name="unit"] option[value="`+unit+`"]').text`))
	h.confirm()
	h.waitState("dispatched")
	h.press(kb.Escape)
	h.until(`document.querySelector('[data-test="total"]') !== null`)
	h.end(5)
}

// settle starts and finishes the first n tasks of a field worker.
func (h *hands) settle(n int) {
	h.t.Helper()
	for range n {
		h.until(`document.querySelector('[data-state="dispatched"] [data-test="task-start"]') !== null`)
		h.begin("dispatched → handled, on site")
		task := `[data-id="` + h.eval(`document.querySelector('[data-test="task"][data-state="dispatched"]').dataset.id`) + `"] `
		h.tap(task + `[data-test="task-start"]`)
		h.until(`document.querySelector('` + task + `[data-test="task-finish"]') !== null`)
		h.tap(task + `[data-test="note"]`)
		h.fill("note", "已处理")
		h.tap(task + `[data-test="task-finish"]`)
		h.until(`document.querySelector('[data-test="waiting"]') === null && document.querySelector('` + task + `[data-test="task-finish"]') === null`)
		h.end(4)
	}
}

// handOver leaves the shift to the next, who accepts it.
func (h *hands) handOver(next *hands) {
	h.t.Helper()
	h.goTo("/console/duty")
	h.until(`document.querySelector('[data-test="hand-over"]') !== null`)
	h.begin("the shift handed over")
	h.tap(`[data-test="hand-over"] textarea`)
	h.fill("points", "张杨路井盖已派，等回复")
	h.tap(`[data-test="hand-over"] button`)
	h.until(`document.querySelector('[data-test="handovers"] li') !== null`)
	h.end(3)
	next.click(`nav a[href="/console/duty"]`)
	next.until(`document.querySelector('[data-test="accept"]') !== null`)
	next.begin("the shift accepted")
	next.tap(`[data-test="accept"]`)
	next.until(`document.querySelector('[data-test="accept"]') === null && document.querySelector('[data-test="handovers"] li')?.innerText.includes("dispatcher-2")`)
	next.end(1)
	next.picture("accepted")
}
