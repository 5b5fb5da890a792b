package identity

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { os.Exit(sqldbtest.Main(m)) }

// cheap is a cost for tests of anything but the cost.
var cheap = Cost{Memory: 64, Time: 1, Threads: 1}

const good = "correct horse battery"

// books are accounts in memory; the real ones are tested with the whole program.
type books struct {
	mu    sync.Mutex
	all   map[string]Account
	audit []access.Audit
	ended []string // whose sessions were ended
}

func (b *books) EndSessions(_ *sqldb.Tx, account string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = append(b.ended, account)
	return nil
}

func (b *books) Account(_ *sqldb.Tx, id string) (Account, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a, ok := b.all[id]; ok {
		return a, nil
	}
	return Account{}, fault.New(fault.NotFound, "test", "no account")
}

func (b *books) Accounts(*sqldb.Tx) (all []Account, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.all {
		all = append(all, a)
	}
	return all, nil
}

func (b *books) CreateAccount(_ *sqldb.Tx, a access.Actor, _ time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, taken := b.all[a.ID]; taken {
		return fault.New(fault.Conflict, "test", "taken")
	}
	b.all[a.ID] = Account{Actor: a}
	return nil
}

func (b *books) set(id string, change func(*Account)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.all[id]
	change(&a)
	b.all[id] = a
}

func (b *books) BlockAccount(_ *sqldb.Tx, id string, _ time.Time) error {
	b.set(id, func(a *Account) { a.Blocked = true })
	return nil
}

func (b *books) UnblockAccount(_ *sqldb.Tx, id string) error {
	b.set(id, func(a *Account) { a.Blocked = false })
	return nil
}

func (b *books) AppendAudit(_ *sqldb.Tx, all ...access.Audit) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.audit = append(b.audit, all...)
	return nil
}

// last is the last line on the audit.
func (b *books) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.audit[len(b.audit)-1]
	return fmt.Sprintf("%s %s %s %v", a.Actor, a.Action, a.Thing, a.Decision.Allow)
}

// world is a provider on a clock that stands.
type world struct {
	*testing.T
	*Provider
	books *books
	clock *clock.Manual
}

func each(t *testing.T, test func(w world)) {
	t.Helper()
	t.Parallel()
	sqldbtest.Each(t, Migrations, func(t *testing.T, db *sqldb.DB) { test(newWorld(t, db, NewHasher(cheap, 2, 64))) })
}

func newWorld(t *testing.T, db *sqldb.DB, h *Hasher) world {
	t.Helper()
	b, c := &books{all: map[string]Account{}}, clock.NewManual(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC))
	p, err := New(Options{DB: db, Accounts: b, Clock: c, Secret: []byte(strings.Repeat("s", 32)), Hasher: h})
	if err != nil {
		t.Fatal(err)
	}
	return world{t, p, b, c}
}

func (w world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// hired is somebody who was invited by an administrator and has chosen a passphrase.
func (w world) hired(id string, roles ...access.Role) access.Actor {
	w.Helper()
	a := access.Actor{ID: id, Name: "Person " + strings.ToUpper(id), Roles: roles}
	secret, err := w.Invite(w.Context(), access.Actor{ID: "root", Roles: []access.Role{access.Admin}}, a)
	w.must(err)
	_, err = w.Accept(w.Context(), secret, Choice{Passphrase: good})
	w.must(err)
	return a
}

func (w world) signIn(id, passphrase string, c Client) (Entered, error) {
	return w.SignIn(w.Context(), id, passphrase, c)
}

func (w world) in(id string) {
	w.Helper()
	e, err := w.signIn(id, good, Client{Address: "10.0.0.1"})
	if w.must(err); e.Actor.ID != id {
		w.Fatalf("%+v", e)
	}
}

func TestTheFirstAdministratorComesByALinkThatWorksOnce(t *testing.T) {
	each(t, func(w world) {
		old, needed, err := w.FirstLink(w.Context())
		if w.must(err); !needed {
			w.Fatal("nobody has an account, but no link is needed")
		}
		link, _, err := w.FirstLink(w.Context())
		w.must(err)
		choice := Choice{Account: " Li.Na ", Name: "Li Na", Passphrase: good}
		if _, err := w.Accept(w.Context(), old, choice); !fault.Is(err, fault.NotFound) {
			w.Errorf("the link of an earlier start: %v", err)
		}
		for what, bad := range map[fault.Code]Choice{BadAccount: {"x", "Li", good}, BadName: {"li.na", " ", good}, TooShort: {"li.na", "Li", "short"}, HasName: {"li.na", "Li Na", "my li.na passes"}, TooPlain: {"li.na", "Li", "aaaaaaaaaaaaaab"}} {
			if _, err := w.Accept(w.Context(), link, bad); fault.Said(err).Code != what {
				w.Errorf("%s: %v", what, err)
			}
		}
		account, err := w.Accept(w.Context(), link, choice)
		if w.must(err); account != "li.na" || !w.books.all["li.na"].Has(access.Admin) {
			w.Fatalf("%q, %+v", account, w.books.all)
		}
		if _, err := w.Accept(w.Context(), link, choice); fault.Said(err).Code != LinkOver {
			w.Errorf("the link worked twice: %v", err)
		}
		if _, needed, _ := w.FirstLink(w.Context()); needed {
			w.Error("somebody has an account, but a first link is made")
		}
		if w.in("li.na"); w.books.last() != "li.na self.keep passphrase/first true" {
			w.Error(w.books.last())
		}
	})
}

func TestLinksEnd(t *testing.T) {
	each(t, func(w world) {
		link, _, err := w.FirstLink(w.Context())
		w.must(err)
		w.clock.Advance(FirstLife)
		if _, err := w.Link(w.Context(), link); !fault.Is(err, fault.NotFound) {
			w.Errorf("a first link after its hour: %v", err)
		}
		root := access.Actor{ID: "root", Roles: []access.Role{access.Admin}}
		link, err = w.Invite(w.Context(), root, access.Actor{ID: "wang", Name: "Wang", Roles: []access.Role{access.Operator}})
		w.must(err)
		newer, err := w.Reset(w.Context(), root, "wang")
		w.must(err)
		if _, err := w.Link(w.Context(), link); !fault.Is(err, fault.NotFound) {
			w.Errorf("an invitation after a newer link: %v", err)
		}
		w.must(w.Block(w.Context(), root, "wang"))
		w.must(w.Unblock(w.Context(), root, "wang"))
		if _, err := w.Link(w.Context(), newer); !fault.Is(err, fault.NotFound) {
			w.Errorf("a link that was blocked: %v", err)
		}
	})
}

// A device has a key. Were it given a link, it would get no passphrase by it.
func TestADeviceGetsNoPassphrase(t *testing.T) {
	each(t, func(w world) {
		link, err := w.Invite(w.Context(), access.Actor{ID: "root", Roles: []access.Role{access.Admin}}, access.Actor{ID: "gauge", Name: "Gauge", Roles: []access.Role{access.Device}})
		w.must(err)
		if _, err := w.Accept(w.Context(), link, Choice{Passphrase: good}); !fault.Is(err, fault.Denied) {
			w.Errorf("a device has chosen a passphrase: %v", err)
		}
		if _, err := w.signIn("gauge", good, Client{Address: "10.0.0.1"}); err == nil {
			w.Error("and signed in with it")
		}
	})
}

func TestOfManyWhoUseALinkOneComesFirst(t *testing.T) {
	each(t, func(w world) {
		link, _, err := w.FirstLink(w.Context())
		w.must(err)
		var all sync.WaitGroup
		came := make(chan string, 8)
		for i := range 8 {
			all.Go(func() {
				if account, err := w.Accept(w.Context(), link, Choice{Account: fmt.Sprint("first.", i), Name: "F", Passphrase: good}); err == nil {
					came <- account
				}
			})
		}
		all.Wait()
		if len(came) != 1 {
			w.Errorf("%d people used one link", len(came))
		}
	})
}

func TestAdministratorsKeepAccountsAndNobodyElse(t *testing.T) {
	each(t, func(w world) {
		li := w.hired("li", access.Operator)
		root := w.hired("boss", access.Admin)
		if _, err := w.People(w.Context(), li); !fault.Is(err, fault.Denied) {
			w.Errorf("an operator sees accounts: %v", err)
		}
		for what, do := range map[string]func(by access.Actor, id string) error{
			"block":   func(by access.Actor, id string) error { return w.Block(w.Context(), by, id) },
			"unblock": func(by access.Actor, id string) error { return w.Unblock(w.Context(), by, id) },
			"reset":   func(by access.Actor, id string) error { _, err := w.Reset(w.Context(), by, id); return err },
		} {
			if err := do(li, "boss"); !fault.Is(err, fault.Denied) || w.books.last() != "li people.keep account-"+what+"/boss false" {
				w.Errorf("%s by an operator: %v, %s", what, err, w.books.last())
			}
			if err := do(root, "boss"); !fault.Is(err, fault.Denied) {
				w.Errorf("%s of the own account: %v", what, err)
			}
		}
		w.books.ended = nil
		w.must(w.Block(w.Context(), root, "li"))
		if len(w.books.ended) != 1 || w.books.ended[0] != "li" {
			w.Errorf("blocking ended the sessions of %v", w.books.ended)
		}
		all, err := w.People(w.Context(), root)
		w.must(err)
		for _, p := range all {
			if p.State != map[string]State{"li": Blocked, "boss": Active}[p.ID] {
				w.Errorf("%s is %s", p.ID, p.State)
			}
		}
		if _, err := w.Invite(w.Context(), root, li); fault.Said(err).Code != Taken {
			w.Errorf("a name was given twice: %v", err)
		}
	})
}

// A key in the database, a row of it, opens nothing: only digests are kept.
func TestSecretsAreNotKept(t *testing.T) {
	each(t, func(w world) {
		w.hired("li", access.Operator)
		link, err := w.Reset(w.Context(), access.Actor{ID: "root", Roles: []access.Role{access.Admin}}, "li")
		w.must(err)
		var kept string
		w.must(w.o.DB.View(w.Context(), func(tx *sqldb.Tx) error {
			var hash, passphrase string
			err := tx.QueryRow(`SELECT hash, (SELECT passphrase FROM identity_person WHERE account = 'li') FROM identity_link`).Scan(&hash, &passphrase)
			kept = hash + passphrase
			return err
		}))
		if strings.Contains(kept, link) || strings.Contains(kept, good) || kept == "" {
			w.Errorf("kept: %s", kept)
		}
	})
}

func TestTheSameRefusalForEverybody(t *testing.T) {
	each(t, func(w world) {
		w.hired("li", access.Operator)
		w.hired("gone", access.Operator)
		w.must(w.Block(w.Context(), access.Actor{ID: "root", Roles: []access.Role{access.Admin}}, "gone"))
		for _, try := range [][2]string{{"li", "wrong passphrase"}, {"nobody-has-this", good}, {"gone", good}, {"", ""}, {"li", strings.Repeat("x", maxPassphrase+1)}} {
			_, err := w.signIn(try[0], try[1], Client{Address: "10.0.0.1"})
			if !fault.Is(err, fault.Unauthenticated) || strings.Contains(err.Error(), "nobody-has-this") {
				w.Errorf("%s: %v", try[0], err)
			}
		}
	})
}

// What a passphrase is made of is free, as long as it is long enough.
func TestPassphrasesAreJudgedByTheirLength(t *testing.T) {
	t.Parallel()
	for passphrase, want := range map[string]fault.Code{
		"k8#fLq2z9xw": TooShort, "k8#fLq2z9xwv": "", "四海之内皆兄弟也何患": TooShort, "四海之内皆兄弟也何患无兄": "", "only small letters": "", "602214076299792458": "",
		strings.Repeat("abcdefgh", 8): "", strings.Repeat("abcdefgh", 128): "", strings.Repeat("abcdefgh", 128) + "i": TooLong,
	} {
		if err := CheckPassphrase(passphrase); fault.Said(err).Code != want {
			t.Errorf("%.20s… of %d bytes: %v, want %q", passphrase, len(passphrase), err, want)
		}
	}
}

func TestWordsThatEverybodyTriesFirst(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"Twoweave2026!", "password123456", "admin-password-1", "ＰＡＳＳＷＯＲＤpassword", "qwertyuiop123456"} {
		if err := CheckPassphrase(bad); fault.Said(err).Code != TooUsual {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, fine := range []string{good, "two weavers of grey wool", "the password is elsewhere"} {
		if err := CheckPassphrase(fine); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
	text, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range usual {
		if !strings.Contains(string(text), "`"+word+"`") {
			t.Errorf("docs/operations.md does not name %s", word)
		}
	}
}

func TestAPassphraseIsChangedForTheOneOfNow(t *testing.T) {
	each(t, func(w world) {
		li, c := w.hired("li", access.Operator), Client{Address: "10.0.0.1"}
		const other = "another staple entirely"
		for what, try := range map[fault.Code][2]string{WrongPassphrase: {"guess guess guess", other}, TooShort: {good, "short"}, HasName: {good, "person li likes tea"}} {
			if err := w.Change(w.Context(), li, try[0], try[1], c); fault.Said(err).Code != what {
				w.Errorf("%s: %v", what, err)
			}
		}
		w.books.ended = nil
		if w.must(w.Change(w.Context(), li, good, other, c)); len(w.books.ended) != 1 || w.books.last() != "li self.keep passphrase/change true" {
			w.Errorf("%v, %s", w.books.ended, w.books.last())
		}
		if _, err := w.signIn("li", good, c); !fault.Is(err, fault.Unauthenticated) {
			w.Errorf("the old passphrase: %v", err)
		}
		if _, err := w.signIn("li", other, c); err != nil {
			w.Error(err)
		}
	})
}
