package linux

import (
	"fmt"
	"image"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests of linux/fb.h.
const (
	fbGetVar = 0x4600
	fbGetFix = 0x4602
)

// fbVar is struct fb_var_screeninfo as far as it is read.
type fbVar struct {
	xres, yres, xvirtual, yvirtual, xoffset, yoffset, bits uint32
	_                                                      [33]uint32
}

// fbFix is struct fb_fix_screeninfo; uintptr stands for C's unsigned long.
type fbFix struct {
	_     [16]byte
	_     uintptr
	_     [4]uint32 // length, type, type_aux, visual
	_     [3]uint16
	pitch uint32
	_     uintptr
	_     [2]uint32
	_     [3]uint16
}

// Framebuffer is the kernel's old frame buffer device: one screen, shown as it is painted.
type Framebuffer struct {
	file  *os.File
	light *backlight
	screen
}

// OpenFramebuffer maps a frame buffer of 16 or 32 bits a pixel.
func OpenFramebuffer(path string, light *backlight) (*Framebuffer, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("linux: open frame buffer: %w", err)
	}
	var v fbVar
	var fix fbFix
	err = control(f, fbGetVar, unsafe.Pointer(&v))
	if err == nil {
		err = control(f, fbGetFix, unsafe.Pointer(&fix))
	}
	if err == nil && v.bits != 16 && v.bits != 32 {
		err = fmt.Errorf("linux: frame buffer has %d bits a pixel", v.bits)
	}
	var mem []byte
	if err == nil {
		mem, err = unix.Mmap(int(f.Fd()), 0, int(fix.pitch*v.yres), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("linux: map frame buffer: %w", err)
	}
	return &Framebuffer{f, light, screen{mem, int(fix.pitch), image.Pt(int(v.xres), int(v.yres)), int(v.bits)}}, nil
}

// Size gives the panel's size in pixels.
func (d *Framebuffer) Size() image.Point { return d.size }

// Flush shows the damaged part of the picture.
func (d *Framebuffer) Flush(pic *image.RGBA, damage image.Rectangle) error {
	d.paint(pic, damage)
	return nil
}

// Backlight sets the brightness in percent; a panel without one stays as it is.
func (d *Framebuffer) Backlight(percent int) error { return d.light.set(percent) }

// Close lets go of the device.
func (d *Framebuffer) Close() error {
	if err := unix.Munmap(d.mem); err != nil {
		return fmt.Errorf("linux: unmap frame buffer: %w", err)
	}
	return d.file.Close()
}
