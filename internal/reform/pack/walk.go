package pack

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"twoweave/internal/rule"
)

// walker goes once over JSON that is known to be valid and reads what rules can name; the rest it passes by. It reads as encoding/json does:
// of a repeated name the last value counts. It is here because every event goes through it: decoding into a map costs several times the
// rules themselves.
type walker struct {
	text []byte
	at   int
}

// object reads an object's members into their slots and ends behind it. It returns the name of a member that is not of its type, or "".
func (w *walker) object(m *member, row *rule.Row) (bad string) {
	w.at++ // {
	for {
		w.space()
		switch w.text[w.at] {
		case '}':
			w.at++
			return bad
		case ',':
			w.at++
			w.space()
		}
		key := w.take()
		w.space()
		w.at++ // :
		w.space()
		f := m.members[string(key[1:len(key)-1])]
		if f == nil && bytes.IndexByte(key, '\\') >= 0 {
			name, _ := text(key)
			f = m.members[name]
		}
		if wrong := w.member(f, row); wrong && bad == "" {
			bad = string(key)
		}
	}
}

// member reads one value into a field, which is nil for one that no rule can name.
func (w *walker) member(f *member, row *rule.Row) (wrong bool) {
	switch {
	case f == nil:
		w.take()
		return false
	case f.members != nil && w.text[w.at] == '{':
		f.forget(row)
		return w.object(f, row) != ""
	}
	raw := w.take()
	f.forget(row)
	if string(raw) == "null" {
		return false
	}
	if f.members != nil {
		return true
	}
	v, ok := f.value(raw)
	row.Slots[f.slot] = v
	return !ok
}

func (w *walker) space() {
	for w.at < len(w.text) && (w.text[w.at] == ' ' || w.text[w.at] == '\n' || w.text[w.at] == '\t' || w.text[w.at] == '\r') {
		w.at++
	}
}

// take goes behind the value that begins here and returns its text.
func (w *walker) take() []byte {
	from := w.at
	for depth := 0; ; {
		switch w.text[w.at] {
		case '"':
			w.quoted()
		case '{', '[':
			depth++
			w.at++
		case '}', ']':
			depth--
			w.at++
		case ' ', '\n', '\t', '\r', ',', ':':
			w.at++
			continue // within an object or a list
		default:
			w.word()
		}
		if depth == 0 {
			return w.text[from:w.at]
		}
	}
}

func (w *walker) quoted() {
	for w.at++; w.text[w.at] != '"'; w.at++ {
		if w.text[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
}

// word goes behind a number, true, false or null.
func (w *walker) word() {
	for w.at < len(w.text) && bytes.IndexByte([]byte(",]}: \n\t\r"), w.text[w.at]) < 0 {
		w.at++
	}
}

// text is a JSON string's text.
func text(raw []byte) (string, bool) {
	if raw[0] != '"' {
		return "", false
	}
	if plain := raw[1 : len(raw)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return string(plain), true
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}
