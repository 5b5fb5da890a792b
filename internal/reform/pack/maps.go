package pack

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a map names a zone; a machine without zone files must read it too

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
)

// Map says how the rows of a CSV file become events of one type. It is content: maps/NAME.yaml of a pack.
//
//	map: nyc311
//	title: {zh: …, en: …}
//	type: request.311
//	zone: America/New_York
//	missing: ["", "N/A"]                 # texts that mean "no value", in every column
//	id: {columns: [Unique Key]}
//	subject: {columns: [Incident Address, Community Board]}
//	time: {columns: [Created Date], format: "01/02/2006 03:04:05 PM"}
//	area: {column: Community Board, codes: {"01 BRONX": bronx-01}, unplaced: ["0 Unspecified"]}
//	place: {lat: Latitude, lon: Longitude}
//	data:
//	  - {field: complaint, column: Complaint Type}
//	  - {field: pm25, column: PM2.5, as: number}
//	  - field: class
//	    column: Complaint Type
//	    values: {"Illegal Parking": parking}
//	    unmapped: ["Taxi Report"]
//
// Columns are named by the file's header; several columns of an id, a subject or a time are joined with one space. A row is refused, with
// its reason, when its id, its time or a required value is missing, or when a value is not what the map allows; nothing is guessed.
type Map struct {
	Name    string         `yaml:"map"`
	Title   lang.Text      `yaml:"title"`
	Type    event.TypeName `yaml:"type"`
	Source  string         `yaml:"source"` // empty = the map's name
	Zone    string         `yaml:"zone"`   // IANA name of the zone in which the file's times are meant
	Missing []string       `yaml:"missing"`
	ID      MapJoin        `yaml:"id"`
	Subject MapJoin        `yaml:"subject"`
	Time    MapTime        `yaml:"time"`
	Area    MapArea        `yaml:"area"`
	Place   *MapPlace      `yaml:"place"`
	Data    []MapField     `yaml:"data"`

	zone *time.Location
}

// MapJoin is a text of one or more columns.
type MapJoin struct {
	Columns []string `yaml:"columns"`
}

// MapTime is a time of one or more columns in Go's reference form; "unix" is seconds since 1970.
type MapTime struct {
	Columns []string `yaml:"columns"`
	Format  string   `yaml:"format"`
}

// MapArea finds the area. Values of Codes are area codes; a value in Unplaced, and a missing one, is unplaced; any other is refused.
type MapArea struct {
	Column   string                    `yaml:"column"`
	Codes    map[string]event.AreaCode `yaml:"codes"`
	Unplaced []string                  `yaml:"unplaced"`
}

// MapPlace names the columns of WGS 84 degrees; a row without them has no place.
type MapPlace struct {
	Lat string `yaml:"lat"`
	Lon string `yaml:"lon"`
}

// As is how a column's text becomes a value of data.
type As string

const (
	AsText   As = "text" // the default
	AsNumber As = "number"
	AsInt    As = "integer"
	AsTime   As = "time" // RFC 3339 in UTC, read with the field's Format
)

// MapField is one field of data. A missing value leaves the field out, or refuses the row when Required. With Values, the text is looked up:
// what is neither there nor in Unmapped refuses the row; what is in Unmapped leaves the field out and is counted.
type MapField struct {
	Field    string            `yaml:"field"`
	Column   string            `yaml:"column"`
	As       As                `yaml:"as"`
	Format   string            `yaml:"format"`
	Required bool              `yaml:"required"`
	Values   map[string]string `yaml:"values"`
	Unmapped []string          `yaml:"unmapped"`
}

// finish checks the map and prepares its zone.
func (m *Map) finish() []fault.Problem {
	var c checker
	c.name("map", m.Name)
	c.title("title", m.Title)
	if m.Source == "" {
		m.Source = m.Name
	}
	zone, err := time.LoadLocation(m.Zone)
	if err != nil || m.Zone == "" || m.Zone == "Local" {
		c.fail("zone", "%q is not a time zone; allowed are IANA names such as Asia/Shanghai and UTC", m.Zone)
	}
	m.zone = zone
	if len(m.ID.Columns) == 0 {
		c.fail("id.columns", "the columns that make a row's id are missing")
	}
	if len(m.Time.Columns) == 0 || m.Time.Format == "" {
		c.fail("time", "the time's columns and format are missing")
	}
	for i := range m.Data {
		c.mapField("data."+digits(i), &m.Data[i])
	}
	return c.problems
}

func (c *checker) mapField(path string, f *MapField) {
	if f.As == "" {
		f.As = AsText
	}
	c.oneOf(path+".as", string(f.As), string(AsText), string(AsNumber), string(AsInt), string(AsTime))
	if f.Field == "" || f.Column == "" || strings.Contains(f.Field, ".") {
		c.fail(path, "a field of data has a field, without dots, and a column")
	}
	if (f.As == AsTime) != (f.Format != "") {
		c.fail(path+".format", "a time has a format, and nothing else has")
	}
	if len(f.Values) > 0 && f.As != AsText {
		c.fail(path+".values", "only a text is looked up in values")
	}
	if len(f.Unmapped) > 0 && len(f.Values) == 0 {
		c.fail(path+".unmapped", "without values nothing is unmapped")
	}
	for value := range f.Values {
		if slices.Contains(f.Unmapped, value) {
			c.fail(path+".unmapped", "%q is mapped and unmapped", value)
		}
	}
}
