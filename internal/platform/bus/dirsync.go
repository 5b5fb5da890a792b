package bus

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"twoweave/internal/base/clock"
)

// dirSync makes directory entries durable, which the server leaves to the file system: it syncs a new block file's bytes but not the
// folder that names it, nor the folders it makes for a stream. Most file systems write the name along with the first sync of a new file;
// POSIX does not promise it, and an acknowledgement should not hang on that.
type dirSync struct {
	root string
	dirs map[string]*streamDir // fixed
}

// streamDir is the folder of a stream's block files.
type streamDir struct {
	path  string
	began atomic.Uint64 // syncs that have begun
	mu    sync.Mutex    // held over a sync
	seen  time.Time     // modification time of the folder that a sync has covered
	err   error         // of the last sync
}

// A folder's modification time stands for its content once it is older than the file system's clock can be coarse: two changes within one tick
// of that clock carry the same time. Times without a fraction mean a clock of seconds.
const (
	settleFine   = 20 * time.Millisecond
	settleCoarse = 2100 * time.Millisecond
)

func newDirSync(root string) *dirSync {
	d := &dirSync{root: root, dirs: map[string]*streamDir{}}
	for _, stream := range []string{logStream, factsStream} {
		d.dirs[stream] = &streamDir{path: filepath.Join(root, "jetstream", "$G", "streams", stream, "msgs")}
	}
	return d
}

// syncBlocks returns once every block file that the stream has when it is called is durably named. When nothing was added it costs one stat.
func (d *dirSync) syncBlocks(stream string) error { return d.dirs[stream].sync() }

// sync shares the work of callers that come together: a sync that began after a caller came is good for that caller too.
func (s *streamDir) sync() error {
	came := s.began.Load()
	info, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("look at the log's folder: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.began.Load() > came {
		return s.err
	}
	if s.seen.Equal(info.ModTime()) {
		return nil
	}
	s.began.Add(1)
	if s.err = syncDir(s.path); s.err == nil && settled(info.ModTime()) {
		s.seen = info.ModTime()
	}
	return s.err
}

func settled(changed time.Time) bool {
	age := clock.System{}.Now().Sub(changed) // the file's time is the machine's
	if changed.Nanosecond() == 0 {
		return age > settleCoarse
	}
	return age > settleFine
}

// makeDurably makes the folder and the missing ones above it, each name synced before anything is put below it.
func makeDurably(dir string) error {
	parent := filepath.Dir(dir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && parent != dir {
		if err := makeDurably(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the log's folder: %w", err)
	}
	return syncDir(parent)
}

// syncTree syncs every folder of the store; once, at Open, for the server makes them without.
func (d *dirSync) syncTree() error {
	return filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the server removes its own temporary files meanwhile
		}
		if err != nil || !e.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the folder to sync it: %w", err)
	}
	if err := f.Sync(); err != nil {
		return joinClose(fmt.Errorf("sync the folder: %w", err), f.Close)
	}
	return f.Close()
}
