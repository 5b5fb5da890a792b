package limit

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// buckets are rates by client. Their memory is bounded.
type buckets struct {
	rate Rate
	mu   sync.Mutex
	by   *lru.LRU[string, *rate.Limiter]
}

func newBuckets(r Rate, remember int) *buckets {
	by, err := lru.NewLRU[string, *rate.Limiter](remember, nil)
	if err != nil {
		panic(err) // only for a size of nothing
	}
	return &buckets{rate: r, by: by}
}

func (b *buckets) of(client string) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, known := b.by.Get(client)
	if !known {
		l = rate.NewLimiter(rate.Limit(b.rate.Second), b.rate.Burst)
		b.by.Add(client, l)
	}
	return l
}

// take takes n from a client's bucket, or says how long until there is as much. More than a whole burst is taken as a whole burst.
func (b *buckets) take(client string, n int, now time.Time) (wait time.Duration) {
	r := b.of(client).ReserveN(now, min(n, b.rate.Burst))
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// reserve takes n whatever the bucket holds, and says how long to wait for it.
func (b *buckets) reserve(client string, n int, now time.Time) time.Duration {
	return b.of(client).ReserveN(now, min(n, b.rate.Burst)).DelayFrom(now)
}

// places are things that are held for a while: in all, and by client. The memory is what is held.
type places struct {
	most, each int
	mu         sync.Mutex
	all        int
	by         map[string]int
}

func newPlaces(most, each int) *places { return &places{most: most, each: each, by: map[string]int{}} }

// enter takes a place for a client; an empty client is counted in all alone.
func (p *places) enter(client string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= p.most || (client != "" && p.by[client] >= p.each) {
		return false
	}
	p.all++
	if client != "" {
		p.by[client]++
	}
	return true
}

func (p *places) leave(client string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if client == "" {
		return
	}
	if p.by[client]--; p.by[client] == 0 {
		delete(p.by, client)
	}
}

func (p *places) held() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all
}
