package chain

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/signing"
	"twoweave/internal/platform/sqldb"
)

// HeadType is the CloudEvents type under which heads travel.
const HeadType = "twoweave.audit.head"

const headFormat = "twoweave-audit-head-1"

// Head is the signed end of a chain at a moment. Heads are numbered from 1 without gaps.
type Head struct {
	Format       string    `json:"format"`
	Installation string    `json:"installation"`
	Number       int64     `json:"number"`
	Position     int64     `json:"position"`
	Alg          string    `json:"alg"`  // of Hash
	Hash         string    `json:"hash"` // hexadecimal
	At           time.Time `json:"at"`   // whole microseconds
	SignAlg      string    `json:"sign_alg"`
	Key          string    `json:"key"`       // public, base64
	Signature    string    `json:"signature"` // base64
}

// message is what is signed; docs/audit.md describes it.
func (h Head) message() []byte {
	b := text(nil, headFormat)
	b = text(b, h.Installation)
	b = number(b, h.Number)
	b = number(b, h.Position)
	b = text(b, h.Alg)
	b = text(b, h.Hash)
	b = number(b, sqldb.Micros(h.At))
	b = text(b, h.SignAlg)
	return text(b, h.Key)
}

func (h Head) sign(s signing.Signer) (Head, error) {
	h.Format, h.SignAlg, h.Key = headFormat, s.Algorithm(), base64.StdEncoding.EncodeToString(s.Public())
	signature, err := s.Sign(h.message())
	h.Signature = base64.StdEncoding.EncodeToString(signature)
	return h, err
}

// genuine says whether the signature is that of the key in the head.
func (h Head) genuine(s Suite) bool {
	verify := s.Verifiers[h.SignAlg]
	key, keyErr := base64.StdEncoding.Strict().DecodeString(h.Key)
	signature, err := base64.StdEncoding.Strict().DecodeString(h.Signature)
	_, hashErr := hex.DecodeString(h.Hash)
	return verify != nil && h.Format == headFormat && keyErr == nil && err == nil && hashErr == nil && verify(key, h.message(), signature)
}

// ReadHeads reads heads as a witness received them: one JSON value a line, a head itself or the CloudEvents event that brought it.
func ReadHeads(r io.Reader) (all []Head, err error) {
	const op = "chain.ReadHeads"
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Bytes()
		if len(line) == 0 {
			continue
		}
		var event struct {
			Data json.RawMessage `json:"data"`
		}
		if json.Unmarshal(line, &event) == nil && len(event.Data) > 0 {
			line = event.Data
		}
		var h Head
		if err := json.Unmarshal(line, &h); err != nil || h.Format != headFormat {
			return nil, fault.New(fault.Invalid, op, "line %d is no head of an audit chain", n)
		}
		all = append(all, h)
	}
	if err := lines.Err(); err != nil {
		return nil, fault.New(fault.Invalid, op, "the heads cannot be read: %v", err)
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, op, "there is no head in the file")
	}
	return all, nil
}
