package lab

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
)

// Golden compares screenshots with kept pictures.
type Golden struct {
	Dir    string // of the kept pictures, NAME.png
	Out    string // where a picture that differs is left beside its difference
	Accept bool   // write new pictures instead of comparing
	Masks  []image.Rectangle
	// Tolerance is how far a colour channel may be off before a pixel counts as different.
	Tolerance int
}

// ErrPicture means that a screenshot is not the kept picture.
var ErrPicture = errors.New("lab: the screen is not as kept")

// Check compares a screenshot with the kept picture of that name. Masks (of all pictures, and of
// this one) are painted over in both: clocks, call timers and quality figures change by nature.
func (g Golden) Check(name string, shot image.Image, masks ...image.Rectangle) error {
	got := masked(shot, append(append([]image.Rectangle(nil), g.Masks...), masks...))
	file := filepath.Join(g.Dir, name+".png")
	if g.Accept {
		return writePNG(file, got)
	}
	want, err := readPNG(file)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%w: there is no %s yet (accept the new one after a look at it)", ErrPicture, file), writePNG(filepath.Join(g.Out, name+".png"), got))
	}
	if err != nil {
		return err
	}
	diff, count := difference(masked(want, append(append([]image.Rectangle(nil), g.Masks...), masks...)), got, g.Tolerance)
	if count == 0 {
		return nil
	}
	return errors.Join(fmt.Errorf("%w: %s differs in %d pixels within %v", ErrPicture, name, count, diff.box),
		writePNG(filepath.Join(g.Out, name+".png"), got), writePNG(filepath.Join(g.Out, name+"-diff.png"), diff.pic))
}

func masked(src image.Image, masks []image.Rectangle) *image.RGBA {
	b := src.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), src, b.Min, draw.Src)
	for i := 3; i < len(out.Pix); i += 4 {
		out.Pix[i] = 0xff // screenshots of a display have no transparency
	}
	for _, m := range masks {
		draw.Draw(out, m, image.NewUniform(color.RGBA{0x80, 0x80, 0x80, 0xff}), image.Point{}, draw.Src)
	}
	return out
}

type pictureDiff struct {
	pic *image.RGBA // red where they differ, dark elsewhere
	box image.Rectangle
}

func difference(want, got *image.RGBA, tolerance int) (pictureDiff, int) {
	d := pictureDiff{pic: image.NewRGBA(got.Bounds())}
	if want.Bounds() != got.Bounds() {
		d.box = got.Bounds()
		return d, max(1, d.box.Dx()*d.box.Dy())
	}
	count := 0
	for i := 0; i < len(got.Pix); i += 4 {
		far := 0
		for ch := range 3 {
			far = max(far, int(want.Pix[i+ch])-int(got.Pix[i+ch]), int(got.Pix[i+ch])-int(want.Pix[i+ch]))
			d.pic.Pix[i+ch] = got.Pix[i+ch] / 4
		}
		d.pic.Pix[i+3] = 0xff
		if far > tolerance {
			count++
			d.pic.Pix[i] = 0xff
			x, y := i/4%got.Rect.Dx(), i/4/got.Rect.Dx()
			d.box = d.box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return d, count
}

func readPNG(path string) (image.Image, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("lab: read picture: %w", err)
	}
	pic, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("lab: read %s: %w", filepath.Base(path), err)
	}
	return pic, nil
}

func writePNG(path string, pic image.Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("lab: make picture directory: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, pic); err != nil {
		return fmt.Errorf("lab: encode picture: %w", err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("lab: write picture: %w", err)
	}
	return nil
}
