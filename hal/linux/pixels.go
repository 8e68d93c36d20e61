package linux

import (
	"image"
	"unsafe"
)

// screen is memory that a display shows.
type screen struct {
	mem   []byte
	pitch int // bytes from one row to the next
	size  image.Point
	bits  int // of a pixel: 32 (XRGB8888) or 16 (RGB565)
}

// paint copies a part of the picture into the screen and gives the part that was copied.
func (s *screen) paint(pic *image.RGBA, part image.Rectangle) image.Rectangle {
	part = part.Intersect(pic.Rect).Intersect(image.Rectangle{Max: s.size})
	if part.Empty() {
		return image.Rectangle{}
	}
	n := part.Dx()
	for y := part.Min.Y; y < part.Max.Y; y++ {
		src := words(pic.Pix[pic.PixOffset(part.Min.X, y):], n)
		row := s.mem[y*s.pitch+part.Min.X*s.bits/8:]
		if s.bits == 32 {
			toXRGB(words(row, n), src)
		} else {
			toRGB565(halves(row, n), src)
		}
	}
	return part
}

// words and halves see bytes as pixels. All machines of the phone are little endian and let words lie
// at any byte.
func words(b []byte, n int) []uint32 {
	_ = b[4*n-1]
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

func halves(b []byte, n int) []uint16 {
	_ = b[2*n-1]
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// toXRGB turns red and blue about: Go's pixel is A B G R in a word, the display's X R G B.
func toXRGB(dst, src []uint32) {
	dst = dst[:len(src)]
	for i, p := range src {
		dst[i] = p&0x0000ff00 | p<<16&0x00ff0000 | p>>16&0x000000ff
	}
}

func toRGB565(dst []uint16, src []uint32) {
	dst = dst[:len(src)]
	for i, p := range src {
		dst[i] = uint16(p<<8&0xf800 | p>>5&0x07e0 | p>>19&0x001f)
	}
}
