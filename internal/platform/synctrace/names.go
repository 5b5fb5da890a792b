package synctrace

import "path/filepath"

// names plays the calls that change folders.
func (d *Disk) names(i int, op *Op) error {
	switch op.Kind {
	case Mkdir:
		return d.link(i, op.Path, newFolder(), "")
	case Socket:
		d.sockets[op.Path] = true
	case Unlink:
		if d.sockets[op.Path] {
			delete(d.sockets, op.Path)
			return nil
		}
		return d.unlink(i, op.Path)
	case Link:
		n := d.find(op.Path)
		if n == nil {
			return errUnknownFile
		}
		return d.link(i, op.To, n, "")
	case Rename:
		return d.rename(i, op)
	}
	return nil
}

// link gives a node a name. from is the name in the same folder that goes in the same step, if any.
func (d *Disk) link(i int, path string, n *node, from string) error {
	if !d.inside(path) || path == d.root {
		return nil // out of sight, or the watched folder itself
	}
	folder := d.find(filepath.Dir(path))
	if folder == nil {
		return errUnknownFolder
	}
	name := filepath.Base(path)
	if from != "" {
		delete(folder.entries, from)
	}
	folder.entries[name] = n
	d.past[path] = n
	d.record(folder, &change{op: i, kind: Link, name: name, to: n, from: from})
	return nil
}

func (d *Disk) unlink(i int, path string) error {
	folder := d.find(filepath.Dir(path))
	if folder == nil {
		return errUnknownFolder
	}
	name := filepath.Base(path)
	if folder.entries[name] == nil {
		return errUnknownFile
	}
	delete(folder.entries, name)
	d.record(folder, &change{op: i, kind: Unlink, name: name})
	return nil
}

// rename within a folder is one step; between folders it is two that may survive apart.
func (d *Disk) rename(i int, op *Op) error {
	if !d.inside(op.Path) {
		return errUnknownFile // comes in from where we did not look
	}
	n := d.walk(op.Path)
	if n == nil {
		return errUnknownFile
	}
	if filepath.Dir(op.Path) == filepath.Dir(op.To) {
		return d.link(i, op.To, n, filepath.Base(op.Path))
	}
	if err := d.unlink(i, op.Path); err != nil {
		return err
	}
	return d.link(i, op.To, n, "")
}
