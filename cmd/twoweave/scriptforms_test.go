package main

import (
	"encoding/base64"
	"encoding/hex"
	"unicode/utf16"
)

// forms are the ways in which a word could stand somewhere without being protected.
func forms(word string) [][]byte {
	plain := []byte(word)
	var wide []byte
	for _, unit := range utf16.Encode([]rune(word)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	all := [][]byte{plain, wide, []byte(hex.EncodeToString(plain))}
	// Base64 of a text that the word stands in depends on where it begins; the part that does not touch a neighbour is the same.
	for shift := range 3 {
		padded := append(make([]byte, shift), plain...)
		text := base64.RawStdEncoding.EncodeToString(padded)
		if first, last := (shift*8+5)/6, len(padded)*8/6; last-first >= 8 {
			all = append(all, []byte(text[first:last]))
		}
	}
	return all
}
