package chain

import (
	"crypto/sha256"
	"hash"

	"twoweave/internal/platform/signing"
)

// SHA256 is the hash of this version, as the data names it.
const SHA256 = "sha-256"

// Suite knows algorithms by the names that stand in the data. SM3 and SM2 are put in beside the standard ones under names of their own; what was made with
// an older algorithm is still verified.
type Suite struct {
	Hashes    map[string]func() hash.Hash
	Verifiers signing.Suite
}

// Standard is SHA-256 and Ed25519.
func Standard() Suite {
	return Suite{Hashes: map[string]func() hash.Hash{SHA256: sha256.New}, Verifiers: signing.Standard()}
}
