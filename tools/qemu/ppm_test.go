package qemu

import (
	"bytes"
	"image/color"
	"strings"
	"testing"
)

func TestPictureIsRead(t *testing.T) {
	pic, err := decodePPM(strings.NewReader("P6\n2 1\n255\n\x01\x02\x03\xff\x00\x80"))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := pic.RGBAAt(0, 0), pic.RGBAAt(1, 0); a != (color.RGBA{1, 2, 3, 255}) || b != (color.RGBA{255, 0, 128, 255}) {
		t.Errorf("pixels %v %v", a, b)
	}
	for _, bad := range []string{"", "P5\n2 1\n255\nxx", "P6\n2 1\n255\n\x01", "P6\n99999 1\n255\n", "P6\n2 1\n65535\n"} {
		if _, err := decodePPM(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken for a picture", bad)
		}
	}
}

func FuzzDecodePPM(f *testing.F) {
	f.Add([]byte("P6\n2 1\n255\n\x01\x02\x03\xff\x00\x80"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if pic, err := decodePPM(bytes.NewReader(b)); err == nil && pic.Rect.Empty() {
			t.Error("an empty picture")
		}
	})
}
