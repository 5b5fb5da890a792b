package bus_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"twoweave/internal/platform/bus"
)

// TestTornStreamSettings: the server keeps a stream's settings and their checksum in two files, so that a power cut between them leaves a stream
// that it does not load. Opening the bus makes the stream again over its messages.
func TestTornStreamSettings(t *testing.T) {
	t.Parallel()
	for name, tear := range map[string]func(file string) error{
		"other checksum": func(file string) error { return os.WriteFile(file+".sum", []byte("0123456789abcdef"), 0o600) },
		"no checksum":    func(file string) error { return os.Remove(file + ".sum") },
		"no settings":    func(file string) error { return os.Remove(file + ".inf") },
		"empty settings": func(file string) error { return os.WriteFile(file+".inf", nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			b, ctx := open(t, dir), ctxOf(t)
			for i := range 5 {
				must(b.AppendEvents(ctx, 1, "d7", fmt.Sprint(i), []byte("kept")))
				must(b.Publish(ctx, "fact.a", fmt.Sprint(i), []byte("kept")))
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			for _, stream := range []string{"LOG", "FACTS"} {
				if err := tear(filepath.Join(dir, "jetstream", "$G", "streams", stream, "meta")); err != nil {
					t.Fatal(err)
				}
			}
			again, err := bus.Open(ctx, bus.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = again.Close() }()
			if last := must(again.LastSeq(ctx)); last != 5 {
				t.Fatalf("the log ends at %d", last)
			}
			for _, m := range take(t, again, 0, bus.AllParts, 5) {
				if string(m.Body) != "kept" {
					t.Errorf("position %d holds %q", m.Seq, m.Body)
				}
			}
			if last := must(again.FactsLast(ctx)); last != 6 {
				t.Errorf("the facts end at %d", last)
			}
		})
	}
}
