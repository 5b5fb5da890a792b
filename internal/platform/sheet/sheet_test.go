package sheet_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sheet"
)

var zone = time.FixedZone("", 8*60*60)

func table(rows ...[]any) *sheet.Table {
	return &sheet.Table{Name: "评价 / 2026", Zone: zone, Rows: rows, Columns: []sheet.Column{{Title: "名称"}, {"处置", sheet.Whole}, {"按时率", sheet.Percent}, {"时间", sheet.Moment}}}
}

func write(t rapid.TB, f sheet.Format, tab *sheet.Table) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := sheet.Write(&out, f, tab); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var at = time.Date(2026, 6, 30, 17, 5, 6, 0, time.UTC)

func TestWhatStandsInACSV(t *testing.T) {
	t.Parallel()
	got := string(write(t, sheet.CSV, table([]any{"浦东, \"新\"区", int64(-3), 0.25, at}, []any{"=1+1", nil})))
	want := "\ufeff名称,处置,按时率,时间\r\n\"浦东, \"\"新\"\"区\",-3,0.25,2026-07-01 01:05:06\r\n'=1+1,,,\r\n"
	if got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestWhatStandsInAnXLSX(t *testing.T) {
	t.Parallel()
	f := read(t, write(t, sheet.XLSX, table([]any{"浦东", int64(-3), 0.25, at}, []any{"=HYPERLINK(\"http://x\")", nil, nil, nil})))
	name := f.GetSheetName(0)
	if name != "评价   2026" {
		t.Errorf("the sheet is called %q", name)
	}
	rows, err := f.GetRows(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[1], "|"); got != "浦东|-3|25.0%|2026-07-01 01:05:06" {
		t.Errorf("the first row reads %s", got)
	}
	if formula, err := f.GetCellFormula(name, "A3"); err != nil || formula != "" {
		t.Errorf("a text became the formula %q (%v)", formula, err)
	}
	if kind, err := f.GetCellType(name, "A3"); err != nil || kind != excelize.CellTypeInlineString {
		t.Errorf("a text became a cell of the type %v (%v)", kind, err)
	}
}

func read(t rapid.TB, body []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The payloads that guides to this attack list, and the same after blanks and in full width.
func TestNoTextBecomesAFormula(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", "  =1", "\u3000=1", "\u00a0=1", "＝1", "＋1", "－1", "＠A", "\ufeff=1"} {
		got, err := csv.NewReader(bytes.NewReader(write(t, sheet.CSV, table([]any{text}))[3:])).ReadAll()
		if err != nil || len(got) != 2 || !strings.HasPrefix(got[1][0], "'") {
			t.Errorf("%q is written as %q (%v)", text, got, err)
		}
	}
	for _, text := range []string{"'", "1-2", "a=b", "浦东", "", " "} {
		if got := string(write(t, sheet.CSV, table([]any{text, int64(1)}))); strings.Contains(got, "''") || strings.Contains(got, "'"+text+",") && text != "'" {
			t.Errorf("%q is written as %q", text, got)
		}
	}
}

func TestAnyTextComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("=+-@'\"\t\r\n,;浦\x00\x01\ufffe ")), 0, 12, -1)).Draw(rt, "text")
		got, err := csv.NewReader(bytes.NewReader(write(rt, sheet.CSV, table([]any{text}))[3:])).ReadAll()
		if err != nil || len(got) != 2 {
			rt.Fatalf("%q in a CSV: %q, %v", text, got, err)
		}
		back := strings.TrimPrefix(got[1][0], "'")
		if want := strings.TrimPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "'"); strings.ReplaceAll(back, "\r", "") != strings.ReplaceAll(want, "\r", "") {
			rt.Fatalf("%q comes back from a CSV as %q", text, back)
		}
		f := read(rt, write(rt, sheet.XLSX, table([]any{text, int64(7)})))
		if n, err := f.GetCellValue(f.GetSheetName(0), "B2"); err != nil || n != "7" {
			rt.Fatalf("%q in an XLSX: the number beside it is %q, %v", text, n, err)
		}
		if formula, _ := f.GetCellFormula(f.GetSheetName(0), "A2"); formula != "" {
			rt.Fatalf("%q became the formula %q", text, formula)
		}
	})
}

func TestOtherFormatsAreRefused(t *testing.T) {
	t.Parallel()
	if err := sheet.Write(&bytes.Buffer{}, "pdf", table()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a PDF: %v", err)
	}
}
