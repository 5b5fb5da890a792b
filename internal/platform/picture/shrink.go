package picture

import (
	"image"
	"image/color"
	"image/draw"
)

// turn is an orientation as EXIF numbers them (CIPA DC-008, 4.6.5): 1 to 8.
type turn int

const upright turn = 1

// shrink gives the picture upright and at most Longest pixels on its longest side, each the mean of those that it stands for. What is transparent
// becomes white.
func shrink(src image.Image, t turn) *image.RGBA {
	from := source{rgba64(src), src.Bounds()}
	w, h := fit(from.at.Dx(), from.at.Dy())
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if t >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			ox, oy := t.place(x, y, w, h)
			out.SetRGBA(ox, oy, from.mean(x, y, w, h))
		}
	}
	return out
}

// fit is the size that a picture of w × h goes out with.
func fit(w, h int) (int, int) {
	long := max(w, h)
	if long <= Longest {
		return w, h
	}
	return max(1, w*Longest/long), max(1, h*Longest/long)
}

// place is where a pixel of a stored picture of w × h belongs in the upright one.
func (t turn) place(x, y, w, h int) (int, int) {
	switch t {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}

// source is pixels and where they are.
type source struct {
	pixels image.RGBA64Image
	at     image.Rectangle
}

// mean is the mean colour, over white, of the pixels that pixel (x, y) of a w × h picture stands for.
func (s source) mean(x, y, w, h int) color.RGBA {
	x0, x1 := span(x, w, s.at.Dx())
	y0, y1 := span(y, h, s.at.Dy())
	var red, green, blue, n uint64
	for sy := y0; sy < y1; sy++ {
		for sx := x0; sx < x1; sx++ {
			c := s.pixels.RGBA64At(s.at.Min.X+sx, s.at.Min.Y+sy)
			white := uint64(0xffff - c.A)
			red, green, blue, n = red+uint64(c.R)+white, green+uint64(c.G)+white, blue+uint64(c.B)+white, n+1
		}
	}
	return color.RGBA{R: uint8(red / n >> 8), G: uint8(green / n >> 8), B: uint8(blue / n >> 8), A: 0xff}
}

// span is which of n pixels the i-th of m stands for; at least one.
func span(i, m, n int) (from, to int) {
	from, to = i*n/m, (i+1)*n/m
	return from, max(to, from+1)
}

// rgba64 is the picture as one that gives colours without taking memory for each; those of the decoders all are.
func rgba64(src image.Image) image.RGBA64Image {
	if fast, is := src.(image.RGBA64Image); is {
		return fast
	}
	all := image.NewRGBA(src.Bounds())
	draw.Draw(all, all.Rect, src, all.Rect.Min, draw.Src)
	return all
}
