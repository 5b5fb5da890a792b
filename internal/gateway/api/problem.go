package api

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"twoweave/internal/base/fault"
)

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type   string `json:"type" doc:"about:blank: the kind tells problems apart"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail" doc:"what went wrong, for the person who asked, in the language of Accept-Language: Chinese or English"`
	Kind   string `json:"kind" enum:"internal,invalid,not-found,unauthenticated,denied,conflict,exhausted,unavailable"`
	fault.Coded
	Problems []fault.Problem `json:"problems,omitempty" doc:"each thing wrong with the input: where, and what is allowed"`
	Current  any             `json:"current,omitempty" doc:"with a conflict: the thing as it is now"`

	wait time.Duration // until it may be tried again
}

// statuses is the one table from kinds of fault to HTTP.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.NotFound:        http.StatusNotFound,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Denied:          http.StatusForbidden,
	fault.Conflict:        http.StatusConflict,
	fault.Exhausted:       http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus tells huma the response's status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType tells huma the response's media type.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// overLimit is an error of the doorkeeper, which knows its own status.
type overLimit interface {
	error
	Answer() (status int, code, detail string, wait time.Duration)
}

// problemOfLimit is the problem of somebody who is over a limit, and nil of any other error.
func problemOfLimit(err error) *Problem {
	var over overLimit
	if !errors.As(err, &over) {
		return nil
	}
	status, code, detail, wait := over.Answer()
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Kind: kindOfStatus(status).String(), Coded: fault.Coded{Code: fault.Code(code)}, wait: wait}
}

// again is the Retry-After of a problem that time mends, in seconds; empty for others.
func (p *Problem) again() string {
	if p.Status != http.StatusTooManyRequests && p.Status != http.StatusServiceUnavailable {
		return ""
	}
	return strconv.Itoa(max(1, int(math.Ceil(p.wait.Seconds()))))
}

func problemOf(err error) *Problem {
	if p := problemOfLimit(err); p != nil {
		return p
	}
	kind := fault.KindOf(err)
	status := statuses[kind]
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: fault.Message(err), Kind: kind.String(), Coded: fault.Said(err), Problems: fault.Problems(err)}
}

// problemFromFramework gives huma's own refusals (a parameter of the wrong type, a body too large) our form.
func problemFromFramework(status int, msg string, errs ...error) huma.StatusError {
	if p := problemOfLimit(errors.Join(errs...)); p != nil { // a body that was cut off
		return p
	}
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: msg, Kind: kindOfStatus(status).String()}
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok {
			detail := d.ErrorDetail()
			p.Problems = append(p.Problems, fault.Problem{Field: detail.Location, Message: detail.Message})
		} else if err != nil {
			p.Problems = append(p.Problems, fault.Problem{Message: err.Error()})
		}
	}
	return p
}

func kindOfStatus(status int) fault.Kind {
	for kind, s := range statuses {
		if s == status {
			return kind
		}
	}
	if status >= 500 {
		return fault.Internal
	}
	return fault.Invalid
}
