package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"twoweave/internal/base/fault"
)

// Limits of what is read.
const (
	MaxSchema = 256 << 10 // bytes of a schema
	MaxValue  = 1 << 20   // bytes of a value
	MaxDepth  = 32        // objects and lists inside one another
	MaxDigits = 64        // characters of a number
	maxPower  = 400       // of ten, in a number
)

// decoder reads one JSON text into any, with numbers as json.Number.
type decoder struct {
	json  *json.Decoder
	text  []byte
	path  []string
	lines map[string]int // line of each place, when wanted
}

// decode reads the text, which must hold exactly one value.
func decode(text []byte, limit int, lines map[string]int) (any, *fault.Problem) {
	if len(text) > limit {
		return nil, &fault.Problem{Message: fmt.Sprintf("the text is %d bytes long; at most %d are allowed", len(text), limit)}
	}
	d := decoder{json: json.NewDecoder(bytes.NewReader(text)), text: text, lines: lines}
	d.json.UseNumber()
	value, problem := d.value()
	if problem != nil {
		return nil, problem
	}
	if _, err := d.json.Token(); err != io.EOF {
		return nil, d.fail("nothing may follow the value")
	}
	return value, nil
}

func (d *decoder) fail(format string, args ...any) *fault.Problem {
	return &fault.Problem{Line: lineAt(d.text, d.json.InputOffset()), Field: pointer(d.path), Message: fmt.Sprintf(format, args...)}
}

func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
}

func (d *decoder) value() (any, *fault.Problem) {
	token, err := d.json.Token()
	if err != nil {
		return nil, d.fail("the text is not valid JSON")
	}
	if d.lines != nil {
		d.lines[pointer(d.path)] = lineAt(d.text, d.json.InputOffset())
	}
	switch t := token.(type) {
	case json.Delim:
		if len(d.path) >= MaxDepth {
			return nil, d.fail("objects and lists are nested more than %d deep", MaxDepth)
		}
		if t == '{' {
			return d.object()
		}
		return d.list()
	case json.Number:
		if !moderate(t) {
			return nil, d.fail("the number is too long; at most %d characters and powers of ten up to %d are allowed", MaxDigits, maxPower)
		}
	}
	return token, nil
}

func (d *decoder) object() (any, *fault.Problem) {
	object := map[string]any{}
	for d.json.More() {
		token, err := d.json.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, d.fail("the text is not valid JSON")
		}
		d.path = append(d.path, name)
		if _, twice := object[name]; twice {
			return nil, d.fail("the name comes twice in the object")
		}
		value, problem := d.value()
		if problem != nil {
			return nil, problem
		}
		object[name] = value
		d.path = d.path[:len(d.path)-1]
	}
	return object, d.end()
}

func (d *decoder) list() (any, *fault.Problem) {
	list := []any{}
	for d.json.More() {
		d.path = append(d.path, strconv.Itoa(len(list)))
		value, problem := d.value()
		if problem != nil {
			return nil, problem
		}
		list = append(list, value)
		d.path = d.path[:len(d.path)-1]
	}
	return list, d.end()
}

// end reads the closing bracket.
func (d *decoder) end() *fault.Problem {
	if _, err := d.json.Token(); err != nil {
		return d.fail("the text is not valid JSON")
	}
	return nil
}

// moderate refuses numbers that are short as text and enormous as exact decimals.
func moderate(n json.Number) bool {
	if len(n) > MaxDigits {
		return false
	}
	_, power, has := strings.Cut(strings.ToLower(string(n)), "e")
	if !has {
		return true
	}
	p, err := strconv.Atoi(power)
	return err == nil && p >= -maxPower && p <= maxPower
}

// pointer is a path as a JSON Pointer (RFC 6901).
func pointer(path []string) string {
	var b strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, word := range path {
		b.WriteByte('/')
		b.WriteString(escape.Replace(word))
	}
	return b.String()
}
