// Package ident makes identifiers.
//
// There are two kinds. New gives a random identifier for a thing that begins with a person's act. Derive gives the identifier that
// follows from what a thing is: the same parts always give the same identifier, so that work done twice names the same thing and the
// database's unique constraints can refuse the second.
//
// An identifier is 26 lower-case characters of Crockford's base 32 (130 bits): safe in URLs, subjects, file names and spoken words.
package ident

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"io"
)

var encoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Len is the length of every identifier this package makes.
const Len = 26

// New is a random identifier.
func New() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: the runtime ends the program instead
	return encoding.EncodeToString(b[:])
}

// Derive is the identifier of the parts. Each part's length is hashed with it, so ("ab","c") and ("a","bc") differ.
func Derive(parts ...string) string {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		io.WriteString(h, p)
	}
	return encoding.EncodeToString(h.Sum(nil)[:16])
}
