package lab

import (
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"
)

func TestGolden(t *testing.T) {
	g := Golden{Dir: t.TempDir(), Out: t.TempDir()}
	pic := image.NewRGBA(image.Rect(0, 0, 40, 20))
	if err := g.Check("home", pic); !errors.Is(err, ErrPicture) {
		t.Errorf("a picture never seen: %v", err)
	}
	g.Accept = true
	if err := g.Check("home", pic); err != nil {
		t.Fatal(err)
	}
	g.Accept = false
	if err := g.Check("home", pic); err != nil {
		t.Error(err)
	}
	pic.Set(7, 3, color.White)
	if err := g.Check("home", pic); !errors.Is(err, ErrPicture) {
		t.Errorf("a changed pixel: %v", err)
	}
	if _, err := os.Stat(filepath.Join(g.Out, "home-diff.png")); err != nil {
		t.Error(err)
	}
	if err := g.Check("home", pic, image.Rect(5, 0, 10, 10)); err != nil {
		t.Errorf("a changed pixel under a mask: %v", err)
	}
	if err := g.Check("home", image.NewRGBA(image.Rect(0, 0, 41, 20))); !errors.Is(err, ErrPicture) {
		t.Errorf("another size: %v", err)
	}
}
