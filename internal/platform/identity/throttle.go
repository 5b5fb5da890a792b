package identity

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// slowing says how failures slow down what comes next: some are free, each further one doubles the wait, up to a bound; after a quiet time they are forgotten.
type slowing struct {
	free   int
	most   time.Duration
	forget time.Duration
}

// At an account's pace there are fewer than a hundred guesses a day. An address may be that of a whole centre, so it is given more and waits less.
var (
	perAccount = slowing{free: 5, most: 15 * time.Minute, forget: 24 * time.Hour}
	perAddress = slowing{free: 30, most: 5 * time.Minute, forget: time.Hour}
)

func (s slowing) wait(failures int) time.Duration {
	if failures < s.free {
		return 0
	}
	over := failures - s.free
	if over > 20 {
		return s.most
	}
	return min(s.most, time.Second<<over)
}

// counters bounds the memory: names are counted in so many buckets, chosen by a hash whose seed nobody knows, so that no flood of names drives another's count out.
const counters = 1 << 16

// throttle counts failures.
type throttle struct {
	slowing
	seed maphash.Seed

	mu    sync.Mutex
	count [counters]tally
}

type tally struct {
	failures int32
	last     int64 // Unix seconds, when it last failed
}

func newThrottle(s slowing) *throttle { return &throttle{slowing: s, seed: maphash.MakeSeed()} }

func (t *throttle) of(key string) *tally { return &t.count[maphash.String(t.seed, key)%counters] }

// take lets an attempt begin, counted as failed until it is given back; or says how long to wait.
func (t *throttle) take(key string, now time.Time) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of(key)
	since := now.Sub(time.Unix(c.last, 0))
	if since < 0 { // the clock was set back: nobody waits longer than from now
		c.last, since = now.Unix(), 0
	}
	if c.failures > 0 && since >= t.forget {
		c.failures = 0
	}
	if need := t.wait(int(c.failures)); since < need {
		return need - since
	}
	c.failures++
	c.last = now.Unix()
	return 0
}

// back takes one failure back: the attempt was none. clear takes all.
func (t *throttle) back(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.of(key); c.failures > 0 {
		c.failures--
	}
}

func (t *throttle) clear(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*t.of(key) = tally{}
}

// network is what an address is counted under: whoever has an IPv6 address has a whole network of them.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}
