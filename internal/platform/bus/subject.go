package bus

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/base/fault"
)

// Seq is a position in LOG. Positions start at 1, rise, and may have holes where retention removed messages.
type Seq uint64

// Retention names how long an event message is kept; it is part of the message's subject, so that Purge can find a class. Only [a-z0-9]+.
type Retention string

// Kind says what a message of LOG is.
type Kind uint8

const (
	Events  Kind = iota + 1 // a batch of events of one partition
	Tick                    // one second has passed
	Control                 // an order, activation or revision that takes effect at this position in every partition
)

// String is the kind's name in logs.
func (k Kind) String() string {
	switch k {
	case Events:
		return "events"
	case Tick:
		return "tick"
	case Control:
		return "control"
	}
	return "unknown"
}

// Message is one message of LOG. The receiver owns Body.
type Message struct {
	Seq  Seq
	Kind Kind
	Part int       // of Events; otherwise 0 and without meaning
	Tick time.Time // of Tick, in UTC
	Body []byte    // of Events and Control
}

const (
	logStream   = "LOG"
	factsStream = "FACTS"

	subjectTick    = "log.tick"
	subjectControl = "log.control"
	prefixEvents   = "log.ev."
	prefixFloor    = "log.floor."
	prefixFact     = "fact."
	allFacts       = "fact.>"

	tickFloor = "_tick" // no Retention can be spelt so
)

func eventSubject(part int, class Retention) string {
	return fmt.Sprintf("%s%02d.%s", prefixEvents, part, class)
}

func classSubject(class Retention) string { return prefixEvents + "*." + string(class) }

// readSubjects is the filter for a set of partitions; none means everything.
func readSubjects(parts PartSet) []string {
	if parts == AllParts {
		return nil
	}
	subjects := []string{subjectTick, subjectControl}
	for p := range parts.All() {
		subjects = append(subjects, fmt.Sprintf("%s%02d.*", prefixEvents, p))
	}
	return subjects
}

func (r Retention) check(op string) error {
	if r == "" {
		return fault.New(fault.Invalid, op, "the retention class is empty; allowed are a-z and 0-9, for example d7")
	}
	for _, c := range []byte(r) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return fault.New(fault.Invalid, op, "retention class %q: allowed are a-z and 0-9, for example d7", string(r))
		}
	}
	return nil
}

// checkFact accepts subjects "fact.a.b" whose words have no spaces, wildcards or control characters.
func checkFact(op, subject string) error {
	if !strings.HasPrefix(subject, prefixFact) {
		return fault.New(fault.Invalid, op, "subject %q: a fact's subject starts with %q", subject, prefixFact)
	}
	for word := range strings.SplitSeq(subject, ".") {
		if word == "" || strings.ContainsFunc(word, notSubject) {
			return fault.New(fault.Invalid, op, "subject %q: words are separated by single dots and hold no spaces, * or >", subject)
		}
	}
	return nil
}

func notSubject(r rune) bool { return r <= ' ' || r == '*' || r == '>' || r == 0x7f }

// decode reads the kind of a LOG message from its subject. ok is false for the bus's own bookkeeping messages.
func decode(subject string, seq uint64, body []byte) (m Message, ok bool, err error) {
	m = Message{Seq: Seq(seq)}
	switch {
	case subject == subjectTick:
		m.Kind = Tick
		m.Tick, err = decodeTick(body)
	case subject == subjectControl:
		m.Kind, m.Body = Control, body
	case strings.HasPrefix(subject, prefixEvents):
		m.Kind, m.Body = Events, body
		m.Part, err = decodePart(subject)
	case strings.HasPrefix(subject, prefixFloor):
		return m, false, nil
	default:
		err = fault.New(fault.Internal, "bus.decode", "LOG holds a message with the foreign subject %q", subject)
	}
	return m, err == nil, err
}

func decodePart(subject string) (int, error) {
	digits, _, _ := strings.Cut(strings.TrimPrefix(subject, prefixEvents), ".")
	part, err := strconv.Atoi(digits)
	if err != nil || !validPart(part) {
		return 0, fault.New(fault.Internal, "bus.decode", "LOG holds a message of no partition: %q", subject)
	}
	return part, nil
}

func encodeTick(at time.Time) []byte { return strconv.AppendInt(nil, at.Unix(), 10) }

func decodeTick(body []byte) (time.Time, error) {
	sec, err := strconv.ParseInt(string(body), 10, 64)
	if err != nil {
		return time.Time{}, fault.New(fault.Internal, "bus.decode", "LOG holds a tick that is no number of seconds")
	}
	return time.Unix(sec, 0).UTC(), nil
}
