package pack_test

import (
	"reflect"
	"testing"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/reform/pack"
)

func rows(t *testing.T, header ...string) *pack.Rows {
	t.Helper()
	p, err := pack.Read(folder(nil))
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Maps[0].Bind(header)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var header = []string{"\ufeffn", "station", "year", "month", "day", "hour", "cm", "kind"}

func TestARowBecomesAnEvent(t *testing.T) {
	t.Parallel()
	e, row := rows(t, header...).Event([]string{"7", "a", "2016", "1", "2", "0", "15.50", "R"})
	want := event.Event{
		ID: "a 7", Source: "levels", Type: "level", Subject: "a", Area: "001",
		Time: time.Date(2016, 1, 1, 16, 0, 0, 0, time.UTC), Data: []byte(`{"cm":15.5,"site":"road"}`),
	}
	if !reflect.DeepEqual(e, want) || !reflect.DeepEqual(row, pack.Row{}) {
		t.Errorf("got %+v, %+v; want %+v", e, row, want)
	}
}

func TestRowsAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	r := rows(t, header...)
	cases := map[string]struct {
		row    []string
		column string
	}{
		"no id":         {[]string{"NA", "a", "2016", "1", "2", "0", "1", ""}, "station"},
		"no time":       {[]string{"7", "a", "2016", "NA", "2", "0", "1", ""}, "year"},
		"no such time":  {[]string{"7", "a", "2016", "13", "2", "0", "1", ""}, "year"},
		"unknown area":  {[]string{"7", "b", "2016", "1", "2", "0", "1", ""}, "station"},
		"no number":     {[]string{"7", "a", "2016", "1", "2", "0", "x", ""}, "cm"},
		"missing value": {[]string{"7", "a", "2016", "1", "2", "0", "NA", ""}, "cm"},
		"infinite":      {[]string{"7", "a", "2016", "1", "2", "0", "Inf", ""}, "cm"},
		"unknown value": {[]string{"7", "a", "2016", "1", "2", "0", "1", "Z"}, "kind"},
		"short row":     {[]string{"7", "a"}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, row := r.Event(c.row)
			if len(row.Refused) != 1 || row.Refused[0].Field != c.column {
				t.Errorf("got %v, want one problem of column %q", row.Refused, c.column)
			}
		})
	}
}

func TestWhatIsUnplacedOrUnmappedIsSaid(t *testing.T) {
	t.Parallel()
	e, row := rows(t, header...).Event([]string{"7", "nowhere", "2016", "1", "2", "0", "1", "X"})
	if len(row.Refused) > 0 || !row.Unplaced || e.Area != event.Unplaced {
		t.Errorf("got %+v, area %s", row, e.Area)
	}
	if !reflect.DeepEqual(row.Unmapped, []string{"kind: X"}) || string(e.Data) != `{"cm":1}` {
		t.Errorf("got %+v, data %s", row, e.Data)
	}
}

func TestAFileWithoutTheColumnsIsRefused(t *testing.T) {
	t.Parallel()
	p, err := pack.Read(folder(nil))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Maps[0].Bind([]string{"n", "station", "station"})
	if !fault.Is(err, fault.Invalid) || len(fault.Problems(err)) < 6 {
		t.Errorf("got %v, want every missing column and the one that is there twice", err)
	}
}

func BenchmarkRow(b *testing.B) {
	p, err := pack.Read(folder(nil))
	if err != nil {
		b.Fatal(err)
	}
	r, err := p.Maps[0].Bind(header)
	if err != nil {
		b.Fatal(err)
	}
	row := []string{"7", "a", "2016", "1", "2", "0", "15.50", "R"}
	b.ReportAllocs()
	for b.Loop() {
		r.Event(row)
	}
}
