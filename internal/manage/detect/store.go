package detect

import (
	"context"
	"errors"
	"time"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// ErrNotOwner is what a Sink answers when the fence is closed: another epoch owns the partition, or its output stands already. Compare with errors.Is.
var ErrNotOwner = errors.New("detect: the partition belongs to another epoch")

// Lease is the right to compute one partition and to commit its output.
type Lease struct {
	Part  int
	Epoch int64   // rises with every change of owner; never given twice for one partition
	Seq   bus.Seq // the last message whose output is committed; 0 = none
}

// Owners shares out the partitions among the workers that live. A lease is only a hint about who should work; who may write is decided
// by the fence in Sink.Commit.
type Owners interface {
	// Claim renews the worker until now+ttl, takes free and expired partitions up to its fair share (64 divided by the workers that live, rounded
	// up), gives back what it has beyond that, and returns all it then holds. A partition it holds on to keeps its epoch.
	Claim(ctx context.Context, worker string, now time.Time, ttl time.Duration) ([]Lease, error)
	// Release gives back all that the worker holds. It is called after the worker has stopped computing.
	Release(ctx context.Context, worker string) error
}

// Commit is the output of one partition that must stand together or not at all: that of the messages after the previous commit up to Seq. Messages without
// output need no commit. All its detections and exceptions came out under one Set; those of a pack activation itself under the new one.
type Commit struct {
	Part       int
	Epoch      int64
	Seq        bus.Seq
	Detections []scenario.Detection // in log order
	Exceptions []Exception          // in log order
	Set        *pack.Set            // in force; nil only before the log's first activation
	Rules      []*scenario.Compiled // those of the detections that are not in Set any more
}

// Sink takes what detection found. Commit and Samples are called for one partition in log order and never at the same time; for different
// partitions at the same time.
type Sink interface {
	// Commit keeps everything in one transaction that begins by moving the fence:
	// UPDATE progress SET seq=$n WHERE part=$p AND epoch=$e AND seq<$n. It returns ErrNotOwner when that finds no row. After any other error
	// nothing is kept, or everything: the same Commit is tried again, and ErrNotOwner then settles it.
	Commit(ctx context.Context, c Commit) error
	// Samples takes what partitions know of indicators. They come at least once: after a restart the same sample (indicator, area, partition, time) may
	// come again, with the same value.
	Samples(ctx context.Context, samples []indicator.Sample)
}

// Loader gives the packs that a control message activates. The same activation gives the same set wherever it is loaded. Unavailable: try again; any other
// error stops the partition.
type Loader interface {
	Load(ctx context.Context, a Activation) (*pack.Set, error)
}

// Exception is an event that was kept because it could not be evaluated. Its identity is (Seq, N).
type Exception struct {
	Part   int
	Seq    bus.Seq
	N      int       // index within the batch
	Kind   Outcome   // Conflict or Dead
	At     time.Time // log time
	Sender event.Sender
	Source string
	ID     string
	Type   event.TypeName
	Reason string
	Data   []byte // as in the log, sealed values sealed; of a batch that cannot be read, its first bytes
}
