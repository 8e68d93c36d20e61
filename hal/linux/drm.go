package linux

import (
	"image"
	"runtime"
	"unsafe"
)

// The kernel's display structures, of drm/drm_mode.h. Every 64-bit field lies at a multiple of
// eight, so that 32-bit and 64-bit machines agree about them.

// maxObjects bounds what is taken from a driver.
const maxObjects = 64

const (
	connected     = 1      // DRM_MODE_CONNECTED
	modePreferred = 1 << 3 // DRM_MODE_TYPE_PREFERRED
	flipEvent     = 1      // DRM_MODE_PAGE_FLIP_EVENT
)

type drmResources struct {
	fbs, crtcs, connectors, encoders                 uint64
	fbCount, crtcCount, connectorCount, encoderCount uint32
	minWidth, maxWidth, minHeight, maxHeight         uint32
}

type drmConnector struct {
	encodersAt, modesAt, propsAt, valuesAt uint64
	modes, props, encoders                 uint32
	encoder, id, kind, kindID, connection  uint32
	mmWidth, mmHeight, subpixel, _         uint32
}

type drmMode struct {
	clock                                       uint32
	width, hsyncStart, hsyncEnd, htotal, hskew  uint16
	height, vsyncStart, vsyncEnd, vtotal, vscan uint16
	refresh, flags, kind                        uint32
	name                                        [32]byte
}

func (m drmMode) size() image.Point { return image.Pt(int(m.width), int(m.height)) }

type drmEncoder struct{ id, kind, crtc, crtcs, clones uint32 }

type drmCRTC struct {
	connectors                                  uint64
	count, crtc, fb, x, y, gammaSize, modeValid uint32
	mode                                        drmMode
}

type drmDumb struct {
	height, width, bits, flags, handle, pitch uint32
	size                                      uint64
}

type drmMap struct {
	handle, _ uint32
	offset    uint64
}

type drmFB struct{ id, width, height, pitch, bits, depth, handle uint32 }

type drmClip struct{ x1, y1, x2, y2 uint16 }

type drmDirty struct {
	fb, flags, color, count uint32
	clips                   uint64
}

type drmFlip struct {
	crtc, fb, flags, _ uint32
	data               uint64
}

var (
	drmGetResources = drmRequest(0xa0, unsafe.Sizeof(drmResources{}))
	drmSetCRTC      = drmRequest(0xa2, unsafe.Sizeof(drmCRTC{}))
	drmGetEncoder   = drmRequest(0xa6, unsafe.Sizeof(drmEncoder{}))
	drmGetConnector = drmRequest(0xa7, unsafe.Sizeof(drmConnector{}))
	drmAddFB        = drmRequest(0xae, unsafe.Sizeof(drmFB{}))
	drmPageFlip     = drmRequest(0xb0, unsafe.Sizeof(drmFlip{}))
	drmDirtyFB      = drmRequest(0xb1, unsafe.Sizeof(drmDirty{}))
	drmCreateDumb   = drmRequest(0xb2, unsafe.Sizeof(drmDumb{}))
	drmMapDumb      = drmRequest(0xb3, unsafe.Sizeof(drmMap{}))
)

// drmRequest is _IOWR('d', nr, size).
func drmRequest(nr, size uintptr) uintptr { return 3<<30 | size<<16 | 'd'<<8 | nr }

// address gives the kernel a pointer in a 64-bit field; the pin keeps what it points to in place.
func address[T any](pin *runtime.Pinner, p *T) uint64 {
	pin.Pin(p)
	return uint64(uintptr(unsafe.Pointer(p)))
}
