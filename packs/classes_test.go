package packs_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/order"
	"twoweave/internal/reform/pack"
	"twoweave/packs"
)

// monday is the start of an ordinary week: no holiday is near.
var monday = time.Date(2026, 3, 9, 9, 0, 0, 0, time.FixedZone("Asia/Shanghai", 8*3600))

// majors are the major classes of GB/T 30428.2.
var majors = map[matter.Kind][]string{
	matter.Component: {"公用设施", "道路交通", "市容环境", "园林绿化", "其他部件"},
	matter.Event:     {"市容环境", "宣传广告", "施工管理", "街面秩序", "突发事件", "其他事件"},
}

func classes(t *testing.T) []matter.Class {
	t.Helper()
	fsys, err := packs.FS(packs.Demo)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return p.Classes
}

func TestEveryClassOfTheDemoIsWhole(t *testing.T) {
	t.Parallel()
	for _, c := range classes(t) {
		if !slices.Contains(majors[c.Kind], c.Major.ZH) {
			t.Errorf("%s: %s %q is no major class of the standard", c.ID, c.Kind, c.Major.ZH)
		}
		if !c.Filing.Complete() || !c.Closing.Complete() {
			t.Errorf("%s: when it is filed and when closed must be said in both languages", c.ID)
		}
		for _, level := range order.Levels() {
			for _, p := range c.At(level).All() {
				if p.Reminder <= 0 {
					t.Errorf("%s: nobody is reminded in the state %s", c.ID, level)
				}
			}
		}
	}
}

// A source tells which part of a row is ours, and then the row is marked; nothing else is.
func TestWhatIsAssumedSaysSo(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`\bours\b`)
	for _, c := range classes(t) {
		if ours := word.MatchString(c.Source); ours != c.Assumed {
			t.Errorf("%s: assumed is %v, and the source reads %q", c.ID, c.Assumed, c.Source)
		}
	}
}

// due is when all phases of the terms have passed, for a matter dispatched on an ordinary Monday.
func due(t matter.Terms) time.Time {
	at, calendar := monday, worktime.China()
	for _, p := range t.All() {
		clock, counted := p.Limit.On(calendar)
		at = calendar.Due(at, counted, clock)
	}
	return at
}

func TestATenserStateNeverGivesMoreTime(t *testing.T) {
	t.Parallel()
	for _, c := range classes(t) {
		calmer := due(c.At(order.Daily).Terms)
		for _, level := range order.Levels()[1:] {
			now := due(c.At(level).Terms)
			if now.After(calmer) {
				t.Errorf("%s: due %s in the state %s, %s in a calmer one", c.ID, now, level, calmer)
			}
			calmer = now
		}
	}
}

// What takes longer than a day is not settled on the spot.
func TestLightMattersAreShort(t *testing.T) {
	t.Parallel()
	for _, c := range classes(t) {
		if c.Light && due(c.Terms).After(monday.AddDate(0, 0, 1)) {
			t.Errorf("%s is light, and takes until %s", c.ID, due(c.Terms))
		}
	}
}

func TestTheDocumentCountsTheClasses(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("../docs/classes.md")
	if err != nil {
		t.Fatal(err)
	}
	of, assumed := map[string]int{}, map[string]int{}
	for _, c := range classes(t) {
		major := fmt.Sprintf("| %s | %s %s |", c.Kind, c.Major.ZH, c.Major.EN)
		of[major]++
		if c.Assumed {
			assumed[major]++
		}
	}
	for major, n := range of {
		if row := fmt.Sprintf("%s %d | %d |", major, n, assumed[major]); !strings.Contains(string(body), row) {
			t.Errorf("docs/classes.md does not say %s", row)
		}
	}
}
