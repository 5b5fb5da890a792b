package picture

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"slices"

	"twoweave/internal/base/fault"
)

// Markers of JPEG, ITU-T T.81 table B.1.
const (
	startProgressive = 0xc2 // a frame that comes in passes
	startOfScan      = 0xda
	endOfImage       = 0xd9
	app1             = 0xe1 // where EXIF is
)

func (f *found) inspectJPEG(body []byte) error {
	c, err := jpeg.DecodeConfig(bytes.NewReader(body))
	if err != nil {
		return err
	}
	f.width, f.height = c.Width, c.Height
	scans := 0
	eachSegment(body, func(marker byte, content []byte) {
		switch {
		case marker == startOfScan:
			scans++
		case marker == startProgressive:
			f.depth = max(f.depth, 5*samples(content))
		case marker == app1 && f.turn == upright:
			f.turn = exifTurn(content)
		}
	})
	if scans > maxScans {
		return fault.New(fault.Invalid, "", "a JPEG may come in at most %d passes; this one has %d", maxScans, scans)
	}
	return nil
}

// samples is how many samples a pixel of a frame has, by its components' sampling factors (T.81, B.2.2). A frame that comes in passes takes a byte for each,
// and 4 for the coefficient.
func samples(frame []byte) float64 {
	var all, most float64
	for c := range slices.Chunk(frame[min(6, len(frame)):], 3) {
		if len(c) == 3 {
			area := float64(c[1]>>4) * float64(c[1]&15)
			all, most = all+area, max(most, area)
		}
	}
	return all / max(most, 1)
}

// eachSegment calls fn for every segment of a JPEG up to its end. Damage ends it: the decoder says what is wrong.
func eachSegment(body []byte, fn func(marker byte, content []byte)) {
	for at := 2; at+4 <= len(body); {
		marker := body[at+1]
		switch {
		case body[at] != 0xff || marker == 0x00 || marker >= 0xd0 && marker <= 0xd7:
			at++ // pixels, a stuffed byte, or a restart between them
			continue
		case marker == 0xff:
			at++ // fill bytes
			continue
		case marker == endOfImage:
			return
		}
		end := at + 2 + int(binary.BigEndian.Uint16(body[at+2:]))
		if end > len(body) || end < at+4 {
			return
		}
		fn(marker, body[at+4:end])
		at = end
	}
}

// exifTurn is the orientation that an APP1 segment tells, tag 0x0112 of its first directory; upright when it tells none.
func exifTurn(content []byte) turn {
	tiff, is := bytes.CutPrefix(content, []byte("Exif\x00\x00"))
	if !is || len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	first := uint64(order.Uint32(tiff[4:]))
	if first+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[first+2:]
	for range order.Uint16(tiff[first:]) {
		if len(entries) < 12 {
			return upright
		}
		if order.Uint16(entries) == 0x0112 {
			if v := turn(order.Uint16(entries[8:])); v >= upright && v <= 8 {
				return v
			}
			return upright
		}
		entries = entries[12:]
	}
	return upright
}
