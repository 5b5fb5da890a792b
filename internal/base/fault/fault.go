// Package fault is the one error type of the program.
//
// A fault says what went wrong in three layers that have different readers. Its Kind is for code: gateways map it to a status with
// one table, tests match on it. Its message is for the person who caused it and is always safe to show: it names what, where, and what is
// allowed, and never holds a secret or a stack. Its operation trail and the wrapped error are for the log.
//
// Nothing in the program decides by comparing error texts.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind classifies a fault by what the caller can do about it.
type Kind uint8

const (
	Internal        Kind = iota // our mistake; the caller can only report it
	Invalid                     // the input is wrong; the caller corrects it
	NotFound                    // the named thing does not exist, or not for this caller
	Unauthenticated             // the caller has not said who they are
	Denied                      // the caller may not do this
	Conflict                    // the thing has changed, or already exists otherwise
	Exhausted                   // a limit is reached; the caller slows down
	Unavailable                 // a part is down; the caller tries again later
)

var kindNames = [...]string{"internal", "invalid", "not-found", "unauthenticated", "denied", "conflict", "exhausted", "unavailable"}

// String is the kind's stable name, as problem documents and metrics show it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Problem is one thing wrong with an input: where it is and what is allowed there.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Field   string `json:"field,omitempty"` // JSON Pointer or dotted path
	Message string `json:"message"`
}

// String puts the place first, as compilers do: "file:line:column: field: message".
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		b.WriteByte(':')
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, "%d:", p.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Field != "" {
		b.WriteString(p.Field)
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Error is a fault. Build one with New, Wrap or Invalidly; read one with KindOf, Message and Problems.
type Error struct {
	Kind     Kind
	Op       string // "casedesk.Do"; wrapping builds a trail
	Msg      string // safe to show
	Problems []Problem
	Err      error // the cause, for the log only
}

// Error is the text for the log: trail, message, problems, cause.
func (e *Error) Error() string {
	parts := make([]string, 0, 3+len(e.Problems))
	if e.Op != "" {
		parts = append(parts, e.Op)
	}
	if e.Msg != "" {
		parts = append(parts, e.Msg)
	}
	for _, p := range e.Problems {
		parts = append(parts, p.String())
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if len(parts) == 0 {
		return e.Kind.String()
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// New makes a fault with a message that is safe to show.
func New(kind Kind, op, format string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, Msg: fmt.Sprintf(format, args...)}
}

// Invalidly makes one Invalid fault of several problems, so that a user sees all of them at once.
func Invalidly(op string, problems ...Problem) *Error {
	return &Error{Kind: Invalid, Op: op, Msg: "the input has problems", Problems: problems}
}

// Wrap adds an operation to err's trail and keeps its kind. Wrap(op, nil) is nil.
func Wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Op: op, Err: err}
}

// KindOf is the kind of the outermost fault in err's chain; Internal for an error that is no fault.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Message is the text of err that may be shown to whoever caused it: the first safe message in its chain, or a neutral sentence.
func Message(err error) string {
	for e, ok := errors.AsType[*Error](err); ok; e, ok = errors.AsType[*Error](e.Err) {
		if e.Msg != "" {
			return e.Msg
		}
	}
	return "the program could not do this; the log holds the reason"
}

// Problems collects every problem in err's chain, outermost first.
func Problems(err error) []Problem {
	var all []Problem
	for e, ok := errors.AsType[*Error](err); ok; e, ok = errors.AsType[*Error](e.Err) {
		all = append(all, e.Problems...)
	}
	return all
}
