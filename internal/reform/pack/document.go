package pack

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"twoweave/internal/base/fault"
)

// document is one YAML document of a file, with the places of its fields.
type document struct {
	file string
	node *yaml.Node // the top mapping
}

// Content is written by people: what is larger or more deeply nested was made to do harm.
const (
	maxDocument = 1 << 20
	maxDepth    = 64
)

// parseFile splits a file into documents. Problems say where the text is no YAML.
func parseFile(file string, text []byte) ([]document, []fault.Problem) {
	if len(text) > maxDocument {
		return nil, []fault.Problem{{File: file, Message: "the file is larger than 1 MiB"}}
	}
	var docs []document
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return docs, []fault.Problem{syntaxProblem(file, err)}
		}
		if len(n.Content) == 0 || n.Content[0].Tag == "!!null" {
			continue // an empty document between two separators
		}
		if deep := deeper(n.Content[0], maxDepth); deep != nil {
			return docs, []fault.Problem{{File: file, Line: deep.Line, Column: deep.Column, Message: "is nested more than 64 levels deep"}}
		}
		docs = append(docs, document{file: file, node: n.Content[0]})
	}
}

// deeper finds a node that is nested more than so many levels below this one.
func deeper(n *yaml.Node, levels int) *yaml.Node {
	if levels == 0 {
		return n
	}
	for _, below := range n.Content {
		if deep := deeper(below, levels-1); deep != nil {
			return deep
		}
	}
	return nil
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// syntaxProblem takes the line out of the YAML parser's message, the only place where the parser gives it.
func syntaxProblem(file string, err error) fault.Problem {
	p := fault.Problem{File: file, Message: "not YAML: " + err.Error()}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Message = "not YAML: " + strings.TrimPrefix(err.Error(), m[0])
	}
	return p
}

// find is the node at a dotted path ("personal.fields.1"), or the deepest one on the way that exists.
func (d document) find(path string) *yaml.Node {
	n := d.node
	for word := range strings.SplitSeq(path, ".") {
		next := child(n, word)
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

func child(n *yaml.Node, word string) *yaml.Node {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == word {
				return n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(word); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

// place gives a problem the file and position of its field. A problem that has a line already counts it within the field's text (as a rule's
// compiler does); it is moved to the file's lines.
func (d document) place(p fault.Problem) fault.Problem {
	n := d.find(p.Field)
	line, column := p.Line, p.Column
	p.File, p.Line, p.Column = d.file, n.Line, n.Column
	if line == 0 || n.Kind != yaml.ScalarNode {
		return p
	}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		p.Line, p.Column = n.Line+line, 0 // the block's indentation is not kept by the parser
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		p.Column = n.Column + max(column, 1)
	default:
		p.Column = n.Column + max(column, 1) - 1
	}
	return p
}

func (d document) placeAll(problems []fault.Problem) []fault.Problem {
	placed := make([]fault.Problem, len(problems))
	for i, p := range problems {
		placed[i] = d.place(p)
	}
	return placed
}
