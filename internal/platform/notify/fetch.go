package notify

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
)

// Fetch gets a document from another system's URL, through the same guard as webhooks. The request is signed like a webhook; what is signed in place of a body is
// the request's path with its query, so that neither can be changed on the way.
//
// An answer other than 2xx, or of more than most bytes, is an Unavailable fault; so is no answer.
func (w *WebhookCarrier) Fetch(ctx context.Context, e Endpoint, most int64) ([]byte, error) {
	const op = "notify.Fetch"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL, nil)
	if err != nil || e.Check() != nil {
		return nil, fault.New(fault.Unavailable, op, "the settings of the system %s are wrong", e.Name)
	}
	id, now := ident.New(), w.o.Clock.Now()
	signature, err := Sign(id, now, []byte(request.URL.RequestURI()), e.Secrets...)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	request.Header = http.Header{"Accept": {"application/json"}, headerID: {id}, headerTimestamp: {strconv.FormatInt(now.Unix(), 10)}, headerSignature: {signature}}
	answer, err := w.clientFor(request.URL).Do(request)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Op: op, Msg: "the system " + e.Name + " could not be reached", Err: unreached(err)}
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return nil, fault.New(fault.Unavailable, op, "the system %s answered with status %d", e.Name, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	if err != nil || int64(len(body)) > most {
		return nil, fault.New(fault.Unavailable, op, "the answer of the system %s broke off, or has more than %d bytes", e.Name, most)
	}
	return body, nil
}

func (w *WebhookCarrier) clientFor(u *url.URL) *http.Client {
	if u.Scheme == "http" {
		return w.plain
	}
	return w.secure
}
