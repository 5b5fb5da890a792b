package cluster_test

import (
	"bytes"
	"testing"
	"time"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/cluster"
)

var (
	config  = &cluster.Config{Metres: 300, Over: time.Hour}
	setting = operator.Setting{Lateness: time.Minute, Inputs: 1}
)

// states are encodings of a field that grows, is labelled and forgets.
func states() (all [][]byte) {
	f := config.New(setting)
	for i, x := range []item{
		{at: 5 * minute, from: "x"}, {at: 3 * minute, seq: 1, metres: 100, subject: "a"}, {at: 4 * minute, seq: 2, metres: 5000, from: "y"},
		{at: 40 * minute, seq: 3, metres: 200, from: "x"}, {tick: true, at: 65 * minute},
	} {
		if x.tick {
			f.Advance(x.at)
		} else if found := give(f, x); i > 0 {
			f.Label(found)
		}
		all = append(all, f.Append(nil))
	}
	return all
}

func FuzzRead(f *testing.F) {
	for _, body := range states() {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := wire.Reader{Rest: body}
		x := config.Read(setting, &r)
		if r.Bad {
			return
		}
		written := x.Append(nil)
		again := wire.Reader{Rest: written}
		if n := config.Read(setting, &again); !again.Done() || !bytes.Equal(n.Append(nil), written) {
			t.Fatalf("% x is written as % x", body, written)
		}
		for _, late := range []item{{at: 50 * minute, seq: 9, from: "x"}, {at: -1, seq: 9, n: 1, from: "z"}} {
			found := give(x, late)
			x.Payloads(found)
			x.Label(found)
		}
		x.Advance(100 * minute)
		x.Spent(100 * minute)
		x.Append(nil)
	})
}

func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	for _, body := range states() {
		for cut := range body {
			r := wire.Reader{Rest: body[:cut]}
			if config.Read(setting, &r); !r.Bad {
				t.Errorf("% x cut at %d was read as whole", body, cut)
			}
		}
	}
}
