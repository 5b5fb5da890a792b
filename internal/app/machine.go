package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"twoweave/internal/gateway/api"
	"twoweave/internal/manage/detect"
	"twoweave/internal/records/manage"
)

// catchUpWithin is how long a start waits for detection to reach the end of the log before it lets new events in all the same.
const catchUpWithin = 30 * time.Second

// startDetection starts computing and, where that is soon done, waits until everything accepted before has been computed: from then on the
// figures of this process add up.
func (a *App) startDetection(ctx context.Context) error {
	last, err := a.bus.LastSeq(ctx)
	if err != nil {
		return err
	}
	if a.config.NATS == "embedded" { // the log is in our locked data folder: whoever held leases on it is dead
		if err := errors.Join((manage.Owners{DB: a.database}).ReleaseAll(ctx), a.outbox.TakeOver(ctx), a.audit.TakeOver(ctx)); err != nil {
			return err
		}
	}
	a.crew.start(a.undo, "detection", a.runner.Run)
	wait, cancel := context.WithTimeout(ctx, catchUpWithin)
	defer cancel()
	if err := a.runner.WaitFor(wait, last); err != nil {
		a.o.Log.Warn("detection is still behind; events are taken all the same", "position", a.runner.Position(), "end", last)
		return ctx.Err()
	}
	return nil
}

// outcomes adds up the partitions that this process holds.
func (a *App) outcomes() detect.Accounting {
	var sum detect.Accounting
	for _, part := range a.runner.Accounting() {
		sum = sum.Plus(part)
	}
	return sum
}

// machine is the program about itself, as the API shows it.
type machine struct{ *App }

func (m machine) Accounting(ctx context.Context) (api.Accounting, error) {
	last, err := m.bus.LastSeq(ctx)
	if err != nil {
		return api.Accounting{}, err
	}
	done, in := m.outcomes(), m.ingest.Accounting() // in this order: what is computed was accepted before
	out := api.Accounting{
		Since: in.Since.Truncate(time.Millisecond), Unplaced: in.Unplaced,
		Ingest: api.IngestAccounting{Received: in.Received, Accepted: in.Accepted, Refused: in.Refused, InDoubt: in.InDoubt, RefusedBy: map[string]uint64{}},
		Log: api.LogAccounting{LastSeq: uint64(last), Position: uint64(m.runner.Position()), InFlight: m.flight.events(),
			OutcomeAccounting: api.OutcomeAccounting{Events: done.Events, Evaluated: done.Evaluated, Duplicate: done.Duplicate, Conflict: done.Conflict,
				Late: done.Late, Dead: done.Dead, Capped: done.Capped},
			FloodAccounting: api.FloodAccounting{Silenced: done.Silenced, NewCapped: done.NewCapped, Dropped: done.Dropped, Overflow: done.Overflow, Clamped: done.Clamped,
				AfterEnd: done.AfterEnd, RuleErrors: done.RuleErrors, Copies: done.Copies, CopiesLost: done.CopiesLost}},
	}
	for reason, n := range in.RefusedBy {
		out.Ingest.RefusedBy[string(reason)] = n
	}
	for _, name := range slices.Sorted(maps.Keys(in.ByType)) {
		t := in.ByType[name]
		out.ByType = append(out.ByType, api.TypeAccounting{Type: string(name), Accepted: t.Accepted, Refused: t.Refused, Unplaced: t.Unplaced})
	}
	return out, nil
}

func (m machine) Packs() api.Packs {
	set := m.now.get()
	out := api.Packs{Activation: set.Activation}
	for _, p := range set.Packs {
		out.Packs = append(out.Packs, api.PackInfo{Name: p.Name, Version: p.Version, Hash: string(p.Hash()), Scenarios: len(p.Scenarios), Types: len(p.Types)})
	}
	return out
}

func (a *App) health() api.Health {
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), figures{a})
	return api.Health{Ready: a.ready, Sync: a.syncModes, Metrics: a.metrics, Version: Version()}
}

func (a *App) ready(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return map[string]error{"log": a.bus.Ready(ctx), "database": a.ping(ctx), "detection": a.runner.Ready()}
}

func (a *App) ping(ctx context.Context) error {
	_, err := a.countAccounts(ctx)
	return err
}

func (a *App) syncModes() map[string]string {
	return map[string]string{"log": a.bus.SyncMode(), "database": a.database.SyncMode()}
}

func (a *App) syncMode() string { return a.bus.SyncMode() }

// figures are the program's own metrics, read when they are asked for.
type figures struct{ app *App }

var (
	ingestFigure  = prometheus.NewDesc("twoweave_ingest_events_total", "Events offered since the start, by what became of them at the gateway.", []string{"result"}, nil)
	outcomeFigure = prometheus.NewDesc("twoweave_detect_events_total", "Events of the log, by outcome, as kept with the partitions' state.", []string{"outcome"}, nil)
	lagFigure     = prometheus.NewDesc("twoweave_detect_lag_messages", "Messages of the log that detection has not computed yet.", nil, nil)
	auditFigure   = prometheus.NewDesc("twoweave_audit_rows", "Rows of the audit: linked into its chain, and waiting for their link.", []string{"state"}, nil)
	auditAge      = prometheus.NewDesc("twoweave_audit_age_seconds", "Age of the eldest row that waits for its link, and of the last signed head.", []string{"of"}, nil)
	pendingFigure = prometheus.NewDesc("twoweave_log_pending_appends", "Appends to the log that wait for their acknowledgement.", nil, nil)
)

// Describe sends nothing: the set of figures is not fixed.
func (f figures) Describe(chan<- *prometheus.Desc) {}

// Collect reads the accounting.
func (f figures) Collect(ch chan<- prometheus.Metric) {
	in := f.app.ingest.Accounting()
	count := func(d *prometheus.Desc, v float64, label string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, label)
	}
	count(ingestFigure, float64(in.Accepted), "accepted")
	count(ingestFigure, float64(in.Refused), "refused")
	count(ingestFigure, float64(in.InDoubt), "in-doubt")
	done := f.app.outcomes()
	for name, v := range map[string]int64{"evaluated": done.Evaluated, "duplicate": done.Duplicate, "conflict": done.Conflict, "late": done.Late, "dead": done.Dead,
		"capped": done.Capped} {
		count(outcomeFigure, float64(v), name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if last, err := f.app.bus.LastSeq(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(lagFigure, prometheus.GaugeValue, float64(last)-float64(f.app.runner.Position()))
	}
	f.audit(ctx, ch)
	ch <- prometheus.MustNewConstMetric(pendingFigure, prometheus.GaugeValue, float64(f.app.bus.Stats().Pending))
}

// audit reads how the audit's chain stands; a database that does not answer shows nothing.
func (f figures) audit(ctx context.Context, ch chan<- prometheus.Metric) {
	position, loose, waiting, head, err := f.app.auditLag(ctx)
	if err != nil {
		return
	}
	gauge := func(d *prometheus.Desc, v float64, label string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label)
	}
	gauge(auditFigure, float64(position), "linked")
	gauge(auditFigure, float64(loose), "waiting")
	gauge(auditAge, waiting.Seconds(), "waiting")
	gauge(auditAge, head.Seconds(), "head")
}
