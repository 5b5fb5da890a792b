package flow_test

import (
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/flow"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

var commander = access.Actor{ID: "ad", Roles: []access.Role{access.Admin}}

func (l *line) orderList(t *testing.T) map[order.ID]orderdesk.View {
	t.Helper()
	page, err := l.orders.List(t.Context(), commander, orderdesk.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[order.ID]orderdesk.View{}
	for _, v := range page.Items {
		all[v.ID] = v
	}
	return all
}

func TestAnEpisodeRaisesAndQuietsWithItsCase(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		s, _ := l.set.Scenario("ponding")
		s.Raises = &scenario.Raise{Level: order.Emergency4, For: time.Hour}
		s.Quiets = &scenario.Quiet{Scenarios: []scenario.ID{"zz-orphan"}, For: 2 * time.Hour}
		d := started("p-1", 1)
		l.clock.Set(noon.Add(time.Minute)) // the machine is a little late; the orders' times are the finding's
		l.must(t, l.commit(10, d))
		raised, quiet := order.RaisedBy(d.DetectionID.String()), order.QuietedBy(d.DetectionID.String())
		all := l.orderList(t)
		if v := all[raised]; v.Status != order.Ordered || v.Level != order.Emergency4 || v.Area != "a1" || !v.At.Equal(noon) || !v.Until.Equal(noon.Add(time.Hour)) {
			t.Errorf("raised: %+v", v)
		}
		if v := all[quiet]; v.Status != order.Ordered || len(v.Scenarios) != 1 || !v.Until.Equal(noon.Add(2*time.Hour)) {
			t.Errorf("quieted: %+v", v)
		}
		l.must(t, l.commit(11, d, started("p-2", 1))) // once more, and a second place: the level stands already
		if all := l.orderList(t); len(all) != 4 || all[order.RaisedBy(started("p-2", 1).DetectionID.String())].Status != order.Ignored {
			t.Errorf("%d orders: %+v", len(all), all)
		}
		s.Quiets, s.Raises = nil, nil // the scenario may change before the episode ends
		l.must(t, l.commit(12, ended(d, noon.Add(10*time.Minute))))
		all = l.orderList(t)
		if v := all[quiet]; v.Status != order.Ended || !v.EndedAt.Equal(noon.Add(10*time.Minute)) {
			t.Errorf("after the end: %+v", v)
		}
		if v := all[raised]; v.Status != order.Ordered {
			t.Errorf("the city's state went down with the finding: %+v", v)
		}
	})
}

// refusing fails after a case could have been opened for the finding.
type refusing struct{ flow.Orders }

func (refusing) Raise(*sqldb.Tx, scenario.Detection, scenario.Raise) error {
	return fault.New(fault.Unavailable, "refusing", "no")
}

func TestAnOrderThatCannotBeKeptKeepsNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		l := newLine(t, db)
		s, _ := l.set.Scenario("ponding")
		s.Raises = &scenario.Raise{Level: order.Special, For: time.Hour}
		whole := l.Flow.Orders
		l.Flow.Orders = refusing{whole}
		if err := l.Commit(t.Context(), l.commit(10, started("p-1", 1))); !fault.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
		l.Flow.Orders = whole
		l.must(t, l.commit(bus.Seq(10), started("p-1", 1)))
		if n := len(l.orderList(t)); n != 1 {
			t.Errorf("%d orders", n)
		}
	})
}
