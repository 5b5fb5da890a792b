package identity

import (
	"context"
	"crypto/hmac"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// TooSoon refuses an attempt that comes too early after others that failed. It is an Exhausted fault.
type TooSoon struct{ Wait time.Duration }

// Error is the text for the log.
func (e *TooSoon) Error() string { return "too many attempts; the next one in " + e.Wait.String() }

// Unwrap gives the fault behind it.
func (e *TooSoon) Unwrap() error {
	return fault.New(fault.Exhausted, "identity.SignIn", "%s", e.Error())
}

// Entered is what signing in leads to.
type Entered struct {
	Actor access.Actor
	Marks []string // of this browser, for the next time
	// Need says that the passphrase was right but is not enough; Pending then says so to the next step.
	Need    Need
	Pending string
}

// checkWithin is how long an attempt waits for its turn.
const checkWithin = 5 * time.Second

// SignIn proves who somebody is by a passphrase. A name that nobody has, a wrong passphrase and a blocked account are the same refusal and take the same time.
func (p *Provider) SignIn(ctx context.Context, name, passphrase string, c Client) (Entered, error) {
	account := strings.ToLower(strings.TrimSpace(name))
	attempt, err := p.attempt(account, c)
	if err != nil {
		return Entered{}, err
	}
	if len(passphrase) > maxPassphrase || len(account) > maxPassphrase {
		return Entered{}, refusal("")
	}
	hash, known, err := p.hashOf(ctx, account)
	if err != nil {
		attempt.none()
		return Entered{}, err
	}
	if attempt.marked {
		ctx = seenBefore(ctx)
	}
	waiting, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	same, outdated, err := p.o.Hasher.Verify(waiting, hash, passphrase)
	if err != nil {
		attempt.none()
		return Entered{}, err
	}
	if !same || !known {
		if !known {
			account = ""
		}
		return Entered{}, refusal(account)
	}
	renewed := ""
	if outdated {
		if renewed, err = p.o.Hasher.Hash(ctx, passphrase); err != nil {
			renewed = "" // another time
		}
	}
	return p.enter(ctx, account, hash, renewed, c, attempt)
}

// enter lets somebody in who has given the right passphrase.
func (p *Provider) enter(ctx context.Context, account, hash, renewed string, c Client, attempt attempt) (Entered, error) {
	e := Entered{Marks: p.remember(account, c.Marks)}
	err := p.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		a, err := p.inForce(tx, account)
		e.Actor = a.Actor
		if err != nil {
			return err
		}
		if e.Need, err = need(tx, a.Actor); err != nil || renewed == "" {
			return err
		}
		_, err = tx.Exec(`UPDATE identity_person SET passphrase = $3 WHERE account = $1 AND passphrase = $2`, account, hash, renewed)
		return fault.Wrap("identity.enter", err)
	})
	if err != nil {
		if !fault.Is(err, fault.Unauthenticated) {
			attempt.none()
		}
		return Entered{}, err
	}
	attempt.right()
	if renewed != "" {
		hash = renewed
	}
	if e.Need != "" {
		e.Pending = p.pending(account, hash)
	}
	return e, nil
}

// refusal is for the log and the audit; the person is told nothing but that it failed. What was entered as a name that nobody has is not in it: it may be a passphrase.
func refusal(account string) error {
	if account == "" {
		return fault.New(fault.Unauthenticated, "identity.SignIn", "no account has this name")
	}
	return fault.New(fault.Unauthenticated, "identity.SignIn", "the passphrase of account %q is wrong", account)
}

// WrongPassphrase is why a change of the passphrase is refused.
const WrongPassphrase fault.Code = "passphrase.wrong"

// Change gives somebody who is signed in another passphrase, for the one of now. All sessions end.
func (p *Provider) Change(ctx context.Context, who access.Actor, current, chosen string, c Client) error {
	const op = "identity.Change"
	if err := CheckPassphrase(chosen, who.ID, who.Name); err != nil {
		return err
	}
	attempt, err := p.attempt(who.ID, c)
	if err != nil {
		return err
	}
	hash, known, err := p.hashOf(ctx, who.ID)
	var same bool
	if err == nil {
		same, _, err = p.o.Hasher.Verify(ctx, hash, current[:min(len(current), maxPassphrase)])
	}
	if err != nil {
		attempt.none()
		return err
	}
	if !same || !known {
		return fault.Say(fault.Invalid, op, WrongPassphrase, "this is not the passphrase of now")
	}
	attempt.right()
	renewed, err := p.o.Hasher.Hash(ctx, chosen)
	if err != nil {
		return err
	}
	fact, err := access.Ask(p.now(), access.Request{Actor: who, Action: access.KeepSelf, Thing: access.Thing{Kind: "passphrase", ID: "change"}, Purpose: access.SigningIn})
	if err != nil {
		return err
	}
	return p.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(`UPDATE identity_person SET passphrase = $3, changed_at = $4 WHERE account = $1 AND passphrase = $2`, who.ID, hash, renewed, sqldb.Micros(p.now()))
		if err != nil || n == 0 {
			return cmpOr(fault.Wrap(op, err), fault.Say(fault.Invalid, op, WrongPassphrase, "the passphrase was changed meanwhile"))
		}
		if err := p.o.Accounts.EndSessions(tx, who.ID); err != nil {
			return err
		}
		return p.o.Accounts.AppendAudit(tx, fact)
	})
}

// hashOf is what a passphrase is checked against: for who has none, a hash that none fits.
func (p *Provider) hashOf(ctx context.Context, account string) (hash string, known bool, err error) {
	err = p.o.DB.View(ctx, func(tx *sqldb.Tx) error {
		err := tx.QueryRow(`SELECT passphrase FROM identity_person WHERE account = $1`, account).Scan(&hash)
		known = err == nil && hash != ""
		if sqldb.NotFound(err) {
			return nil
		}
		return fault.Wrap("identity.hashOf", err)
	})
	if !known {
		hash = p.stranger
	}
	return hash, known, err
}

// HasPassphrase says whether somebody signs in with one: whose key then is for programs only.
func (p *Provider) HasPassphrase(ctx context.Context, account string) (bool, error) {
	_, known, err := p.hashOf(ctx, account)
	return known, err
}

// attempt is one that was let begin.
type attempt struct {
	p                *Provider
	account, address string
	marked           bool // by a sign-in before, on this browser
}

// attempt counts one, as failed until it is known better. A browser with the account's mark is counted apart from strangers.
func (p *Provider) attempt(account string, c Client) (attempt, error) {
	a := attempt{p: p, account: account, address: network(c.Address)}
	for _, mark := range c.Marks {
		if p.marked(account, mark) {
			a.account, a.marked = "mark "+mark, true
			break
		}
	}
	now := p.now()
	if wait := p.addresses.take(a.address, now); wait > 0 {
		return a, &TooSoon{wait}
	}
	if wait := p.accounts.take(a.account, now); wait > 0 {
		p.addresses.back(a.address)
		return a, &TooSoon{wait}
	}
	return a, nil
}

// none takes it back: it came to no answer.
func (a attempt) none() {
	a.p.addresses.back(a.address)
	a.p.accounts.back(a.account)
}

// right forgets an account's failures. An address's stay: whoever guesses others' passphrases may have an own account there.
func (a attempt) right() {
	a.p.addresses.back(a.address)
	a.p.accounts.clear(a.account)
}

// mark is what a browser keeps of a sign-in: a random number, and that this installation gave it out for the account.
func (p *Provider) mark(account string) string {
	nonce := newSecret()
	return nonce + "." + p.mac("mark", account, nonce)
}

// maxMarks bounds how many people one browser is known for; a shared one in a duty room has a few.
const maxMarks = 8

// remember is a browser's marks with a new one for an account in front.
func (p *Provider) remember(account string, had []string) []string {
	marks := []string{p.mark(account)}
	for _, m := range had {
		if !p.marked(account, m) && len(marks) < maxMarks {
			marks = append(marks, m)
		}
	}
	return marks
}

func (p *Provider) marked(account, mark string) bool {
	nonce, sum, ok := strings.Cut(mark, ".")
	return ok && hmac.Equal([]byte(sum), []byte(p.mac("mark", account, nonce)))
}
