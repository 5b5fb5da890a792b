package bus_test

import (
	"bytes"
	"log/slog"
	"net"
	"testing"

	"github.com/nats-io/nats.go"

	"twoweave/internal/platform/bus"
)

func TestEmbeddedServerLetsNobodyElseIn(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	addr := b.ListenAddr()
	if host, _, err := net.SplitHostPort(addr); err != nil || host != "127.0.0.1" {
		t.Errorf("listens on %s, %v", addr, err)
	}
	for _, options := range [][]nats.Option{nil, {nats.UserInfo("", "")}, {nats.UserInfo("admin", "admin")}, {nats.Token("x")}} {
		if nc, err := nats.Connect("nats://"+addr, options...); err == nil {
			nc.Close()
			t.Error("a stranger was let in")
		}
	}
}

func TestStartIsQuiet(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&lines, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil { // ends whatever writes lines
		t.Fatal(err)
	}
	if lines.Len() > 0 {
		t.Errorf("said: %s", lines.String())
	}
}
