package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"twoweave/internal/base/fault"
)

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type     string          `json:"type" doc:"about:blank: the kind tells problems apart"`
	Title    string          `json:"title"`
	Status   int             `json:"status"`
	Detail   string          `json:"detail" doc:"what went wrong, for the person who asked"`
	Kind     string          `json:"kind" enum:"internal,invalid,not-found,unauthenticated,denied,conflict,exhausted,unavailable"`
	Problems []fault.Problem `json:"problems,omitempty" doc:"each thing wrong with the input: where, and what is allowed"`
	Current  any             `json:"current,omitempty" doc:"with a conflict: the thing as it is now"`
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

func problemOf(err error) *Problem {
	kind := fault.KindOf(err)
	status := statuses[kind]
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: fault.Message(err), Kind: kind.String(), Problems: fault.Problems(err)}
}

// problemFromFramework gives huma's own refusals (a parameter of the wrong type, a body too large) our form.
func problemFromFramework(status int, msg string, errs ...error) huma.StatusError {
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
