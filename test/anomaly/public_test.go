package anomaly_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const shared = "../../../shared/data/"

// public is the benchmark's series that lie beside the repository.
func public(t testing.TB) (all []series) {
	t.Helper()
	text, err := os.ReadFile(shared + "nab-windows.json")
	if err != nil {
		t.Fatalf("the labelled series are read from ../shared/data beside the repository: %v", err)
	}
	windows := map[string][][2]string{}
	if err := json.Unmarshal(text, &windows); err != nil {
		t.Fatal(err)
	}
	for path, spans := range windows {
		all = append(all, readSeries(t, path[strings.IndexByte(path, '/')+1:], spans))
	}
	slices.SortFunc(all, func(a, b series) int { return strings.Compare(a.name, b.name) })
	return all
}

func readSeries(t testing.TB, file string, spans [][2]string) series {
	t.Helper()
	f, err := os.Open(shared + "nab-" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := series{name: strings.TrimSuffix(file, ".csv")}
	for _, row := range rows[1:] {
		x, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		s.times, s.values = append(s.times, moment(t, row[0])), append(s.values, x)
	}
	for _, w := range spans {
		s.windows = append(s.windows, span{s.row(t, moment(t, w[0])), s.row(t, moment(t, w[1]))})
	}
	return s
}

// row is the row of a moment.
func (s series) row(t testing.TB, at time.Time) int {
	i := slices.IndexFunc(s.times, at.Equal)
	if i < 0 {
		t.Fatalf("%s has no row at %v", s.name, at)
	}
	return i
}

func moment(t testing.TB, text string) time.Time {
	at, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
