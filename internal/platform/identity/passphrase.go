package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// Cost is what a guess costs: OWASP's recommendation for argon2id is the default.
type Cost struct {
	Memory  uint32 // KiB
	Time    uint32
	Threads uint8
}

// DefaultCost is 19 MiB, two passes, one thread.
var DefaultCost = Cost{Memory: 19 << 10, Time: 2, Threads: 1}

// The bounds of what a stored hash may ask for: a row that was tampered with must not take the machine's memory.
const (
	maxMemory  = 256 << 10
	maxTime    = 16
	maxThreads = 8
	hashLength = 32
	saltLength = 16
)

// Hasher computes passphrase hashes, a few at a time.
type Hasher struct {
	cost    Cost
	running chan struct{} // one for each hash that is computed
	waiting chan struct{} // one for each of a stranger that is computed or waits
	unknown chan struct{} // one for each of a stranger that is computed: one fewer, so that who is known has room
}

type seenKey struct{}

// seenBefore marks an attempt from a browser on which that person has signed in before: it stands in no row with strangers, who may be many.
func seenBefore(ctx context.Context) context.Context { return context.WithValue(ctx, seenKey{}, true) }

// NewHasher makes one that computes atOnce hashes at a time while as many as queue wait.
func NewHasher(cost Cost, atOnce, queue int) *Hasher {
	return &Hasher{cost: cost, running: make(chan struct{}, atOnce), waiting: make(chan struct{}, atOnce+queue), unknown: make(chan struct{}, max(1, atOnce-1))}
}

// do runs f when it is its turn. It is Unavailable when too many wait already, or ctx ends before.
func (h *Hasher) do(ctx context.Context, f func()) error {
	const op = "identity.Hasher"
	if ctx.Value(seenKey{}) == nil {
		select {
		case h.waiting <- struct{}{}:
			defer func() { <-h.waiting }()
		default:
			return fault.New(fault.Unavailable, op, "too many people sign in at this moment")
		}
		select {
		case h.unknown <- struct{}{}:
			begun := clock.System{}.Now()
			// The place rests for as long as it was used: all strangers together take half a processor at most.
			defer func() { time.AfterFunc(clock.System{}.Now().Sub(begun), func() { <-h.unknown }) }()
		case <-ctx.Done():
			return fault.New(fault.Unavailable, op, "it took too long until a passphrase could be checked")
		}
	}
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	case <-ctx.Done():
		return fault.New(fault.Unavailable, op, "it took too long until a passphrase could be checked")
	}
	f()
	return nil
}

// Hash is the form in which a passphrase is kept.
func (h *Hasher) Hash(ctx context.Context, passphrase string) (encoded string, err error) {
	if wait := h.do(ctx, func() { encoded, err = h.fresh(passphrase) }); wait != nil {
		return "", wait
	}
	return encoded, err
}

func (h *Hasher) fresh(passphrase string) (string, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails
	sum := h.cost.sum(passphrase, salt, hashLength)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.Memory, h.cost.Time, h.cost.Threads, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

func (c Cost) sum(passphrase string, salt []byte, length uint32) []byte {
	return argon2.IDKey([]byte(norm.NFKC.String(passphrase)), salt, c.Time, c.Memory, c.Threads, length)
}

// Verify says whether a passphrase is the one that was kept, and whether it should be hashed anew because hashes cost more today.
func (h *Hasher) Verify(ctx context.Context, encoded, passphrase string) (same, outdated bool, err error) {
	cost, salt, want, err := parseHash(encoded)
	if err != nil {
		return false, false, err
	}
	err = h.do(ctx, func() {
		got := cost.sum(passphrase, salt, uint32(len(want)))
		same = subtle.ConstantTimeCompare(got, want) == 1
	})
	return same, cost.Memory < h.cost.Memory || cost.Time < h.cost.Time, err
}

func parseHash(encoded string) (c Cost, salt, sum []byte, err error) {
	broken := fault.New(fault.Internal, "identity.parseHash", "a passphrase's hash is damaged")
	part := strings.Split(encoded, "$")
	if len(part) != 6 || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, broken
	}
	if n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); n != 3 || err != nil {
		return c, nil, nil, broken
	}
	if c.Memory == 0 || c.Memory > maxMemory || c.Time == 0 || c.Time > maxTime || c.Threads == 0 || c.Threads > maxThreads {
		return c, nil, nil, broken
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(part[4])
	sum, sumErr := base64.RawStdEncoding.DecodeString(part[5])
	if saltErr != nil || sumErr != nil || len(salt) < saltLength || len(sum) < hashLength {
		return c, nil, nil, broken
	}
	return c, salt, sum, nil
}

// The bounds of a passphrase: characters at least, bytes at most.
const (
	minPassphrase = 12
	maxPassphrase = 1024
	minDifferent  = 5
)

// The reasons why a passphrase is refused.
const (
	TooShort fault.Code = "passphrase.short"
	TooLong  fault.Code = "passphrase.long"
	HasName  fault.Code = "passphrase.name"
	TooPlain fault.Code = "passphrase.plain"
	TooUsual fault.Code = "passphrase.usual"
)

// usual are words that whoever guesses tries first: docs/operations.md has them too. What is left without them must be long enough by itself.
var usual = []string{"twoweave", "passphrase", "password", "administrator", "admin", "operator", "dispatcher", "qwertyuiop", "qwerty", "1234567890", "123456789", "12345678", "1234567", "123456", "letmein", "welcome", "iloveyou", "abc123"}

// CheckPassphrase refuses a passphrase that is easy to guess for the person with these names.
func CheckPassphrase(passphrase string, names ...string) error {
	const op = "identity.CheckPassphrase"
	p := strings.ToLower(norm.NFKC.String(passphrase))
	switch {
	case utf8.RuneCountInString(p) < minPassphrase:
		return fault.Say(fault.Invalid, op, TooShort, "a passphrase has %d characters or more", minPassphrase)
	case len(passphrase) > maxPassphrase:
		return fault.Say(fault.Invalid, op, TooLong, "a passphrase has %d bytes at most", maxPassphrase)
	}
	for _, name := range names {
		for _, word := range append(strings.FieldsFunc(name, between), name) {
			word = strings.ToLower(norm.NFKC.String(word))
			if utf8.RuneCountInString(word) > 1 && strings.Contains(p, word) && (len(word) > 2) {
				return fault.Say(fault.Invalid, op, HasName, "a passphrase does not contain the name")
			}
		}
	}
	rest := p
	for _, word := range usual {
		rest = strings.ReplaceAll(rest, word, "")
	}
	if utf8.RuneCountInString(rest) < minPassphrase-4 && rest != p {
		return fault.Say(fault.Invalid, op, TooUsual, "a passphrase is more than words that everybody tries first")
	}
	different := map[rune]bool{}
	for _, r := range p {
		different[r] = true
	}
	if len(different) < minDifferent {
		return fault.Say(fault.Invalid, op, TooPlain, "a passphrase has %d different characters or more", minDifferent)
	}
	return nil
}

func between(r rune) bool { return strings.ContainsRune(" /.-_·@", r) }
