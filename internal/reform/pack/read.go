package pack

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
)

// folders are the parts of a pack, in the order in which they are read.
var folders = []string{"events", "scenarios", "signs", "indicators", "classes", "tests", "maps"}

// singles are the files at the top of a pack.
var singles = append([]string{"pack.yaml", "areas.yaml", "units.yaml"}, dutyFiles...)

// Read reads one pack folder and checks each entry by itself; Combine checks them together. The error is Invalid with every problem of
// every file, or the file system's own.
func Read(fsys fs.FS) (*Pack, error) {
	const op = "pack.Read"
	files, problems, err := collect(fsys)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return parse(op, files, problems)
}

// parse makes a pack of its files' contents.
func parse(op string, files map[string][]byte, problems []fault.Problem) (*Pack, error) {
	r := reader{pack: &Pack{where: map[string]document{}}, problems: problems}
	r.top(files)
	for _, folder := range folders {
		for _, name := range sortedIn(files, folder) {
			r.file(folder, name, files[name])
		}
	}
	if len(r.problems) > 0 {
		return nil, fault.Invalidly(op, r.problems...)
	}
	r.pack.archive = encodeArchive(files)
	r.pack.hash = hashOf(r.pack.archive)
	return r.pack, nil
}

// collect loads the files of a pack. A YAML file where none belongs is a problem: it would silently have no effect.
func collect(fsys fs.FS) (map[string][]byte, []fault.Problem, error) {
	files := map[string][]byte{}
	var problems []fault.Problem
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" {
			return nil
		}
		if !belongs(name) {
			problems = append(problems, fault.Problem{File: name, Message: "no part of a pack is in such a file; allowed are " +
				strings.Join(singles, ", ") + " and *.yaml in " + strings.Join(folders, ", ")})
			return nil
		}
		files[name], err = fs.ReadFile(fsys, name)
		return err
	})
	return files, problems, err
}

func belongs(name string) bool {
	dir, base := path.Split(name)
	if dir == "" {
		return slices.Contains(singles, base)
	}
	return path.Ext(base) == ".yaml" && slices.Contains(folders, strings.TrimSuffix(dir, "/"))
}

func sortedIn(files map[string][]byte, folder string) []string {
	var names []string
	for name := range files {
		if path.Dir(name) == folder {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// reader fills a pack, file by file, and gathers problems.
type reader struct {
	pack     *Pack
	problems []fault.Problem
}

func (r *reader) add(p ...fault.Problem) { r.problems = append(r.problems, p...) }

func (r *reader) top(files map[string][]byte) {
	if files["pack.yaml"] == nil {
		r.add(fault.Problem{File: "pack.yaml", Message: "the file is missing; it gives the pack its name, version, title and licence"})
	}
	for _, name := range singles {
		text, there := files[name]
		if !there {
			continue
		}
		docs, problems := parseFile(name, text)
		r.add(problems...)
		switch {
		case len(problems) > 0:
		case len(docs) != 1:
			r.add(fault.Problem{File: name, Message: fmt.Sprintf("the file has %d documents; it must have one", len(docs))})
		default:
			r.single(name, docs[0])
		}
	}
}

func (r *reader) single(name string, doc document) {
	switch name {
	case "pack.yaml":
		var f packFile
		r.take(doc, &f, func() []fault.Problem { return checkHead(&f) })
		r.pack.Name, r.pack.Version, r.pack.Title, r.pack.Licence = f.Name, f.Version, f.Title, f.Licence
		r.pack.Amends, r.pack.Without = f.Amends, f.Without
	case "areas.yaml":
		var f areasFile
		r.take(doc, &f, func() []fault.Problem { return checkAreas(&f) })
		r.pack.Frame, r.pack.Areas = f.Frame, f.Areas
	case "units.yaml":
		var f unitsFile
		r.take(doc, &f, func() []fault.Problem { return checkUnits(&f) })
		r.pack.Units = f.Units
	default:
		r.duty(name, doc)
	}
	r.pack.where[name] = doc
}

// take decodes a document and, when its form is right, checks what it says.
func (r *reader) take(doc document, v any, check func() []fault.Problem) {
	if problems := doc.decode(v); len(problems) > 0 {
		r.add(problems...)
		return
	}
	r.add(doc.placeAll(check())...)
}

func (r *reader) file(folder, name string, text []byte) {
	docs, problems := parseFile(name, text)
	r.add(problems...)
	for _, doc := range docs {
		r.entry(folder, doc)
	}
}

func (r *reader) entry(folder string, doc document) {
	p := r.pack
	switch folder {
	case "events":
		var f typeFile
		r.take(doc, &f, func() []fault.Problem { return f.finish() })
		p.Types = append(p.Types, f.Type)
		r.know("type", string(f.Name), doc)
	case "scenarios":
		var s scenario.Scenario
		r.take(doc, &s, func() []fault.Problem { return scenario.Check(&s) })
		p.Scenarios = append(p.Scenarios, s)
		r.know("scenario", string(s.ID), doc)
	case "signs":
		var k indicator.Class
		r.take(doc, &k, func() []fault.Problem { return indicator.CheckClass(&k) })
		p.Signs = append(p.Signs, k)
		r.know("sign", string(k.ID), doc)
	case "indicators":
		var i indicator.Indicator
		r.take(doc, &i, func() []fault.Problem { return indicator.Check(&i) })
		p.Indicators = append(p.Indicators, i)
		r.know("indicator", string(i.ID), doc)
	case "classes":
		var c matter.Class
		r.take(doc, &c, func() []fault.Problem { return matter.Check(&c) })
		p.Classes = append(p.Classes, c)
		r.know("class", string(c.ID), doc)
	case "tests":
		s := Script{doc: doc}
		r.take(doc, &s, func() []fault.Problem { return checkScript(&s) })
		p.Tests = append(p.Tests, s)
		r.know("test", s.Name, doc)
	case "maps":
		m := Map{}
		r.take(doc, &m, func() []fault.Problem { return m.finish() })
		p.Maps = append(p.Maps, m)
		r.know("map", m.Name, doc)
	}
}

// know remembers where an entry is written and refuses a second one of the same name.
func (r *reader) know(kind, name string, doc document) {
	key := kind + "/" + name
	if first, twice := r.pack.where[key]; twice && name != "" {
		r.add(doc.place(fault.Problem{Field: kind, Message: fmt.Sprintf("%s %s is there twice, first in %s:%d", kind, name, first.file, first.node.Line)}))
		return
	}
	r.pack.where[key] = doc
}
