package linux

import (
	"encoding/binary"
	"fmt"
)

// The control structures of sound/asound.h are read and written as bytes: their long is the
// machine's word, and they align 64-bit fields as C does on ARM and Go does not.
const (
	ifaceMixer = 2 // SNDRV_CTL_ELEM_IFACE_MIXER

	// struct snd_ctl_elem_id
	idIface  = 4
	idName   = 16
	nameSize = 44
	idSize   = 64

	// struct snd_ctl_elem_info
	infoType  = idSize
	infoCount = 72
	infoRange = 80 // long min, max; or of an enumeration, unsigned int items
	infoSize  = 272

	// struct snd_ctl_elem_value
	valueData  = 72
	valueCount = 128 // longs, or of an enumeration unsigned ints
	valueTail  = 128
)

// Of snd_ctl_elem_type_t.
const (
	kindBoolean    = 1
	kindInteger    = 2
	kindEnumerated = 3
)

const (
	ctlVersion = 2<<30 | 4<<16 | 'U'<<8               // SNDRV_CTL_IOCTL_PVERSION
	ctlInfo    = 3<<30 | infoSize<<16 | 'U'<<8 | 0x11 // SNDRV_CTL_IOCTL_ELEM_INFO
)

// ctlWrite is SNDRV_CTL_IOCTL_ELEM_WRITE on a machine with longs of the given size in bytes.
func ctlWrite(long int) uintptr { return 3<<30 | uintptr(valueSize(long))<<16 | 'U'<<8 | 0x13 }

func valueSize(long int) int { return valueData + valueCount*long + valueTail }

// mixerCard is the opened control device of a sound card.
type mixerCard struct {
	do    func(request uintptr, arg []byte) error // ioctl
	close func() error
	long  int // size of C's long in bytes
}

// alive tells whether the card is still there.
func (c *mixerCard) alive() bool {
	var version [4]byte
	return c.do(ctlVersion, version[:]) == nil
}

// set sets all channels of the control with the given name to a value, or to what its range has
// nearest to it, which set gives back. A control that is not there is unix.ENOENT.
func (c *mixerCard) set(name string, value int) (int, error) {
	if len(name) >= nameSize {
		return 0, fmt.Errorf("linux: the name of mixer control %q is too long", name)
	}
	info := make([]byte, infoSize)
	binary.NativeEndian.PutUint32(info[idIface:], ifaceMixer)
	copy(info[idName:], name)
	if err := c.do(ctlInfo, info); err != nil {
		return 0, err
	}
	size, low, high := c.long, 0, 1
	switch kind := binary.NativeEndian.Uint32(info[infoType:]); kind {
	case kindBoolean:
	case kindInteger:
		low, high = c.getLong(info[infoRange:]), c.getLong(info[infoRange+c.long:])
	case kindEnumerated:
		size, high = 4, int(binary.NativeEndian.Uint32(info[infoRange:]))-1
	default:
		return 0, fmt.Errorf("linux: mixer control %q is of type %d", name, kind)
	}
	value = max(min(value, high), low)
	arg := make([]byte, valueSize(c.long))
	copy(arg, info[:idSize]) // the kernel has put its number for the control in
	for i := range min(binary.NativeEndian.Uint32(info[infoCount:]), valueCount) {
		putInt(arg[valueData+int(i)*size:], size, value)
	}
	return value, c.do(ctlWrite(c.long), arg)
}

func (c *mixerCard) getLong(b []byte) int {
	if c.long == 4 {
		return int(int32(binary.NativeEndian.Uint32(b)))
	}
	return int(binary.NativeEndian.Uint64(b))
}

// putInt writes an int of four or eight bytes.
func putInt(b []byte, size, v int) {
	if size == 4 {
		binary.NativeEndian.PutUint32(b, uint32(v))
		return
	}
	binary.NativeEndian.PutUint64(b, uint64(v))
}
