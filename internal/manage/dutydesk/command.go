package dutydesk

import (
	"context"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
)

// do carries out a command of the duty room.
func do[T any](ctx context.Context, d *Desk, r command.Request, content string, decide func(*sqldb.Tx, time.Time) (command.Decided[T], error)) (T, error) {
	x := command.Runner{DB: d.DB, Store: d.Store, Clock: d.Clock, Space: space}
	v, err := command.Do(ctx, x, r, content, decide)
	if err == nil {
		d.Wake()
	}
	return v, err
}

// space names the duty room in idempotency keys.
const space = "duty"

// checkNote checks a remark that goes with a command.
func checkNote(note string) error {
	if !writable(note, MaxNote) {
		return fault.Invalidly("dutydesk", fault.Wrong("note", "duty.note", "at most 1000 characters, without control characters"))
	}
	return nil
}
