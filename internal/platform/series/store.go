package series

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// OutOfOrderWindow is how far behind the store's newest sample another one may come.
const OutOfOrderWindow = time.Hour

// AheadLimit is how far ahead of the clock a sample may be. It leaves room above the five minutes to which event time is clamped.
const AheadLimit = 10 * time.Minute

// Defaults of Options.
const (
	DefaultRetention  = 400 * 24 * time.Hour // a year and the weeks to compare it with
	DefaultMaxBytes   = 16 << 30
	DefaultTimeout    = 30 * time.Second
	DefaultMaxSamples = 20_000_000 // held in memory by one query, 16 bytes each
)

const (
	lookback     = 5 * time.Minute // an instant query sees a sample this long
	longestBlock = 31 * 24 * time.Hour
	reportEvery  = time.Minute
	folderMode   = 0o750
)

// Options configure a store. Clock is required; a zero value elsewhere means the default.
type Options struct {
	Clock      clock.Clock
	Log        *slog.Logger
	Retention  time.Duration // samples older than this are deleted, a block (2 hours to 31 days) at a time
	MaxBytes   int64         // the oldest blocks are deleted when all of them together are larger; negative: no limit
	Timeout    time.Duration // of one query
	MaxSamples int           // that one query may hold in memory
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxSamples == 0 {
		o.MaxSamples = DefaultMaxSamples
	}
	return o
}

func (o Options) check() error {
	switch {
	case o.Clock == nil:
		return fault.New(fault.Internal, "series.Open", "no clock was passed in")
	case o.Retention < 0:
		return fault.New(fault.Invalid, "series.Open", "retention must not be negative, not %s", o.Retention)
	case o.Timeout < 0 || o.MaxSamples < 0:
		return fault.New(fault.Invalid, "series.Open", "the limits of a query must not be negative")
	}
	return nil
}

// Store is an open series store. Its methods may be called from many goroutines until Close.
type Store struct {
	o        Options
	db       *tsdb.DB
	engine   *promql.Engine
	parser   parser.Parser
	registry *prometheus.Registry // the library's own counters; Stats reads some

	mu         sync.Mutex // one append at a time, so that the counts of Stats add up
	offered    uint64
	ahead      uint64
	conflict   uint64
	failed     uint64
	unreported bool      // samples were refused since the log said so
	reported   time.Time // when it last did
}

// Open opens the store in dir, which it creates when missing, and reads back what was appended before. One process at a time may hold a
// folder: a second one gets fault.Conflict.
func Open(dir string, o Options) (*Store, error) {
	const op = "series.Open"
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return nil, fault.Wrap(op, err)
	}
	s := &Store{o: o.withDefaults(), registry: prometheus.NewRegistry(), parser: parser.NewParser(parser.Options{})}
	db, err := tsdb.Open(dir, s.tsdbLog(), s.registry, s.tsdbOptions(), nil)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fault.New(fault.Conflict, op, "another process has the series folder %s open", dir)
	}
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	s.db = db
	s.engine = promql.NewEngine(s.engineOptions())
	return s, nil
}

// Close stops background work and closes the files. What was appended is kept.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported = time.Time{}
	s.report()
	if err := s.engine.Close(); err != nil {
		s.o.Log.Warn("closing the query engine", "error", err)
	}
	return fault.Wrap("series.Close", s.db.Close())
}

func (s *Store) tsdbLog() *slog.Logger {
	return slog.New(quietly{s.o.Log.Handler()})
}

// quietly drops the library's informational lines (block written, log segment cut), which are news to its developers only, and what it says
// of a compaction that Close cut short: nothing is lost, it is done after the next start.
type quietly struct{ slog.Handler }

func (q quietly) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// Handle passes on what is not dropped.
func (q quietly) Handle(ctx context.Context, r slog.Record) error {
	stopped := false
	r.Attrs(func(a slog.Attr) bool {
		err, is := a.Value.Any().(error)
		stopped = is && errors.Is(err, context.Canceled)
		return !stopped
	})
	if stopped {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (q quietly) WithAttrs(a []slog.Attr) slog.Handler { return quietly{q.Handler.WithAttrs(a)} }
func (q quietly) WithGroup(name string) slog.Handler   { return quietly{q.Handler.WithGroup(name)} }

func (s *Store) tsdbOptions() *tsdb.Options {
	o := tsdb.DefaultOptions()
	o.OutOfOrderTimeWindow = OutOfOrderWindow.Milliseconds()
	o.RetentionDuration = s.o.Retention.Milliseconds()
	o.MaxBlockDuration = max(o.MinBlockDuration, min(longestBlock, s.o.Retention/10).Milliseconds())
	o.BlocksToDelete = s.blocksToDelete
	return o
}

func (s *Store) engineOptions() promql.EngineOpts {
	return promql.EngineOpts{
		Logger:               s.tsdbLog(),
		MaxSamples:           s.o.MaxSamples,
		Timeout:              s.o.Timeout,
		LookbackDelta:        lookback,
		EnableAtModifier:     true,
		EnableNegativeOffset: true,
		Parser:               s.parser,
		NoStepSubqueryIntervalFn: func(int64) int64 {
			return time.Minute.Milliseconds()
		},
	}
}

// blocksToDelete says which blocks retention removes: those that ended before the clock's retention, then the oldest while all together
// are too large. The library's own rule counts from its newest block; here the clock tells age, so that a store fed by a replayed file
// keeps what the file's time says.
func (s *Store) blocksToDelete(blocks []*tsdb.Block) map[ulid.ULID]struct{} {
	gone := map[ulid.ULID]struct{}{}
	oldest := s.o.Clock.Now().Add(-s.o.Retention).UnixMilli()
	var bytes int64
	for _, b := range newestFirst(blocks) {
		bytes += b.Size()
		tooLarge := s.o.MaxBytes > 0 && bytes > s.o.MaxBytes
		if tooLarge || b.Meta().Compaction.Deletable || b.Meta().MaxTime < oldest {
			gone[b.Meta().ULID] = struct{}{}
		}
	}
	return gone
}

func newestFirst(blocks []*tsdb.Block) []*tsdb.Block {
	return slices.SortedFunc(slices.Values(blocks), func(a, b *tsdb.Block) int {
		return cmp.Compare(b.Meta().MaxTime, a.Meta().MaxTime)
	})
}
