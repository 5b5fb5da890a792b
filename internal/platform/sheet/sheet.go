// Package sheet writes tables for spreadsheet programs, as CSV and as XLSX.
//
// What people typed may look like a formula, and a spreadsheet program runs formulas of a file that somebody trusted to be a list. In a CSV such a text is
// therefore written with an apostrophe before it, as OWASP advises (CSV Injection); in an XLSX a text is a cell of the type text, which no program runs.
// A CSV begins with a byte order mark, since Excel takes Chinese for something else without it.
package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"twoweave/internal/base/fault"
)

// Format is a kind of file.
type Format string

const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// Type is the format's media type.
func (f Format) Type() string {
	if f == XLSX {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8"
}

// Shape says how a column's numbers read.
type Shape int

const (
	Plain   Shape = iota
	Whole         // a count
	Decimal       // one place
	Percent       // 0.5 reads 50.0 %
	Moment        // a time.Time, written as the zone of the table has it
)

// Column is one column.
type Column struct {
	Title string
	Shape Shape
}

// Table is what is written. A cell is a string, an int64, a float64, a time.Time, or nil for nothing.
type Table struct {
	Name    string // of the sheet
	Columns []Column
	Rows    [][]any
	Zone    *time.Location
}

// Write writes a table.
func Write(w io.Writer, f Format, t *Table) error {
	const op = "sheet.Write"
	switch f {
	case CSV:
		return fault.Wrap(op, t.writeCSV(w))
	case XLSX:
		return fault.Wrap(op, t.writeXLSX(w))
	}
	return fault.New(fault.Invalid, op, "a table is written as csv or xlsx, not as %q", f)
}

const byteOrderMark = "\ufeff"

func (t *Table) writeCSV(w io.Writer) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	line := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = harmless(c.Title)
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i := range line {
			line[i] = t.text(row, i)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// precision is how finely a CSV tells a number; what is finer is noise to who reads it.
var precision = map[Shape]float64{Plain: 1e6, Whole: 1, Decimal: 1e2, Percent: 1e4, Moment: 1}

// text is a cell in a CSV. Numbers and times are ours: they need no guard, and a negative number stays one.
func (t *Table) text(row []any, i int) string {
	if i >= len(row) || row[i] == nil {
		return ""
	}
	switch v := row[i].(type) {
	case string:
		return harmless(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(math.Round(v*precision[t.Columns[i].Shape])/precision[t.Columns[i].Shape], 'f', -1, 64)
	case time.Time:
		return v.In(t.Zone).Format(time.DateTime)
	default:
		return harmless(fmt.Sprint(v))
	}
}

// harmless puts an apostrophe before what a spreadsheet program would run. Programs for Chinese and Japanese take the full-width signs for the same.
func harmless(text string) string {
	if strings.ContainsAny(firstOf(text), "=+-@\t\r\n＝＋－＠") {
		return "'" + text
	}
	return text
}

// firstOf is the first character that a program looks at: some leave out what is before it.
func firstOf(text string) string {
	if strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\r") || strings.HasPrefix(text, "\n") {
		return text[:1]
	}
	for _, r := range strings.TrimLeft(text, " \u00a0\u3000\ufeff") {
		return string(r)
	}
	return ""
}

// maxText is how many characters an XLSX cell holds.
const maxText = 32767

// cells are styles of an XLSX.
type cells struct {
	head   int
	shaped map[Shape]int
}

var numberFormats = map[Shape]string{Whole: "0", Decimal: "0.0", Percent: "0.0%", Moment: "yyyy-mm-dd hh:mm:ss"}

func (t *Table) writeXLSX(w io.Writer) (err error) {
	file := excelize.NewFile()
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	name := sheetName(t.Name)
	if err := file.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	styles, err := stylesIn(file)
	if err != nil {
		return err
	}
	out, err := file.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if err := t.rows(out, styles); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Write(w)
}

func stylesIn(file *excelize.File) (cells, error) {
	s := cells{shaped: map[Shape]int{}}
	var err error
	if s.head, err = file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EAF0F4"}}}); err != nil {
		return s, err
	}
	for shape, format := range numberFormats {
		if s.shaped[shape], err = file.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (t *Table) rows(out *excelize.StreamWriter, styles cells) error {
	if err := out.SetColWidth(1, max(1, len(t.Columns)), 16); err != nil {
		return err
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	line := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = excelize.Cell{StyleID: styles.head, Value: fitting(c.Title)}
	}
	if err := out.SetRow("A1", line); err != nil {
		return err
	}
	for n, row := range t.Rows {
		for i, c := range t.Columns {
			line[i] = t.cell(row, i, styles.shaped[c.Shape])
		}
		if err := out.SetRow("A"+strconv.Itoa(n+2), line); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) cell(row []any, i, style int) any {
	if i >= len(row) || row[i] == nil {
		return nil
	}
	switch v := row[i].(type) {
	case string:
		return excelize.Cell{Value: fitting(v)}
	case time.Time: // a spreadsheet has no zones: it is given the clock on the wall
		_, offset := v.In(t.Zone).Zone()
		return excelize.Cell{StyleID: style, Value: v.UTC().Add(time.Duration(offset) * time.Second)}
	default:
		return excelize.Cell{StyleID: style, Value: v}
	}
}

// fitting leaves out what XML cannot hold, and what is more than a cell holds.
func fitting(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText])
	}
	return text
}

// sheetName is a name as sheets may have it: 31 characters, none of these signs.
func sheetName(name string) string {
	name = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]`, r) || r < ' ' {
			return ' '
		}
		return r
	}, name), "' ")
	if runes := []rune(name); len(runes) > 31 {
		name = string(runes[:31])
	}
	if name == "" {
		return "Sheet1"
	}
	return name
}
