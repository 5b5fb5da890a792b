// Package picture makes photos that people send safe to keep and to show.
//
// What comes in is a JPEG, PNG or WebP by its content, whatever its name says. What goes out is always a JPEG of at most Longest pixels on its longest
// side, made anew from the pixels alone: place, time, device and everything else that a camera writes beside them (EXIF, XMP, thumbnails, what is hidden
// behind the end) is gone. The one thing used of it is which side is up: the pixels are turned.
//
// A picture that claims to be large is refused before memory is taken for it. Bounds are MaxBytes, MaxPixels and, for JPEGs that come in many passes,
// maxScans: each pass touches every pixel, so that a small file could otherwise keep a processor busy for hours. Of those sizes some kinds need far more
// memory than others (a JPEG in passes keeps every coefficient until the last one): maxMemory bounds that too. One Cleaner works on few pictures at a time.
package picture

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"

	"twoweave/internal/base/fault"
)

const (
	MaxBytes  = 8 << 20    // of what comes in
	MaxPixels = 40_000_000 // likewise
	Longest   = 1600       // pixels of the longest side of what goes out
	maxMemory = 256 << 20  // bytes that decoding it takes
	maxScans  = 64         // passes of a JPEG; cameras make 1, programs for the web about 10
	quality   = 80         // of the JPEG that goes out
)

// Clean is a picture that may be kept.
type Clean struct {
	JPEG          []byte
	Width, Height int
}

// Cleaner makes pictures clean. It is safe for many goroutines.
type Cleaner struct{ seats chan struct{} }

// NewCleaner makes a Cleaner that works on so many pictures at once; others wait.
func NewCleaner(atOnce int) *Cleaner { return &Cleaner{seats: make(chan struct{}, atOnce)} }

// Clean makes the picture anew. The same bytes give the same result.
//
// Faults: Invalid for what is no whole picture of a known kind or is too large; Unavailable when ctx ends while it waits for its turn.
func (c *Cleaner) Clean(ctx context.Context, body []byte) (Clean, error) {
	const op = "picture.Clean"
	look, err := inspect(body)
	if err != nil {
		return Clean{}, fault.Wrap(op, err)
	}
	select {
	case c.seats <- struct{}{}:
		defer func() { <-c.seats }()
	case <-ctx.Done():
		return Clean{}, &fault.Error{Kind: fault.Unavailable, Op: op, Msg: "too many pictures at once; try again", Err: ctx.Err()}
	}
	whole, err := look.decode(bytes.NewReader(body))
	if err != nil {
		return Clean{}, &fault.Error{Kind: fault.Invalid, Op: op, Msg: "the picture is damaged", Err: err}
	}
	small := shrink(whole, look.turn)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: quality}); err != nil {
		return Clean{}, fault.Wrap(op, err)
	}
	return Clean{JPEG: out.Bytes(), Width: small.Rect.Dx(), Height: small.Rect.Dy()}, nil
}

// found is what a look at a file's head tells.
type found struct {
	kind          kind
	width, height int
	depth         float64 // bytes of memory that decoding takes for each pixel
	turn          turn
}

// inspect tells what a file is and how large, without taking memory for its pixels.
func inspect(body []byte) (found, error) {
	if len(body) > MaxBytes {
		return found{}, fault.New(fault.Invalid, "", "a picture may have at most %d megabytes", MaxBytes>>20)
	}
	f := found{kind: kindOf(body), turn: upright, depth: 4}
	var err error
	switch f.kind {
	case isJPEG:
		err = f.inspectJPEG(body)
	case isPNG:
		var c image.Config
		c, err = png.DecodeConfig(bytes.NewReader(body))
		f.width, f.height, f.depth = c.Width, c.Height, pngDepth(c.ColorModel)
	case isWebP:
		f.width, f.height, err = webpSize(body)
	default:
		return found{}, fault.New(fault.Invalid, "", "a picture must be a JPEG, PNG or WebP")
	}
	if err != nil && fault.KindOf(err) != fault.Invalid {
		err = &fault.Error{Kind: fault.Invalid, Msg: "the picture is damaged", Err: err}
	}
	if err == nil && (f.width < 1 || f.height < 1 || f.width > MaxPixels/f.height) {
		err = fault.New(fault.Invalid, "", "a picture may have at most %d megapixels; this one has %d × %d", MaxPixels/1_000_000, f.width, f.height)
	}
	if err == nil && float64(f.width)*float64(f.height)*f.depth > maxMemory {
		err = fault.New(fault.Invalid, "", "this picture of %d × %d would take more than %d megabytes to read", f.width, f.height, maxMemory>>20)
	}
	return f, err
}

// pngDepth is how many bytes of memory a pixel of a PNG takes: at most 4, but twice that with 16 bits a colour.
func pngDepth(m color.Model) float64 {
	if m == color.NRGBA64Model || m == color.RGBA64Model {
		return 8
	}
	return 4
}

func (f *found) decode(r *bytes.Reader) (image.Image, error) {
	switch f.kind {
	case isJPEG:
		return jpeg.Decode(r)
	case isPNG:
		return png.Decode(r)
	default:
		return webp.Decode(r)
	}
}

type kind int

const (
	isOther kind = iota
	isJPEG
	isPNG
	isWebP
)

func kindOf(body []byte) kind {
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xd8\xff")):
		return isJPEG
	case bytes.HasPrefix(body, []byte("\x89PNG\r\n\x1a\n")):
		return isPNG
	case len(body) >= 12 && string(body[:4]) == "RIFF" && string(body[8:12]) == "WEBP":
		return isWebP
	}
	return isOther
}
