package notify

import (
	"log/slog"
	"strings"
)

const masked = "****"

// Mask is an address as lists and logs show it: enough to tell two apart for whoever knows them, not enough to reach anybody. Names of webhook receivers
// and accounts are no secrets and stay as they are.
func Mask(c Channel, to string) string {
	switch c {
	case Webhook, App:
		return to
	case Email:
		return maskMail(to)
	default:
		return maskPhone(to)
	}
}

// maskPhone keeps the first three and the last two characters of a phone number, as is the custom for mobile numbers, and less of a short one.
func maskPhone(to string) string {
	r := []rune(to)
	if len(r) < 9 || len(r) > 20 { // short, or sealed
		return masked
	}
	return string(r[:3]) + masked + string(r[len(r)-2:])
}

// maskMail keeps the first character and the domain.
func maskMail(to string) string {
	at := strings.LastIndexByte(to, '@')
	if at < 1 || strings.ContainsAny(to[at:], "<> \r\n") {
		return masked
	}
	return string([]rune(to)[:1]) + masked + to[at:]
}

// Secret is a value of the configuration that no log and no page shows.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString hides the secret in %#v too.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret in logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
