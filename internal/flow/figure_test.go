package flow_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/flow"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/series"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// ofCases is an indicator of each figure.
func ofCases() []*indicator.Compiled {
	var all []*indicator.Compiled
	for i, f := range indicator.Figures {
		def := indicator.Indicator{ID: indicator.ID(f), Title: lang.Text{ZH: "案", EN: "Cases"}, From: indicator.FromCases, Figure: f,
			Bands: indicator.Bands{Attention: 1, Alarm: 3}}
		all = append(all, &indicator.Compiled{Indicator: def, Rank: i, Behind: indicator.Filter{Figure: f}})
	}
	return all
}

// What a sign made of cases says is behind it is what the list with it as a filter counts, in the city and in each area.
func TestASignOfCasesAndItsListAgree(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		defs := ofCases()
		l.set.Indicators = defs
		l.Desk.Use(flow.CityOf(l.set))
		signs := flow.NewSigns(flow.SignsOptions{Cases: l.Desk, History: &history{}, Clock: l.clock, Log: slog.New(slog.DiscardHandler)})
		signs.Use(defs)
		for i := range 5 {
			d := started(fmt.Sprint("s-", i), 1)
			if i > 2 {
				d.Area = "a2"
			}
			l.must(t, l.commit(bus.Seq(10+i), d))
			l.clock.Advance(time.Hour)
		}
		b, err := signs.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range b.Signs {
			if n := l.cases(t, casedesk.Filter{Indicator: s.Indicator}).Total; n != s.Cases || s.From != indicator.FromCases {
				t.Errorf("%s: %d cases behind it, the list has %d", s.Indicator, s.Cases, n)
			}
			for _, a := range s.Areas {
				n := l.cases(t, casedesk.Filter{Indicator: s.Indicator, Area: a.Area}).Total
				if indicator.Figure(s.Indicator).Adds() && float64(n) != a.Value {
					t.Errorf("%s of %s is %v, the list has %d", s.Indicator, a.Area, a.Value, n)
				}
			}
		}
		at := func(f indicator.Figure) casedesk.Sign { return b.Signs[slices.Index(indicator.Figures, f)] }
		if s := at(indicator.Open); s.Value != 5 || s.Band != indicator.Alarm || len(s.Areas) != 2 || s.Areas[0].Value != 3 || !s.At.Equal(l.clock.Now()) {
			t.Errorf("open: %+v", s)
		}
		if s := at(indicator.OldestHours); s.Value != 5 || s.Areas[1].Value != 2 {
			t.Errorf("the oldest: %+v", s)
		}
		if s := at(indicator.OnTime); s.Known || s.Band != indicator.Normal {
			t.Errorf("nothing was closed: %+v", s)
		}
	})
}

func tallies(area event.AreaCode, open int64) casedesk.Figures {
	return casedesk.Figures{Moment: casedesk.MomentOf(noon), Tallies: []casedesk.Tally{{Area: area, Open: open}}}
}

func TestFiguresAreCountedOnceASecond(t *testing.T) {
	t.Parallel()
	s, _, n, c := newSigns(t)
	look := func() float64 {
		t.Helper()
		b, err := s.Snapshot(t.Context())
		if err != nil || len(b.Signs) == 0 {
			t.Fatal(b, err)
		}
		return b.Signs[0].Value
	}
	look()
	if n.figured != 0 {
		t.Error("cases are counted for signs that are made of none")
	}
	s.Use(ofCases())
	n.figures = tallies("a1", 3)
	for range 10 {
		s.Touch()
		if look() != 3 {
			t.Error("not what was counted")
		}
	}
	n.figures = tallies("a1", 4)
	c.Advance(time.Second)
	if look() != 4 || n.figured != 2 {
		t.Errorf("counted %d times", n.figured)
	}
}

func TestSignsOfCasesAreInTheHistory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h, n, c := newSigns(t)
		s.Use(ofCases()[:1])
		n.figures = tallies("a1", 3)
		done := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		n.figures = tallies("a2", 1) // nothing is left in a1
		c.Advance(5 * time.Second)
		synctest.Wait()
		cancel()
		<-done
		got := map[string]float64{}
		for _, x := range h.all {
			if x.Name == flow.SeriesIndicator || x.Name == flow.SeriesCity {
				got[x.Name+" "+x.Labels["area"]+" "+x.At.Sub(noon).String()] = x.Value
			}
		}
		want := map[string]float64{"indicator a1 0s": 3, "indicator_city  0s": 3, "indicator a1 5s": 0, "indicator a2 5s": 1, "indicator_city  5s": 1}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("wrote %v, want %v", got, want)
		}
	})
}

var _ flow.History = (*series.Store)(nil)
