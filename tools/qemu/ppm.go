package qemu

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"io"
)

// maxSide is the largest picture taken, in pixels a side.
const maxSide = 4096

// decodePPM reads a picture as QEMU dumps it: binary PPM, 8 bits a colour. QEMU could give PNG, but
// packing it takes the lock that the guest's processor needs, and the guest's sound would suffer.
func decodePPM(r io.Reader) (*image.RGBA, error) {
	in := bufio.NewReader(r)
	var w, h, most int
	if _, err := fmt.Fscanf(in, "P6\n%d %d\n%d\n", &w, &h, &most); err != nil {
		return nil, fmt.Errorf("qemu: picture: %w", err)
	}
	if w < 1 || h < 1 || w > maxSide || h > maxSide || most != 255 {
		return nil, fmt.Errorf("qemu: picture of %dx%d with %d levels", w, h, most)
	}
	pic := image.NewRGBA(image.Rect(0, 0, w, h))
	row := make([]byte, 3*w)
	for y := range h {
		if _, err := io.ReadFull(in, row); err != nil {
			return nil, errors.Join(errors.New("qemu: picture is cut short"), err)
		}
		line := pic.Pix[y*pic.Stride:]
		for x := range w {
			copy(line[4*x:], row[3*x:3*x+3])
			line[4*x+3] = 255
		}
	}
	return pic, nil
}
