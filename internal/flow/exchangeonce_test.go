package flow_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/registry"
)

var keeper = access.Actor{ID: "ad", Roles: []access.Role{access.Admin}}

func goodNetwork(t *testing.T, db *sqldb.DB) *network {
	t.Helper()
	n := newNetwork(t, db, 1)
	n.good = true
	return n
}

func (n *network) has(t *testing.T, number string) (o exchange.OrderView, has bool) {
	t.Helper()
	page, err := n.x.Orders(t.Context(), keeper, exchange.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(page.Items, func(o exchange.OrderView) bool { return o.Number == number })
	if i < 0 {
		return o, false
	}
	return page.Items[i], true
}

// An order that was refused, and what the peer says of it later, do not keep the orders behind them from arriving; both are shown, once.
func TestAPullGoesOnBehindARefusedOrder(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, slices.Concat(migrations, notify.Migrations), func(t *testing.T, db *sqldb.DB) {
		n := goodNetwork(t, db)
		n.hotline.feed = append(n.hotline.feed,
			cloudEvent("p1", exchange.Created, map[string]any{"order": "B1", "area": "a1"}), // without a text
			cloudEvent("p2", exchange.Supplemented, map[string]any{"order": "B1", "text": "more"}),
			cloudEvent("p3", exchange.Created, map[string]any{"order": "B2", "text": "good", "area": "a1"}))
		for _, fetched := range []int{3, 0} {
			if got, err := n.x.Pull(t.Context(), n.peers[0]); got != fetched || err != nil {
				t.Errorf("%d messages fetched, must be %d: %v", got, fetched, err)
			}
		}
		if _, has := n.has(t, "B2"); !has {
			t.Error("the order behind the refused one did not arrive")
		}
		troubles, err := n.x.Troubles(t.Context(), keeper, hotlineID)
		if err != nil || len(troubles) != 1 || troubles[0].Name != "p2" {
			t.Errorf("troubles %+v, %v", troubles, err)
		}
		if all, err := n.x.All(t.Context(), keeper); err != nil || all[0].Turned != 1 {
			t.Errorf("%d messages turned away, %v", all[0].Turned, err)
		}
	})
}

// What a webhook brings before its order is to be sent again, and is carried out then.
func TestAWebhookBeforeItsOrderIsSentAgain(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, slices.Concat(migrations, notify.Migrations), func(t *testing.T, db *sqldb.DB) {
		n := goodNetwork(t, db)
		early := cloudEvent("m2", exchange.Urged, map[string]any{"order": "A1", "reason": "again"})
		if _, err := n.x.Receive(t.Context(), n.peers[0], early, exchange.Pushed); !fault.Is(err, fault.Unavailable) {
			t.Errorf("before its order: %v", err)
		}
		for _, body := range [][]byte{cloudEvent("m1", exchange.Created, map[string]any{"order": "A1", "text": "one", "area": "a1"}), early} {
			if _, err := n.x.Receive(t.Context(), n.peers[0], body, exchange.Pushed); err != nil {
				t.Error(err)
			}
		}
	})
}

// The same message has the same answer; another content under its id, or under the number of its order, is a conflict, which is kept and changes nothing. An
// order that is withdrawn before anybody works on it is void.
func TestTheSameOrderHasTheSameAnswer(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, slices.Concat(migrations, notify.Migrations), func(t *testing.T, db *sqldb.DB) {
		n := goodNetwork(t, db)
		receive := func(id string, kind exchange.Type, data map[string]any) (exchange.Answer, error) {
			return n.x.Receive(t.Context(), n.peers[0], cloudEvent(id, kind, data), exchange.Pushed)
		}
		one := map[string]any{"order": "A1", "text": "one", "class": "unheard-of", "area": "a1"}
		first, err := receive("m1", exchange.Created, one)
		if err != nil || first.Case == "" || first.Note == nil || first.Status != "已受理" {
			t.Fatalf("%+v, %v", first, err)
		}
		if again, err := receive("m1", exchange.Created, one); err != nil || !reflect.DeepEqual(again, first) {
			t.Errorf("%+v, then %+v, %v", first, again, err)
		}
		other := map[string]any{"order": "A1", "text": "other", "area": "a1"}
		for _, id := range []string{"m1", "m1", "m1b"} {
			if _, err := receive(id, exchange.Created, other); !fault.Is(err, fault.Conflict) {
				t.Errorf("another content under %s: %v", id, err)
			}
		}
		troubles, err := n.x.Troubles(t.Context(), keeper, hotlineID)
		if err != nil || len(troubles) != 2 {
			t.Errorf("troubles %+v, %v", troubles, err)
		}
		_, err = receive("m2", exchange.Created, map[string]any{"order": "A2", "area": "a1"})
		if problems := fault.Problems(err); !fault.Is(err, fault.Invalid) || len(problems) != 1 || problems[0].Field != "data.text" {
			t.Errorf("without a text: %v", err)
		}
		if gone, err := receive("m3", exchange.Withdrawn, map[string]any{"order": "A1", "reason": "mistake"}); err != nil || gone.State != casework.Voided {
			t.Errorf("withdrawn: %+v, %v", gone, err)
		}
		if o, _ := n.has(t, "A1"); !o.Ended || o.State != casework.Voided {
			t.Errorf("kept %+v", o)
		}
	})
}

// Who withdraws an order withdraws what was added to it as well, however long the reason is; a matter of which somebody else has told goes on.
func TestAWithdrawnOrderTakesItsSupplementsAlong(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, slices.Concat(migrations, notify.Migrations), func(t *testing.T, db *sqldb.DB) {
		n := goodNetwork(t, db)
		receive := func(id string, kind exchange.Type, data map[string]any) exchange.Answer {
			t.Helper()
			a, err := n.x.Receive(t.Context(), n.peers[0], cloudEvent(id, kind, data), exchange.Pushed)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		receive("m1", exchange.Created, map[string]any{"order": "A1", "text": "one", "area": "a1"})
		receive("m2", exchange.Supplemented, map[string]any{"order": "A1", "text": "and more"})
		long := strings.Repeat("误报", 4000/6)
		if gone := receive("m3", exchange.Withdrawn, map[string]any{"order": "A1", "reason": long}); gone.State != casework.Voided {
			t.Errorf("withdrawn with its supplement: %+v", gone)
		}
		receive("m4", exchange.Created, map[string]any{"order": "A2", "text": "two", "area": "a1", "address": "Road 2"})
		_, err := n.desk.Take(t.Context(), casedesk.TakeRequest{Actor: operator.Actor, IdempotencyKey: "t", Route: "reports", Intake: casedesk.Intake{Channel: casedesk.Phone, Text: "two, too", Class: "ponding", Area: "a1",
			Place: casework.Place{Address: "Road 2"}, Join: casedesk.Auto}})
		if err != nil {
			t.Fatal(err)
		}
		if gone := receive("m5", exchange.Withdrawn, map[string]any{"order": "A2", "reason": "mistake"}); gone.State == casework.Voided {
			t.Errorf("what a resident has told of, too, was voided: %+v", gone)
		}
	})
}

// A system that does our work cannot give us any; that it tries keeps nothing behind it from arriving, whatever its settings lack.
func TestWhoDoesOurWorkGivesUsNone(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, slices.Concat(migrations, notify.Migrations), func(t *testing.T, db *sqldb.DB) {
		n := goodNetwork(t, db)
		body := cloudEvent("u1", exchange.Created, map[string]any{"order": "U1", "text": "one", "area": "a1"})
		for range 2 {
			if _, err := n.x.Receive(t.Context(), n.peers[1], body, exchange.Pulled); !fault.Is(err, fault.Denied) {
				t.Errorf("an order of the power company: %v", err)
			}
		}
	})
}

// An order to a system that is in the settings no more stands in nobody's way: the unit's work goes to the system that has it now.
func TestARenamedPeerGetsNewOrders(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, slices.Concat(migrations, notify.Migrations), func(t *testing.T, db *sqldb.DB) {
		n := goodNetwork(t, db)
		if _, err := n.x.Receive(t.Context(), n.peers[0], cloudEvent("m1", exchange.Created, map[string]any{"order": "A1", "text": "one", "area": "a1"}), exchange.Pushed); err != nil {
			t.Fatal(err)
		}
		n.give(t, casework.File, "")
		n.give(t, casework.Dispatch, "power-co")
		renamed := *n.peers[1]
		renamed.ID = "power-and-light"
		n.peers[1] = &renamed
		n.start(t)
		n.give(t, casework.Return, "")
		n.give(t, casework.Arbitrate, "power-co")
		page, err := n.x.Orders(t.Context(), keeper, exchange.Filter{Peer: renamed.ID})
		if err != nil || len(page.Items) != 1 || page.Items[0].Ended {
			t.Errorf("orders of the renamed system: %+v, %v", page.Items, err)
		}
	})
}

// A system is told what reporters said only where its purpose lets it see that.
func TestWordsGoToWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	for purpose, shown := range map[access.Purpose]bool{access.Casework: true, access.Supervision: false, "": false} {
		sqldbtest.Each(t, slices.Concat(migrations, notify.Migrations), func(t *testing.T, db *sqldb.DB) {
			n := goodNetwork(t, db)
			n.peers[1].Purpose = purpose
			n.start(t)
			if _, err := n.x.Receive(t.Context(), n.peers[0], cloudEvent("m1", exchange.Created, map[string]any{"order": "A1", "text": "the words", "area": "a1"}), exchange.Pushed); err != nil {
				t.Fatal(err)
			}
			n.give(t, casework.File, "")
			n.give(t, casework.Dispatch, "power-co")
			page, err := n.x.Feed(t.Context(), n.peers[1], "", 10)
			if err != nil || len(page.Items) != 1 {
				t.Fatalf("%+v, %v", page.Items, err)
			}
			if has := strings.Contains(string(page.Items[0].Data), "the words"); has != shown {
				t.Errorf("for the purpose %q: %s", purpose, page.Items[0].Data)
			}
		})
	}
}

// give has somebody who may do everything move the one case on.
func (n *network) give(t *testing.T, kind casework.CommandKind, unit registry.UnitID) {
	t.Helper()
	all := access.Actor{ID: "all", Name: "All", Roles: []access.Role{access.Operator, access.Dispatcher, access.FieldWorker}, Unit: "power-co"}
	page, err := n.desk.List(t.Context(), operator, casedesk.Filter{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	cmd := casework.Command{Kind: kind, Purpose: access.Casework, Version: page.Items[0].Version, Note: "why", Unit: unit}
	if _, err := n.desk.Do(t.Context(), casedesk.Request{CaseID: page.Items[0].ID, Command: cmd, Actor: all, IdempotencyKey: string(kind), Route: "test"}); err != nil {
		t.Fatal(err)
	}
}
