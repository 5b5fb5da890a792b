package synctrace

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Rebuild writes into the existing empty folder into what a power cut at this moment would leave of the watched folder. Everything durable is
// there. Of the rest, chance decides: each unsynced write survives whole, torn at some byte, as zeros, or not at all; of each folder's
// unsynced names the first few. A nil chance loses everything that is not durable.
func (d *Disk) Rebuild(into string, chance *rand.Rand) error {
	return d.rebuild(into, d.top, chance, map[*node]bool{})
}

func (d *Disk) rebuild(path string, folder *node, chance *rand.Rand, above map[*node]bool) error {
	if above[folder] {
		return fmt.Errorf("%s holds itself", path)
	}
	above[folder] = true
	defer delete(above, folder)
	for name, n := range survivingNames(folder, chance) {
		if err := d.rebuildOne(filepath.Join(path, name), n, chance, above); err != nil {
			return err
		}
	}
	return nil
}

func (d *Disk) rebuildOne(path string, n *node, chance *rand.Rand, above map[*node]bool) error {
	if !n.folder {
		return os.WriteFile(path, survivingBytes(n, chance), 0o600)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return d.rebuild(path, n, chance, above)
}

// survivingNames plays the durable changes and the first few of the others.
func survivingNames(folder *node, chance *rand.Rand) map[string]*node {
	var open int
	for _, c := range folder.log {
		if !c.durable {
			open++
		}
	}
	keep := 0
	if chance != nil {
		keep = chance.IntN(open + 1)
	}
	names := map[string]*node{}
	for _, c := range folder.log {
		if !c.durable {
			if keep == 0 {
				continue
			}
			keep--
		}
		c.rename(names)
	}
	return names
}

func (c *change) rename(names map[string]*node) {
	delete(names, c.from)
	if c.kind == Unlink {
		delete(names, c.name)
		return
	}
	names[c.name] = c.to
}

// survivingBytes plays the durable changes of a file, and what chance leaves of the others.
func survivingBytes(n *node, chance *rand.Rand) []byte {
	var content []byte
	for _, c := range n.log {
		part := c
		if !c.durable {
			part = c.weathered(chance)
		}
		if part != nil {
			content = part.apply(content)
		}
	}
	return content
}

// weathered is what is left of an unsynced change: nil for nothing.
func (c *change) weathered(chance *rand.Rand) *change {
	if chance == nil {
		return nil
	}
	left := *c
	switch fate := chance.IntN(4); {
	case fate == 0:
		return nil
	case fate == 1 || len(c.data) == 0:
	case fate == 2:
		left.data = c.data[:chance.IntN(len(c.data))]
	default:
		left.data = make([]byte, len(c.data))
	}
	return &left
}

func (c *change) apply(content []byte) []byte {
	if c.kind == Truncate {
		return resized(content, c.offset)
	}
	if end := c.offset + int64(len(c.data)); end > int64(len(content)) {
		content = resized(content, end)
	}
	copy(content[c.offset:], c.data)
	return content
}

func resized(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}
