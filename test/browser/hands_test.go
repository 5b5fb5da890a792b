package browser_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// hands are a person's at one screen: everything goes through the keyboard or the pointer, and is counted.
type hands struct {
	*tab
	now  effort
	done []effort
}

// effort is what one case took one person.
type effort struct {
	what                 string
	keys, fields, clicks int
	typed                map[string]string // what was typed, by field
	twice                []string          // what was typed although the program knew it
	began                time.Time
	took                 time.Duration // the browser's and the program's, not the talking
}

func (e effort) steps() int { return e.keys + e.fields + e.clicks }

// begin starts counting for the next case.
func (h *hands) begin(what string) {
	h.now = effort{what: what, began: time.Now()}
}

// end closes the count; a case that needs more than most steps, or anything twice, fails the test.
func (h *hands) end(most int) {
	h.t.Helper()
	h.now.took = time.Since(h.now.began)
	if n := h.now.steps(); n > most {
		h.t.Errorf("%s took %d steps, more than %d: %d keys, %d fields, %d clicks", h.now.what, n, most, h.now.keys, h.now.fields, h.now.clicks)
	}
	if len(h.now.twice) > 0 {
		h.t.Errorf("%s: typed although it was known: %v", h.now.what, h.now.twice)
	}
	h.done = append(h.done, h.now)
}

// press presses one key. It goes down "raw", as a keyboard sends it: when the page makes a command of it, no letter follows.
func (h *hands) press(key string, with ...kb.Modifier) {
	h.t.Helper()
	raw := func(p *input.DispatchKeyEventParams) {
		if p.Type == kb.KeyDown {
			p.Type = kb.KeyRawDown
		}
	}
	do(h.tab, chromedp.KeyEvent(key, chromedp.KeyModifiers(with...), raw))
	h.now.keys++
}

// tap clicks.
func (h *hands) tap(selector string) {
	h.t.Helper()
	h.click(selector)
	h.now.clicks++
}

// fill types a text where the cursor is, which must be the named field: nobody looks for it with the mouse.
func (h *hands) fill(field, text string) {
	h.t.Helper()
	h.isAt(field)
	do(h.tab, chromedp.KeyEvent(text))
	h.now.fields++
	if h.now.typed == nil {
		h.now.typed = map[string]string{}
	}
	h.now.typed[field] = text
}

// isAt waits until the cursor is in a field.
func (h *hands) isAt(field string) {
	h.t.Helper()
	h.until(fmt.Sprintf(`[document.activeElement?.dataset.test, document.activeElement?.name].includes(%q)`, field))
}

// known notes what would not have had to be typed.
func (h *hands) known(field, value string) {
	if typed, did := h.now.typed[field]; did && value != "" && (strings.Contains(typed, value) || strings.Contains(value, typed)) {
		h.now.twice = append(h.now.twice, field)
	}
}

// typeAt types into an element wherever it is.
func (p *tab) typeAt(selector, text string) {
	p.t.Helper()
	do(p, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// table prints what each case took.
func table(t *testing.T, title string, all []effort) {
	t.Helper()
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s\n%-44s %5s %4s %6s %6s %7s  %s\n", title, "case", "steps", "keys", "fields", "clicks", "seconds", "typed twice")
	var steps int
	var took []time.Duration
	for _, e := range all {
		twice := "-"
		if len(e.twice) > 0 {
			twice = strings.Join(e.twice, ", ")
		}
		fmt.Fprintf(b, "%-44s %5d %4d %6d %6d %7.1f  %s\n", e.what, e.steps(), e.keys, e.fields, e.clicks, e.took.Seconds(), twice)
		steps += e.steps()
		took = append(took, e.took)
	}
	slices.Sort(took)
	fmt.Fprintf(b, "%d in all, %.1f steps each, median %.1f s, longest %.1f s of browser and program (no talking, no thinking)",
		len(all), float64(steps)/float64(len(all)), took[len(took)/2].Seconds(), took[len(took)-1].Seconds())
	t.Log(b.String())
}
