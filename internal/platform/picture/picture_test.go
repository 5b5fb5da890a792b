package picture_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/picture"
)

func cleaner() *picture.Cleaner { return picture.NewCleaner(2) }

// corner is a picture whose upper left quarter is red, the rest white.
func corner(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 255, 255, 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{255, 0, 0, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// byteOrder is either of a TIFF's.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// exif is a segment with an orientation and, as cameras write it, a name and a place that must not come out again.
func exif(orientation uint16, order byteOrder) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00")
	if order == byteOrder(binary.BigEndian) {
		tiff = []byte("MM\x00*\x00\x00\x00\x08")
	}
	entry := func(b []byte, tag, kind uint16, count uint32, value [4]byte) []byte {
		b = order.AppendUint16(order.AppendUint16(b, tag), kind)
		return append(order.AppendUint32(b, count), value[:]...)
	}
	var v [4]byte
	order.PutUint16(v[:], orientation)
	tiff = order.AppendUint16(tiff, 2)
	tiff = entry(tiff, 0x010f, 2, 4, [4]byte{'A', 'C', 'M', 'E'})
	tiff = entry(tiff, 0x0112, 3, 1, v)
	tiff = append(tiff, "GPS 31.2304N 121.4737E SECRETPLACE"...)
	content := append([]byte("Exif\x00\x00"), tiff...)
	return append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(content)+2)), content...)
}

// withSegment puts a segment behind a JPEG's first two bytes.
func withSegment(file, segment []byte) []byte { return slices.Concat(file[:2], segment, file[2:]) }

func TestWhatComesOutIsASmallJPEG(t *testing.T) {
	t.Parallel()
	webp, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==") // 1 × 1, without loss
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body []byte
		w, h int
	}{
		"jpeg":  {asJPEG(t, corner(64, 48)), 64, 48},
		"png":   {asPNG(t, corner(64, 48)), 64, 48},
		"grey":  {asJPEG(t, image.NewGray(image.Rect(0, 0, 5, 4))), 5, 4},
		"deep":  {asPNG(t, image.NewNRGBA64(image.Rect(0, 0, 5, 4))), 5, 4},
		"webp":  {webp, 1, 1},
		"wide":  {asPNG(t, corner(3200, 20)), 1600, 10},
		"tall":  {asPNG(t, corner(20, 3201)), 9, 1600},
		"slim":  {asPNG(t, corner(4000, 1)), 1600, 1},
		"again": {asJPEG(t, corner(64, 48)), 64, 48},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := cleaner().Clean(t.Context(), c.body)
			if err != nil {
				t.Fatal(err)
			}
			m, err := jpeg.Decode(bytes.NewReader(got.JPEG))
			if err != nil || m.Bounds().Dx() != c.w || m.Bounds().Dy() != c.h || got.Width != c.w || got.Height != c.h {
				t.Errorf("%v, %d × %d, want %d × %d (%v)", m.Bounds(), got.Width, got.Height, c.w, c.h, err)
			}
			again, err := cleaner().Clean(t.Context(), c.body)
			if err != nil || !bytes.Equal(got.JPEG, again.JPEG) {
				t.Error("the same bytes give another result")
			}
		})
	}
}

func TestNothingBesideThePixelsComesOut(t *testing.T) {
	t.Parallel()
	plain := asJPEG(t, corner(64, 48))
	xmp := append([]byte{0xff, 0xe1, 0, 31}, "http://ns.adobe.com SECRETXMP"...)
	body := withSegment(withSegment(plain, xmp), exif(1, binary.LittleEndian))
	body = append(body, "SECRETBEHIND"...)
	got, err := cleaner().Clean(t.Context(), body)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"SECRET", "Exif", "ACME", "adobe"} {
		if !bytes.Contains(body, []byte(word)) {
			t.Fatalf("the test's picture has no %q", word)
		}
		if bytes.Contains(got.JPEG, []byte(word)) {
			t.Errorf("%q came out", word)
		}
	}
	bare, err := cleaner().Clean(t.Context(), plain)
	if err != nil || !bytes.Equal(bare.JPEG, got.JPEG) {
		t.Error("what is beside the pixels changes what comes out")
	}
}

func TestTheRightSideIsUp(t *testing.T) {
	t.Parallel()
	// Where the stored upper left corner belongs, as CIPA DC-008 lists it: row 0 is the visual …, column 0 the visual …
	where := map[uint16]string{1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left", 5: "top left", 6: "top right", 7: "bottom right", 8: "bottom left", 0: "top left", 9: "top left"}
	for o, want := range where {
		for _, order := range []byteOrder{binary.LittleEndian, binary.BigEndian} {
			got, err := cleaner().Clean(t.Context(), withSegment(asJPEG(t, corner(64, 32)), exif(o, order)))
			if err != nil {
				t.Fatal(err)
			}
			if sideways := o >= 5 && o <= 8; sideways != (got.Height == 64) {
				t.Errorf("orientation %d: %d × %d", o, got.Width, got.Height)
			}
			m, err := jpeg.Decode(bytes.NewReader(got.JPEG))
			if err != nil {
				t.Fatal(err)
			}
			if is := redCorner(m); is != want {
				t.Errorf("orientation %d: red is %s, want %s", o, is, want)
			}
		}
	}
}

func redCorner(m image.Image) string {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	for name, p := range map[string]image.Point{"top left": {w / 4, h / 4}, "top right": {3 * w / 4, h / 4}, "bottom left": {w / 4, 3 * h / 4}, "bottom right": {3 * w / 4, 3 * h / 4}} {
		if r, g, _, _ := m.At(p.X, p.Y).RGBA(); r > 0xc000 && g < 0x4000 {
			return name
		}
	}
	return "nowhere"
}

// claims is a PNG that says how large it is and has no pixels.
func claims(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), w), h)
	head = append(head, 8, 6, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

// claimsDeep is one with 16 bits a colour.
func claimsDeep(w, h uint32) []byte {
	b := claims(w, h)
	b[24] = 16
	b = binary.BigEndian.AppendUint32(b[:29], crc32.ChecksumIEEE(b[12:29]))
	return append(b, "\x00\x00\x00\x09IDATx\x9c and on"...) // the decoder takes its memory here
}

// progressive is a JPEG that comes in passes, of n components that are all as large as the picture, up to the end of its first pass' head.
func progressive(w, h uint16, n byte) []byte {
	frame := append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{8}, h), w), n)
	for i := range n {
		frame = append(frame, i+1, 0x11, 0)
	}
	table := append(append([]byte{0xff, 0xc4, 0, 20, 0, 1}, make([]byte, 15)...), 0)
	return slices.Concat([]byte{0xff, 0xd8, 0xff, 0xc2, 0, byte(len(frame) + 2)}, frame, table, []byte{0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0xff, 0xd9})
}

// chunk is one of a WebP.
func chunk(name string, content ...byte) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(content))), content...)
	return append(b, make([]byte, len(content)&1)...)
}

func webpOf(chunks ...[]byte) []byte {
	all := slices.Concat(chunks...)
	return append(append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(all)+4)), "WEBP"...), all...)
}

// scans is a JPEG whose scan comes n times.
func scans(t *testing.T, n int) []byte {
	body := asJPEG(t, corner(64, 48))
	at := bytes.LastIndex(body, []byte{0xff, 0xda})
	scan := body[at : len(body)-2]
	return slices.Concat(body[:at], bytes.Repeat(scan, n), body[len(body)-2:])
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	whole := asJPEG(t, corner(64, 48))
	for name, body := range map[string][]byte{
		"nothing":                    nil,
		"a text":                     []byte("hello"),
		"a GIF":                      []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
		"an SVG":                     []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"a JPEG's head alone":        whole[:20],
		"half a JPEG":                whole[:len(whole)/2],
		"a PNG that claims a field":  claims(100_000, 100_000),
		"one just too large":         claims(40_000_001, 1),
		"one without an end":         claims(1<<31-1, 1<<31-1),
		"one without pixels":         claims(10, 10),
		"one of no width":            claims(0, 10),
		"too many bytes":             append(whole, make([]byte, picture.MaxBytes)...),
		"too many passes":            scans(t, 65),
		"one too deep":               claimsDeep(6000, 6000),
		"passes that keep too much":  progressive(5200, 5200, 3),
		"a WebP without a frame":     webpOf(),
		"a WebP that claims a field": webpOf(chunk("VP8L", 0x2f, 0xff, 0xff, 0xff, 0x0f)),
		"a WebP that says it is small": webpOf(chunk("VP8X", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
			chunk("VP8L", 0x2f, 0xff, 0xff, 0xff, 0x0f)),
		"a WebP cut off": webpOf([]byte("VP8L\xff\xff\xff\xff")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := cleaner().Clean(t.Context(), body); !fault.Is(err, fault.Invalid) || got.JPEG != nil {
				t.Errorf("%d bytes, %v", len(got.JPEG), err)
			}
		})
	}
}

// A picture that only claims to be large must cost nothing.
func TestABombTakesNoMemory(t *testing.T) {
	c := cleaner()
	for _, body := range [][]byte{claims(100_000, 100_000), claimsDeep(6000, 6000), progressive(5200, 5200, 3), webpOf(chunk("VP8X", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), chunk("VP8L", 0x2f, 0xff, 0xff, 0xff, 0x0f))} {
		r := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for range min(b.N, 100) {
				if _, err := c.Clean(b.Context(), body); err == nil {
					b.Fatal("taken")
				}
			}
		})
		if r.AllocedBytesPerOp() > 1<<20 {
			t.Errorf("%d bytes of memory for a picture of %d bytes", r.AllocedBytesPerOp(), len(body))
		}
	}
}

func TestWhoWaitsTooLongIsTold(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := picture.NewCleaner(0).Clean(ctx, asJPEG(t, corner(8, 8))); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
}

// Whatever comes in, it is a fault or a picture; never a panic.
func TestDamageIsNoDisaster(t *testing.T) {
	t.Parallel()
	seeds := [][]byte{withSegment(asJPEG(t, corner(16, 16)), exif(6, binary.BigEndian)), asPNG(t, corner(16, 16)),
		webpOf(chunk("VP8X", 0, 0, 0, 0, 3, 0, 0, 3, 0, 0), chunk("VP8L", 0x2f, 3, 0xc0, 0, 0, 1, 2, 3))}
	c := cleaner()
	rapid.Check(t, func(t *rapid.T) {
		body := slices.Clone(rapid.SampledFrom(seeds).Draw(t, "seed"))
		for range rapid.IntRange(1, 8).Draw(t, "wounds") {
			body[rapid.IntRange(0, min(len(body)-1, 120)).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		body = body[:rapid.IntRange(0, len(body)).Draw(t, "cut")]
		got, err := c.Clean(context.Background(), body)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("%v", err)
		}
		if err == nil && (got.Width > picture.Longest || got.Height > picture.Longest || len(got.JPEG) == 0) {
			t.Fatalf("%d × %d", got.Width, got.Height)
		}
	})
}
