package synctrace

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
)

// Uncovered is one thing that a power cut at this moment could take away.
type Uncovered struct {
	Path     string
	Op       int  // the operation that made it, an index of Trace.Ops
	Name     bool // the name of the file or folder, not its content
	Replaces bool // of a Name: an older file of that name is durable, and would be there instead
	Offset   int64
	Len      int
}

// String is for failure messages.
func (u Uncovered) String() string {
	if u.Name {
		return fmt.Sprintf("%s: its name (operation %d)", u.Path, u.Op)
	}
	return fmt.Sprintf("%s: %d bytes at %d (operation %d)", u.Path, u.Len, u.Offset, u.Op)
}

// Uncovered lists, for the files and folders whose path matches, what no sync covers: contents, truncations (Len 0), names. A call that has not
// returned counts as uncovered. Files that have lost their name are left out. Note what must be asked of a store: of SQLite in WAL mode
// the "-wal" file, since the database file itself is written behind it.
func (d *Disk) Uncovered(match func(path string) bool) []Uncovered {
	var all []Uncovered
	d.visit(d.root, d.top, func(path string, n *node) {
		for _, c := range n.log {
			if u, open := uncovered(path, n, c); open && match(u.Path) {
				all = append(all, u)
			}
		}
	})
	slices.SortFunc(all, func(a, b Uncovered) int { return a.Op - b.Op })
	return all
}

func uncovered(path string, n *node, c *change) (Uncovered, bool) {
	if c.durable {
		return Uncovered{}, false
	}
	if !n.folder {
		return Uncovered{Path: path, Op: c.op, Offset: c.offset, Len: len(c.data)}, true
	}
	if c.kind != Link || n.entries[c.name] != c.to {
		return Uncovered{}, false
	}
	older := survivingNames(n, nil)[c.name]
	return Uncovered{Path: filepath.Join(path, c.name), Op: c.op, Name: true, Replaces: older != nil}, true
}

// Holds reports whether a power cut at this moment would leave a matching file into which a durable write has put the token. With many
// requests at once it is the question to ask for each answer: is what this request brought on the disk? The token must be
// short and stand in the file as it is, in one write.
func (d *Disk) Holds(token []byte, match func(path string) bool) bool {
	return holds(d.root, d.top, token, match)
}

func holds(path string, n *node, token []byte, match func(path string) bool) bool {
	if !n.folder {
		return match(path) && slices.ContainsFunc(n.log, func(c *change) bool { return c.durable && bytes.Contains(c.data, token) })
	}
	for name, child := range survivingNames(n, nil) {
		if holds(filepath.Join(path, name), child, token, match) {
			return true
		}
	}
	return false
}

// visit calls fn for every named node, each path once.
func (d *Disk) visit(path string, n *node, fn func(path string, n *node)) {
	fn(path, n)
	for name, child := range n.entries {
		d.visit(filepath.Join(path, name), child, fn)
	}
}

// Mapped lists the files that were mapped shared and writable, whose contents the trace does not show.
func (d *Disk) Mapped() []string {
	var all []string
	for path := range d.mapped {
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

// UncoveredAt is Disk.Uncovered at the moment before operation i, for one question. For many moments, advance one Disk.
func (t *Trace) UncoveredAt(root string, i int, match func(path string) bool) ([]Uncovered, error) {
	d := NewDisk(t, root)
	if err := d.Advance(i); err != nil {
		return nil, err
	}
	return d.Uncovered(match), nil
}
