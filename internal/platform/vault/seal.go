package vault

import (
	"encoding/base64"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// format1 begins every value: Tink AEAD ciphertext (AES-256-GCM, Tink's key prefix), base 64. Another algorithm gets another number.
const format1 = "tink1:"

// Sealed is an encrypted value, as records and events carry it.
type Sealed string

// Seal encrypts plain for a field ("name", "phone") of the person. The same value sealed twice gives two texts. A person that is forgotten
// or unknown is fault.NotFound.
func (v *Vault) Seal(tx *sqldb.Tx, p PersonID, field string, plain []byte) (Sealed, error) {
	const op = "vault.Seal"
	key, err := v.key(tx, p)
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	cipher, err := key.Encrypt(plain, boundTo(p, field))
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	return Sealed(encode(cipher)), nil
}

// Open decrypts what Seal gave for the same person and field. A forgotten person is fault.NotFound, and Forgotten tells it from an unknown
// one. A text that was changed, or belongs to another person or field, is fault.Internal: our records are damaged.
func (v *Vault) Open(tx *sqldb.Tx, p PersonID, field string, sealed Sealed) ([]byte, error) {
	const op = "vault.Open"
	key, err := v.key(tx, p)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	cipher, err := decode(string(sealed))
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	plain, err := key.Decrypt(cipher, boundTo(p, field))
	if err != nil {
		return nil, &fault.Error{Op: op, Msg: "a sealed value is damaged or belongs elsewhere", Err: err}
	}
	return plain, nil
}

// boundTo is the associated data of a value. An identifier holds no "/", so the two parts cannot run into each other.
func boundTo(p PersonID, field string) []byte { return []byte(string(p) + "/" + field) }

func encode(cipher []byte) string { return format1 + base64.RawStdEncoding.EncodeToString(cipher) }

func decode(text string) ([]byte, error) {
	const op = "vault.decode"
	body, ok := strings.CutPrefix(text, format1)
	if !ok {
		return nil, fault.New(fault.Internal, op, "a sealed value is in a format that this version does not know")
	}
	cipher, err := base64.RawStdEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, &fault.Error{Op: op, Msg: "a sealed value is damaged", Err: err}
	}
	return cipher, nil
}
