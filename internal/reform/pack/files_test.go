package pack_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twoweave/internal/manage/event"
	"twoweave/internal/reform/pack"
	"twoweave/packs"
)

// content is a pack that comes with the program.
func content(t testing.TB, name string) *pack.Pack {
	t.Helper()
	fsys, err := packs.FS(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// table reads a file of public data, which is beside the repository and not in it. Where it is absent the test says so and goes on with rows that
// we made up in its form.
func table(t testing.TB, name string) (header []string, rows [][]string) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Logf("the public file %s is not here (../shared/data beside the repository): trying made-up rows instead", name)
		path = filepath.Join("testdata", name)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1:]
}

// replay is what the rows of a file come to, each event checked against its type as ingest does.
type replay struct {
	events   []event.Event
	refused  int
	unplaced int
	unmapped int
}

func replayed(t *testing.T, name, file string) (replay, []string, [][]string) {
	p := content(t, name)
	set := combine(t, p)
	header, rows := table(t, file)
	r, err := p.Maps[0].Bind(header)
	if err != nil {
		t.Fatal(err)
	}
	var out replay
	ids := map[string]bool{}
	for _, raw := range rows {
		e, row := r.Event(raw)
		if len(row.Refused) > 0 {
			t.Errorf("refused: %v", row.Refused)
			out.refused++
			continue
		}
		if problems := set.Types[e.Type].Validate(e.Data); len(problems) > 0 {
			t.Errorf("%s: %v", e.Data, problems)
		}
		if ids[e.ID] {
			t.Errorf("the id %s is there twice", e.ID)
		}
		ids[e.ID] = true
		out.events = append(out.events, e)
		out.unmapped += len(row.Unmapped)
		if row.Unplaced {
			out.unplaced++
		}
	}
	return out, header, rows
}

func TestEveryRowOfNewYorkBecomesAnEvent(t *testing.T) {
	t.Parallel()
	got, header, rows := replayed(t, "nyc311", "nyc311-2022-05-01.csv")
	complaint, board := slices.Index(header, "Complaint Type"), slices.Index(header, "Community Board")
	unmapped, unplaced := 0, 0
	for _, row := range rows {
		switch row[complaint] {
		case "Taxi Complaint", "Lost Property", "Non-Emergency Police Matter":
			unmapped++
		}
		if strings.Contains(row[board], "Unspecified") {
			unplaced++
		}
	}
	if len(got.events) != len(rows) || got.unmapped != unmapped || got.unplaced != unplaced {
		t.Errorf("%d rows: %d events, %d unmapped (counted %d), %d unplaced (counted %d)",
			len(rows), len(got.events), got.unmapped, unmapped, got.unplaced, unplaced)
	}
	first := got.events[0]
	if first.Time.Format("2006-01-02T15:04:05Z") != "2022-05-01T04:00:03Z" || first.Area != "bronx-04" || first.Place == nil ||
		first.Subject != "1006 GERARD AVENUE 04 BRONX" {
		t.Errorf("the first request is %+v", first)
	}
}

func TestEveryHourOfBeijingBecomesAnEvent(t *testing.T) {
	t.Parallel()
	got, header, rows := replayed(t, "beijing-air", "beijing-air-dongsi-2016.csv")
	pm25 := slices.Index(header, "PM2.5")
	missing, without := 0, 0
	for _, row := range rows {
		if row[pm25] == "NA" {
			missing++
		}
	}
	for _, e := range got.events {
		if !strings.Contains(string(e.Data), `"pm25":`) {
			without++
		}
	}
	if len(got.events) != len(rows) || without != missing || got.unplaced != 0 {
		t.Errorf("%d rows: %d events, %d without PM2.5 (counted %d), %d unplaced", len(rows), len(got.events), without, missing, got.unplaced)
	}
	if first := got.events[0]; first.Time.Format("2006-01-02T15:04:05Z") != "2015-12-31T16:00:00Z" || first.Area != "dongsi" || first.ID != "Dongsi 24865" {
		t.Errorf("the first hour is %+v", first)
	}
}
