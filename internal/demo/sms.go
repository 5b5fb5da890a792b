package demo

import (
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"sync"
	"time"

	"twoweave/internal/base/clock"
)

// SMSGateway is the made-up city's SMS provider: it takes what an SMS gateway takes over HTTP, and its page shows what people would have got. A message that
// comes twice under one id is shown once. It is safe for many goroutines.
type SMSGateway struct {
	Clock clock.Clock

	mu   sync.Mutex
	got  []sms
	seen map[string]bool
}

type sms struct {
	ID   string `json:"id"`
	To   string `json:"to"`
	Text string `json:"text"`
	At   time.Time
}

// most bounds what the page shows and the gateway remembers.
const most = 500

// ServeHTTP takes a message by POST and shows them all by GET.
func (g *SMSGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		smsPage.Execute(w, g.list()) // a reader who has gone away is no error
		return
	}
	var m sms
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&m); err != nil || m.ID == "" || m.To == "" {
		http.Error(w, "a message has an id, a recipient (to) and a text", http.StatusBadRequest)
		return
	}
	g.take(m)
	w.WriteHeader(http.StatusAccepted)
}

func (g *SMSGateway) take(m sms) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	if g.seen[m.ID] {
		return
	}
	m.At, g.seen[m.ID] = g.Clock.Now(), true
	if g.got = append(g.got, m); len(g.got) > most {
		delete(g.seen, g.got[0].ID)
		g.got = slices.Delete(g.got, 0, 1)
	}
}

// list is what came, the latest first.
func (g *SMSGateway) list() []sms {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := slices.Clone(g.got)
	slices.Reverse(all)
	return all
}

var smsPage = template.Must(template.New("sms").Parse(`<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<title>短信 / SMS</title>
<style>body{font:1rem/1.5 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;background:#f2f6f9}li{background:#fff;border-radius:.8rem;padding:.6rem 1rem;margin:.6rem 0;list-style:none}ul{padding:0}small{color:#51606b}</style>
<h1>短信 <small>SMS</small></h1>
<p>演示城市的短信网关：这里是市民和责任人会收到的短信。<br>The made-up city's SMS gateway: what people would have got on their phones.</p>
{{if not .}}<p>还没有短信。No message yet.</p>{{end}}
<ul>{{range .}}<li><small>{{.At.Format "15:04:05"}} → {{.To}}</small><br>{{.Text}}</li>{{end}}</ul>
`))
