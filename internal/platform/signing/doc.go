// Package signing makes and checks signatures: of the audit's heads, and of packs by the people who vouch for them.
//
// Every signature and every key names its algorithm, so that another one (SM2 with SM3, a key in a hardware module) is put in beside Ed25519 by one entry in
// a Suite and one Signer; what was signed before is still verified.
package signing

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"

	"twoweave/internal/base/fault"
)

// Ed25519 is the algorithm of this version, as the data names it.
const Ed25519 = "ed25519"

// Signer signs messages with one key.
type Signer interface {
	Algorithm() string
	Public() []byte
	Sign(message []byte) ([]byte, error)
}

// Verify says whether a signature of a message is that of a key.
type Verify func(public, message, signature []byte) bool

// Suite knows how to verify, by the name of the algorithm.
type Suite map[string]Verify

// Standard is Ed25519.
func Standard() Suite {
	return Suite{Ed25519: func(public, message, signature []byte) bool {
		return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, message, signature)
	}}
}

// PublicKey is a key as people pass it on: "ed25519:" and the key in base64.
type PublicKey string

// PublicOf is the public half of a signer's key.
func PublicOf(s Signer) PublicKey {
	return PublicKey(s.Algorithm() + ":" + base64.StdEncoding.EncodeToString(s.Public()))
}

// parts are the algorithm and the bytes of a key.
func (k PublicKey) parts() (algorithm string, public []byte, err error) {
	algorithm, text, _ := strings.Cut(string(k), ":")
	public, err = base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(public) == 0 {
		return "", nil, fault.New(fault.Invalid, "signing.PublicKey", "%q is no public key; it must be ALGORITHM:BASE64, such as %s:…", k, Ed25519)
	}
	return algorithm, public, nil
}
