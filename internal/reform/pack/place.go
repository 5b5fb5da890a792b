package pack

import "twoweave/internal/base/fault"

// Place gives a problem with one of the pack's entries ("scenario", "road-ponding") the file and position where its field is written. A problem with a
// line counts it within the field's text, as a rule's compiler does. Of an entry that the pack has not, the problem stays as it is.
func (p *Pack) Place(kind, name string, problem fault.Problem) fault.Problem {
	if doc, known := p.where[kind+"/"+name]; known {
		return doc.place(problem)
	}
	return problem
}
