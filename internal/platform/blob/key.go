package blob

import (
	"strings"

	"twoweave/internal/base/fault"
)

const maxKey = 512

// checkKey accepts the keys that doc.go describes.
func checkKey(op, key string) error {
	if key == "" || len(key) > maxKey {
		return fault.New(fault.Invalid, op, "a blob key has 1 to %d bytes", maxKey)
	}
	for word := range strings.SplitSeq(key, "/") {
		if word == "" || word[0] == '.' || len(word) > 200 || strings.ContainsFunc(word, foreign) {
			return fault.New(fault.Invalid, op, "blob key %q: words of a-z, 0-9, dot, underscore and hyphen, not starting with a dot, separated by single slashes", key)
		}
	}
	return nil
}

// checkPrefix accepts what a key can start with, the empty prefix too.
func checkPrefix(op, prefix string) error {
	whole := strings.TrimSuffix(prefix, "/")
	if whole == "" {
		if prefix == "" {
			return nil
		}
		return fault.New(fault.Invalid, op, "prefix %q: a key does not start with a slash", prefix)
	}
	return checkKey(op, whole)
}

func foreign(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
}
