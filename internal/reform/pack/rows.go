package pack

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/event"
)

// Rows turns the rows of one file into events. It holds no state between rows and may be used from many goroutines.
type Rows struct {
	m       *Map
	width   int
	id      []int
	subject []int
	time    []int
	area    int // -1: no column
	lat     int
	lon     int
	data    []rowField
}

type rowField struct {
	*MapField
	column   int
	name     []byte // the field as JSON
	unmapped map[string]bool
}

// Row is what became of one row. A row with Refused gave no event.
type Row struct {
	Refused  []fault.Problem // why; Field is the column
	Unplaced bool
	Unmapped []string // values listed as unmapped, whose field was left out: "Complaint Type: Lost Property"
}

// Bind ties the map to a file's header. Invalid: columns that the map names and the file lacks, each one a problem, or a column that is
// there twice.
func (m *Map) Bind(header []string) (*Rows, error) {
	b := binder{columns: map[string]int{}}
	for i, name := range header {
		name = strings.TrimPrefix(name, "\ufeff")
		if _, twice := b.columns[name]; twice {
			b.fail(name, "the column is there twice")
		}
		b.columns[name] = i
	}
	r := &Rows{m: m, width: len(header), area: -1, lat: -1, lon: -1}
	r.id, r.subject, r.time = b.all(m.ID.Columns), b.all(m.Subject.Columns), b.all(m.Time.Columns)
	if m.Area.Column != "" {
		r.area = b.one(m.Area.Column)
	}
	if m.Place != nil {
		r.lat, r.lon = b.one(m.Place.Lat), b.one(m.Place.Lon)
	}
	for i := range m.Data {
		f := rowField{MapField: &m.Data[i], column: b.one(m.Data[i].Column), unmapped: map[string]bool{}}
		f.name, _ = json.Marshal(f.Field)
		for _, value := range f.Unmapped {
			f.unmapped[value] = true
		}
		r.data = append(r.data, f)
	}
	if len(b.problems) > 0 {
		return nil, fault.Invalidly("pack.Bind", b.problems...)
	}
	return r, nil
}

type binder struct {
	columns  map[string]int
	problems []fault.Problem
}

func (b *binder) fail(column, message string) {
	b.problems = append(b.problems, fault.Problem{Field: column, Message: message})
}

func (b *binder) one(name string) int {
	i, there := b.columns[name]
	if !there {
		b.fail(name, "the file has no such column")
	}
	return i
}

func (b *binder) all(names []string) []int {
	at := make([]int, len(names))
	for i, name := range names {
		at[i] = b.one(name)
	}
	return at
}

// Event makes the event of a row. It is pure: the same row gives the same event. The sender is left to the caller.
func (r *Rows) Event(row []string) (event.Event, Row) {
	var out Row
	if len(row) != r.width {
		out.refuse("", "the row has %d columns; the header has %d", len(row), r.width)
		return event.Event{}, out
	}
	e := event.Event{Type: r.m.Type, Source: r.m.Source}
	e.ID = r.joined(row, r.id)
	if e.ID == "" {
		out.refuse(r.m.ID.Columns[0], "the id is missing")
	}
	e.Subject = r.joined(row, r.subject)
	r.readTime(row, &e, &out)
	r.readArea(row, &e, &out)
	r.readPlace(row, &e, &out)
	r.readData(row, &e, &out)
	if len(out.Refused) > 0 {
		return event.Event{}, out
	}
	return e, out
}

func (o *Row) refuse(column, format string, args ...any) {
	o.Refused = append(o.Refused, fault.Problem{Field: column, Message: fmt.Sprintf(format, args...)})
}

// value is a column's text; what means "missing" is empty.
func (r *Rows) value(row []string, column int) string {
	s := strings.TrimSpace(row[column])
	if slices.Contains(r.m.Missing, s) {
		return ""
	}
	return s
}

// joined is the text of several columns; empty when any is missing.
func (r *Rows) joined(row []string, columns []int) string {
	if len(columns) == 1 {
		return r.value(row, columns[0])
	}
	parts := make([]string, len(columns))
	for i, column := range columns {
		if parts[i] = r.value(row, column); parts[i] == "" {
			return ""
		}
	}
	return strings.Join(parts, " ")
}

func (r *Rows) readTime(row []string, e *event.Event, out *Row) {
	text := r.joined(row, r.time)
	at, err := readTime(text, r.m.Time.Format, r.m.zone)
	switch {
	case text == "":
		out.refuse(r.m.Time.Columns[0], "the time is missing")
	case err != nil:
		out.refuse(r.m.Time.Columns[0], "%q is not a time of the form %q", text, r.m.Time.Format)
	}
	e.Time = at
}

func readTime(text, format string, zone *time.Location) (time.Time, error) {
	if format == "unix" {
		sec, err := strconv.ParseInt(text, 10, 64)
		return time.Unix(sec, 0).UTC(), err
	}
	at, err := time.ParseInLocation(format, text, zone)
	return at.UTC(), err
}

func (r *Rows) readArea(row []string, e *event.Event, out *Row) {
	e.Area = event.Unplaced
	defer func() { out.Unplaced = e.Area == event.Unplaced }()
	if r.area < 0 {
		return
	}
	text := r.value(row, r.area)
	if text == "" || slices.Contains(r.m.Area.Unplaced, text) {
		return
	}
	code, known := r.m.Area.Codes[text]
	if !known {
		out.refuse(r.m.Area.Column, "%q is neither an area of the map nor listed as unplaced", text)
		return
	}
	e.Area = code
}

func (r *Rows) readPlace(row []string, e *event.Event, out *Row) {
	if r.lat < 0 {
		return
	}
	lat, lon := r.value(row, r.lat), r.value(row, r.lon)
	if lat == "" || lon == "" {
		return
	}
	y, errY := strconv.ParseFloat(lat, 64)
	x, errX := strconv.ParseFloat(lon, 64)
	p := geo.Point{Lon: x, Lat: y}
	if errX != nil || errY != nil || p.Valid() != nil {
		out.refuse(r.m.Place.Lat, "%q, %q is not a place in degrees", lat, lon)
		return
	}
	e.Place = &p
}

func (r *Rows) readData(row []string, e *event.Event, out *Row) {
	data := []byte{'{'}
	for i := range r.data {
		f := &r.data[i]
		value := r.readField(row, f, out)
		if value == nil {
			continue
		}
		if len(data) > 1 {
			data = append(data, ',')
		}
		data = append(append(append(data, f.name...), ':'), value...)
	}
	e.Data = append(data, '}')
}

// readField is a field's value as JSON; nil when it is left out.
func (r *Rows) readField(row []string, f *rowField, out *Row) []byte {
	text := r.value(row, f.column)
	if text == "" {
		if f.Required {
			out.refuse(f.Column, "the value is missing")
		}
		return nil
	}
	if len(f.Values) > 0 {
		mapped, known := f.Values[text]
		switch {
		case known:
			text = mapped
		case f.unmapped[text]:
			out.Unmapped = append(out.Unmapped, f.Column+": "+text)
			return nil
		default:
			out.refuse(f.Column, "%q is neither mapped nor listed as unmapped", text)
			return nil
		}
	}
	value, err := r.convert(f, text)
	if err != nil {
		out.refuse(f.Column, "%q is not %s", text, err)
	}
	return value
}

// convert gives the JSON of a text; the error names what the text should have been.
func (r *Rows) convert(f *rowField, text string) ([]byte, error) {
	switch f.As {
	case AsNumber:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, fmt.Errorf("a number")
		}
		return strconv.AppendFloat(nil, n, 'f', -1, 64), nil
	case AsInt:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a whole number")
		}
		return strconv.AppendInt(nil, n, 10), nil
	case AsTime:
		at, err := readTime(text, f.Format, r.m.zone)
		if err != nil {
			return nil, fmt.Errorf("a time of the form %q", f.Format)
		}
		return json.Marshal(at)
	}
	return json.Marshal(text)
}
