package detect

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/wire"
	"twoweave/internal/platform/bus"
)

// snapshotKind says whether a snapshot is a whole state or what changed since another.
type snapshotKind byte

const (
	full  snapshotKind = 1
	delta snapshotKind = 2
)

func (k snapshotKind) String() string {
	if k == full {
		return "full"
	}
	return "delta"
}

// header names a snapshot.
type header struct {
	kind       snapshotKind
	part       int
	epoch      int64   // of the owner that took it
	seq        bus.Seq // the last message in it
	base       bus.Seq // of a delta: the position it builds on
	activation string
}

// snapshot is one stored piece of a partition's state.
type snapshot struct {
	header
	records []record // in key order, each key once
}

const (
	snapshotMagic  = "TWSN"
	snapshotFormat = 1 // a new form gets a new number; a program reads the forms that two releases before it wrote
)

// encode is the snapshot as bytes: magic, format, header, records, and the SHA-256 of all that.
func (s *snapshot) encode() []byte {
	b := append([]byte(snapshotMagic), snapshotFormat, byte(s.kind))
	b = binary.AppendUvarint(b, uint64(s.part))
	b = binary.AppendVarint(b, s.epoch)
	b = binary.AppendUvarint(b, uint64(s.seq))
	b = binary.AppendUvarint(b, uint64(s.base))
	b = wire.AppendString(b, s.activation)
	b = binary.AppendUvarint(b, uint64(len(s.records)))
	for _, r := range s.records {
		b = wire.AppendString(b, r.key)
		b = appendBool(b, r.value != nil)
		if r.value != nil {
			b = wire.AppendString(b, string(r.value))
		}
	}
	sum := checksum(b)
	return append(b, sum[:]...)
}

func checksum(b []byte) [sha256.Size]byte { return sha256.Sum256(b) }

// decodeSnapshot reads what encode wrote. Any change of any byte is an Invalid fault; it never panics. Values share body's memory.
func decodeSnapshot(body []byte) (*snapshot, error) {
	n := len(body) - sha256.Size
	if n < len(snapshotMagic)+2 || string(body[:len(snapshotMagic)]) != snapshotMagic {
		return nil, damaged("it does not begin like one")
	}
	if sum := checksum(body[:n]); !bytes.Equal(sum[:], body[n:]) {
		return nil, damaged("the checksum does not fit")
	}
	r := reader{wire.Reader{Rest: body[len(snapshotMagic):n]}}
	if f := r.Byte(); f != snapshotFormat {
		return nil, damaged(fmt.Sprintf("format %d is unknown; this program reads %d", f, snapshotFormat))
	}
	s := &snapshot{}
	r.header(&s.header)
	s.records = r.records()
	if !r.Done() {
		return nil, damaged("its fields")
	}
	return s, nil
}

func (r *reader) header(h *header) {
	h.kind = snapshotKind(r.Byte())
	h.part, h.epoch = int(r.Uvarint()), r.Varint()
	h.seq, h.base = bus.Seq(r.Uvarint()), bus.Seq(r.Uvarint())
	h.activation = r.String()
	r.Bad = r.Bad || h.kind != full && h.kind != delta || h.part < 0 || h.part >= bus.Partitions || h.seq < h.base
}

func (r *reader) records() []record {
	all := make([]record, 0, r.many())
	for len(all) < cap(all) && !r.Bad {
		one := record{key: r.String()}
		if r.Byte() == 1 {
			if one.value = r.Bytes(); one.value == nil {
				one.value = []byte{}
			}
		}
		if len(all) > 0 && one.key <= all[len(all)-1].key {
			r.Bad = true
		}
		all = append(all, one)
	}
	return all
}

// name is where a snapshot is kept: "snapshots/07/00000000000000001234-0000000003-full", for a delta with its base:
// "snapshots/07/00000000000000001290-0000000003-delta-1234". With the epoch in it, no owner overwrites what another wrote.
func (h *header) name() string {
	name := fmt.Sprintf("%s%020d-%010d-%s", folder(h.part), h.seq, h.epoch, h.kind)
	if h.kind == delta {
		name += "-" + strconv.FormatUint(uint64(h.base), 10)
	}
	return name
}

func folder(part int) string { return fmt.Sprintf("snapshots/%02d/", part) }

var snapshotName = regexp.MustCompile(`^snapshots/([0-9]{2})/([0-9]{20})-([0-9]{10,19})-(full|delta)(?:-([0-9]+))?$`)

// parseName reads a name; ok is false for what is no snapshot.
func parseName(key string) (h header, ok bool) {
	m := snapshotName.FindStringSubmatch(key)
	if m == nil {
		return header{}, false
	}
	part, _ := strconv.Atoi(m[1])
	seq, _ := strconv.ParseUint(m[2], 10, 64)
	epoch, _ := strconv.ParseInt(m[3], 10, 64)
	base, _ := strconv.ParseUint("0"+m[5], 10, 64)
	h = header{kind: full, part: part, epoch: epoch, seq: bus.Seq(seq), base: bus.Seq(base)}
	if m[4] == "delta" {
		h.kind = delta
	}
	return h, h.name() == key
}

// fits says whether a stored snapshot is what its name promised.
func (s *snapshot) fits(h header) error {
	if s.kind != h.kind || s.part != h.part || s.seq != h.seq || s.epoch != h.epoch || s.base != h.base {
		return fault.New(fault.Invalid, "detect.snapshot", "the snapshot %s is another one than its name says", h.name())
	}
	return nil
}
