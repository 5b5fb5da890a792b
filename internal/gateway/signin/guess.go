package signin

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

const (
	guessesAtOnce = 10
	guessEvery    = 6 * time.Second
	guessers      = 10_000 // addresses that are remembered; the one that was quiet longest is forgotten first
)

// guesses counts wrong keys by the address that they come from. Its memory is bounded.
type guesses struct {
	mu sync.Mutex
	by *lru.LRU[string, *rate.Limiter]
}

func newGuesses() *guesses {
	by, err := lru.NewLRU[string, *rate.Limiter](guessers, nil)
	if err != nil {
		panic(err) // only for a size of nothing
	}
	return &guesses{by: by}
}

// allow says whether one more wrong key from an address is to be taken seriously.
func (g *guesses) allow(from string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	limiter, known := g.by.Get(from)
	if !known {
		limiter = rate.NewLimiter(rate.Every(guessEvery), guessesAtOnce)
		g.by.Add(from, limiter)
	}
	return limiter.AllowN(now, 1)
}
