package pack

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"

	"twoweave/internal/base/fault"
)

// Hash is the SHA-256 of a pack's archive, in hex.
type Hash string

// archiveFormat is the first byte of an archive. A new form gets a new number; old ones stay readable.
const archiveFormat = 1

// encodeArchive writes format byte, then path and content of each file, length-prefixed, in order of path.
func encodeArchive(files map[string][]byte) []byte {
	out := []byte{archiveFormat}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		out = binary.AppendUvarint(out, uint64(len(path)))
		out = append(out, path...)
		out = binary.AppendUvarint(out, uint64(len(files[path])))
		out = append(out, files[path]...)
	}
	return out
}

func hashOf(archive []byte) Hash {
	sum := sha256.Sum256(archive)
	return Hash(hex.EncodeToString(sum[:]))
}

// Open reads a pack from its archive. Invalid: the archive is damaged, or holds what Read refuses.
func Open(archive []byte) (*Pack, error) {
	if len(archive) == 0 || archive[0] != archiveFormat {
		return nil, fault.New(fault.Invalid, "pack.Open", "archive format is unknown; this program reads format %d", archiveFormat)
	}
	files := map[string][]byte{}
	for rest := archive[1:]; len(rest) > 0; {
		var path, content []byte
		var ok bool
		if path, rest, ok = cut(rest); ok {
			content, rest, ok = cut(rest)
		}
		if !ok {
			return nil, fault.New(fault.Invalid, "pack.Open", "the archive is damaged or cut short")
		}
		files[string(path)] = content
	}
	return parse("pack.Open", files, nil)
}

// cut takes one length-prefixed field off b.
func cut(b []byte) (field, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	b = b[used:]
	return b[:n:n], b[n:], true
}
