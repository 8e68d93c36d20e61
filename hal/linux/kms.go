package linux

import (
	"errors"
	"fmt"
	"image"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// KMS is a panel behind the kernel's display driver. A driver that wants to be told what changed
// (DIRTYFB) gets one screen and the damage; one that shows memory as it is gets two screens and a
// page flip, so that no half-painted picture is seen.
type KMS struct {
	file   *os.File
	light  *backlight
	crtc   uint32
	pages  []page
	back   int             // the page to paint next
	stale  image.Rectangle // what the back page has not yet been given
	dirty  bool            // the driver takes DIRTYFB
	inAir  bool            // a flip has been ordered and not yet reported
	events []byte
}

// page is one screen and its DRM object.
type page struct {
	screen
	fb, handle uint32
}

var errNoPanel = errors.New("linux: no panel is connected")

// OpenKMS switches the first connected panel on, in the mode of the wanted size if it has that,
// else in the one it prefers. Nobody else may hold the display.
func OpenKMS(path string, want image.Point, light *backlight) (*KMS, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("linux: open display: %w", err)
	}
	d := &KMS{file: f, light: light, events: make([]byte, 1024)}
	if err := d.start(want); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *KMS) start(want image.Point) error {
	connector, mode, err := d.panel(want)
	if err != nil {
		return err
	}
	if err := d.addPage(mode.size()); err != nil {
		return err
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	c := drmCRTC{connectors: address(&pin, &connector), count: 1, crtc: d.crtc, fb: d.pages[0].fb, modeValid: 1, mode: mode}
	if err := control(d.file, drmSetCRTC, unsafe.Pointer(&c)); err != nil {
		return fmt.Errorf("linux: set display mode: %w", err)
	}
	d.dirty = d.tell(image.Rectangle{Max: mode.size()}) == nil
	if d.dirty {
		return nil
	}
	d.back = 1
	d.stale = image.Rectangle{Max: mode.size()}
	return d.addPage(mode.size())
}

// Size gives the panel's size in pixels.
func (d *KMS) Size() image.Point { return d.pages[0].size }

// Flush shows the damaged part of the picture.
func (d *KMS) Flush(pic *image.RGBA, damage image.Rectangle) error {
	if d.dirty {
		part := d.pages[0].paint(pic, damage)
		if part.Empty() {
			return nil
		}
		return d.tell(part)
	}
	return d.flip(pic, damage)
}

// flip paints the page that is not shown and has it shown at the next frame. That page is one
// picture behind, so it gets the damage of the last picture, too.
func (d *KMS) flip(pic *image.RGBA, damage image.Rectangle) error {
	if err := d.awaitFlip(); err != nil {
		return err
	}
	p := &d.pages[d.back]
	p.paint(pic, damage.Union(d.stale))
	d.stale = damage
	order := drmFlip{crtc: d.crtc, fb: p.fb, flags: flipEvent}
	if err := control(d.file, drmPageFlip, unsafe.Pointer(&order)); err != nil {
		return fmt.Errorf("linux: flip display: %w", err)
	}
	d.inAir = true
	d.back = 1 - d.back
	return nil
}

// awaitFlip waits until the last flip has been done: the page it left may then be painted.
func (d *KMS) awaitFlip() error {
	if !d.inAir {
		return nil
	}
	d.inAir = false
	if _, err := d.file.Read(d.events); err != nil {
		return fmt.Errorf("linux: await flip: %w", err)
	}
	return nil
}

// tell tells the driver what changed.
func (d *KMS) tell(part image.Rectangle) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	clip := drmClip{uint16(part.Min.X), uint16(part.Min.Y), uint16(part.Max.X), uint16(part.Max.Y)}
	order := drmDirty{fb: d.pages[0].fb, count: 1, clips: address(&pin, &clip)}
	if err := control(d.file, drmDirtyFB, unsafe.Pointer(&order)); err != nil {
		return fmt.Errorf("linux: show damage: %w", err)
	}
	return nil
}

// Backlight sets the brightness in percent; a panel without one stays as it is.
func (d *KMS) Backlight(percent int) error { return d.light.set(percent) }

// Close gives the display back.
func (d *KMS) Close() error {
	var errs []error
	for _, p := range d.pages {
		errs = append(errs, unix.Munmap(p.mem))
	}
	d.pages = nil
	return errors.Join(append(errs, d.file.Close())...)
}

// addPage makes one screen in memory that the display can show.
func (d *KMS) addPage(size image.Point) error {
	dumb := drmDumb{height: uint32(size.Y), width: uint32(size.X), bits: 32}
	if err := control(d.file, drmCreateDumb, unsafe.Pointer(&dumb)); err != nil {
		return fmt.Errorf("linux: make screen: %w", err)
	}
	fb := drmFB{width: dumb.width, height: dumb.height, pitch: dumb.pitch, bits: 32, depth: 24, handle: dumb.handle}
	if err := control(d.file, drmAddFB, unsafe.Pointer(&fb)); err != nil {
		return fmt.Errorf("linux: add screen: %w", err)
	}
	place := drmMap{handle: dumb.handle}
	if err := control(d.file, drmMapDumb, unsafe.Pointer(&place)); err != nil {
		return fmt.Errorf("linux: map screen: %w", err)
	}
	raw, err := d.file.SyscallConn()
	if err != nil {
		return fmt.Errorf("linux: map screen: %w", err)
	}
	var mem []byte
	var mapErr error
	err = raw.Control(func(fd uintptr) {
		mem, mapErr = unix.Mmap(int(fd), int64(place.offset), int(dumb.size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	})
	if err := errors.Join(err, mapErr); err != nil {
		return fmt.Errorf("linux: map screen: %w", err)
	}
	d.pages = append(d.pages, page{screen{mem, int(dumb.pitch), size, 32}, fb.id, dumb.handle})
	return nil
}

// panel finds the first connected connector, its mode and a CRTC that can drive it.
func (d *KMS) panel(want image.Point) (connector uint32, mode drmMode, err error) {
	connectors, crtcs, err := d.resources()
	if err != nil {
		return 0, mode, err
	}
	for _, id := range connectors {
		modes, encoders, err := d.connector(id)
		if err != nil {
			return 0, mode, err
		}
		if len(modes) == 0 {
			continue
		}
		for _, e := range encoders {
			enc := drmEncoder{id: e}
			if control(d.file, drmGetEncoder, unsafe.Pointer(&enc)) != nil {
				continue
			}
			for i, c := range crtcs {
				if enc.crtcs>>i&1 != 0 {
					d.crtc = c
					return id, chooseMode(modes, want), nil
				}
			}
		}
	}
	return 0, mode, errNoPanel
}

// chooseMode takes the mode of the wanted size, else the panel's own preference, else the first.
func chooseMode(modes []drmMode, want image.Point) drmMode {
	best := modes[0]
	for _, m := range modes {
		if m.size() == want {
			return m
		}
		if m.kind&modePreferred != 0 && best.kind&modePreferred == 0 {
			best = m
		}
	}
	return best
}

func (d *KMS) resources() (connectors, crtcs []uint32, err error) {
	var count drmResources
	if err := control(d.file, drmGetResources, unsafe.Pointer(&count)); err != nil {
		return nil, nil, fmt.Errorf("linux: read display: %w", err)
	}
	if count.crtcCount == 0 || count.connectorCount == 0 || count.crtcCount > maxObjects || count.connectorCount > maxObjects {
		return nil, nil, errNoPanel
	}
	connectors, crtcs = make([]uint32, count.connectorCount), make([]uint32, count.crtcCount)
	var pin runtime.Pinner
	defer pin.Unpin()
	r := drmResources{crtcs: address(&pin, &crtcs[0]), connectors: address(&pin, &connectors[0]),
		crtcCount: count.crtcCount, connectorCount: count.connectorCount}
	if err := control(d.file, drmGetResources, unsafe.Pointer(&r)); err != nil {
		return nil, nil, fmt.Errorf("linux: read display: %w", err)
	}
	return connectors, crtcs, nil
}

// connector reads the modes and encoders of a connector; no modes means nothing is connected.
func (d *KMS) connector(id uint32) (modes []drmMode, encoders []uint32, err error) {
	count := drmConnector{id: id}
	if err := control(d.file, drmGetConnector, unsafe.Pointer(&count)); err != nil {
		return nil, nil, fmt.Errorf("linux: read connector: %w", err)
	}
	if count.connection != connected || count.modes == 0 || count.encoders == 0 || count.modes > maxObjects || count.encoders > maxObjects {
		return nil, nil, nil
	}
	modes, encoders = make([]drmMode, count.modes), make([]uint32, count.encoders)
	var pin runtime.Pinner
	defer pin.Unpin()
	c := drmConnector{id: id, modes: count.modes, encoders: count.encoders,
		modesAt: address(&pin, &modes[0]), encodersAt: address(&pin, &encoders[0])}
	if err := control(d.file, drmGetConnector, unsafe.Pointer(&c)); err != nil {
		return nil, nil, fmt.Errorf("linux: read connector: %w", err)
	}
	return modes[:min(c.modes, count.modes)], encoders[:min(c.encoders, count.encoders)], nil
}
