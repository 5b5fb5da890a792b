package signing_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"twoweave/internal/platform/signing"
)

func person(t *testing.T) signing.Signer {
	t.Helper()
	s, err := signing.OpenKey(filepath.Join(t.TempDir(), "person.key"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t *testing.T, envelope []byte, about signing.Statement, all ...signing.Signer) []byte {
	t.Helper()
	for _, s := range all {
		var err error
		if envelope, err = signing.Sign(envelope, about, s); err != nil {
			t.Fatal(err)
		}
	}
	return envelope
}

var town = signing.Statement{Pack: "town", Version: 3, SHA256: "aa"}

func TestTwoTrustedPeopleMustVouchForExactlyThis(t *testing.T) {
	t.Parallel()
	wang, li, zhao, stranger := person(t), person(t), person(t), person(t)
	trust := signing.Trust{Keys: []signing.TrustedKey{{Name: "wang", Key: signing.PublicOf(wang)}, {Name: "li", Key: signing.PublicOf(li)}, {Name: "zhao", Key: signing.PublicOf(zhao)}}}
	if problems := trust.Check(signing.Standard()); problems != nil {
		t.Fatal(problems)
	}
	older := signing.Statement{Pack: "town", Version: 3, SHA256: "bb"}
	for name, c := range map[string]struct {
		envelope []byte
		want     []string
	}{
		"two":                        {sign(t, nil, town, li, wang), []string{"wang", "li"}},
		"three":                      {sign(t, nil, town, li, wang, zhao), []string{"wang", "li", "zhao"}},
		"nobody":                     {nil, nil},
		"one":                        {sign(t, nil, town, wang), nil},
		"one, twice":                 {sign(t, nil, town, wang, wang), nil},
		"one and a stranger":         {sign(t, nil, town, wang, stranger), nil},
		"one of them something else": {sign(t, sign(t, nil, older, wang), town, li), nil},
		"both something else":        {sign(t, nil, older, wang, li), nil},
		"damaged":                    {[]byte(`{"payload":`), nil},
		"a signature copied under another's name": {edit(t, sign(t, nil, town, wang, stranger), func(e *envelope) {
			e.Signatures[1].KeyID = keyIDOf(t, li)
		}), nil},
		"one signature under two names": {edit(t, sign(t, nil, town, wang), func(e *envelope) {
			e.Signatures = append(e.Signatures, signature{KeyID: keyIDOf(t, li), Sig: e.Signatures[0].Sig})
		}), nil},
		"another payload under both signatures": {edit(t, sign(t, nil, older, wang, li), func(e *envelope) {
			e.Payload = decode(t, sign(t, nil, town, wang)).Payload
		}), nil},
		"another type under both signatures": {edit(t, sign(t, nil, town, wang, li), func(e *envelope) { e.PayloadType = "text/plain" }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			names, err := trust.Vouchers(signing.Standard(), c.envelope, town)
			if c.want != nil && (err != nil || !slices.Equal(names, c.want)) {
				t.Errorf("%v, %v; want %v", names, err, c.want)
			}
			if c.want == nil && !signing.Unsigned(err) {
				t.Errorf("%v, %v; want a refusal", names, err)
			}
		})
	}
}

type signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"`
	Signatures  []signature `json:"signatures"`
}

func decode(t *testing.T, text []byte) (e envelope) {
	t.Helper()
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func edit(t *testing.T, text []byte, change func(*envelope)) []byte {
	t.Helper()
	e := decode(t, text)
	change(&e)
	out, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func keyIDOf(t *testing.T, s signing.Signer) string {
	t.Helper()
	return decode(t, sign(t, nil, town, s)).Signatures[0].KeyID
}

func TestASettingThatTrustsNobodyOrOnePersonTwiceIsRefused(t *testing.T) {
	t.Parallel()
	wang, li := signing.PublicOf(person(t)), signing.PublicOf(person(t))
	for name, c := range map[string]struct {
		trust signing.Trust
		right bool
	}{
		"nothing":            {signing.Trust{}, true},
		"two":                {signing.Trust{Keys: []signing.TrustedKey{{Name: "wang", Key: wang}, {Name: "li", Key: li}}}, true},
		"one is enough":      {signing.Trust{Signatures: 1, Keys: []signing.TrustedKey{{Name: "wang", Key: wang}}}, true},
		"too few keys":       {signing.Trust{Keys: []signing.TrustedKey{{Name: "wang", Key: wang}}}, false},
		"below one":          {signing.Trust{Signatures: -1, Keys: []signing.TrustedKey{{Name: "wang", Key: wang}}}, false},
		"no keys":            {signing.Trust{Signatures: 2}, false},
		"one key, two names": {signing.Trust{Keys: []signing.TrustedKey{{Name: "wang", Key: wang}, {Name: "li", Key: wang}}}, false},
		"no name":            {signing.Trust{Signatures: 1, Keys: []signing.TrustedKey{{Key: wang}}}, false},
		"no key":             {signing.Trust{Signatures: 1, Keys: []signing.TrustedKey{{Name: "wang", Key: "ed25519:"}}}, false},
		"unknown algorithm":  {signing.Trust{Signatures: 1, Keys: []signing.TrustedKey{{Name: "wang", Key: "sm2:AAAA"}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if problems := c.trust.Check(signing.Standard()); (problems == nil) != c.right {
				t.Error(problems)
			}
		})
	}
}

// other is an algorithm that this program does not bring: it shows that one is put in without a change anywhere else.
type other struct{ key []byte }

func (o other) Algorithm() string { return "hmac-sha256" }
func (o other) Public() []byte    { return o.key }
func (o other) Sign(message []byte) ([]byte, error) {
	mac := hmac.New(sha256.New, o.key)
	mac.Write(message)
	return mac.Sum(nil), nil
}

func TestAnotherAlgorithmIsPutInByItsName(t *testing.T) {
	t.Parallel()
	new, old := other{[]byte("0123456789abcdef")}, person(t)
	suite := signing.Standard()
	suite[new.Algorithm()] = func(public, message, signature []byte) bool {
		right, _ := other{public}.Sign(message)
		return hmac.Equal(right, signature)
	}
	trust := signing.Trust{Keys: []signing.TrustedKey{{Name: "new", Key: signing.PublicOf(new)}, {Name: "old", Key: signing.PublicOf(old)}}}
	if problems := trust.Check(suite); problems != nil {
		t.Fatal(problems)
	}
	both := sign(t, nil, town, old, new)
	if names, err := trust.Vouchers(suite, both, town); err != nil || len(names) != 2 {
		t.Error(names, err)
	}
	if names, err := trust.Vouchers(signing.Standard(), both, town); err == nil {
		t.Errorf("%v: a signature of an unknown algorithm was taken", names)
	}
}

func TestAKeyIsKeptFromOthersAndNeverWrittenOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.key")
	first, err := signing.OpenKey(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := signing.OpenKey(path)
	if err != nil || !bytes.Equal(again.Public(), first.Public()) {
		t.Errorf("another key at the second start: %v", err)
	}
	if err := signing.NewKey(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a key was written over: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := signing.OpenKey(path); err == nil {
		t.Error("a key that others may read was taken")
	}
}
