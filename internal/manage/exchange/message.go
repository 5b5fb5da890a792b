package exchange

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/base/ident"
)

// Type is what a message says, as its CloudEvents type.
type Type string

// What a peer says of an order of its own.
const (
	Created      Type = "twoweave.order.created"
	Supplemented Type = "twoweave.order.supplemented"
	Urged        Type = "twoweave.order.urged"
	Withdrawn    Type = "twoweave.order.withdrawn"
)

// What a peer answers to an order of ours.
const (
	Received Type = "twoweave.order.received"
	Started  Type = "twoweave.order.started"
	Done     Type = "twoweave.order.done"
	Returned Type = "twoweave.order.returned"
)

// Status is what the taker of an order is told to where it stands. Ours are Created, Withdrawn and Status.
const Status Type = "twoweave.order.status"

// direction is whose orders a type speaks of, in the mouth of a peer.
var direction = map[Type]Direction{Created: In, Supplemented: In, Urged: In, Withdrawn: In, Received: Out, Started: Out, Done: Out, Returned: Out}

// MaxMessage bounds a message of a peer, in bytes.
const MaxMessage = 64 << 10

// Incoming is a message of a peer.
type Incoming struct {
	ID   string
	Type Type
	Body Said

	content string // digest of type and data, however they were written
}

// Said is what a message of a peer holds. Which fields count depends on its type.
type Said struct {
	Order   string     `json:"order"`             // the number given by whose order it is
	Seq     int64      `json:"seq,omitempty"`     // answers: numbered for each order, so that an older one that comes later is passed over
	Ref     string     `json:"ref,omitempty"`     // received: the peer's own number for our order
	Text    string     `json:"text,omitempty"`    // created, supplemented
	Reason  string     `json:"reason,omitempty"`  // urged, withdrawn, returned
	Note    string     `json:"note,omitempty"`    // started, done
	Class   string     `json:"class,omitempty"`   // in the peer's words
	Area    string     `json:"area,omitempty"`    // likewise, or our code
	Address string     `json:"address,omitempty"` //
	Point   *geo.Point `json:"point,omitempty"`   // WGS 84
	Name    string     `json:"name,omitempty"`    // of the caller; kept sealed
	Phone   string     `json:"phone,omitempty"`   // likewise
}

// envelope is the part of a CloudEvents event that is looked at.
type envelope struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Type        Type            `json:"type"`
	Time        time.Time       `json:"time"`
	Data        json.RawMessage `json:"data"`
}

// read reads a message; what is wrong with it is an Invalid fault that names the fields.
func read(body []byte) (Incoming, error) {
	const op = "exchange.read"
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return Incoming{}, wrongForm(op, "", err)
	}
	m := Incoming{ID: e.ID, Type: e.Type}
	var problems []fault.Problem
	add := func(field, format string, args ...any) {
		problems = append(problems, fault.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if e.SpecVersion != "1.0" {
		add("specversion", `must be "1.0"`)
	}
	if !plain(e.ID, 200) || e.ID == "" {
		add("id", "must be 1 to 200 bytes of text")
	}
	if _, known := direction[e.Type]; !known {
		add("type", "is %q; the types are %s", short(string(e.Type)), types)
	} else if err := json.Unmarshal(e.Data, &m.Body); err != nil {
		return m, wrongForm(op, "data.", err)
	} else {
		m.check(add)
	}
	m.content = digest(e.Type, e.Data)
	if problems != nil {
		slices.SortFunc(problems, func(a, b fault.Problem) int { return cmp.Compare(a.Field, b.Field) })
		return m, fault.Invalidly(op, problems...)
	}
	return m, nil
}

var types = strings.Join([]string{string(Created), string(Supplemented), string(Urged), string(Withdrawn), string(Received), string(Started), string(Done), string(Returned)}, ", ")

const (
	maxText   = 4000
	maxNumber = 100
)

// check says what is wrong with what was said.
func (m *Incoming) check(add func(field, format string, args ...any)) {
	b := &m.Body
	for field, at := range map[string]*string{"order": &b.Order, "ref": &b.Ref, "class": &b.Class, "area": &b.Area, "name": &b.Name, "phone": &b.Phone} {
		if *at = strings.TrimSpace(*at); !plain(*at, maxNumber) {
			add("data."+field, "has at most %d bytes of text", maxNumber)
		}
	}
	for field, text := range map[string]string{"text": b.Text, "reason": b.Reason, "note": b.Note} {
		if !plain(text, maxText) {
			add("data."+field, "has at most %d bytes of text", maxText)
		}
	}
	if b.Order == "" {
		add("data.order", "is missing: the number of the order")
	}
	if (m.Type == Created || m.Type == Supplemented) && strings.TrimSpace(b.Text) == "" {
		add("data.text", "is missing: what was told")
	}
	if (m.Type == Urged || m.Type == Returned) && strings.TrimSpace(b.Reason) == "" {
		add("data.reason", "is missing")
	}
	if !plain(b.Address, 200) {
		add("data.address", "has at most 200 bytes of text")
	}
	if b.Point != nil && b.Point.Valid() != nil {
		add("data.point", "%s", fault.Message(b.Point.Valid()))
	}
	if b.Seq < 0 {
		add("data.seq", "is not below 0")
	}
}

// plain says whether a database can keep the text, and that it is not too long.
func plain(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

func short(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// wrongForm is the fault of what is no JSON, or JSON of another form.
func wrongForm(op, under string, err error) error {
	problem := fault.Problem{Field: strings.TrimSuffix(under, "."), Message: "is not JSON of a CloudEvents 1.0 event"}
	if wrong, is := asWrongType(err); is {
		problem = fault.Problem{Field: under + wrong.Field, Message: fmt.Sprintf("must be %s, not %s", wrong.Type, wrong.Value)}
	}
	return fault.Invalidly(op, problem)
}

// digest is the same for the same type and data, whatever the order of fields and the white space.
func digest(t Type, data json.RawMessage) string {
	var v any
	if json.Unmarshal(data, &v) == nil {
		data, _ = json.Marshal(v) // what was read can be written
	}
	return ident.Derive("exchange", string(t), string(data))
}
