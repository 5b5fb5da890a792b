package bus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twoweave/internal/platform/bus"
)

const (
	perBatch  = 200 // events in a message
	eventSize = 200
)

// BenchmarkAppend measures durable appends of 200 events of 200 bytes, 16 at a time, with the store's own sync.
func BenchmarkAppend(b *testing.B) {
	for name, size := range map[string]int{"batch": perBatch * eventSize, "single": eventSize} {
		b.Run(name, func(b *testing.B) {
			log, body := open(b, b.TempDir()), make([]byte, size)
			b.ResetTimer()
			appendN(b, log, b.N, body)
			b.ReportMetric(float64(b.N*size/eventSize)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func appendN(b *testing.B, log *bus.Bus, n int, body []byte) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range bus.InFlight {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if _, err := log.AppendEvents(context.Background(), int(i%64), "d7", fmt.Sprint(i), body); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkRead measures reading such messages back, all partitions or one in four.
func BenchmarkRead(b *testing.B) {
	for name, parts := range map[string]bus.PartSet{"all": bus.AllParts, "quarter": 0x1111111111111111} {
		b.Run(name, func(b *testing.B) {
			log := open(b, b.TempDir())
			appendN(b, log, 2000, make([]byte, perBatch*eventSize))
			b.ResetTimer()
			read := 0
			for read < b.N {
				stop := min(b.N-read, 2000*parts.Len()/bus.Partitions)
				n := 0
				err := log.Read(context.Background(), 0, parts, func(bus.Message) error {
					if n++; n == stop {
						return errEnough
					}
					return nil
				})
				if !errors.Is(err, errEnough) {
					b.Fatal(err)
				}
				read += n
			}
			b.ReportMetric(float64(read*perBatch)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkPurge measures the removal of one of two classes that lie in turn in the same files, per removed message.
func BenchmarkPurge(b *testing.B) {
	log, body, ctx := open(b, b.TempDir()), make([]byte, eventSize), context.Background()
	for i := range b.N {
		must(log.AppendEvents(ctx, i%64, "d7", fmt.Sprint(i), body))
		must(log.AppendEvents(ctx, i%64, "d90", fmt.Sprint("kept", i), body))
	}
	b.ResetTimer()
	if n := must(log.Purge(ctx, "d7", time.Now().Add(time.Hour))); n != uint64(b.N) {
		b.Errorf("removed %d of %d", n, b.N)
	}
}
