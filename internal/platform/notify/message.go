package notify

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/sqldb"
)

// ID names a message for ever: two messages with one id are the same message. Derive it from what the message follows from, so that work done twice says
// it once.
//
// It is at most 200 characters of printable ASCII without spaces, since it travels in headers.
type ID string

const maxID = 200

func (id ID) valid() bool {
	outside := func(r rune) bool { return r <= ' ' || r > '~' }
	return id != "" && len(id) <= maxID && strings.IndexFunc(string(id), outside) < 0
}

// Channel is the way a message goes.
type Channel string

// The channels.
const (
	SMS     Channel = "sms"     // To is a phone number
	Email   Channel = "email"   // To is a mail address
	Webhook Channel = "webhook" // To is the name of an Endpoint
	App     Channel = "app"     // To is the id of an account; see Inbox
)

// Channels are all channels, in the order in which people meet them.
var Channels = []Channel{SMS, Email, Webhook, App}

// Status is what has become of a message.
type Status string

// The states of a message.
const (
	Waiting   Status = "waiting"   // for its time, for a Sender, or for another try
	Sent      Status = "sent"      // the receiver took it; of an in-app message: it is in the inbox
	Dead      Status = "dead"      // refused for good, or tried for too long
	Cancelled Status = "cancelled" // somebody gave it up
)

// Statuses are all states, in the order of a message's life.
var Statuses = []Status{Waiting, Sent, Dead, Cancelled}

// MaxContent bounds the text, or the data, of a message in bytes.
const MaxContent = 256 << 10

// Message is one message to one recipient.
//
// To people it has a Body and, by mail and in the app, a Subject, both in the two languages of the product; Lang says in which an SMS or a mail is
// written, an inbox shows the reader's. To a webhook it has a Type and Data, a JSON document; they become a CloudEvents event whose subject is About.
type Message struct {
	ID        ID
	Channel   Channel
	To        string
	Lang      lang.Tag // empty: Chinese
	Subject   lang.Text
	Body      lang.Text
	Type      string          // CloudEvents type, such as "twoweave.case.closed"
	Data      json.RawMessage // CloudEvents data
	About     string          // what it is about, such as a case's id; may be empty
	At        time.Time       // when it came about
	NotBefore time.Time       // zero: at once
	NotAfter  time.Time       // of no use later: what has not left by then becomes a dead letter; zero: never so
	Revision  int64           // how often it was mended; Put begins with 0
}

// Key is what a receiver recognises a message by when it comes twice. A mended message is another one to its receiver, so it has another key.
func (m Message) Key() string {
	if m.Revision == 0 {
		return string(m.ID)
	}
	return fmt.Sprintf("%s-r%d", m.ID, m.Revision)
}

// String is the message without its text, the address masked, so that printing one by mistake tells nothing.
func (m Message) String() string {
	return fmt.Sprintf("message %s by %s to %s", m.ID, m.Channel, Mask(m.Channel, m.To))
}

// GoString is String: for %#v too.
func (m Message) GoString() string { return m.String() }

// LogValue is what a log shows of the message.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", string(m.ID)), slog.String("channel", string(m.Channel)),
		slog.String("to", Mask(m.Channel, m.To)), slog.String("about", m.About))
}

// Put queues messages in the caller's transaction. One whose id is known already is passed over, whatever else it says.
//
// A message that its channel could never carry (no id, no recipient, no text) is the program's mistake, an Internal fault. A wrong address is not: it
// must not undo what the message is about, so it becomes a dead letter when it is sent.
func Put(tx *sqldb.Tx, messages ...Message) error {
	const op = "notify.Put"
	for _, m := range messages {
		if err := m.check(); err != nil {
			return fault.Wrap(op, err)
		}
		if err := insert(tx, m); err != nil {
			return fault.Wrap(op, err)
		}
	}
	return nil
}

func (m Message) check() error {
	wrong := func(what string) error {
		return fault.New(fault.Internal, "", "message %q for channel %q %s", m.ID, m.Channel, what)
	}
	switch {
	case !m.ID.valid() || m.To == "" || m.At.IsZero():
		return wrong("needs an id fit for headers, a recipient and a time")
	case m.size() > MaxContent:
		return fault.New(fault.Invalid, "", "message %q has %d bytes; at most %d are allowed", m.ID, m.size(), MaxContent)
	}
	switch m.Channel {
	case SMS, Email, App:
		if m.Body.In(m.Lang) == "" {
			return wrong("needs a body in its language")
		}
	case Webhook:
		if m.Type == "" || !json.Valid(m.Data) {
			return wrong("needs a type, and data that is JSON")
		}
	default:
		return wrong("has no such channel")
	}
	return nil
}

func (m Message) size() int {
	return len(m.Subject.ZH) + len(m.Subject.EN) + len(m.Body.ZH) + len(m.Body.EN) + len(m.Data)
}

// insert adds the row. An in-app message is where it belongs with that.
func insert(tx *sqldb.Tx, m Message) error {
	status, done := Waiting, int64(0)
	due := sqldb.Micros(m.NotBefore)
	if m.Channel == App {
		status, done = Sent, max(sqldb.Micros(m.At), due)
	}
	data := []byte(m.Data)
	if data == nil {
		data = []byte{}
	}
	_, err := tx.Exec(`INSERT INTO notify (id, channel, lane, recipient, lang, subject_zh, subject_en, body_zh, body_en, type, data, about,
			at, not_before, not_after, status, done_at, try_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $14) ON CONFLICT (id) DO NOTHING`,
		string(m.ID), string(m.Channel), laneOf(m.Channel, m.To), m.To, string(m.Lang), m.Subject.ZH, m.Subject.EN, m.Body.ZH, m.Body.EN, m.Type, data, m.About,
		sqldb.Micros(m.At), due, sqldb.Micros(m.NotAfter), string(status), done)
	return err
}

// laneOf names what fails together: the one gateway of a channel, or one webhook receiver.
func laneOf(c Channel, to string) string {
	if c == Webhook {
		return string(c) + ":" + to
	}
	return string(c)
}
