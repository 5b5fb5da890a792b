package pack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
)

// EntryKind says of what an amendable entry is.
type EntryKind string

const (
	AreaEntry    EntryKind = "area"
	UnitEntry    EntryKind = "unit"
	GridEntry    EntryKind = "grid"
	RuleEntry    EntryKind = "rule"
	PersonEntry  EntryKind = "person"
	ShiftEntry   EntryKind = "shift"
	PostEntry    EntryKind = "post"
	DutyEntry    EntryKind = "duty" // all duties of a post, under the post's id
	ClassEntry   EntryKind = "class"
	HolidayEntry EntryKind = "holiday" // under its date
)

// EntryKinds are all kinds, in the order in which one entry may name another.
func EntryKinds() []EntryKind {
	return []EntryKind{AreaEntry, UnitEntry, GridEntry, ClassEntry, RuleEntry, PersonEntry, ShiftEntry, PostEntry, DutyEntry, HolidayEntry}
}

// Entry is one entry of content in the form in which a pack's files have it, as JSON.
type Entry struct {
	Kind EntryKind
	ID   string
	Body json.RawMessage // nil: there is none
}

// home is where entries of a kind are written: the file, and the list in it; a class is a file of its own.
var home = map[EntryKind]struct{ file, list string }{
	AreaEntry: {"areas.yaml", "areas"}, UnitEntry: {"units.yaml", "units"}, GridEntry: {"grids.yaml", "grids"}, RuleEntry: {"routing.yaml", "routing"},
	PersonEntry: {"roster.yaml", "persons"}, ShiftEntry: {"roster.yaml", "shifts"}, PostEntry: {"roster.yaml", "posts"}, DutyEntry: {"roster.yaml", "duties"},
	HolidayEntry: {"holidays.yaml", "holidays"}, ClassEntry: {"classes/", ""},
}

// Amendment is an amending pack made of entries.
type Amendment struct {
	Pack   *Pack
	name   string
	places map[string][]Entry // "units.yaml units" → the entries in the list, one for each index
}

// Amend makes a pack that puts entries in the place of those of the same kind and id in other packs, beside them where there is none, and takes out those
// without a body. The frame is that of the map it amends. Invalid: a kind that is not known, or what Read refuses; Whose tells whose problem each is.
func Amend(name string, version int, title lang.Text, frame Frame, entries []Entry) (*Amendment, error) {
	const op = "pack.Amend"
	a := &Amendment{name: name, places: map[string][]Entry{}}
	w := written{files: map[string][]byte{}, lists: map[string]map[string]any{}, without: []string{}}
	for _, e := range entries {
		if _, known := home[e.Kind]; !known {
			return nil, fault.New(fault.Invalid, op, "there is no kind of entry %q; there are %v", e.Kind, EntryKinds())
		}
		if problem := a.write(&w, e); problem.Message != "" {
			return a, fault.Invalidly(op, problem)
		}
	}
	for file, lists := range w.lists {
		if file == "areas.yaml" {
			lists["frame"] = frame
		}
		w.files[file] = mustJSON(lists)
	}
	slices.Sort(w.without)
	w.files["pack.yaml"] = mustJSON(map[string]any{"pack": name, "version": version, "title": title, "licence": "Apache-2.0", "amends": true, "without": w.without})
	var err error
	a.Pack, err = parse(op, w.files, nil)
	return a, err
}

// written are the files of an amendment while they are being written.
type written struct {
	files   map[string][]byte
	lists   map[string]map[string]any // of files that hold lists, by file and list
	without []string
}

// write puts an entry where it belongs, and remembers where that is.
func (a *Amendment) write(w *written, e Entry) fault.Problem {
	at := home[e.Kind]
	bodies, err := items(e)
	switch {
	case err != nil:
		return fault.Problem{File: at.file, Field: at.list, Message: err.Error()}
	case len(bodies) == 0: // taken out, or a post without duties
		w.without = append(w.without, string(e.Kind)+"/"+e.ID)
	case at.list == "":
		file := at.file + e.ID + ".yaml"
		a.place(file, e)
		w.files[file] = e.Body
	default:
		if w.lists[at.file] == nil {
			w.lists[at.file] = map[string]any{}
		}
		before, _ := w.lists[at.file][at.list].([]json.RawMessage)
		w.lists[at.file][at.list] = append(before, bodies...)
		for range bodies {
			a.place(at.file+" "+at.list, e)
		}
	}
	return fault.Problem{}
}

// items are the list's items that an entry stands for.
func items(e Entry) (all []json.RawMessage, err error) {
	if e.Body == nil || e.Kind != DutyEntry {
		return slices.DeleteFunc([]json.RawMessage{e.Body}, func(b json.RawMessage) bool { return b == nil }), nil
	}
	if json.Unmarshal(e.Body, &all) != nil {
		return nil, fmt.Errorf("the duties of post %s are a list", e.ID)
	}
	return all, nil
}

func (a *Amendment) place(list string, e Entry) { a.places[list] = append(a.places[list], e) }

// mustJSON is a body as JSON, which YAML includes; what is given to it always has a form.
func mustJSON(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // raw messages were parsed before they came here
	}
	return body
}

// Whose finds the entry of the amendment that a problem is about, and the field in it.
func (a *Amendment) Whose(p fault.Problem) (e Entry, field string, ok bool) {
	file := strings.TrimPrefix(p.File, a.name+"/") // a problem of several packs has the pack's name before the file
	if all := a.places[file]; len(all) == 1 {
		return all[0], p.Field, true
	}
	list, rest, _ := strings.Cut(p.Field, ".")
	index, field, _ := strings.Cut(rest, ".")
	all := a.places[file+" "+list]
	if i, err := strconv.Atoi(index); err == nil && i < len(all) {
		return all[i], field, true
	}
	return Entry{}, "", false
}

// Entries are a set's entries of a kind in the order of the content, classes and holidays by id. The calendar's shipped days are no entries.
func (s *Set) Entries(kind EntryKind) []Entry {
	d := s.Directory
	switch kind {
	case AreaEntry:
		return entries(kind, d.Areas, areaKey)
	case UnitEntry:
		return entries(kind, d.Units, unitKey)
	case GridEntry:
		return entries(kind, d.Grids, gridKey)
	case RuleEntry:
		return entries(kind, d.Rules, ruleKey)
	case PersonEntry:
		return entries(kind, d.Roster.Persons, personKey)
	case ShiftEntry:
		return entries(kind, d.Roster.Shifts, shiftKey)
	case PostEntry:
		return entries(kind, d.Roster.Posts, postKey)
	case DutyEntry:
		return s.duties()
	case HolidayEntry:
		return entries(kind, s.Holidays, holidayKey)
	case ClassEntry:
		return s.classes()
	}
	return nil
}

func entries[T any](kind EntryKind, all []T, key func(*T) string) []Entry {
	out := make([]Entry, len(all))
	for i := range all {
		out[i] = Entry{kind, key(&all[i]), content(all[i])}
	}
	return out
}

func (s *Set) duties() []Entry {
	var out []Entry
	for _, p := range s.Directory.Roster.Posts {
		var own []json.RawMessage
		for i := range s.Directory.Roster.Duties {
			if u := &s.Directory.Roster.Duties[i]; u.Post == p.ID {
				own = append(own, content(u))
			}
		}
		if own != nil {
			out = append(out, Entry{DutyEntry, string(p.ID), mustJSON(own)})
		}
	}
	return out
}

func (s *Set) classes() []Entry {
	out := make([]Entry, 0, len(s.Classes))
	for id, c := range s.Classes {
		out = append(out, Entry{ClassEntry, string(id), content(c)})
	}
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// content is an entry as a pack would have it, without what it does not say.
func content(v any) json.RawMessage {
	text, err := yaml.Marshal(v)
	if err == nil {
		var plain any
		if err = yaml.Unmarshal(text, &plain); err == nil {
			return mustJSON(pruned(plain))
		}
	}
	panic(err) // it was read from YAML before
}

// pruned is a value without the members that say nothing.
func pruned(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			if member = pruned(member); !says(member) {
				continue
			}
			out[name] = member
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = pruned(v[i])
		}
		return out
	}
	return v
}

func says(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return v != "" && v != false && v != 0 && v != "0s"
}
