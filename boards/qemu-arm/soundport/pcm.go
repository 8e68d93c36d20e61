package main

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What follows is of linux/include/uapi/sound/asound.h; uintptr stands for C's unsigned long.

type hwParams struct {
	flags     uint32
	masks     [3][8]uint32 // access, format, subformat; a bit for each choice
	_         [5][8]uint32
	intervals [12]interval // sample bits ... tick time
	_         [9]interval
	rmask     uint32 // parameters asked for
	_         [5]uint32
	_         uintptr
	_         [64]byte
}

type interval struct{ min, max, flags uint32 }

const integerInterval = 1 << 2

type xferi struct {
	result int // long: frames moved
	buf    *int16
	frames uintptr
}

// Indices into masks and intervals, and the choices made.
const (
	maskAccess, maskFormat, maskSubformat = 0, 1, 2
	accessInterleaved, formatS16, subStd  = 3, 2, 0
	intervalChannels                      = 10 - 8
	intervalRate                          = 11 - 8
	intervalPeriodSize                    = 13 - 8
	intervalPeriods                       = 15 - 8
)

const (
	sampleRate    = 48000
	feedPeriods   = 12 // 120 ms: an emulated machine may look away for long
	listenPeriods = 48 // nothing waits for this one, so it has all the time it may need
)

var (
	ioctlHWParams = ioc(3, 0x11, unsafe.Sizeof(hwParams{}))
	ioctlPrepare  = ioc(0, 0x40, 0)
	ioctlWrite    = ioc(1, 0x50, unsafe.Sizeof(xferi{}))
	ioctlRead     = ioc(2, 0x51, unsafe.Sizeof(xferi{}))
)

// ioc builds an ALSA request number (asm-generic/ioctl.h): direction, size, 'A', number.
func ioc(dir, nr, size uintptr) uintptr { return dir<<30 | size<<16 | 'A'<<8 | nr }

// pcm is one direction of an ALSA device: mono, 16 bit, 48 kHz.
type pcm struct {
	fd       int
	transfer uintptr
}

// direction is a device of a card whose sound goes one way.
type direction struct {
	device   string
	transfer uintptr // the request that moves samples
}

var (
	toCard   = direction{"D0p", ioctlWrite}
	fromCard = direction{"D0c", ioctlRead}
)

// newHWParams asks for exactly one configuration and leaves open what does not matter.
func newHWParams(periods uint32) hwParams {
	p := hwParams{rmask: math.MaxUint32}
	for i := range p.intervals {
		p.intervals[i].max = math.MaxUint32
	}
	p.masks[maskAccess][0] = 1 << accessInterleaved
	p.masks[maskFormat][0] = 1 << formatS16
	p.masks[maskSubformat][0] = 1 << subStd
	for i, v := range map[int]uint32{intervalChannels: 1, intervalRate: sampleRate,
		intervalPeriodSize: periodFrames, intervalPeriods: periods} {
		p.intervals[i] = interval{v, v, integerInterval}
	}
	return p
}

// openPCM opens a direction of the card with the given number, with a buffer of so many periods.
func openPCM(card string, d direction, periods uint32) (*pcm, error) {
	device := "/dev/snd/pcmC" + card + d.device
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", device, err)
	}
	params := newHWParams(periods)
	if err := ioctl(fd, ioctlHWParams, unsafe.Pointer(&params)); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("configure %s: %w", device, err)
	}
	if err := ioctl(fd, ioctlPrepare, nil); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("prepare %s: %w", device, err)
	}
	return &pcm{fd, d.transfer}, nil
}

// move writes samples to the card or fills them from it, as many as can go now, and says how many.
func (p *pcm) move(samples []int16) (int, error) {
	x := xferi{buf: unsafe.SliceData(samples), frames: uintptr(len(samples))}
	err := ioctl(p.fd, p.transfer, unsafe.Pointer(&x))
	switch {
	case err == nil:
		return x.result, nil
	case errors.Is(err, unix.EPIPE): // we were too late, and the card has stopped
		if err := ioctl(p.fd, ioctlPrepare, nil); err != nil {
			return 0, fmt.Errorf("restart card: %w", err)
		}
		return 0, nil
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return 0, nil
	}
	return 0, fmt.Errorf("move samples: %w", err)
}

func (p *pcm) Close() error { return unix.Close(p.fd) }

// octets sees samples as what goes through a port: this board's order is little-endian.
func octets(samples []int16) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(samples))), 2*len(samples))
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
