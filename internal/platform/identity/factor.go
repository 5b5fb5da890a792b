package identity

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// Need is what somebody must do after the passphrase before being let in.
type Need string

const (
	NeedCode  Need = "code"  // show the second factor
	NeedSetup Need = "setup" // set one up: administrators have one
)

const (
	// PendingLife is how long somebody may take between the passphrase and the code.
	PendingLife = 10 * time.Minute
	codeStep    = 30 // seconds
	recoveries  = 10
)

// The reasons why a code is refused.
const (
	WrongCode   fault.Code = "code.wrong"
	PendingOver fault.Code = "pending.over"
)

// pending is a statement that somebody gave the right passphrase a moment ago. It is worth nothing once the passphrase is another.
func (p *Provider) pending(account, hash string) string {
	until := strconv.FormatInt(p.now().Add(PendingLife).Unix(), 10)
	return base64.RawURLEncoding.EncodeToString([]byte(account)) + "." + until + "." + p.mac("pending", account, until, hash)
}

// Pending is whose statement one is; fault.Unauthenticated when it is over.
func (p *Provider) Pending(ctx context.Context, statement string) (account string, err error) {
	over := fault.Say(fault.Unauthenticated, "identity.Pending", PendingOver, "the passphrase was given too long ago")
	part := strings.Split(statement, ".")
	if len(part) != 3 {
		return "", over
	}
	id, err := base64.RawURLEncoding.DecodeString(part[0])
	until, badTime := strconv.ParseInt(part[1], 10, 64)
	if err != nil || badTime != nil || p.now().Unix() >= until {
		return "", over
	}
	hash, known, err := p.hashOf(ctx, string(id))
	if err != nil {
		return "", err
	}
	if !known || subtle.ConstantTimeCompare([]byte(part[2]), []byte(p.mac("pending", string(id), part[1], hash))) != 1 {
		return "", over
	}
	return string(id), nil
}

// Factor is a second factor that is being set up: the person takes its secret into an authenticator, and proves it with a code.
type Factor struct {
	Sealed string // the secret, for this installation alone; comes back with the code
	Secret string // to type in
	URL    string // to scan
}

// NewFactor makes a secret. It is in force once Confirm has seen a code of it.
func (p *Provider) NewFactor(account, issuer string) (Factor, error) {
	const op = "identity.NewFactor"
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account})
	if err != nil {
		return Factor{}, fault.Wrap(op, err)
	}
	sealed, err := p.seal(account, key.Secret())
	return Factor{Sealed: sealed, Secret: key.Secret(), URL: key.URL()}, fault.Wrap(op, err)
}

// Again is the factor of a sealed secret, for a form that is shown again.
func (p *Provider) Again(account, issuer, sealed string) (Factor, error) {
	const op = "identity.Again"
	secret, err := p.open(account, sealed)
	if err != nil {
		return Factor{}, err
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return Factor{}, fault.Wrap(op, err)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account, Secret: raw})
	if err != nil {
		return Factor{}, fault.Wrap(op, err)
	}
	return Factor{Sealed: sealed, Secret: secret, URL: key.URL()}, nil
}

// Confirm puts a second factor in force and gives the recovery codes, which are not kept. Those of before are void.
func (p *Provider) Confirm(ctx context.Context, account, sealed, code string) (recovery []string, err error) {
	const op = "identity.Confirm"
	if err := p.slow(account); err != nil {
		return nil, err
	}
	secret, err := p.open(account, sealed)
	if err != nil {
		return nil, err
	}
	step, ok := p.stepOf(secret, code)
	if !ok {
		return nil, fault.Say(fault.Invalid, op, WrongCode, "this is not the code of now")
	}
	recovery = newRecovery()
	err = p.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		a, err := p.inForce(tx, account)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE identity_person SET totp = $2, totp_step = $3 WHERE account = $1`, account, sealed, step)
		if err != nil || n == 0 {
			return cmpOr(fault.Wrap(op, err), fault.New(fault.NotFound, op, "account %q has no passphrase", account))
		}
		if err := keepRecovery(tx, account, recovery); err != nil {
			return err
		}
		fact, err := access.Ask(p.now(), access.Request{Actor: a.Actor, Action: access.KeepSelf, Thing: access.Thing{Kind: "second-factor"}, Purpose: access.SigningIn})
		if err != nil {
			return err
		}
		return p.o.Accounts.AppendAudit(tx, fact)
	})
	if err == nil {
		p.accounts.clear("code " + account)
	}
	return recovery, err
}

// slow counts one attempt at a code, and refuses it when it comes too early.
func (p *Provider) slow(account string) error {
	if wait := p.accounts.take("code "+account, p.now()); wait > 0 {
		return &TooSoon{wait}
	}
	return nil
}

var sixDigits = regexp.MustCompile(`^[0-9]{6}$`)

// stepOf is the time step that a code belongs to: of now, the one before or the one after.
func (p *Provider) stepOf(secret, code string) (step int64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := p.now().Unix() / codeStep
	for _, s := range []int64{now - 1, now, now + 1} {
		want, err := hotp.GenerateCodeCustom(secret, uint64(s), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// SignInCode lets in who has given the right passphrase and now a code, or one of the recovery codes. A code is good once.
func (p *Provider) SignInCode(ctx context.Context, statement, code string) (actor access.Actor, recovered bool, err error) {
	account, err := p.Pending(ctx, statement)
	if err != nil {
		return actor, false, err
	}
	if err := p.slow(account); err != nil {
		return actor, false, err
	}
	err = p.o.DB.Update(ctx, func(tx *sqldb.Tx) error {
		a, err := p.inForce(tx, account)
		if err != nil {
			return err
		}
		actor, recovered = a.Actor, !sixDigits.MatchString(strings.ReplaceAll(strings.TrimSpace(code), " ", ""))
		if recovered {
			return useRecovery(tx, account, code)
		}
		return p.useCode(tx, account, code)
	})
	if err == nil {
		p.accounts.clear("code " + account)
	}
	return actor, recovered, err
}

func wrongCode(account string) error {
	return fault.Say(fault.Unauthenticated, "identity.SignInCode", WrongCode, "the code of account %q is wrong or was used", account)
}

func (p *Provider) useCode(tx *sqldb.Tx, account, code string) error {
	const op = "identity.useCode"
	var sealed string
	if err := tx.QueryRow(`SELECT totp FROM identity_person WHERE account = $1`, account).Scan(&sealed); err != nil {
		return fault.Wrap(op, err)
	}
	if sealed == "" {
		return wrongCode(account)
	}
	secret, err := p.open(account, sealed)
	if err != nil {
		return err
	}
	step, ok := p.stepOf(secret, code)
	if !ok {
		return wrongCode(account)
	}
	n, err := tx.Exec(`UPDATE identity_person SET totp_step = $2 WHERE account = $1 AND totp_step < $2`, account, step)
	if err != nil || n == 0 {
		return cmpOr(fault.Wrap(op, err), wrongCode(account))
	}
	return nil
}

// newRecovery makes recovery codes of 80 random bits each.
func newRecovery() []string {
	all := make([]string, recoveries)
	for i := range all {
		raw := make([]byte, 10)
		rand.Read(raw) // never fails
		text := strings.ToLower(base32.StdEncoding.EncodeToString(raw))
		all[i] = text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
	}
	return all
}

func recoveryHash(account, code string) string {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(code)))
	return digest("recovery " + account + " " + code)
}

func keepRecovery(tx *sqldb.Tx, account string, codes []string) error {
	if _, err := tx.Exec(`DELETE FROM identity_recovery WHERE account = $1`, account); err != nil {
		return fault.Wrap("identity.keepRecovery", err)
	}
	for _, code := range codes {
		if _, err := tx.Exec(`INSERT INTO identity_recovery (hash, account) VALUES ($1, $2)`, recoveryHash(account, code), account); err != nil {
			return fault.Wrap("identity.keepRecovery", err)
		}
	}
	return nil
}

func useRecovery(tx *sqldb.Tx, account, code string) error {
	n, err := tx.Exec(`DELETE FROM identity_recovery WHERE hash = $1 AND account = $2`, recoveryHash(account, code), account)
	if err != nil || n == 0 {
		return cmpOr(fault.Wrap("identity.useRecovery", err), wrongCode(account))
	}
	return nil
}

// dropFactor takes away an account's second factor: its person has lost it.
func dropFactor(tx *sqldb.Tx, account string) error {
	if _, err := tx.Exec(`UPDATE identity_person SET totp = '' WHERE account = $1`, account); err != nil {
		return fault.Wrap("identity.dropFactor", err)
	}
	return keepRecovery(tx, account, nil)
}

// HasFactor says whether somebody has a second factor.
func (p *Provider) HasFactor(ctx context.Context, account string) (has bool, err error) {
	err = p.o.DB.View(ctx, func(tx *sqldb.Tx) error {
		has, err = hasFactor(tx, account)
		return err
	})
	return has, err
}

func hasFactor(tx *sqldb.Tx, account string) (bool, error) {
	var sealed string
	err := tx.QueryRow(`SELECT totp FROM identity_person WHERE account = $1`, account).Scan(&sealed)
	if sqldb.NotFound(err) {
		return false, nil
	}
	return sealed != "", fault.Wrap("identity.hasFactor", err)
}

// need is what somebody must do after the passphrase.
func need(tx *sqldb.Tx, a access.Actor) (Need, error) {
	has, err := hasFactor(tx, a.ID)
	switch {
	case err != nil:
		return "", err
	case has:
		return NeedCode, nil
	case a.Has(access.Admin):
		return NeedSetup, nil
	}
	return "", nil
}

// aead seals the secrets of second factors, which must be read again, with a key of their own.
func (p *Provider) aead() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, p.o.Secret, nil, "twoweave identity second factors", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (p *Provider) seal(account, plain string) (string, error) {
	a, err := p.aead()
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(a.Seal(nil, nil, []byte(plain), []byte(account))), nil
}

func (p *Provider) open(account, sealed string) (string, error) {
	a, err := p.aead()
	if err != nil {
		return "", fault.Wrap("identity.open", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", fault.Say(fault.Invalid, "identity.open", WrongCode, "this is no secret of ours")
	}
	plain, err := a.Open(nil, nil, raw, []byte(account))
	if err != nil {
		return "", fault.Say(fault.Invalid, "identity.open", WrongCode, "this is no secret of ours")
	}
	return string(plain), nil
}
