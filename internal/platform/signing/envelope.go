package signing

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"twoweave/internal/base/fault"
)

// statementType is what the payload of an envelope is, in DSSE's words.
const statementType = "application/vnd.twoweave.pack+json"

// Statement is what whoever signs a pack vouches for: this content under this name and version.
type Statement struct {
	Pack    string `json:"pack"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256"` // of the pack's archive
}

// Sign puts a signature into an envelope (DSSE, the Dead Simple Signing Envelope of the Secure Systems Lab), which may be empty. Signatures of another statement,
// an earlier state of the pack, are dropped: they vouch for nothing any more.
func Sign(envelope []byte, about Statement, s Signer) ([]byte, error) {
	const op = "signing.Sign"
	payload, err := json.Marshal(about)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	signer, err := dsse.NewEnvelopeSigner(half{s})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	made, err := signer.SignPayload(context.Background(), statementType, payload)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	var before dsse.Envelope
	if len(envelope) > 0 && json.Unmarshal(envelope, &before) != nil {
		return nil, fault.New(fault.Invalid, op, "the file of signatures is damaged; take it away and let everybody sign again")
	}
	if before.PayloadType == made.PayloadType && before.Payload == made.Payload {
		others := slices.DeleteFunc(before.Signatures, func(o dsse.Signature) bool { return o.KeyID == made.Signatures[0].KeyID })
		made.Signatures = append(others, made.Signatures...)
	}
	out, err := json.MarshalIndent(made, "", "  ")
	return append(out, '\n'), fault.Wrap(op, err)
}

// half is a Signer in DSSE's form.
type half struct{ Signer }

func (h half) Sign(_ context.Context, data []byte) ([]byte, error) { return h.Signer.Sign(data) }
func (h half) KeyID() (string, error)                              { return keyID(h.Public()), nil }

// keyID tells keys apart: the beginning of the SHA-256 of the public key.
func keyID(public []byte) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// TrustedKey is somebody whose signature counts.
type TrustedKey struct {
	Name string    `yaml:"name"`
	Key  PublicKey `yaml:"key"`
}

// Trust is the setting trust: who may vouch for packs, and how many of them must.
type Trust struct {
	Signatures int          `yaml:"signatures"` // how many different people; 0: two
	Keys       []TrustedKey `yaml:"keys"`       // none: packs need no signature
}

// On says whether packs need signatures at all.
func (t Trust) On() bool { return len(t.Keys) > 0 }

// Needed is how many people must have signed.
func (t Trust) Needed() int {
	if t.Signatures == 0 {
		return 2
	}
	return t.Signatures
}

// Check says what is wrong with the setting.
func (t Trust) Check(suite Suite) (problems []fault.Problem) {
	add := func(message string) { problems = append(problems, fault.Problem{Field: "trust", Message: message}) }
	if t.Signatures < 0 || (t.On() && t.Needed() > len(t.Keys)) || (!t.On() && t.Signatures != 0) {
		add("asks for more signatures than there are keys; signatures must be 1 or more (2 when it is left out) and not more than keys")
	}
	names, keys := map[string]bool{}, map[PublicKey]bool{}
	for _, k := range t.Keys {
		algorithm, _, err := k.Key.parts()
		switch {
		case k.Name == "":
			add("has a key without a name; the name of whoever holds it goes on the audit")
		case err != nil:
			add("key of " + k.Name + ": " + fault.Message(err))
		case suite[algorithm] == nil:
			add("key of " + k.Name + ": the algorithm " + algorithm + " is unknown here")
		case names[k.Name] || keys[k.Key]:
			add(k.Name + " or their key is there twice: one person would count as two")
		}
		names[k.Name], keys[k.Key] = true, true
	}
	return problems
}

// errUnsigned is what all refusals of Vouchers have in common.
var errUnsigned = errors.New("not signed by enough trusted people")

// Unsigned says whether an error of Vouchers means that signatures are missing or do not hold.
func Unsigned(err error) bool { return errors.Is(err, errUnsigned) }

// Vouchers are the names of the trusted people whose signatures on exactly this statement hold, in the order of the setting. Fewer than needed are a fault.
func (t Trust) Vouchers(suite Suite, envelope []byte, about Statement) ([]string, error) {
	var e dsse.Envelope
	if len(envelope) > 0 && json.Unmarshal(envelope, &e) != nil {
		return nil, unsigned("the file of signatures is damaged")
	}
	var names []string
	for _, k := range t.Keys {
		verifier, err := dsse.NewEnvelopeVerifier(trusted{k.Key, suite})
		if err != nil {
			return nil, fault.Wrap("signing.Vouchers", err)
		}
		_, payload, err := verifier.VerifyAndDecode(context.Background(), &e)
		var said Statement
		if err == nil && e.PayloadType == statementType && json.Unmarshal(payload, &said) == nil && said == about {
			names = append(names, k.Name)
		}
	}
	if len(names) < t.Needed() {
		return names, unsigned("%d trusted people must sign pack %s version %d in this state (SHA-256 %s); signatures of %d hold %v", t.Needed(), about.Pack, about.Version, about.SHA256, len(names), names)
	}
	return names, nil
}

func unsigned(format string, args ...any) error {
	f := fault.New(fault.Invalid, "signing.Vouchers", format, args...)
	f.Err = errUnsigned
	return f
}

// trusted is a public key in DSSE's form.
type trusted struct {
	key   PublicKey
	suite Suite
}

func (k trusted) Verify(_ context.Context, data, signature []byte) error {
	algorithm, public, err := k.key.parts()
	if err != nil {
		return err
	}
	if verify := k.suite[algorithm]; verify == nil || !verify(public, data, signature) {
		return errUnsigned
	}
	return nil
}

func (k trusted) KeyID() (string, error) {
	_, public, err := k.key.parts()
	return keyID(public), err
}

func (k trusted) Public() crypto.PublicKey { return k.key }
