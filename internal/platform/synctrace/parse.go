package synctrace

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Parse reads a trace in the format that Command asks for. Calls that failed are left out. An unreadable line is an error: a proof must not
// skip what it does not understand.
func Parse(r io.Reader) (*Trace, error) {
	p := parser{open: map[int]pending{}}
	lines := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			p.line++
			if perr := p.read(strings.TrimRight(line, "\n")); perr != nil {
				return nil, fmt.Errorf("trace line %d: %w", p.line, perr)
			}
		}
		if err == io.EOF {
			return p.finish()
		}
		if err != nil {
			return nil, err
		}
	}
}

// pending is a call that has begun and not yet ended.
type pending struct {
	begin int
	text  string
}

type parser struct {
	line int
	open map[int]pending
	ops  []Op
}

const (
	unfinished = " <unfinished ...>"
	resumed    = " resumed>"
)

func (p *parser) read(line string) error {
	number, rest, ok := strings.Cut(line, " ")
	thread, err := strconv.Atoi(number)
	if !ok || err != nil {
		return fmt.Errorf("no thread number: %.80q", line)
	}
	rest = strings.TrimLeft(rest, " ")
	switch {
	case strings.HasPrefix(rest, "---"), strings.HasPrefix(rest, "+++"):
		return nil
	case strings.HasSuffix(rest, unfinished):
		p.open[thread] = pending{p.line, strings.TrimSuffix(rest, unfinished)}
		return nil
	case strings.HasPrefix(rest, "<... "):
		return p.resume(thread, rest)
	}
	return p.add(thread, p.line, p.line, rest)
}

func (p *parser) resume(thread int, rest string) error {
	_, tail, ok := strings.Cut(rest, resumed)
	begun, known := p.open[thread]
	if !ok || !known {
		return fmt.Errorf("resumes nothing: %.80q", rest)
	}
	delete(p.open, thread)
	return p.add(thread, begun.begin, p.line, begun.text+tail)
}

// finish adds the calls that had begun when the trace ended, and orders all by their beginning.
func (p *parser) finish() (*Trace, error) {
	for thread, begun := range p.open {
		if err := p.add(thread, begun.begin, 0, begun.text); err != nil {
			return nil, fmt.Errorf("trace line %d: %w", begun.begin, err)
		}
	}
	slices.SortStableFunc(p.ops, func(a, b Op) int { return a.Begin - b.Begin })
	return &Trace{Ops: p.ops}, nil
}

func (p *parser) add(thread, begin, end int, text string) error {
	c, err := splitCall(text, end > 0)
	if err != nil || c.failed {
		return err
	}
	op := Op{Call: c.name, Thread: thread, Begin: begin, End: end, FD: -1}
	if err := c.fill(&op); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	if op.Kind != Other {
		p.ops = append(p.ops, op)
	}
	return nil
}

// call is a line taken apart.
type call struct {
	name   string
	args   []string
	ret    int64
	ended  bool
	failed bool
}

func splitCall(text string, ended bool) (call, error) {
	name, rest, ok := strings.Cut(text, "(")
	if !ok {
		return call{}, fmt.Errorf("no call: %.80q", text)
	}
	c := call{name: name, ended: ended, ret: -1}
	if !ended {
		c.args = splitArgs(rest)
		return c, nil
	}
	i := strings.LastIndex(rest, " = ")
	if i < 0 {
		return c, fmt.Errorf("no result: %.80q", text)
	}
	result := rest[i+3:]
	c.args = splitArgs(strings.TrimSuffix(strings.TrimRight(rest[:i], " "), ")"))
	if strings.HasPrefix(result, "?") || strings.HasPrefix(result, "-") {
		c.failed = true // "?": interrupted by the process's end or to be restarted
		return c, nil
	}
	digits := result[:len(result)-len(strings.TrimLeft(result, "0123456789abcdefx"))]
	ret, err := strconv.ParseInt(digits, 0, 64)
	if err != nil && name != "mmap" {
		return c, fmt.Errorf("result %.40q: %w", result, err)
	}
	c.ret = ret
	return c, nil
}

// splitArgs cuts at the commas outside quotes and brackets. With -xx quoted text is all hexadecimal, so no quote or bracket hides in it.
func splitArgs(text string) []string {
	var args []string
	depth, start := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(', '[', '{', '<':
			depth++
		case ')', ']', '}':
			depth--
		case '>':
			if i == 0 || text[i-1] != '-' { // the arrow of "TCP:[a->b]"
				depth--
			}
		case ',':
			if depth == 0 {
				args = append(args, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		}
	}
	return append(args, strings.TrimSpace(text[start:]))
}

// fill reads the arguments of the calls that matter. The kind stays Other for those that do not.
func (c *call) fill(op *Op) error {
	switch c.name {
	case "open", "openat", "openat2", "creat":
		return c.fillOpen(op)
	case "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg":
		return c.fillWrite(op)
	case "fsync", "fdatasync":
		op.Kind = Sync
		return c.fillFD(op)
	case "sync", "syncfs":
		op.Kind = SyncAll
		return nil
	case "ftruncate":
		op.Kind = Truncate
		return c.fillFDNumber(op, 1)
	case "truncate":
		op.Kind = Truncate
		return c.first(c.fillPath(&op.Path, 0), c.fillNumber(&op.Offset, 1))
	case "fallocate":
		return c.fillAllocate(op)
	case "lseek":
		op.Kind, op.Offset = Seek, c.ret
		return c.fillFD(op)
	case "copy_file_range", "sendfile":
		return c.fillCopy(op)
	case "mmap":
		return c.fillMap(op)
	}
	return c.fillNames(op)
}

func (c *call) fillNames(op *Op) error {
	switch c.name {
	case "rename", "link":
		op.Kind = nameKind(c.name)
		return c.first(c.fillPath(&op.Path, 0), c.fillPath(&op.To, 1))
	case "renameat", "renameat2", "linkat":
		op.Kind = nameKind(c.name)
		return c.first(c.fillPathAt(&op.Path, 0), c.fillPathAt(&op.To, 2))
	case "unlink", "rmdir", "mkdir":
		op.Kind = nameKind(c.name)
		return c.fillPath(&op.Path, 0)
	case "bind":
		if len(c.args) > 1 && strings.Contains(c.args[1], "sun_path=\"") {
			op.Kind = Socket
			return c.fillPath(&op.Path, 1)
		}
	case "unlinkat", "mkdirat":
		op.Kind = nameKind(c.name)
		return c.fillPathAt(&op.Path, 0)
	}
	return nil
}

func nameKind(call string) Kind {
	switch {
	case strings.HasPrefix(call, "rename"):
		return Rename
	case strings.HasPrefix(call, "link"):
		return Link
	case strings.HasPrefix(call, "mkdir"):
		return Mkdir
	}
	return Unlink
}

func (c *call) first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *call) arg(i int) (string, error) {
	if i >= len(c.args) {
		return "", fmt.Errorf("argument %d is missing", i)
	}
	return c.args[i], nil
}

func (c *call) fillOpen(op *Op) (err error) {
	op.Kind, op.FD = Open, int(c.ret)
	flags := 1
	if strings.HasPrefix(c.name, "openat") {
		err, flags = c.fillPathAt(&op.Path, 0), 2
	} else {
		err = c.fillPath(&op.Path, 0)
	}
	if err != nil {
		return err
	}
	if c.name == "creat" {
		op.Flags = "O_WRONLY|O_CREAT|O_TRUNC"
		return nil
	}
	op.Flags, err = c.arg(flags)
	return err
}

func (c *call) fillWrite(op *Op) error {
	op.Kind, op.Offset = Write, -1
	if err := c.fillFD(op); err != nil {
		return err
	}
	if !strings.HasPrefix(op.Path, "/") {
		op.Kind = Send
	}
	text, err := c.arg(1)
	if err != nil {
		return err
	}
	if op.Data, err = quoted(text); err != nil {
		return err
	}
	if c.ended {
		if int64(len(op.Data)) < c.ret {
			return fmt.Errorf("the trace holds %d of %d written bytes", len(op.Data), c.ret)
		}
		op.Data = op.Data[:c.ret]
	}
	if strings.HasPrefix(c.name, "pwrite") {
		return c.fillNumber(&op.Offset, 3)
	}
	return nil
}

func (c *call) fillAllocate(op *Op) error {
	var length int64
	if mode, err := c.arg(1); err != nil || mode != "0" {
		return fmt.Errorf("mode %q is not understood (%v)", mode, err)
	}
	op.Kind = Allocate
	if err := c.first(c.fillFDNumber(op, 2), c.fillNumber(&length, 3)); err != nil {
		return err
	}
	op.Offset += length
	return nil
}

// fillCopy accepts copies out to sockets only: the bytes of a copy into a file are not in the trace.
func (c *call) fillCopy(op *Op) error {
	to := 0
	if c.name == "copy_file_range" {
		to = 2
	}
	text, err := c.arg(to)
	if err != nil {
		return err
	}
	if op.FD, op.Path, op.Deleted, err = descriptor(text); err != nil {
		return err
	}
	op.Kind = Other
	if strings.HasPrefix(op.Path, "/") {
		op.Kind, op.Data = Write, nil
		op.Offset = copied
	}
	return nil
}

func (c *call) fillMap(op *Op) error {
	if len(c.args) < 5 || !strings.Contains(c.args[2], "PROT_WRITE") || !strings.Contains(c.args[3], "MAP_SHARED") {
		return nil
	}
	var err error
	if op.FD, op.Path, op.Deleted, err = descriptor(c.args[4]); err == nil && strings.HasPrefix(op.Path, "/") {
		op.Kind = Map
	}
	return err
}

// copied marks a write whose bytes are unknown; the disk refuses it inside the watched folder.
const copied = -2

func (c *call) fillFD(op *Op) error {
	text, err := c.arg(0)
	if err != nil {
		return err
	}
	op.FD, op.Path, op.Deleted, err = descriptor(text)
	return err
}

func (c *call) fillFDNumber(op *Op, i int) error {
	return c.first(c.fillFD(op), c.fillNumber(&op.Offset, i))
}

func (c *call) fillNumber(n *int64, i int) error {
	text, err := c.arg(i)
	if err != nil {
		return err
	}
	*n, err = strconv.ParseInt(text, 0, 64)
	return err
}

func (c *call) fillPath(path *string, i int) error {
	text, err := c.arg(i)
	if err != nil {
		return err
	}
	name, err := quoted(text)
	*path = filepath.Clean(string(name))
	return err
}

// fillPathAt joins a folder's descriptor (argument i) and a name (argument i+1).
func (c *call) fillPathAt(path *string, i int) error {
	if err := c.fillPath(path, i+1); err != nil || filepath.IsAbs(*path) {
		return err
	}
	text, err := c.arg(i)
	if err != nil {
		return err
	}
	_, dir, _, err := descriptor(text)
	*path = filepath.Join(dir, *path)
	return err
}

// descriptor reads "3<path>", "3<path>(deleted)", "AT_FDCWD<path>". A descriptor without a path belongs to nothing we follow.
func descriptor(text string) (fd int, path string, deleted bool, err error) {
	number, rest, named := strings.Cut(text, "<")
	if number == "AT_FDCWD" {
		fd = -1
	} else if fd, err = strconv.Atoi(number); err != nil {
		return fd, "", false, err
	}
	if !named {
		return fd, "", false, nil
	}
	deleted = strings.HasSuffix(rest, "(deleted)")
	rest = strings.TrimSuffix(strings.TrimSuffix(rest, "(deleted)"), ">")
	if !strings.HasPrefix(rest, `\x`) {
		return fd, rest, deleted, nil
	}
	rest, _, _ = strings.Cut(rest, "<") // a device's number
	name, err := unhex(rest)
	return fd, string(name), deleted, err
}

// quoted joins the quoted strings of an argument: one for write, several for writev.
func quoted(text string) ([]byte, error) {
	var all []byte
	for {
		_, rest, ok := strings.Cut(text, `"`)
		if !ok {
			return all, nil
		}
		inside, after, ok := strings.Cut(rest, `"`)
		if !ok || strings.HasPrefix(after, "...") {
			return nil, fmt.Errorf("a string is cut short")
		}
		part, err := unhex(inside)
		if err != nil {
			return nil, err
		}
		all, text = append(all, part...), after
	}
}

// unhex reads "\x61\x62".
func unhex(text string) ([]byte, error) {
	out := make([]byte, 0, len(text)/4)
	for ; text != ""; text = text[4:] {
		if len(text) < 4 || text[0] != '\\' || text[1] != 'x' {
			return nil, fmt.Errorf("not in hexadecimal: %.20q", text)
		}
		b, err := strconv.ParseUint(text[2:4], 16, 8)
		if err != nil {
			return nil, err
		}
		out = append(out, byte(b))
	}
	return out, nil
}
