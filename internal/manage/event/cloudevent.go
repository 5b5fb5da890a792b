package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
)

// Attributes are the context attributes of a CloudEvents 1.0 event as they arrive on any transport, all of them text.
//
// Beside the standard's own, two extension attributes are understood: area (an area's code) and place (a geo URI of RFC 5870,
// "geo:31.23,121.50", latitude first). Other extensions are let pass and dropped, as the standard asks of a consumer.
type Attributes struct {
	SpecVersion, ID, Source, Type, Subject, Time, DataContentType, Area, Place string
}

// MaxAttribute bounds the length of each attribute in bytes.
const MaxAttribute = 1024

// FromAttributes makes an event of attributes and data. A missing time stays zero: ingest takes its own. The event is not yet checked against
// its type.
func FromAttributes(a Attributes, data []byte) (Event, []fault.Problem) {
	c := checker{}
	if a.SpecVersion != "1.0" {
		c.add("specversion", fmt.Sprintf("is %q; allowed is \"1.0\"", a.SpecVersion))
	}
	for _, f := range [...]struct{ name, value string }{{"id", a.ID}, {"source", a.Source}, {"type", a.Type}} {
		if f.value == "" {
			c.add(f.name, "is missing; it must be a non-empty string")
		}
	}
	for _, f := range [...]struct{ name, value string }{{"id", a.ID}, {"source", a.Source}, {"type", a.Type}, {"subject", a.Subject}, {"area", a.Area}} {
		if len(f.value) > MaxAttribute {
			c.add(f.name, fmt.Sprintf("has %d bytes; at most %d are allowed", len(f.value), MaxAttribute))
		}
	}
	e := Event{ID: a.ID, Source: a.Source, Type: TypeName(a.Type), Subject: a.Subject, Area: AreaCode(a.Area), Data: data}
	e.Time = c.time(a.Time)
	e.Place = c.place(a.Place)
	c.contentType(a.DataContentType)
	return e, c.problems
}

// FromJSON reads one event in CloudEvents' JSON format.
func FromJSON(body []byte) (Event, []fault.Problem) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return Event{}, []fault.Problem{{Message: "is not a JSON object: " + jsonReason(err)}}
	}
	c := checker{}
	a := Attributes{
		SpecVersion: c.text(members, "specversion"), ID: c.text(members, "id"), Source: c.text(members, "source"),
		Type: c.text(members, "type"), Subject: c.text(members, "subject"), Time: c.text(members, "time"),
		DataContentType: c.text(members, "datacontenttype"), Area: c.text(members, "area"), Place: c.text(members, "place"),
	}
	data := c.data(members)
	e, problems := FromAttributes(a, data)
	return e, append(c.problems, problems...)
}

type checker struct{ problems []fault.Problem }

func (c *checker) add(field, message string) {
	c.problems = append(c.problems, fault.Problem{Field: field, Message: message})
}

func (c *checker) text(members map[string]json.RawMessage, name string) string {
	raw, ok := members[name]
	if !ok || bytes.Equal(raw, []byte("null")) {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		c.add(name, "must be a string")
	}
	return s
}

func (c *checker) time(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		c.add("time", fmt.Sprintf("is %q; it must be an RFC 3339 timestamp such as 2026-07-01T08:00:00Z", s))
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func (c *checker) place(s string) *geo.Point {
	if s == "" {
		return nil
	}
	p, err := parseGeoURI(s)
	if err != nil {
		c.add("place", err.Error())
		return nil
	}
	return p
}

func (c *checker) contentType(s string) {
	if s == "" {
		return
	}
	media, _, err := mime.ParseMediaType(s)
	if err != nil || (media != "application/json" && !strings.HasSuffix(media, "+json")) {
		c.add("datacontenttype", fmt.Sprintf("is %q; data must be application/json", s))
	}
}

func (c *checker) data(members map[string]json.RawMessage) []byte {
	if raw, ok := members["data"]; ok {
		return raw
	}
	encoded := c.text(members, "data_base64")
	if encoded == "" {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		c.add("data_base64", "is not base64")
	}
	return data
}

// parseGeoURI reads "geo:LAT,LON", with an altitude and parameters let pass.
func parseGeoURI(s string) (*geo.Point, error) {
	wrong := fmt.Errorf("is %q; it must be a geo URI such as geo:31.23,121.50 (latitude, longitude)", s)
	rest, ok := strings.CutPrefix(s, "geo:")
	if !ok {
		return nil, wrong
	}
	rest, _, _ = strings.Cut(rest, ";")
	parts := strings.Split(rest, ",")
	if len(parts) < 2 || len(parts) > 3 {
		return nil, wrong
	}
	lat, errLat := strconv.ParseFloat(parts[0], 64)
	lon, errLon := strconv.ParseFloat(parts[1], 64)
	if errLat != nil || errLon != nil {
		return nil, wrong
	}
	p := &geo.Point{Lon: lon, Lat: lat}
	return p, p.Valid()
}

// jsonReason is a JSON error without Go's own words.
func jsonReason(err error) string {
	if s, ok := err.(*json.SyntaxError); ok {
		return fmt.Sprintf("%s at byte %d", strings.TrimPrefix(s.Error(), "json: "), s.Offset)
	}
	return "it must be one object {…}"
}
