package synctrace

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Disk is the model of one folder of the traced machine: what the program sees there, and what of it would survive a power cut. It moves
// forward only. It is not safe for concurrent use.
type Disk struct {
	trace   *Trace
	root    string
	top     *node
	events  []event
	next    int // of events
	open    map[handle]*descState
	past    map[string]*node // the last node a path named: a call may still show the path from before a rename
	mapped  map[string]bool
	sockets map[string]bool   // names of sockets: no part of what must be durable
	syncs   map[int]func()    // by operation: what its end makes durable
	writes  map[int][]*change // by operation: what it changed, until it ends
}

// event is the beginning or the end of a call.
type event struct {
	line, op int
	ends     bool
}

// node is a file or a folder.
type node struct {
	folder  bool
	entries map[string]*node // as the program sees it
	log     []*change        // contents of a file, names of a folder, in order
	size    int64            // as the program sees it
}

// change is one step of a node's log.
type change struct {
	op      int
	kind    Kind   // Write, Truncate; Link and Unlink for names
	offset  int64  // of Write; the new size of Truncate
	data    []byte // of Write
	name    string // of names
	to      *node  // of Link
	from    string // of Link by a rename within the folder: the name that goes
	ended   bool   // the call has returned: a sync that begins now covers it
	durable bool
	sync    bool // written with O_SYNC or O_DSYNC
}

type handle struct {
	fd   int
	node *node
}

type descState struct {
	pos          int64
	sync, append bool
}

// NewDisk starts with the empty folder root at the beginning of the trace. root itself is taken as durable.
func NewDisk(t *Trace, root string) *Disk {
	d := &Disk{
		trace: t, root: filepath.Clean(root), top: newFolder(), open: map[handle]*descState{},
		past: map[string]*node{}, mapped: map[string]bool{}, sockets: map[string]bool{}, syncs: map[int]func(){}, writes: map[int][]*change{},
	}
	for i := range t.Ops {
		d.events = append(d.events, event{line: t.Ops[i].Begin, op: i})
		if t.Ops[i].End > 0 {
			d.events = append(d.events, event{line: t.Ops[i].End, op: i, ends: true})
		}
	}
	slices.SortStableFunc(d.events, func(a, b event) int { return a.line - b.line })
	return d
}

func newFolder() *node { return &node{folder: true, entries: map[string]*node{}} }

// Advance moves to the moment just before operation op begins; len(trace.Ops) is the end of the trace. It returns an error when the trace
// does something inside the folder that the model does not know.
func (d *Disk) Advance(op int) error {
	line := int(^uint(0) >> 1)
	if op < len(d.trace.Ops) {
		line = d.trace.Ops[op].Begin
	}
	for ; d.next < len(d.events) && d.events[d.next].line < line; d.next++ {
		e := d.events[d.next]
		if err := d.play(e); err != nil {
			o := &d.trace.Ops[e.op]
			return fmt.Errorf("trace line %d: %s %s: %w", o.Begin, o.Call, o.Path, err)
		}
	}
	return nil
}

func (d *Disk) play(e event) error {
	if e.ends {
		d.finish(e.op)
		return nil
	}
	return d.begin(e.op, &d.trace.Ops[e.op])
}

// begin gives a call its effect on what the program sees, not yet on what survives.
func (d *Disk) begin(i int, op *Op) error {
	if op.Kind == SyncAll {
		d.syncs[i] = d.capture(d.everything())
		return nil
	}
	if op.Kind == Send || op.Deleted || !d.inside(op.Path) && !d.inside(op.To) {
		return nil
	}
	switch op.Kind {
	case Open:
		return d.openFile(i, op)
	case Write:
		return d.write(i, op)
	case Sync:
		return d.sync(i, op)
	case Truncate, Allocate:
		return d.resize(i, op)
	case Seek:
		return d.seek(op)
	case Map:
		d.mapped[op.Path] = true
		return nil
	}
	return d.names(i, op)
}

// finish is the return of a call: what it wrote can be covered by a sync from now on, and what it synced survives.
func (d *Disk) finish(i int) {
	for _, c := range d.writes[i] {
		c.ended = true
		c.durable = c.durable || c.sync
	}
	delete(d.writes, i)
	if done := d.syncs[i]; done != nil {
		done()
		delete(d.syncs, i)
	}
}

func (d *Disk) inside(path string) bool {
	return path == d.root || strings.HasPrefix(path, d.root+"/")
}

// find is the node that a path names, or named last.
func (d *Disk) find(path string) *node {
	if n := d.walk(path); n != nil {
		return n
	}
	return d.past[path]
}

func (d *Disk) walk(path string) *node {
	n := d.top
	for _, word := range d.words(path) {
		if n == nil || !n.folder {
			return nil
		}
		n = n.entries[word]
	}
	return n
}

func (d *Disk) words(path string) []string {
	rest := strings.Trim(strings.TrimPrefix(path, d.root), "/")
	if rest == "" {
		return nil
	}
	return strings.Split(rest, "/")
}

var (
	errUnknownFile   = errors.New("the file is not known: it was there before the trace began")
	errUnknownFolder = errors.New("the folder is not known: it was there before the trace began")
	errPosition      = errors.New("plain write to a descriptor whose opening was not seen")
	errNameless      = errors.New("files without a name are not understood")
	errBytes         = errors.New("the bytes of this call are not in the trace")
)

// record puts a change at the end of a node's log.
func (d *Disk) record(n *node, c *change) {
	n.log = append(n.log, c)
	d.writes[c.op] = append(d.writes[c.op], c)
}

func (d *Disk) openFile(i int, op *Op) error {
	n := d.walk(op.Path)
	if n == nil {
		if strings.Contains(op.Flags, "O_TMPFILE") {
			return errNameless
		}
		if !strings.Contains(op.Flags, "O_CREAT") {
			return errUnknownFile
		}
		n = &node{}
		if err := d.link(i, op.Path, n, ""); err != nil {
			return err
		}
	}
	if strings.Contains(op.Flags, "O_TRUNC") && n.size > 0 {
		d.record(n, &change{op: i, kind: Truncate})
		n.size = 0
	}
	d.open[handle{op.FD, n}] = &descState{
		sync:   strings.Contains(op.Flags, "O_SYNC") || strings.Contains(op.Flags, "O_DSYNC"),
		append: strings.Contains(op.Flags, "O_APPEND"),
	}
	return nil
}

func (d *Disk) write(i int, op *Op) error {
	n := d.find(op.Path)
	switch {
	case n == nil:
		return errUnknownFile
	case op.Offset == copied:
		return errBytes
	}
	desc, at := d.open[handle{op.FD, n}], op.Offset
	if at < 0 {
		if desc == nil {
			return errPosition
		}
		if desc.append {
			desc.pos = n.size
		}
		at = desc.pos
		desc.pos += int64(len(op.Data))
	}
	d.record(n, &change{op: i, kind: Write, offset: at, data: op.Data, sync: desc != nil && desc.sync})
	n.size = max(n.size, at+int64(len(op.Data)))
	return nil
}

func (d *Disk) resize(i int, op *Op) error {
	n := d.find(op.Path)
	if n == nil {
		return errUnknownFile
	}
	if op.Kind == Allocate && op.Offset <= n.size {
		return nil
	}
	n.size = op.Offset
	d.record(n, &change{op: i, kind: Truncate, offset: op.Offset})
	return nil
}

func (d *Disk) seek(op *Op) error {
	n := d.find(op.Path)
	if n == nil {
		return errUnknownFile
	}
	if desc := d.open[handle{op.FD, n}]; desc != nil {
		desc.pos = op.Offset
	}
	return nil
}

func (d *Disk) sync(i int, op *Op) error {
	n := d.find(op.Path)
	if n == nil {
		return errUnknownFile
	}
	d.syncs[i] = d.capture([]*node{n})
	return nil
}

// capture remembers what a sync that begins now covers, and gives the function that makes it durable when the sync has returned.
func (d *Disk) capture(nodes []*node) func() {
	var covered []*change
	for _, n := range nodes {
		for _, c := range n.log {
			if c.ended && !c.durable {
				covered = append(covered, c)
			}
		}
	}
	return func() {
		for _, c := range covered {
			c.durable = true
		}
	}
}

func (d *Disk) everything() []*node {
	seen := map[*node]bool{}
	var all []*node
	var visit func(n *node)
	visit = func(n *node) {
		if seen[n] {
			return
		}
		seen[n] = true
		all = append(all, n)
		for _, child := range n.entries {
			visit(child)
		}
	}
	visit(d.top)
	return all
}
