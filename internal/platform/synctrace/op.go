package synctrace

// Kind says what a traced call does to files.
type Kind uint8

const (
	Other    Kind = iota
	Open          // open or create; Flags tells
	Write         // bytes into a file; Offset -1 = at the descriptor's position
	Send          // bytes into a socket, pipe or terminal; Path names it as strace does: "TCP:[…]", "pipe:[…]"
	Sync          // fsync, fdatasync of a file or folder
	SyncAll       // sync, syncfs
	Truncate      // Offset is the new size
	Allocate      // Offset is the least size
	Rename        // Path to To
	Link          // To is the new name
	Unlink        // a file's or an empty folder's name goes
	Mkdir
	Socket // a name in a folder at which the program can be reached; it holds nothing and needs to last no longer than the program
	Seek   // Offset is the new position
	Map    // a writable mapping shared with the file: what is written through it does not show
)

// Op is one traced call that succeeded or did not end.
type Op struct {
	Call       string
	Kind       Kind
	Thread     int
	Begin, End int // lines of the trace; End 0: the trace ended first
	FD         int // -1 when the call takes none
	Path       string
	To         string
	Deleted    bool // the descriptor's file had lost its name
	Offset     int64
	Data       []byte // what was written
	Flags      string // of Open
}

// Trace is what a traced program did, ordered by when each call began.
type Trace struct{ Ops []Op }

// Find returns the indices of the calls that match, in order: for example those that send an answer.
func (t *Trace) Find(match func(op *Op) bool) []int {
	var found []int
	for i := range t.Ops {
		if match(&t.Ops[i]) {
			found = append(found, i)
		}
	}
	return found
}
