package identity

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
)

// codeAt is what an authenticator shows.
func (w world) codeAt(secret string, at time.Time) string {
	w.Helper()
	code, err := totp.GenerateCode(secret, at)
	w.must(err)
	return code
}

// guarded is an administrator with a second factor; its secret and recovery codes.
func (w world) guarded(id string) (secret string, recovery []string) {
	w.Helper()
	w.hired(id, access.Admin)
	e, err := w.signIn(id, good, Client{Address: "10.0.0.1"})
	if w.must(err); e.Need != NeedSetup || e.Pending == "" {
		w.Fatalf("an administrator without a second factor: %+v", e)
	}
	f, err := w.NewFactor(id, "Test")
	w.must(err)
	if _, err := w.Confirm(w.Context(), id, f.Sealed, "000000"); fault.Said(err).Code != WrongCode {
		w.Errorf("a wrong code sets it up: %v", err)
	}
	recovery, err = w.Confirm(w.Context(), id, f.Sealed, w.codeAt(f.Secret, w.now()))
	if w.must(err); len(recovery) != recoveries {
		w.Fatal(recovery)
	}
	w.clock.Advance(time.Minute)
	return f.Secret, recovery
}

func (w world) pendingFor(id string) string {
	w.Helper()
	e, err := w.signIn(id, good, Client{Address: "10.0.0.1"})
	if w.must(err); e.Need != NeedCode {
		w.Fatalf("%+v", e)
	}
	return e.Pending
}

func (w world) try(pending, code string) error {
	actor, _, err := w.SignInCode(w.Context(), pending, code)
	if err == nil && actor.ID == "" {
		w.Error("nobody was let in")
	}
	return err
}

func TestACodeIsGoodOnceAndForAStepBeforeAndAfter(t *testing.T) {
	each(t, func(w world) {
		secret, _ := w.guarded("li")
		pending := w.pendingFor("li")
		now := w.now()
		for _, off := range []time.Duration{-time.Minute, time.Minute, -time.Hour} {
			if err := w.try(pending, w.codeAt(secret, now.Add(off))); fault.Said(err).Code != WrongCode {
				w.Errorf("the code of %s: %v", off, err)
			}
		}
		w.must(w.try(pending, w.codeAt(secret, now)))
		for what, code := range map[string]string{"the same": w.codeAt(secret, now), "the one before": w.codeAt(secret, now.Add(-codeStep*time.Second))} {
			if err := w.try(pending, code); fault.Said(err).Code != WrongCode {
				w.Errorf("%s code again: %v", what, err)
			}
		}
		w.must(w.try(pending, w.codeAt(secret, now.Add(codeStep*time.Second))))
	})
}

func TestOfManyWhoUseACodeOneIsLetIn(t *testing.T) {
	each(t, func(w world) {
		secret, recovery := w.guarded("li")
		pending := w.pendingFor("li")
		for _, code := range []string{w.codeAt(secret, w.now()), recovery[3]} {
			var all sync.WaitGroup
			in := make(chan bool, 5)
			for range 5 {
				all.Go(func() {
					if w.try(pending, code) == nil {
						in <- true
					}
				})
			}
			if all.Wait(); len(in) != 1 {
				w.Errorf("%d were let in with one code", len(in))
			}
			w.accounts.clear("code li")
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	each(t, func(w world) {
		_, recovery := w.guarded("li")
		_, others := w.guarded("wang")
		pending := w.pendingFor("li")
		if err := w.try(pending, others[0]); fault.Said(err).Code != WrongCode {
			w.Errorf("somebody else's recovery code: %v", err)
		}
		for _, code := range recovery {
			w.must(w.try(pending, " "+code+" "))
			if err := w.try(pending, code); fault.Said(err).Code != WrongCode {
				w.Errorf("a recovery code was used twice: %v", err)
			}
		}
	})
}

func TestTheSecondStepEndsWithThePassphraseAndInTime(t *testing.T) {
	each(t, func(w world) {
		secret, recovery := w.guarded("li")
		pending := w.pendingFor("li")
		for _, bad := range []string{"", "a.b.c", pending + "x", pending[1:]} {
			if err := w.try(bad, w.codeAt(secret, w.now())); fault.Said(err).Code != PendingOver {
				w.Errorf("%q: %v", bad, err)
			}
		}
		w.clock.Advance(PendingLife)
		if err := w.try(pending, w.codeAt(secret, w.now())); fault.Said(err).Code != PendingOver {
			w.Errorf("after its time: %v", err)
		}
		pending = w.pendingFor("li")
		link, err := w.Reset(w.Context(), access.Actor{ID: "root", Roles: []access.Role{access.Admin}}, "li")
		w.must(err)
		_, err = w.Accept(w.Context(), link, Choice{Passphrase: good})
		w.must(err)
		if err := w.try(pending, recovery[0]); fault.Said(err).Code != PendingOver {
			w.Errorf("after a reset: %v", err)
		}
		if e, err := w.signIn("li", good, Client{}); err != nil || e.Need != NeedSetup {
			w.Errorf("whoever lost the phone sets it up anew: %+v, %v", e, err)
		}
	})
}

func TestGuessesOfCodesAreSlowedDown(t *testing.T) {
	each(t, func(w world) {
		secret, _ := w.guarded("li")
		pending := w.pendingFor("li")
		var err error
		var soon *TooSoon
		for range 20 {
			err = w.try(pending, "123123")
		}
		if !errors.As(err, &soon) {
			w.Fatal(err)
		}
		w.clock.Advance(soon.Wait + time.Second)
		w.must(w.try(pending, w.codeAt(secret, w.now())))
	})
}

// The secret of a factor is one account's, and of this installation.
func TestASealedSecretIsOneAccounts(t *testing.T) {
	each(t, func(w world) {
		f, err := w.NewFactor("li", "Test")
		w.must(err)
		if again, err := w.Again("li", "Test", f.Sealed); err != nil || again.Secret != f.Secret || again.URL != f.URL {
			w.Errorf("%+v became %+v, %v", f, again, err)
		}
		if _, err := w.Again("wang", "Test", f.Sealed); !fault.Is(err, fault.Invalid) {
			w.Errorf("it is somebody else's too: %v", err)
		}
		if _, err := w.Again("li", "Test", "AAAA"); !fault.Is(err, fault.Invalid) {
			w.Error(err)
		}
	})
}
