package demo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"twoweave/internal/base/clock"
)

// Partner is another system with which the made-up city exchanges work orders: the hotline, or a company that repairs what it owns. It takes signed webhooks, has
// a feed of its own, sends what it has to say until it is answered, and can be taken down for an hour. It is safe for many goroutines.
type Partner struct {
	Title  string // in both languages
	Secret []byte // that both sides sign with
	Clock  clock.Clock
	Log    *slog.Logger
	// Say is what the partner has to say by itself now; may be nil. Hear is told what came about an order, and answers with what to say later; may be nil.
	Say  func(now time.Time) []Saying
	Hear func(kind string, told Told, now time.Time) []Saying

	mu      sync.Mutex
	to      string // where its messages go
	down    time.Time
	said    int
	orders  []*partnerOrder // the oldest first
	feed    []json.RawMessage
	waiting []waiting
}

// Saying is one message: what it says of an order, and when.
type Saying struct {
	Kind string
	Data map[string]any // with "order", its number
	At   time.Time
}

// Told is what a partner hears of an order.
type Told struct {
	Order  string `json:"order"`
	Seq    int64  `json:"seq"`
	Status string `json:"status"`
	Case   string `json:"case"`
	Title  struct {
		ZH string `json:"zh"`
	} `json:"title"`
}

type partnerOrder struct {
	Number, Text, Status, Case, Problem string
	Seq                                 int64
	At                                  time.Time
}

type waiting struct {
	id, order string
	body      []byte
	at        time.Time
}

const (
	downFor   = time.Hour
	againIn   = 5 * time.Second // after a message that was not answered
	mostTaken = 256 << 10
)

// Connect says where the partner's messages go.
func (p *Partner) Connect(to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
}

// Run lets the partner speak until ctx ends.
func (p *Partner) Run(ctx context.Context) error {
	for {
		now := p.Clock.Now()
		if p.Say != nil {
			p.plan(p.Say(now))
		}
		for _, m := range p.due(now) {
			p.send(ctx, m)
		}
		if err := p.Clock.Wait(ctx, now.Add(time.Second)); err != nil {
			return err
		}
	}
}

// plan puts messages into the feed and among those that wait.
func (p *Partner) plan(all []Saying) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range all {
		p.said++
		number, _ := s.Data["order"].(string)
		id := fmt.Sprintf("%s-%d-%d", number, s.At.UnixMilli(), p.said)
		body, err := json.Marshal(map[string]any{"specversion": "1.0", "id": id, "source": "urn:demo:partner", "type": "twoweave.order." + s.Kind, "time": s.At, "data": s.Data})
		if err != nil {
			p.Log.Error("a message could not be written", "error", err)
			continue
		}
		p.feed = append(p.feed, body)
		p.waiting = append(p.waiting, waiting{id, number, body, s.At})
		o := p.order(number, s.At)
		if text, is := s.Data["text"].(string); is && s.Kind == "created" {
			o.Text = text
		}
	}
}

// order is an order by its number, a new one if there is none. The oldest are forgotten.
func (p *Partner) order(number string, now time.Time) *partnerOrder {
	if i := slices.IndexFunc(p.orders, func(o *partnerOrder) bool { return o.Number == number }); i >= 0 {
		return p.orders[i]
	}
	if len(p.orders) == most {
		p.orders = slices.Delete(p.orders, 0, 1)
	}
	p.orders = append(p.orders, &partnerOrder{Number: number, At: now})
	return p.orders[len(p.orders)-1]
}

func (p *Partner) due(now time.Time) (all []waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.to == "" || now.Before(p.down) {
		return nil
	}
	for _, m := range p.waiting {
		if !m.at.After(now) {
			all = append(all, m)
		}
	}
	return all
}

// send sends one message. Whatever is an answer ends it; else it is sent again.
func (p *Partner) send(ctx context.Context, m waiting) {
	p.mu.Lock()
	to := p.to
	p.mu.Unlock()
	status, answer, err := p.post(ctx, to, m)
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.waiting, func(w waiting) bool { return w.id == m.id })
	if err != nil || status >= 500 || status == http.StatusTooManyRequests {
		p.waiting[i].at = p.Clock.Now().Add(againIn)
		return
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	o := p.order(m.order, m.at)
	if o.Problem = ""; status/100 != 2 {
		o.Problem = answer.Detail
	}
	o.Case, o.Status = cmp.Or(o.Case, answer.Case), cmp.Or(o.Status, answer.Status)
}

// partnerAnswer is what is looked at of an answer, or of a problem document.
type partnerAnswer struct {
	Case   string `json:"case"`
	Status string `json:"status"`
	Detail string `json:"detail"`
}

func (p *Partner) post(ctx context.Context, to string, m waiting) (status int, answer partnerAnswer, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(m.body))
	if err != nil {
		return 0, answer, err
	}
	stamp := strconv.FormatInt(p.Clock.Now().Unix(), 10)
	request.Header = http.Header{"Content-Type": {"application/cloudevents+json"}, "Webhook-Id": {m.id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {p.sign(m.id, stamp, m.body)}}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, answer, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostTaken))
	if err == nil && len(body) > 0 {
		err = json.Unmarshal(body, &answer)
	}
	return response.StatusCode, answer, err
}

// sign is a Standard Webhooks signature.
func (p *Partner) sign(id, stamp string, body []byte) string {
	h := hmac.New(sha256.New, p.Secret)
	h.Write([]byte(id + "." + stamp + "."))
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func (p *Partner) signed(r *http.Request, body []byte) bool {
	want := p.sign(r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), body)
	return slices.Contains(strings.Fields(r.Header.Get("Webhook-Signature")), want)
}

// ServeHTTP is the partner's side: POST /hook takes what it is told, GET /feed gives what it said, / is a page for people, POST / takes it down or up again.
func (p *Partner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	machine := r.URL.Path == "/hook" || r.URL.Path == "/feed"
	switch {
	case machine && p.isDown():
		http.Error(w, "down", http.StatusServiceUnavailable)
	case r.URL.Path == "/hook" && r.Method == http.MethodPost:
		p.hook(w, r)
	case r.URL.Path == "/feed" && r.Method == http.MethodGet:
		p.page(w, r)
	case r.URL.Path == "/" && r.Method == http.MethodPost:
		p.toggle()
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case r.URL.Path == "/" && r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		partnerPage.Execute(w, p.view()) // a reader who has gone away is no error
	default:
		http.NotFound(w, r)
	}
}

func (p *Partner) isDown() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Clock.Now().Before(p.down)
}

func (p *Partner) toggle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Clock.Now()
	if now.Before(p.down) {
		p.down = now
		return
	}
	p.down = now.Add(downFor)
}

func (p *Partner) hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostTaken))
	if err != nil || !p.signed(r, body) {
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
		return
	}
	var event struct {
		Type string `json:"type"`
		Data Told   `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	if kind := strings.TrimPrefix(event.Type, "twoweave.order."); p.note(event.Data) && p.Hear != nil {
		p.plan(p.Hear(kind, event.Data, p.Clock.Now()))
	}
	w.WriteHeader(http.StatusAccepted)
}

// note keeps what was told; false when something newer is known.
func (p *Partner) note(told Told) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.order(told.Order, p.Clock.Now())
	if told.Seq <= o.Seq {
		return false
	}
	o.Seq, o.Status, o.Case, o.Text = told.Seq, told.Status, cmp.Or(told.Case, o.Case), cmp.Or(o.Text, told.Title.ZH)
	return true
}

const feedPage = 100

// page is a part of the feed: what the partner said behind a place, whether or not it was brought as well.
func (p *Partner) page(w http.ResponseWriter, r *http.Request) {
	if !p.signed(r, []byte(r.URL.RequestURI())) {
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
		return
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after")) // no number: from the beginning
	p.mu.Lock()
	after = min(max(after, 0), len(p.feed))
	end := min(after+feedPage, len(p.feed))
	items, more := slices.Clone(p.feed[after:end]), end < len(p.feed)
	p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"items": items, "next": strconv.Itoa(end), "more": more}) // likewise
}

type partnerView struct {
	Title   string
	Down    bool
	Until   time.Time
	Waiting int
	Orders  []partnerOrder
}

func (p *Partner) view() partnerView {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := partnerView{Title: p.Title, Down: p.Clock.Now().Before(p.down), Until: p.down, Waiting: len(p.waiting)}
	for _, o := range slices.Backward(p.orders) {
		v.Orders = append(v.Orders, *o)
	}
	return v
}

var partnerPage = template.Must(template.New("partner").Parse(`<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<title>{{.Title}}</title>
<style>body{font:1rem/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;background:#f2f6f9}table{border-collapse:collapse;width:100%;background:#fff}th,td{text-align:left;padding:.4rem .7rem;border-bottom:1px solid #cfd9e0;vertical-align:top}button{font:inherit;padding:.4rem 1rem}.down{color:#a4232b;font-weight:700}small{color:#51606b}</style>
<h1>{{.Title}}</h1>
<p>演示用的外部系统：它向城运中心发送或接受工单，只知道对方告诉它的情况。<br>A simulated system outside: it sends or takes work orders, and knows only what it is told.</p>
<form method="post"><p>{{if .Down}}<span class="down">停机至 {{.Until.Format "15:04:05"}} · down until then</span> <button>恢复 Bring up</button>{{else}}在线 up <button>停机一小时 Take down for an hour</button>{{end}} <small>{{.Waiting}} 条待发 to be sent</small></p></form>
{{if not .Orders}}<p>还没有工单。No order yet.</p>{{else}}
<table><thead><tr><th>工单 Order</th><th>内容 What</th><th>对方案号 Their case</th><th>对方状态 Their status</th><th>序号 No.</th></tr></thead>
<tbody>{{range .Orders}}<tr><td>{{.Number}}<br><small>{{.At.Format "15:04:05"}}</small></td><td>{{.Text}}{{if .Problem}}<br><small class="down">{{.Problem}}</small>{{end}}</td><td>{{.Case}}</td><td>{{.Status}}</td><td>{{.Seq}}</td></tr>{{end}}</tbody></table>{{end}}
`))
