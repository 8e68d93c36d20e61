package sim

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/hal"
)

func openUSB(t *testing.T) (*USB, hal.USB) {
	t.Helper()
	tw := New(image.Pt(1, 1))
	dev, err := tw.Devices().OpenUSB(hal.USBIdentity{Serial: "ab", Product: "Desk"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return tw.USB, dev
}

func reports(t *testing.T, dev hal.USB, f hal.USBFunction) io.ReadWriteCloser {
	t.Helper()
	r, err := dev.Reports(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func host(t *testing.T, pc *USB, f hal.USBFunction) *HostReports {
	t.Helper()
	h, err := pc.Host(f)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestUSBReportsCrossBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pc, dev := openUSB(t)
		r := reports(t, dev, hal.USBPairing)
		if _, err := dev.Reports(hal.USBPairing); err == nil {
			t.Error("opened twice")
		}
		if _, err := r.Write([]byte{1}); !errors.Is(err, hal.ErrNoHost) {
			t.Errorf("written to nobody: %v", err)
		}
		if _, err := pc.Host(hal.USBPairing); !errors.Is(err, hal.ErrNoHost) {
			t.Errorf("opened without cable: %v", err)
		}
		pc.Plug()
		a, b := host(t, pc, hal.USBPairing), host(t, pc, hal.USBPairing)
		if _, err := r.Write([]byte("to the PC")); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 64)
		for _, h := range []*HostReports{a, b} {
			if n, err := h.Read(buf); err != nil || string(buf[:n]) != "to the PC" {
				t.Errorf("%q, %v", buf[:n], err)
			}
		}
		go func() {
			for i := range 100 {
				a.Write([]byte{byte(i)})
			}
		}()
		for i := range 100 { // more than the queue holds, and none is lost
			if n, err := r.Read(buf); err != nil || n != 1 || buf[0] != byte(i) {
				t.Fatalf("report %d: % x, %v", i, buf[:n], err)
			}
		}
	})
}

func TestUSBTelephonyKeepsTheNewest(t *testing.T) {
	pc, dev := openUSB(t)
	pc.Plug()
	r, h := reports(t, dev, hal.USBTelephony), host(t, pc, hal.USBTelephony)
	for i := range byte(5) {
		h.Write([]byte{2, i, 0})
	}
	buf := make([]byte, 8)
	if n, err := r.Read(buf); err != nil || !bytes.Equal(buf[:n], []byte{2, 4, 0}) {
		t.Errorf("% x, %v", buf[:n], err)
	}
}

func TestUSBHostThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pc, dev := openUSB(t)
		pc.Plug()
		r := reports(t, dev, hal.USBVolume)
		if _, err := r.Write([]byte{1, 1}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := r.Write([]byte{1, 0}); !errors.Is(err, hal.ErrNotTaken) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		h := host(t, pc, hal.USBVolume)
		buf := make([]byte, 8)
		if n, _ := h.Read(buf); n != 2 || buf[1] != 1 {
			t.Errorf("% x", buf[:n])
		}
	})
}

func TestUSBPlugging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pc, dev := openUSB(t)
		ctx, cancel := context.WithCancel(t.Context())
		status := dev.Watch(ctx)
		if s := <-status; s.State != hal.USBUnplugged || s.Volume != 100 {
			t.Errorf("%+v", s)
		}
		pc.Plug()
		if s := <-status; s.State != hal.USBConfigured || s.Plug != 1 {
			t.Errorf("%+v", s)
		}
		h := host(t, pc, hal.USBPairing)
		pc.Unplug()
		pc.Plug() // faster than anybody looks
		if s := <-status; s.State != hal.USBConfigured || s.Plug != 2 {
			t.Errorf("%+v", s)
		}
		if _, err := h.Read(make([]byte, 64)); err != io.EOF {
			t.Errorf("a program kept a device that was pulled: %v", err)
		}
		pc.Suspend(true)
		if s := <-status; s.State != hal.USBSuspended || s.Plug != 2 {
			t.Errorf("%+v", s)
		}
		pc.Suspend(false)
		pc.SetVolume(30, true, false)
		if s := <-status; s.State != hal.USBConfigured || s.Volume != 30 || !s.Muted {
			t.Errorf("%+v", s)
		}
		dev.Close()
		if s := <-status; s.State != hal.USBUnplugged {
			t.Errorf("%+v", s)
		}
		if _, seen := pc.Identity(); seen {
			t.Error("seen after Close")
		}
		cancel()
		synctest.Wait()
		if _, open := <-status; open {
			t.Error("still told after the end")
		}
	})
}

func TestUSBSoundFollowsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pc, dev := openUSB(t)
		pc.Plug()
		if _, err := dev.OpenSound(); !errors.Is(err, hal.ErrNoStream) {
			t.Errorf("sound of a host that streams none: %v", err)
		}
		pc.Stream(true, false)
		s, err := dev.OpenSound()
		if err != nil {
			t.Fatal(err)
		}
		mic, spk := make([]int16, 480), make([]int16, 480)
		pc.Sound.Speak([]byte{7, 0})
		if err := s.Exchange(mic, spk); err != nil || mic[0] != 7 {
			t.Errorf("heard %d, %v", mic[0], err)
		}
		pc.Stream(true, true)
		if err := s.Exchange(mic, spk); err == nil {
			t.Error("the stream changed and the card did not say so")
		}
		if s, err = dev.OpenSound(); err != nil {
			t.Fatal(err)
		}
		pc.Unplug()
		if err := s.Exchange(mic, spk); err == nil {
			t.Error("sound without a cable")
		}
	})
}

func TestUSBCloseEndsAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, dev := openUSB(t)
		r, _ := dev.Reports(hal.USBPairing)
		ended := make(chan error)
		go func() {
			_, err := r.Read(make([]byte, 64))
			ended <- err
		}()
		synctest.Wait()
		r.Close()
		if err := <-ended; err != io.EOF {
			t.Error(err)
		}
		if _, err := dev.Reports(hal.USBPairing); err != nil {
			t.Errorf("a closed interface cannot be opened again: %v", err)
		}
	})
}
