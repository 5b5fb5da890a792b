package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/flow"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/records/manage"
	"twoweave/internal/registry"
)

// What is between us and other systems loses requests and answers, brings things twice and in another order; the program dies between steps; each peer is down
// for an hour. In the end both sides hold the same orders with the same last words, and everything was done once.
func TestOrdersOverABadNetwork(t *testing.T) {
	t.Parallel()
	orders, seeds := 25, uint64(1)
	if os.Getenv("TWOWEAVE_SLOW") != "" {
		orders, seeds = 120, 4
	}
	for seed := range seeds {
		sqldbtest.Each(t, slices.Concat(migrations, notify.Migrations), func(t *testing.T, db *sqldb.DB) {
			n := newNetwork(t, db, seed)
			for len(n.hotline.orders) < orders || n.steps < 60*orders {
				n.step(t, orders)
			}
			n.calm(t)
			n.same(t)
			t.Logf("seed %d: %d orders of the hotline, %d of ours, %d steps, %s of virtual time, %d webhooks tried, %d lost, %d doubled, %d times dead; %d messages refused to the hotline",
				seed, len(n.hotline.orders), len(n.utility.known), n.steps, n.clock.Now().Sub(noon).Round(time.Minute), n.tried, n.lost, n.doubled, n.died, n.hotline.refused)
		})
	}
}

// network is our side and two peers.
type network struct {
	db    *sqldb.DB
	clock *clock.Manual
	rng   *rand.Rand
	peers []*exchange.Peer

	desk   *casedesk.Desk
	x      *exchange.Desk
	sender *notify.Sender
	good   bool // nothing is lost any more
	ways   sync.Mutex

	hotline *hotline
	utility *utility

	steps, tried, lost, doubled, died int
}

const (
	hotlineID exchange.PeerID = "hotline-12345"
	utilityID exchange.PeerID = "power-co"
)

func newNetwork(t *testing.T, db *sqldb.DB, seed uint64) *network {
	t.Helper()
	hook := func(name string) exchange.Webhook { return exchange.Webhook{URL: "https://" + name + ".example/hook"} }
	n := &network{db: db, clock: clock.NewManual(noon), rng: rand.New(rand.NewPCG(seed, 12345)), peers: []*exchange.Peer{
		{ID: hotlineID, Name: lang.Text{ZH: "12345", EN: "12345"}, Webhook: hook("hotline"), Role: access.Operator, Class: "ponding", Area: "a1", Pull: "https://hotline.example/feed",
			Words: map[casework.State]string{casework.Accepted: "已受理", casework.Filed: "已受理", casework.Dispatched: "已派单", casework.Handling: "办理中", casework.Handled: "已办理", casework.Closed: "已办结", casework.Voided: "不予受理", casework.Merged: "已并入"}},
		{ID: utilityID, Name: lang.Text{ZH: "供电公司", EN: "Power company"}, Webhook: hook("power"), Role: access.FieldWorker, Units: []registry.UnitID{"power-co"}},
	}}
	n.hotline = &hotline{network: n, orders: map[string]*ordered{}, heard: map[string]exchange.Told{}}
	n.utility = &utility{network: n, known: map[string]*job{}}
	n.start(t)
	return n
}

// start is the program starting on what is kept.
func (n *network) start(t *testing.T) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	n.desk = casedesk.New(casedesk.Options{DB: n.db, Store: manage.Store{}, Clock: n.clock, Log: log})
	n.x = flow.JoinExchange(n.desk, exchange.Options{DB: n.db, Store: dying{manage.Store{}, n}, Fetcher: n, Peers: n.peers, Source: "urn:twoweave:test", Clock: n.clock, Log: log})
	s := set(t)
	dir, wrong := registry.NewDirectory(s.Directory.Areas, append(slices.Clone(s.Directory.Units), registry.Unit{ID: "power-co", Kind: "owner", Name: lang.Text{ZH: "供电公司", EN: "Power company"}}))
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	s.Directory = dir
	n.desk.Use(flow.CityOf(s))
	n.x.Use(exchange.City{Directory: dir, Classes: s.Classes})
	n.sender = notify.NewSender(notify.Options{DB: n.db, Clock: n.clock, Log: log, Carriers: map[notify.Channel]notify.Carrier{notify.Webhook: n}})
	if err := n.sender.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var errDied = errors.New("the program died here")

// dying is a store under which the program dies now and then, late in a transaction.
type dying struct {
	manage.Store
	n *network
}

func (d dying) AppendFeed(tx *sqldb.Tx, l exchange.Line) error {
	if d.n.dies() {
		return errDied
	}
	return d.Store.AppendFeed(tx, l)
}

func (d dying) AnswerMessage(tx *sqldb.Tx, m exchange.Message) error {
	if err := d.Store.AnswerMessage(tx, m); err != nil || !d.n.dies() {
		return err
	}
	return errDied
}

func (n *network) dies() bool {
	if n.good || n.rng.IntN(12) > 0 {
		return false
	}
	n.died++
	return true
}

// loses says whether something is lost on the way.
func (n *network) loses() bool {
	if n.good || n.rng.IntN(5) > 0 {
		return false
	}
	n.lost++
	return true
}

// down is the hour in which a peer is not there: its own, so that they differ.
func (n *network) down(p exchange.PeerID) bool {
	since := n.clock.Now().Sub(noon)
	from := 2 * time.Hour
	if p == utilityID {
		from = 5 * time.Hour
	}
	return !n.good && since >= from && since < from+time.Hour
}

// Send is the way of a webhook to a peer.
func (n *network) Send(_ context.Context, m notify.Message) error {
	n.ways.Lock() // messages to both peers are sent at once
	defer n.ways.Unlock()
	n.tried++
	p := exchange.PeerID(m.To[len("exchange/"):])
	if n.down(p) || n.loses() {
		return &notify.Failure{Verdict: notify.Unwell, Why: lang.Text{ZH: "不通", EN: "no answer"}}
	}
	times := 1
	if !n.good && n.rng.IntN(6) == 0 {
		times = 2
		n.doubled++
	}
	for range times {
		if p == hotlineID {
			n.hotline.hear(exchange.Type(m.Type), m.Data)
		} else {
			n.utility.hear(exchange.Type(m.Type), m.Data)
		}
	}
	if n.loses() { // it was heard, and we do not know
		return &notify.Failure{Verdict: notify.TryLater, Why: lang.Text{ZH: "无应答", EN: "the answer was lost"}}
	}
	return nil
}

// Fetch is the way of a pull to the hotline's own feed.
func (n *network) Fetch(_ context.Context, e notify.Endpoint, _ int64) ([]byte, error) {
	if n.down(hotlineID) || n.loses() {
		return nil, fault.New(fault.Unavailable, "test", "no answer")
	}
	u, err := url.Parse(e.URL)
	if err != nil {
		return nil, err
	}
	after, _ := strconv.Atoi(u.Query().Get("after"))
	end := min(after+7, len(n.hotline.feed))
	return json.Marshal(map[string]any{"items": n.hotline.feed[after:end], "next": strconv.Itoa(end), "more": end < len(n.hotline.feed)})
}

// say brings a message of a peer to us; ok is false when the peer has no answer and must say it again.
func (n *network) say(t *testing.T, p *exchange.Peer, body []byte) (answer exchange.Answer, err error, ok bool) {
	t.Helper()
	if n.down(p.ID) || n.loses() {
		return answer, nil, false
	}
	answer, err = n.x.Receive(t.Context(), p, body, exchange.Pushed)
	if errors.Is(err, errDied) || fault.Is(err, fault.Unavailable) || n.loses() {
		return answer, err, false
	}
	if err != nil && !slices.ContainsFunc([]fault.Kind{fault.Invalid, fault.Denied, fault.Conflict, fault.NotFound}, func(k fault.Kind) bool { return fault.Is(err, k) }) {
		t.Fatal(err)
	}
	return answer, err, true
}

func cloudEvent(id string, kind exchange.Type, data map[string]any) []byte {
	body, err := json.Marshal(map[string]any{"specversion": "1.0", "id": id, "source": "urn:peer", "type": kind, "data": data})
	if err != nil {
		panic(err)
	}
	return body
}

// step is one thing that happens somewhere.
func (n *network) step(t *testing.T, orders int) {
	t.Helper()
	n.steps++
	n.clock.Advance(time.Duration(n.rng.IntN(60)) * time.Second)
	switch n.rng.IntN(12) {
	case 0:
		if len(n.hotline.orders) < orders {
			n.hotline.order()
		}
	case 1, 2, 3:
		n.hotline.push(t)
	case 4:
		if _, err := n.x.Pull(t.Context(), n.peers[0]); err != nil && !fault.Is(err, fault.Unavailable) && !errors.Is(err, errDied) {
			t.Fatal(err)
		}
	case 5, 6, 7:
		n.work(t)
	case 8, 9:
		n.utility.act(t)
	case 10:
		n.send(t)
	case 11:
		if n.rng.IntN(4) == 0 {
			n.start(t) // whatever was under way is gone
		}
	}
}

func (n *network) send(t *testing.T) {
	t.Helper()
	if _, err := n.sender.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// work is what our people do: whatever a case's state lets them, with a unit that is reached through the utility now and then.
func (n *network) work(t *testing.T) {
	t.Helper()
	page, err := n.desk.List(t.Context(), operator, casedesk.Filter{Limit: casedesk.MaxLimit})
	if err != nil || len(page.Items) == 0 {
		return
	}
	c := page.Items[n.rng.IntN(len(page.Items))]
	kinds := []casework.CommandKind{casework.File, casework.Dispatch, casework.Start, casework.Finish, casework.Verify, casework.Close, casework.Arbitrate, casework.Rework, casework.Undo, casework.Reopen, casework.Void}
	kind := kinds[n.rng.IntN(len(kinds))]
	for range 8 {
		if _, can := casework.Next(casework.State(c.State), kind); can {
			break
		}
		kind = kinds[n.rng.IntN(len(kinds))]
	}
	if kind == casework.Void && n.rng.IntN(8) > 0 || kind == casework.Undo && n.rng.IntN(3) > 0 || kind == casework.Rework && n.rng.IntN(3) > 0 {
		return
	}
	cmd := casework.Command{Kind: kind, Purpose: access.Casework, Version: c.Version, Note: "why"}
	if kind == casework.Dispatch || kind == casework.Arbitrate {
		cmd.Unit = []registry.UnitID{"power-co", "power-co", "street-1"}[n.rng.IntN(3)]
	}
	who := access.Actor{ID: "all", Name: "All", Roles: []access.Role{access.Operator, access.Dispatcher, access.FieldWorker}, Unit: "street-1"}
	if kind == casework.Verify || kind == casework.Rework {
		who = access.Actor{ID: "ve", Name: "Ve", Roles: []access.Role{access.Verifier}}
	}
	_, err = n.desk.Do(t.Context(), casedesk.Request{CaseID: casework.ID(c.ID), Command: cmd, Actor: who, IdempotencyKey: fmt.Sprint("w", n.steps), Route: "test"})
	if err != nil && !errors.Is(err, errDied) && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
}

// calm lets everything that is still under way arrive.
func (n *network) calm(t *testing.T) {
	t.Helper()
	n.good = true
	n.start(t)
	for range 60 {
		n.clock.Advance(time.Hour)
		for len(n.hotline.waiting) > 0 {
			n.hotline.push(t)
		}
		for n.utility.busy() {
			n.utility.act(t)
		}
		if _, err := n.x.Pull(t.Context(), n.peers[0]); err != nil {
			t.Fatal(err)
		}
		n.send(t)
	}
}

// ordered is an order of the hotline.
type ordered struct {
	answered bool
	withdraw bool
	extra    int // supplements that were carried out, by the answers
	urged    int // likewise
}

// hotline is a system that sends orders.
type hotline struct {
	*network
	orders  map[string]*ordered
	heard   map[string]exchange.Told // the newest
	waiting []message                // what we have not answered yet
	feed    []json.RawMessage        // all it ever said
	refused int
	said    int
}

type message struct {
	order string
	kind  exchange.Type
	body  []byte
}

// order makes an order and what is said about it; what is said travels in any order.
func (h *hotline) order() {
	number := fmt.Sprintf("SH%05d", len(h.orders))
	o := &ordered{}
	h.orders[number] = o
	place := h.rng.IntN(25) // so that some join the case of another
	h.tell(number, exchange.Created, map[string]any{"order": number, "text": "积水 " + number, "class": "unknown-class", "area": "a1", "address": fmt.Sprintf("世纪大道 %d 号", place),
		"point": map[string]float64{"lon": 121.5 + 0.01*float64(place), "lat": 31.2}})
	if h.rng.IntN(3) == 0 {
		h.tell(number, exchange.Supplemented, map[string]any{"order": number, "text": "补充 " + number})
	}
	if h.rng.IntN(3) == 0 {
		h.tell(number, exchange.Urged, map[string]any{"order": number, "reason": "催办"})
	}
	if h.rng.IntN(8) == 0 {
		h.tell(number, exchange.Withdrawn, map[string]any{"order": number, "reason": "诉求人撤回"})
	}
}

func (h *hotline) tell(number string, kind exchange.Type, data map[string]any) {
	h.said++
	body := cloudEvent(fmt.Sprint("m-", h.said), kind, data)
	h.feed = append(h.feed, body)
	h.waiting = append(h.waiting, message{number, kind, body})
}

// push sends one of the messages that wait, any of them.
func (h *hotline) push(t *testing.T) {
	t.Helper()
	if len(h.waiting) == 0 {
		return
	}
	i := h.rng.IntN(len(h.waiting))
	m := h.waiting[i]
	answer, err, ok := h.say(t, h.peers[0], m.body)
	if !ok {
		return
	}
	h.waiting = slices.Delete(h.waiting, i, i+1)
	o := h.orders[m.order]
	switch {
	case err != nil:
		h.refused++
	case m.kind == exchange.Created:
		o.answered = answer.Case != ""
	case m.kind == exchange.Supplemented:
		o.extra++
	case m.kind == exchange.Urged:
		o.urged++
	case m.kind == exchange.Withdrawn:
		o.withdraw = true
	}
}

// hear notes the newest word about an order.
func (h *hotline) hear(_ exchange.Type, data []byte) {
	var told exchange.Told
	if err := json.Unmarshal(data, &told); err != nil {
		panic(err)
	}
	if told.Seq > h.heard[told.Order].Seq {
		h.heard[told.Order] = told
	}
}

// job is an order of ours as the utility has it.
type job struct {
	status  string
	seq     int64 // of ours
	said    int64 // of its own
	next    []exchange.Type
	waiting []message
	done    int // answers done that we carried out
	back    int // answers returned, likewise
}

// utility is a company that does our orders.
type utility struct {
	*network
	known map[string]*job
}

func (u *utility) hear(kind exchange.Type, data []byte) {
	var told exchange.Told
	if err := json.Unmarshal(data, &told); err != nil {
		panic(err)
	}
	j := u.known[told.Order]
	if j == nil {
		j = &job{}
		u.known[told.Order] = j
	}
	if told.Seq <= j.seq {
		return
	}
	j.seq, j.status = told.Seq, told.Status
	switch {
	case kind == exchange.Withdrawn || told.State == casework.Closed || told.State == casework.Returned:
		j.next = nil
	case kind == exchange.Created && u.rng.IntN(6) == 0:
		j.next = []exchange.Type{exchange.Received, exchange.Returned}
	case kind == exchange.Created, told.State == casework.Handling && len(j.next) == 0 && len(j.waiting) == 0:
		j.next = []exchange.Type{exchange.Received, exchange.Started, exchange.Done}
	}
}

func (u *utility) busy() bool {
	for _, j := range u.known {
		if len(j.next)+len(j.waiting) > 0 {
			return true
		}
	}
	return false
}

// act lets the utility go on with one of its jobs: it says the next thing, or sends again what we have not answered.
func (u *utility) act(t *testing.T) {
	t.Helper()
	numbers := make([]string, 0, len(u.known))
	for number, j := range u.known {
		if len(j.next)+len(j.waiting) > 0 {
			numbers = append(numbers, number)
		}
	}
	if len(numbers) == 0 {
		return
	}
	slices.Sort(numbers)
	number := numbers[u.rng.IntN(len(numbers))]
	j := u.known[number]
	if len(j.next) > 0 && (len(j.waiting) == 0 || u.rng.IntN(3) == 0) {
		j.said++
		j.waiting = append(j.waiting, message{number, j.next[0], cloudEvent(fmt.Sprintf("u-%s-%d", number, j.said), j.next[0],
			map[string]any{"order": number, "seq": j.said, "ref": "P-" + number, "note": "已处理", "reason": "不是我们的"})})
		j.next = j.next[1:]
	}
	i := u.rng.IntN(len(j.waiting))
	m := j.waiting[i]
	answer, err, ok := u.say(t, u.peers[1], m.body)
	if !ok {
		return
	}
	j.waiting = slices.Delete(j.waiting, i, i+1)
	switch {
	case err != nil || answer.Outcome != exchange.Carried:
	case m.kind == exchange.Done:
		j.done++
	case m.kind == exchange.Returned:
		j.back++
	}
}

// same compares both sides.
func (n *network) same(t *testing.T) {
	t.Helper()
	admin := access.Actor{ID: "ad", Roles: []access.Role{access.Admin}}
	held := map[exchange.PeerID]map[string]exchange.OrderView{hotlineID: {}, utilityID: {}}
	for cursor := ""; ; {
		page, err := n.x.Orders(t.Context(), admin, exchange.Filter{Cursor: cursor, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Items {
			if _, twice := held[o.Peer][o.Number]; twice {
				t.Errorf("order %s is kept twice", o.Number)
			}
			held[o.Peer][o.Number] = o
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	kept := n.everything(t)
	n.sameHotline(t, held[hotlineID], kept)
	n.sameUtility(t, held[utilityID], kept)
	n.feeds(t, held)
	all, err := n.x.All(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Waiting+p.Dead+p.Turned > 0 {
			t.Errorf("%s: %d webhooks wait, %d are dead, %d messages were turned away", p.ID, p.Waiting, p.Dead, p.Turned)
		}
	}
}

// kept is what the cases hold of what peers said.
type kept struct {
	reports         map[string]int      // by their text
	finished        map[casework.ID]int // by the utility
	urged, sentBack int
}

func (n *network) everything(t *testing.T) kept {
	t.Helper()
	k := kept{reports: map[string]int{}, finished: map[casework.ID]int{}}
	page, err := n.desk.List(t.Context(), operator, casedesk.Filter{Limit: casedesk.MaxLimit})
	if err != nil || page.Next != "" {
		t.Fatalf("all cases on one page: next %q, %v", page.Next, err)
	}
	for _, c := range page.Items {
		var all []casedesk.Report
		err := n.db.View(t.Context(), func(tx *sqldb.Tx) (err error) {
			all, err = manage.Store{}.FindReports(tx, casedesk.ReportQuery{Case: casework.ID(c.ID), Limit: casedesk.MaxLimit})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			k.reports[r.Text]++
		}
		detail, err := n.desk.Case(t.Context(), operator, casework.ID(c.ID), false)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range detail.Facts {
			switch {
			case f.Kind == casework.FactUrged && f.Actor == "peer:"+string(hotlineID):
				k.urged++
			case f.Kind == casework.FactReturned && f.Actor == "peer:"+string(utilityID):
				k.sentBack++
			case f.Kind == casework.FactHandled && f.Actor == "peer:"+string(utilityID):
				k.finished[casework.ID(c.ID)]++
			}
		}
	}
	return k
}

func (n *network) sameHotline(t *testing.T, held map[string]exchange.OrderView, k kept) {
	t.Helper()
	if len(held) != len(n.hotline.orders) {
		t.Errorf("the hotline made %d orders, we have %d", len(n.hotline.orders), len(held))
	}
	urged := 0
	for number, o := range n.hotline.orders {
		mine := held[number]
		urged += o.urged
		if o.withdraw != mine.Ended {
			t.Errorf("order %s: withdrawn there %v, over here %v", number, o.withdraw, mine.Ended)
		}
		if !o.answered || mine.Case == "" {
			t.Errorf("order %s has no case: answered %v, kept %+v", number, o.answered, mine)
		}
		if got := k.reports["积水 "+number]; got != 1 {
			t.Errorf("order %s was taken as %d reports", number, got)
		}
		if got := k.reports["补充 "+number]; got != o.extra {
			t.Errorf("of order %s %d supplements are kept, %d were answered", number, got, o.extra)
		}
		if told := n.hotline.heard[number]; told.Status != mine.Word || !mine.Ended && told.Case == "" {
			t.Errorf("of order %s the hotline knows %q (message %d), here it is %q (case %s)", number, told.Status, told.Seq, mine.Word, mine.State)
		}
		c, err := n.desk.Case(t.Context(), operator, mine.Case, false)
		if err != nil {
			t.Fatal(err)
		}
		if word, has := n.peers[0].Word(casework.State(c.State)); has && !mine.Ended && word != mine.Word {
			t.Errorf("order %s was told %q, its case is %s", number, mine.Word, c.State)
		}
	}
	if k.urged != urged {
		t.Errorf("the hotline was told of %d urgings, the cases say %d", urged, k.urged)
	}
}

func (n *network) sameUtility(t *testing.T, held map[string]exchange.OrderView, k kept) {
	t.Helper()
	if len(held) != len(n.utility.known) {
		t.Errorf("we made %d orders, the utility has %d", len(held), len(n.utility.known))
	}
	done, back := map[casework.ID]int{}, 0
	for number, j := range n.utility.known {
		mine := held[number]
		if j.status != mine.Word {
			t.Errorf("of our order %s the utility knows %q, here it is %q (case %s, ended %v)", number, j.status, mine.Word, mine.State, mine.Ended)
		}
		done[mine.Case] += j.done
		back += j.back
	}
	if k.sentBack != back {
		t.Errorf("the utility was told that %d orders are returned, the cases say %d", back, k.sentBack)
	}
	for id, times := range done {
		if k.finished[id] != times {
			t.Errorf("the utility was told %d times that case %s is done, its facts say %d times", times, id, k.finished[id])
		}
	}
}

// feeds says everything once more, in order and without a gap, and ends where the orders stand.
func (n *network) feeds(t *testing.T, held map[exchange.PeerID]map[string]exchange.OrderView) {
	t.Helper()
	for _, p := range n.peers {
		last := map[string]exchange.Told{}
		for after := ""; ; {
			page, err := n.x.Feed(t.Context(), p, after, 50)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Items {
				var told exchange.Told
				if err := json.Unmarshal(e.Data, &told); err != nil {
					t.Fatal(err)
				}
				if told.Seq != last[told.Order].Seq+1 {
					t.Errorf("in the feed of %s order %s has number %d after %d", p.ID, told.Order, told.Seq, last[told.Order].Seq)
				}
				last[told.Order] = told
			}
			if after = page.Next; !page.More {
				break
			}
		}
		for number, o := range held[p.ID] {
			if last[number].Status != o.Word {
				t.Errorf("the feed of %s ends with %q for order %s, which is %q", p.ID, last[number].Status, number, o.Word)
			}
		}
	}
}
