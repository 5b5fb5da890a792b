package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
)

// keyVariable is the environment variable with an account's key, for commands that speak to a running program.
const keyVariable = "TWOWEAVE_KEY"

// remoteHelp says how a command finds the program and who it acts for.
const remoteHelp = "The program must be running. You act as the account whose key you give, with its rights: --key FILE, or the key itself in the environment variable " + keyVariable + "."

func remoteFlags(f *flag.FlagSet) {
	f.String("url", "http://127.0.0.1:8080", "where the program answers")
	f.String("key", "", "file with an account's key; without it the environment variable "+keyVariable+" holds the key")
}

// remote is a running program, spoken to for one account.
type remote struct {
	base   *url.URL
	key    string
	client *http.Client
}

func newRemote(flags *flag.FlagSet) (*remote, error) {
	base, err := url.Parse(strings.TrimSuffix(text(flags, "url"), "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "remote", "--url is %q; it must be like http://HOST:PORT", text(flags, "url"))
	}
	key := os.Getenv(keyVariable)
	if file := text(flags, "key"); file != "" {
		body, err := os.ReadFile(file)
		if err != nil {
			return nil, fault.New(fault.Invalid, "remote", "the key cannot be read from %s: %v", file, errors.Unwrap(err))
		}
		key = string(body)
	}
	if key = strings.TrimSpace(key); key == "" {
		return nil, fault.New(fault.Invalid, "remote", "whose order is it? Give an account's key with --key FILE or in %s; twoweave account add makes one", keyVariable)
	}
	return &remote{base: base, key: key, client: &http.Client{Timeout: 30 * time.Second}}, nil
}

func text(flags *flag.FlagSet, name string) string { return flags.Lookup(name).Value.String() }

// get reads what stands at a path.
func (r *remote) get(ctx context.Context, path string, into any) error {
	return r.call(ctx, http.MethodGet, path, nil, into)
}

// command sends a command, which the program carries out once even if it arrives twice.
func (r *remote) command(ctx context.Context, path string, body, into any) error {
	return r.call(ctx, http.MethodPost, path, body, into)
}

func (r *remote) call(ctx context.Context, method, path string, body, into any) error {
	request, err := r.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "remote", Msg: fmt.Sprintf("nothing answers at %s; is the program running there?", r.base), Err: err}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 32<<20))
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "remote", Msg: "the answer broke off", Err: err}
	}
	if response.StatusCode >= 400 {
		return refusal(response.StatusCode, answer)
	}
	if json.Unmarshal(answer, into) != nil {
		return fault.New(fault.Unavailable, "remote", "%s does not answer like Twoweave", r.base)
	}
	return nil
}

func (r *remote) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(ctx, method, r.base.String()+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	if method == http.MethodPost {
		request.Header.Set("Idempotency-Key", ident.New())
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// kinds are the kinds of fault behind the statuses of refusals.
var kinds = map[int]fault.Kind{
	http.StatusBadRequest: fault.Invalid, http.StatusUnprocessableEntity: fault.Invalid, http.StatusUnauthorized: fault.Unauthenticated,
	http.StatusForbidden: fault.Denied, http.StatusNotFound: fault.NotFound, http.StatusConflict: fault.Conflict, http.StatusTooManyRequests: fault.Exhausted,
}

// refusal is the program's problem document as a fault: what is wrong with the input is told field by field.
func refusal(status int, answer []byte) error {
	var problem struct {
		Detail   string          `json:"detail"`
		Problems []fault.Problem `json:"problems"`
	}
	if json.Unmarshal(answer, &problem) != nil || problem.Detail == "" {
		return fault.New(fault.Unavailable, "remote", "the program answered %d %s", status, http.StatusText(status))
	}
	kind, known := kinds[status]
	if !known {
		kind = fault.Unavailable
	}
	return &fault.Error{Kind: kind, Op: "remote", Msg: problem.Detail, Problems: problem.Problems}
}
