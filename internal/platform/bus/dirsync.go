package bus

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// dirSync makes directory entries durable, which the server leaves to the file system: it syncs a new block file's bytes but not the
// folder that names it, nor the folders it makes for a stream. Most file systems write the name along with the first sync of a new file;
// POSIX does not promise it, and an acknowledgement should not hang on that.
type dirSync struct {
	root string
	mu   sync.Mutex
	seen map[string]time.Time // folder → modification time that our last sync covered
}

// settle is how long a folder must have been unchanged before its modification time can stand for its content: two changes within one
// tick of the file system's clock carry the same time.
const settle = 100 * time.Millisecond

func newDirSync(root string) *dirSync {
	return &dirSync{root: root, seen: map[string]time.Time{}}
}

// syncBlocks returns once every block file that the stream has now is durably named. When nothing was added it costs one stat.
func (d *dirSync) syncBlocks(stream string) error {
	dir := filepath.Join(d.root, "jetstream", "$G", "streams", stream, "msgs")
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at the log's folder: %w", err)
	}
	if d.seen[dir].Equal(info.ModTime()) {
		return nil
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	if time.Since(info.ModTime()) > settle {
		d.seen[dir] = info.ModTime()
	}
	return nil
}

// syncTree syncs every folder of the store and the one that holds it; once, at Open.
func (d *dirSync) syncTree() error {
	err := filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the server removes its own temporary files meanwhile
		}
		if err != nil || !e.IsDir() {
			return err
		}
		return syncDir(path)
	})
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(filepath.Clean(d.root)))
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
