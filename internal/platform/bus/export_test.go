package bus

import "time"

// WithUpkeepEvery makes the embedded server compact its files in seconds instead of minutes, for the tests that cut the power meanwhile.
func WithUpkeepEvery(o Options, every time.Duration) Options {
	o.syncInterval = every
	return o
}

// InFlight is the bound that the tests fill.
const InFlight = maxInFlight

// ListenAddr is where the embedded server listens.
func (b *Bus) ListenAddr() string { return b.server.srv.Addr().String() }
