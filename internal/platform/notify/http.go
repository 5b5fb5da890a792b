package notify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxAnswer is how much of an answer is read before its connection is given up; none of it is looked at, since answers repeat addresses and texts.
const maxAnswer = 64 << 10

// noRedirect is for http.Client: a redirect would carry the message, and our secret, to somebody else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// post sends a document. It returns nil for an answer of 2xx, and else a *Failure.
func post(ctx context.Context, client *http.Client, to string, header http.Header, body []byte, now func() time.Time) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return &Failure{Verdict: Refused, Why: say("接收方的网址无效", "the receiver's URL is not valid")}
	}
	request.Header = header
	answer, err := client.Do(request)
	if err != nil {
		return unreached(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // so that the connection can be used again; the status has decided
	return judge(answer, now())
}

// unreached is the failure of a request without an answer. The URL, which may hold secrets, is left out.
func unreached(err error) error {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return &Failure{Verdict: Unwell, Why: say("无法连接接收方", "the receiver could not be reached"), Err: err}
}

// judge is what an answer means. What refuses us (401, 407) is not the message's fault: it waits until our credentials are put right.
func judge(answer *http.Response, now time.Time) error {
	code := answer.StatusCode
	no := func(v Verdict, zh, en string) *Failure {
		return &Failure{Verdict: v, Answered: v == Refused, Why: say(zh+"（状态码 %d）", en+" (status %d)", code)}
	}
	switch {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusUnauthorized || code == http.StatusProxyAuthRequired:
		return no(Unwell, "接收方不认可本系统的凭据", "the receiver does not accept our credentials")
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500:
		f := no(Unwell, "接收方暂时不能接收", "the receiver cannot take it now")
		f.Wait = retryAfter(answer.Header.Get("Retry-After"), now)
		return f
	case code >= 300 && code < 400:
		return no(Refused, "接收方要求转向别处，本系统不跟随", "the receiver answered with a redirect, which is not followed")
	}
	return no(Refused, "接收方拒收", "the receiver refused it")
}

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds, or a date. What is neither, or lies in the past, is 0.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(time.Duration(seconds)*time.Second, 0)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
