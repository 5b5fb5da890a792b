package trial

// constant is a literal in a rule's text.
type constant struct{ offset, length int }

// constantsOf finds the numbers, quoted texts and truths of a rule that has been compiled, so its text is known to be well formed.
func constantsOf(source string) []constant {
	var found []constant
	for at := 0; at < len(source); {
		n, literal := token(source[at:])
		if literal {
			found = append(found, constant{at, n})
		}
		at += n
	}
	return found
}

// token measures the token that s begins with.
func token(s string) (length int, literal bool) {
	switch c := s[0]; {
	case c == '"' || c == '\'':
		return quoted(s), true
	case digit(c) || c == '.' && len(s) > 1 && digit(s[1]):
		return span(s, func(c byte) bool { return digit(c) || c == '.' || letter(c) }), true
	case letter(c):
		n := span(s, func(c byte) bool { return letter(c) || digit(c) })
		return n, s[:n] == "true" || s[:n] == "false"
	}
	return 1, false
}

func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}

func span(s string, in func(byte) bool) int {
	n := 1
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
