package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/base/fault"
)

// The headers of Standard Webhooks 1.0 (standardwebhooks.com).
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// tolerance is how far a webhook's timestamp may be from the receiver's time, as the standard's own libraries have it.
const tolerance = 5 * time.Minute

const secretPrefix = "whsec_"

// key is the bytes of a secret of Standard Webhooks: base64 of 24 to 64 bytes, with or without the prefix whsec_.
func (s Secret) key() ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(s), secretPrefix))
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, fault.New(fault.Invalid, "", "a webhook secret is whsec_ and base64 of 24 to 64 bytes")
	}
	return key, nil
}

// Sign is the value of the header webhook-signature: a v1 signature (HMAC-SHA256 over id, timestamp and body) for each secret, so that a receiver that
// has changed its secret already verifies it as well as one that has not yet. A secret of the wrong form is an Invalid fault.
func Sign(id string, at time.Time, body []byte, secrets ...Secret) (string, error) {
	signatures := make([]string, 0, len(secrets))
	for _, s := range secrets {
		key, err := s.key()
		if err != nil {
			return "", fault.Wrap("notify.Sign", err)
		}
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac(key, id, strconv.FormatInt(at.Unix(), 10), body)))
	}
	return strings.Join(signatures, " "), nil
}

func mac(key []byte, id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify checks a webhook that came in, for gateways: one of its signatures must be by one of the secrets, and its timestamp within five minutes of now.
// It returns the webhook's id, by which the receiver recognises one that comes twice. A webhook that does not pass is an Unauthenticated fault.
func Verify(header http.Header, body []byte, now time.Time, secrets ...Secret) (id string, err error) {
	const op = "notify.Verify"
	id, timestamp := header.Get(headerID), header.Get(headerTimestamp)
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return "", fault.New(fault.Unauthenticated, op, "a webhook needs the headers webhook-id, webhook-timestamp and webhook-signature")
	}
	if off := now.Sub(time.Unix(at, 0)); off > tolerance || off < -tolerance {
		return "", fault.New(fault.Unauthenticated, op, "the webhook's timestamp is more than 5 minutes from this machine's time")
	}
	for _, s := range secrets {
		key, err := s.key()
		if err != nil {
			return "", fault.Wrap(op, err)
		}
		if signed(header.Get(headerSignature), mac(key, id, timestamp, body)) {
			return id, nil
		}
	}
	return "", fault.New(fault.Unauthenticated, op, "the webhook's signature is not by a known secret")
}

// signed says whether one of the signatures in a header is the one that is wanted.
func signed(header string, want []byte) bool {
	for s := range strings.FieldsSeq(header) {
		text, is := strings.CutPrefix(s, "v1,")
		got, err := base64.StdEncoding.DecodeString(text)
		if is && err == nil && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}
