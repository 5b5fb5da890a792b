package app

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/reform/pack"
)

// ReplaySender is the sender of replayed events.
const ReplaySender event.Sender = "replay"

// ReplayOptions say what is replayed through what.
type ReplayOptions struct {
	Map      string // maps/NAME.yaml of a pack folder
	File     string // CSV with a header
	Config   Config // its data folder must be new; gateways stay closed
	Log      *slog.Logger
	Progress io.Writer // a line now and then; nil for none
}

// ReplayReport is what became of a file. Rows = Accepted + Refused.
type ReplayReport struct {
	Rows       int
	Accepted   int
	Refused    int
	Reasons    map[string]int // of refused rows
	Unplaced   int            // accepted, without an area
	Unmapped   map[string]int // "field: value" left out because the map lists it as unmapped
	Outcomes   detect.Accounting
	Detections map[string]int // by scenario
	Cases      int
	From, To   time.Time
	Took       time.Duration
}

// line is one row of the file; one that is not CSV has the reason instead of fields.
type line struct {
	fields []string
	broken string
}

// replay is one run over a file: the file drives the clock, and the clock drives everything else.
type replay struct {
	app    *App
	clock  *clock.Manual
	rows   *pack.Rows
	report ReplayReport
	ticked time.Time
}

// Replay runs a file through a program of its own and reports what became of it.
func Replay(ctx context.Context, o ReplayOptions) (ReplayReport, error) {
	content, m, err := readMap(o.Map)
	if err != nil {
		return ReplayReport{}, err
	}
	file, err := os.Open(o.File)
	if err != nil {
		return ReplayReport{}, fault.New(fault.Invalid, "app.Replay", "%s cannot be opened: %v", o.File, errors.Unwrap(err))
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1 // a row of another length is refused with its reason, not the file
	header, err := reader.Read()
	if err != nil {
		return ReplayReport{}, fault.New(fault.Invalid, "app.Replay", "%s has no header that can be read: %v", o.File, err)
	}
	rows, err := m.Bind(header)
	if err != nil {
		return ReplayReport{}, err
	}
	return run(ctx, o, content, rows, reader)
}

func run(ctx context.Context, o ReplayOptions, content *pack.Pack, rows *pack.Rows, reader *csv.Reader) (ReplayReport, error) {
	if err := mustBeNew(o.Config.Data); err != nil {
		return ReplayReport{}, err
	}
	first, lines, err := readAll(rows, reader)
	if err != nil {
		return ReplayReport{}, err
	}
	c := clock.NewManual(first)
	program, err := New(o.Config, Options{Clock: c, Log: o.Log, Silent: true, Snapshots: rarely, Packs: func() ([]*pack.Pack, error) { return []*pack.Pack{content}, nil }})
	if err != nil {
		return ReplayReport{}, err
	}
	if err := program.Start(ctx); err != nil {
		return ReplayReport{}, err
	}
	begun := clock.System{}.Now()
	r := &replay{app: program, clock: c, rows: rows, report: ReplayReport{Reasons: map[string]int{}, Unmapped: map[string]int{}, From: first}}
	err = r.all(ctx, lines, o.Progress)
	if err == nil {
		err = r.finish(ctx)
	}
	r.report.Took = clock.System{}.Now().Sub(begun)
	return r.report, errors.Join(err, program.Stop(ctx))
}

// rarely is how often a replay keeps detection's state: its hours pass in seconds, and it can be run again.
var rarely = detect.SnapshotPolicy{Messages: 100_000, Every: 10 * 365 * 24 * time.Hour}

// readMap reads the pack that a map belongs to.
func readMap(path string) (*pack.Pack, *pack.Map, error) {
	folder := filepath.Dir(filepath.Dir(path))
	p, err := ReadPack(folder)
	if err != nil {
		return nil, nil, err
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	for i := range p.Maps {
		if p.Maps[i].Name == name {
			return p, &p.Maps[i], nil
		}
	}
	return nil, nil, fault.New(fault.Invalid, "app.readMap", "%s is no map of the pack in %s; a map stands in maps/NAME.yaml and is called NAME", path, folder)
}

func mustBeNew(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) || (err == nil && len(entries) == 0) {
		return nil
	}
	return fault.New(fault.Invalid, "app.Replay", "data folder %s is not empty: a replay has a folder of its own, so that its past does not mix with another", folder)
}

// readAll reads every row and the earliest time of an event, from where the clock starts.
func readAll(rows *pack.Rows, reader *csv.Reader) (first time.Time, lines []line, err error) {
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return first, lines, nil
		}
		if broken, is := errors.AsType[*csv.ParseError](err); is {
			lines = append(lines, line{broken: "the row is not CSV: " + broken.Err.Error()})
			continue
		}
		if err != nil {
			return first, nil, fault.New(fault.Invalid, "app.Replay", "the file cannot be read: %v", err)
		}
		lines = append(lines, line{fields: fields})
		if e, out := rows.Event(fields); out.Refused == nil && (first.IsZero() || e.Time.Before(first)) {
			first = e.Time
		}
	}
}

const progressEvery = 1000

func (r *replay) all(ctx context.Context, lines []line, progress io.Writer) error {
	for i, l := range lines {
		if err := r.row(ctx, l); err != nil {
			return err
		}
		if progress != nil && (i+1)%progressEvery == 0 {
			fmt.Fprintf(progress, "%d of %d rows, %s\n", i+1, len(lines), r.clock.Now().Format(time.DateTime))
		}
	}
	return nil
}

func (r *replay) row(ctx context.Context, l line) error {
	r.report.Rows++
	if l.broken != "" {
		r.refuse([]fault.Problem{{Message: l.broken}})
		return nil
	}
	e, out := r.rows.Event(l.fields)
	if out.Refused != nil {
		r.refuse(out.Refused)
		return nil
	}
	for _, unmapped := range out.Unmapped {
		r.report.Unmapped[unmapped]++
	}
	if e.Time.After(r.clock.Now()) {
		if err := r.moveTo(ctx, e.Time); err != nil {
			return err
		}
	}
	return r.send(ctx, e)
}

// moveTo lets time pass: the cases' timers ring, and the log gets a tick. The clock waits for detection before it moves, so that a case is opened
// at the time of the event that led to it.
func (r *replay) moveTo(ctx context.Context, t time.Time) error {
	if err := r.caughtUp(ctx); err != nil {
		return err
	}
	r.clock.Set(t)
	if t.Sub(r.ticked) < time.Second {
		return nil
	}
	r.ticked = t
	if _, err := r.app.timers.RunDue(ctx); err != nil {
		return err
	}
	_, err := r.app.bus.AppendTick(ctx, t)
	return err
}

// send sends one event alone, so that the same file always gives the same log: what is sent together may stand in the log in any order.
func (r *replay) send(ctx context.Context, e event.Event) error {
	outcomes, err := r.app.ingest.Accept(ctx, ReplaySender, []event.Event{e})
	if err != nil {
		return err
	}
	o := outcomes[0]
	if !o.Accepted {
		r.refuse(o.Problems)
		return nil
	}
	r.report.Accepted++
	if o.Unplaced {
		r.report.Unplaced++
	}
	return nil
}

func (r *replay) refuse(problems []fault.Problem) {
	r.report.Refused++
	reason := "unknown"
	if len(problems) > 0 {
		reason = strings.TrimPrefix(problems[0].Field+": "+problems[0].Message, ": ")
	}
	r.report.Reasons[reason]++
}

// caughtUp waits until everything in the log has been computed and committed, with what findings ordered.
func (r *replay) caughtUp(ctx context.Context) error { return r.app.settle(ctx) }

// finish waits until everything in the log has been detected and kept, and adds up.
func (r *replay) finish(ctx context.Context) error {
	r.report.To = r.clock.Now()
	if err := r.moveTo(ctx, r.clock.Now().Add(time.Second)); err != nil {
		return err
	}
	r.report.Outcomes = r.app.outcomes()
	return r.app.database.View(ctx, r.countFindings)
}

func (r *replay) countFindings(tx *sqldb.Tx) error {
	rows, err := tx.Query(`SELECT scenario, COUNT(*) FROM detection GROUP BY scenario ORDER BY scenario`)
	if err != nil {
		return err
	}
	defer rows.Close()
	r.report.Detections = map[string]int{}
	for rows.Next() {
		var scenario string
		var n int
		if err := rows.Scan(&scenario, &n); err != nil {
			return err
		}
		r.report.Detections[scenario] = n
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return tx.QueryRow(`SELECT COUNT(*) FROM cases`).Scan(&r.report.Cases)
}

// Write prints the report.
func (r ReplayReport) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "rows\t%d\n  accepted\t%d\n  refused\t%d\n", r.Rows, r.Accepted, r.Refused)
	writeCounts(t, "    ", r.Reasons)
	fmt.Fprintf(t, "unplaced\t%d\nunmapped\t%d\n", r.Unplaced, total(r.Unmapped))
	writeCounts(t, "  ", r.Unmapped)
	o := r.Outcomes
	fmt.Fprintf(t, "evaluated\t%d\nduplicate\t%d\nconflict\t%d\nlate\t%d\ndead\t%d\ncapped\t%d\n", o.Evaluated, o.Duplicate, o.Conflict, o.Late, o.Dead, o.Capped)
	fmt.Fprintf(t, "detections\t%d\n", total(r.Detections))
	writeCounts(t, "  ", r.Detections)
	fmt.Fprintf(t, "cases\t%d\n", r.Cases)
	fmt.Fprintf(t, "from\t%s\nto\t%s\ntook\t%s\n", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339), r.Took.Round(time.Millisecond))
	return t.Flush()
}

func writeCounts(w io.Writer, indent string, counts map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(w, "%s%s\t%d\n", indent, name, counts[name])
	}
}

func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
