package bus_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"twoweave/internal/platform/bus"
)

const helperEnv = "TWOWEAVE_BUS_HELPER"

// helperMain turns the test binary into the process that the durability tests trace: it appends to the log in the folder that the
// environment names and says on standard output what was acknowledged, one write per line.
func helperMain() bool {
	dir := os.Getenv(helperEnv)
	if dir == "" {
		return false
	}
	h := helper{dir: dir}
	for round := range 3 { // each round opens a store that the one before has closed
		h.round(round)
	}
	return true
}

type helper struct {
	dir string
	n   int
	bus *bus.Bus
}

// round writes enough to fill several block files, in messages of mixed size, with purges between.
func (h *helper) round(round int) {
	ctx := context.Background()
	h.bus = must(bus.Open(ctx, bus.WithUpkeepEvery(bus.Options{Dir: h.dir}, 50*time.Millisecond)))
	for range 150 {
		h.append(ctx)
	}
	border := time.Now()
	must(h.bus.Purge(ctx, "gone", border))
	h.say("purged " + strconv.FormatInt(int64(round), 10))
	for range 60 {
		h.append(ctx)
	}
	h.together(ctx)
	if err := h.bus.Close(); err != nil {
		panic(err)
	}
}

// append adds the next message of the sequence and says so.
func (h *helper) append(ctx context.Context) {
	h.n++
	h.say(fmt.Sprintf("ack %d %d", h.n, h.add(ctx, h.n)))
}

// together adds messages from several goroutines at once, which fills the bus's bound.
func (h *helper) together(ctx context.Context) {
	var wg sync.WaitGroup
	for range 40 {
		h.n++
		n := h.n
		wg.Go(func() { h.say(fmt.Sprintf("together %d %d", n, h.add(ctx, n))) })
	}
	wg.Wait()
}

func (h *helper) add(ctx context.Context, n int) uint64 {
	body, id := helperBody(n), strconv.Itoa(n)
	switch {
	case n%10 == 0:
		return uint64(must(h.bus.AppendTick(ctx, time.Unix(int64(n), 0))))
	case n%10 == 5:
		return must(h.bus.Publish(ctx, "fact.n", id, body))
	}
	return uint64(must(h.bus.AppendEvents(ctx, n%64, helperClass(n), id, body)))
}

func (h *helper) say(line string) {
	if _, err := os.Stdout.WriteString(line + "\n"); err != nil {
		panic(err)
	}
}

// helperClass: most of a block is purged, so that the server's upkeep rewrites the block's file.
func helperClass(n int) bus.Retention {
	if n%4 == 0 {
		return "kept"
	}
	return "gone"
}

// helperBody is message n: its number, then bytes that only n can give.
func helperBody(n int) []byte {
	sum := sha256.Sum256([]byte(strconv.Itoa(n)))
	size := 100 + n%7*10_000
	body := fmt.Appendf(nil, "message %d ", n)
	for len(body) < size {
		sum = sha256.Sum256(sum[:])
		body = append(body, hex.EncodeToString(sum[:])...)
	}
	return body
}
