package browser_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// pair are two dispatchers, each in a browser of their own, who look at one filed case.
type pair struct {
	*centre
	her, him *hands
	id       string
}

// deaf keeps the live stream from the tab: nothing tells it of what others do.
func (p *tab) deaf() {
	p.t.Helper()
	do(p, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if err := t.Call(ctx, "Network.enable", map[string]any{}, nil); err != nil {
			return err
		}
		return t.Call(ctx, "Network.setBlockedURLs", map[string]any{"urls": []string{"*/api/v1/stream*"}}, nil)
	}))
}

// filed takes a report and files it; both then look at the case.
func (p *pair) filed(t *testing.T, mark string) {
	t.Helper()
	var taken struct{ Case stormCase }
	body := map[string]string{"channel": "phone", "text": "门前积水", "class": "ponding", "area": "310115005000", "address": mark + " 1 号"}
	if _, err := p.call(p.keys["operator-1"], http.MethodPost, "/api/v1/reports", mark, body, &taken); err != nil {
		t.Fatal(err)
	}
	p.id = taken.Case.ID
	p.give(t, "operator-1", map[string]any{"command": "file", "version": taken.Case.Version})
	for _, h := range []*hands{p.her, p.him} {
		h.goTo("/console/cases/" + p.id)
		h.waitState("filed")
	}
}

func (p *pair) give(t *testing.T, who string, body map[string]any) {
	t.Helper()
	if _, err := p.call(p.keys[who], http.MethodPost, "/api/v1/cases/"+p.id+"/commands", fmt.Sprint(p.id, body["command"]), body, nil); err != nil {
		t.Fatal(err)
	}
}

// dispatches lets her send the case out, with a note.
func (p *pair) dispatches() {
	p.her.t.Helper()
	p.her.press("d")
	p.her.fill("note", "先请水务去看")
	p.her.confirm()
	p.her.waitState("dispatched")
}

// hears waits until he reads who did what and why, and sees that what he typed is still there: in the form's field, or shown when there is nothing to do with it.
func (p *pair) hears(typed, where string) {
	p.him.t.Helper()
	p.him.until(`["派遣", "dispatcher-1", "先请水务去看"].every((x) => document.querySelector('[data-test="refusal"]')?.innerText.includes(x))`)
	p.him.waitState("dispatched")
	p.him.until(fmt.Sprintf(`[...document.querySelectorAll('[data-test="%s"]')].some((x) => (x.value ?? x.innerText) === %q)`, where, typed))
}

// steps are what was done, and by whom, as the server has it.
func (p *pair) steps(t *testing.T) string {
	t.Helper()
	var d struct {
		Facts []struct{ Kind, Actor, Note string }
	}
	if _, err := p.call(p.keys["dispatcher-1"], http.MethodGet, "/api/v1/cases/"+p.id, "", nil, &d); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range d.Facts {
		all = append(all, strings.TrimSpace(f.Kind+" "+f.Actor+" "+f.Note))
	}
	return strings.Join(all, "; ")
}

// Two people work on one case at once. Who was slower reads who changed what while still writing, or at the latest when sending; nothing that was typed is lost;
// what still makes sense is sent again on the case as it is now, by one key; what no longer does is not offered.
func TestTwoPeopleOnOneCase(t *testing.T) {
	t.Parallel()
	c := startCentre(t, staff{"operator-1", "operator", ""}, staff{"dispatcher-1", "dispatcher", ""}, staff{"dispatcher-3", "dispatcher", ""})
	p := &pair{centre: c, her: &hands{tab: c.signIn(t, "dispatcher-1", 1280, 900)}, him: &hands{tab: c.signIn(t, "dispatcher-3", 1280, 900)}}

	// While he writes, her step appears; his form stays as it is and goes through.
	p.filed(t, "同看路")
	p.him.opens("urge", "居民再次来电，请尽快")
	p.dispatches()
	p.hears("居民再次来电，请尽快", "reason")
	p.him.picture("told")
	p.him.axe("somebody else was faster")
	p.him.confirm()
	p.him.until(`document.querySelector('[data-test="chain-steps"]').innerText.includes("居民再次来电，请尽快")`)
	p.her.until(`document.querySelector('[data-test="chain-steps"]').innerText.includes("居民再次来电，请尽快")`) // and she sees his
	p.are(t, "dispatched dispatcher-1 先请水务去看; urged dispatcher-3 居民再次来电，请尽快")

	// He wants to send it elsewhere; she has sent it already. He reads it, his words are kept, and the same again is not offered.
	p.filed(t, "另派路")
	p.him.press("D")
	p.him.isAt("unit")
	p.him.press(kb.Tab)
	p.him.fill("reason", "街道更近")
	p.dispatches()
	p.hears("街道更近", "kept")
	if again := p.him.eval(`document.querySelector('[data-test="again"]')?.innerText ?? ""`); again != "" {
		t.Errorf("a second dispatch is offered: %s", again)
	}
	p.are(t, "dispatched dispatcher-1 先请水务去看")

	// Nothing tells him, so his command comes too late: the answer says what happened, and it is sent again on the new version.
	p.him.deaf()
	p.filed(t, "晚到路")
	p.him.opens("urge", "领导批示，今日办结")
	p.dispatches()
	p.him.confirm()
	p.hears("领导批示，今日办结", "reason")
	p.him.picture("late")
	p.are(t, "dispatched dispatcher-1 先请水务去看")
	p.him.tap(`[data-test="again"]`)
	p.him.until(`document.querySelector('[data-test="chain-steps"]').innerText.includes("领导批示，今日办结") && document.querySelector('[data-test="refusal"]') === null`)
	p.are(t, "dispatched dispatcher-1 先请水务去看; urged dispatcher-3 领导批示，今日办结")
}

// opens opens the form of a command and writes its reason.
func (h *hands) opens(command, reason string) {
	h.t.Helper()
	h.click(`[data-test="more"] summary`)
	h.click(`[data-test="more-` + command + `"]`)
	h.fill("reason", reason)
}

// are holds the steps after filing against what they should be.
func (p *pair) are(t *testing.T, want string) {
	t.Helper()
	if _, got, _ := strings.Cut(p.steps(t), "filed operator-1; "); got != want {
		t.Errorf("the steps are %q, want %q", got, want)
	}
}
