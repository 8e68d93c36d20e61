package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/hal"
)

func TestPanelShowsOnlyTheDamage(t *testing.T) {
	tw := New(image.Pt(100, 50))
	d := tw.Devices().Display
	pic := image.NewRGBA(image.Rect(0, 0, 100, 50))
	for i := range pic.Pix {
		pic.Pix[i] = 255
	}
	changed := tw.Changed()
	if err := d.Flush(pic, image.Rect(10, 10, 20, 20)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	default:
		t.Error("nobody was told")
	}
	got, _ := tw.Picture()
	if got.RGBAAt(15, 15) != (color.RGBA{255, 255, 255, 255}) || got.RGBAAt(25, 15) != (color.RGBA{}) {
		t.Errorf("inside %v, outside %v", got.RGBAAt(15, 15), got.RGBAAt(25, 15))
	}
	if err := d.Flush(pic, image.Rect(90, 0, 110, 10)); err == nil {
		t.Error("damage beyond the panel was taken")
	}
}

func TestTypedKeysArrive(t *testing.T) {
	tw := New(image.Pt(1, 1))
	if err := tw.Type("5 lift soft1"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []hal.KeyEvent{{Key: hal.Digit5, Pressed: true}, {Key: hal.Digit5}, {Key: hal.Hook, Pressed: true}, {Key: hal.Soft1, Pressed: true}, {Key: hal.Soft1}} {
		if got := <-tw.Devices().Keys.Keys(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if tw.Type("nokey") == nil {
		t.Error("an unknown key was typed")
	}
}

func TestCardKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tw := New(image.Pt(1, 1))
		ctx, cancel := context.WithCancel(t.Context())
		heard := tw.Listen(ctx)
		s, err := tw.Devices().OpenSound()
		if err != nil {
			t.Fatal(err)
		}
		tw.Speak(binary.LittleEndian.AppendUint16(nil, 1234))
		mic, spk := make([]int16, 480), make([]int16, 480)
		spk[0] = -7
		began := time.Now()
		for range 40 {
			if err := s.Exchange(mic, spk); err != nil {
				t.Fatal(err)
			}
			if mic[0] != 0 && mic[0] != 1234 {
				t.Fatalf("microphone heard %d", mic[0])
			}
		}
		if took := time.Since(began); took != 400*time.Millisecond {
			t.Errorf("40 exchanges took %v", took)
		}
		if pcm := <-heard; len(pcm) != 960 || int16(binary.LittleEndian.Uint16(pcm)) != -7 {
			t.Errorf("listener heard %d bytes", len(pcm))
		}
		tw.Card.Unplug()
		if err := s.Exchange(mic, spk); !errors.Is(err, ErrUnplugged) {
			t.Errorf("an unplugged card gave %v", err)
		}
		if _, err := tw.Devices().OpenSound(); err == nil {
			t.Error("an unplugged card was opened")
		}
		tw.Card.Plug()
		if _, err := tw.Devices().OpenSound(); err != nil {
			t.Error(err)
		}
		cancel()
		synctest.Wait()
	})
}
