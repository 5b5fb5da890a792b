package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Two people call about one matter: the first call becomes a case, the second joins it with one key, and the first caller is recognised when calling again.
func TestACallTakersTwoCalls(t *testing.T) {
	t.Parallel()
	centre := open(t, 1280, 900)
	centre.enter("visitor-duty")
	centre.click(`nav a[href="/console/call"]`)
	centre.until(`document.querySelector('[data-test="area"] option:nth-child(3)') !== null`)
	centre.typeInto("phone", "13800001111")
	centre.typeInto("name", "王女士")
	centre.typeInto("text", "世纪大道路口积水了，车子过不去")
	centre.until(`document.querySelector('[data-test="fitting"] [data-class="ponding"]') !== null`)
	centre.click(`[data-test="fitting"] [data-class="ponding"]`)
	centre.pickArea()
	centre.typeInto("address", "世纪大道 88 号")
	centre.picture("first")
	do(centre, chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(kb.ModifierCtrl)))
	centre.until(`document.querySelector('[data-test="taken"] a') !== null`)
	number := centre.eval(`document.querySelector('[data-test="taken"] a').innerText`)

	centre.typeInto("phone", "13900002222")
	centre.typeInto("text", "八十八号门口都是水")
	centre.pickArea()
	centre.typeInto("address", "世纪大道８８号")
	centre.until(`document.querySelector('[data-test="near"] [data-same="true"]') !== null`)
	centre.picture("repeat")
	do(centre, chromedp.KeyEvent("1", chromedp.KeyModifiers(kb.ModifierAlt)))
	centre.until(`document.querySelector('[data-test="taken"][data-joined="true"]') !== null`)
	if again := centre.eval(`document.querySelector('[data-test="taken"] a').innerText`); again != number {
		t.Errorf("the second call joined %q, the first became %q", again, number)
	}

	centre.typeInto("phone", "13800001111")
	centre.typeInto("text", "怎么还没处理")
	centre.until(`document.querySelector('[data-test="earlier"] li') !== null`)
	if name := centre.eval(`document.querySelector('[data-test="name"]').value`); name != "王女士" {
		t.Errorf("the caller is remembered as %q", name)
	}
	if said := centre.eval(`document.querySelector('[data-test="earlier"]').innerText`); !strings.Contains(said, "车子过不去") {
		t.Errorf("the caller's earlier reports: %q", said)
	}
	centre.picture("again")
}

func (p *tab) typeInto(name, text string) {
	p.t.Helper()
	do(p, chromedp.SendKeys(chromedp.CSS(`[data-test="`+name+`"]`), text))
}

// pickArea picks the first area of the city.
func (p *tab) pickArea() {
	p.t.Helper()
	p.eval(`(() => { const s = document.querySelector('[data-test="area"]'); s.value = s.options[1].value; s.dispatchEvent(new Event("change", { bubbles: true })); return s.value })()`)
}
