package event_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/geo"
	"twoweave/internal/manage/event"
)

func events() *rapid.Generator[event.Event] {
	return rapid.Custom(func(t *rapid.T) event.Event {
		e := event.Event{
			ID: rapid.String().Draw(t, "id"), Source: rapid.String().Draw(t, "source"),
			Type: "water.level", Sender: event.Sender(rapid.String().Draw(t, "sender")),
			Subject: rapid.String().Draw(t, "subject"), Area: "310115004000",
			Time: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).UTC(),
			Data: []byte(rapid.StringN(1, 50, 200).Draw(t, "data")), Body: rapid.Uint64().Draw(t, "body"),
		}
		if rapid.Bool().Draw(t, "placed") {
			e.Place = &geo.Point{Lon: rapid.Float64Range(-180, 180).Draw(t, "lon"), Lat: rapid.Float64Range(-90, 90).Draw(t, "lat")}
		}
		return e
	})
}

func TestBatchSurvivesTheLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := &event.Batch{Stamp: time.UnixMicro(1_800_000_000_000_000).UTC(), Events: rapid.SliceOfN(events(), 1, 20).Draw(t, "events")}
		body := event.AppendBatch(nil, in)
		out, err := event.DecodeBatch(body)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("got %+v, want %+v", out, in)
		}
		if n := event.BatchSize(body); n != len(in.Events) {
			t.Fatalf("a batch of %d says that it holds %d", len(in.Events), n)
		}
		cut := rapid.IntRange(0, len(body)-1).Draw(t, "cut")
		if _, err := event.DecodeBatch(body[:cut]); err == nil {
			t.Fatalf("a batch cut at %d of %d bytes was read as whole", cut, len(body))
		}
	})
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add(event.AppendBatch(nil, &event.Batch{Events: []event.Event{{ID: "1", Data: []byte("{}")}}}))
	f.Fuzz(func(t *testing.T, body []byte) { event.DecodeBatch(body); event.BatchSize(body) })
}

func TestBodyDigestTellsContentApart(t *testing.T) {
	t.Parallel()
	a := event.Event{ID: "1", Source: "s", Sender: "x", Type: "t", Data: []byte(`{"v":1}`)}
	b := a
	b.Data = []byte(`{"v":2}`)
	if a.Key() != b.Key() || a.BodyDigest(nil) == b.BodyDigest(nil) {
		t.Error("the same id with another body must have the same key and another hash")
	}
	if a.BodyDigest(nil) == a.BodyDigest([]byte("secret")) {
		t.Error("the secret does not enter the digest")
	}
	b = a
	b.Sender = "y"
	if a.Key() == b.Key() {
		t.Error("another sender's event has the same key")
	}
}

// A city's sensors must spread: no partition may get more than twice its share of 20,000 plain codes.
func TestPartitionsAreEven(t *testing.T) {
	t.Parallel()
	var n [event.Partitions]int
	for i := range 20000 {
		n[event.PartitionOf("ws-"+time.Duration(i).String())]++
	}
	for p, got := range n {
		if got > 2*20000/event.Partitions || got < 20000/event.Partitions/2 {
			t.Errorf("partition %d has %d keys", p, got)
		}
	}
}
