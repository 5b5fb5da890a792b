package picture

import (
	"encoding/binary"

	"twoweave/internal/base/fault"
)

// webpSize is the size of a WebP. The file tells it twice, for the canvas and for the frame; the decoder takes memory for the frame, so both must agree.
func webpSize(body []byte) (width, height int, err error) {
	damaged := fault.New(fault.Invalid, "", "the picture is damaged")
	seen := false
	for rest := body[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), uint64(binary.LittleEndian.Uint32(rest[4:]))
		if size > uint64(len(rest)-8) {
			return 0, 0, damaged
		}
		w, h, sized := chunkSize(name, rest[8:8+size])
		switch {
		case sized && (w == 0 || h == 0 || seen && (w != width || h != height)):
			return 0, 0, damaged
		case sized:
			width, height, seen = w, h, true
		}
		rest = rest[min(uint64(len(rest)), 8+size+size&1):]
	}
	if !seen {
		return 0, 0, damaged
	}
	return width, height, nil
}

// chunkSize is the size that a chunk tells, when it is of those that tell one (RFC 9649, sections 2.5 to 2.7).
func chunkSize(name string, c []byte) (width, height int, sized bool) {
	switch name {
	case "VP8X":
		if len(c) < 10 {
			return 0, 0, true
		}
		return 1 + int24(c[4:]), 1 + int24(c[7:]), true
	case "VP8L":
		if len(c) < 5 {
			return 0, 0, true
		}
		bits := binary.LittleEndian.Uint32(c[1:])
		return 1 + int(bits&0x3fff), 1 + int(bits>>14&0x3fff), true
	case "VP8 ":
		if len(c) < 10 {
			return 0, 0, true
		}
		return int(binary.LittleEndian.Uint16(c[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(c[8:]) & 0x3fff), true
	}
	return 0, 0, false
}

func int24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
