package linux

import (
	"encoding/binary"
	"fmt"
)

// The cardControl structures of sound/asound.h are read and written as bytes: their long is the
// machine's word, and they align 64-bit fields as C does on ARM and Go does not.
const (
	ifaceMixer = 2 // SNDRV_CTL_ELEM_IFACE_MIXER
	ifacePCM   = 3 // SNDRV_CTL_ELEM_IFACE_PCM

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

// ctlSubscribe is SNDRV_CTL_IOCTL_SUBSCRIBE_EVENTS: from then on the device can be read, an event a
// change.
const ctlSubscribe = 3<<30 | 4<<16 | 'U'<<8 | 0x16

// ctlRead is SNDRV_CTL_IOCTL_ELEM_READ, see ctlWrite.
func ctlRead(long int) uintptr { return 3<<30 | uintptr(valueSize(long))<<16 | 'U'<<8 | 0x12 }

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

// cardControl is what the kernel says of one control.
type cardControl struct {
	info            []byte // its identity is in front
	size, low, high int    // octets of a value, and its range
	channels        int
}

func (c *mixerCard) find(iface uint32, name string) (cardControl, error) {
	if len(name) >= nameSize {
		return cardControl{}, fmt.Errorf("linux: the name of mixer control %q is too long", name)
	}
	info := make([]byte, infoSize)
	binary.NativeEndian.PutUint32(info[idIface:], iface)
	copy(info[idName:], name)
	if err := c.do(ctlInfo, info); err != nil {
		return cardControl{}, err
	}
	k := cardControl{info: info, size: c.long, high: 1, channels: int(min(binary.NativeEndian.Uint32(info[infoCount:]), valueCount))}
	switch kind := binary.NativeEndian.Uint32(info[infoType:]); kind {
	case kindBoolean:
	case kindInteger:
		k.low, k.high = c.getLong(info[infoRange:]), c.getLong(info[infoRange+c.long:])
	case kindEnumerated:
		k.size, k.high = 4, int(binary.NativeEndian.Uint32(info[infoRange:]))-1
	default:
		return cardControl{}, fmt.Errorf("linux: mixer control %q is of type %d", name, kind)
	}
	return k, nil
}

// set sets all channels of the mixer control with the given name to a value, or to what its range has
// nearest to it, which set gives back. A control that is not there is unix.ENOENT.
func (c *mixerCard) set(name string, value int) (int, error) {
	k, err := c.find(ifaceMixer, name)
	if err != nil {
		return 0, err
	}
	value = max(min(value, k.high), k.low)
	arg := make([]byte, valueSize(c.long))
	copy(arg, k.info[:idSize]) // the kernel has put its number for the control in
	for i := range k.channels {
		putInt(arg[valueData+i*k.size:], k.size, value)
	}
	return value, c.do(ctlWrite(c.long), arg)
}

// get reads the first channel of a boolean or integer control, and the control's range.
func (c *mixerCard) get(iface uint32, name string) (value, low, high int, err error) {
	k, err := c.find(iface, name)
	if err != nil {
		return 0, 0, 0, err
	}
	arg := make([]byte, valueSize(c.long))
	copy(arg, k.info[:idSize])
	if err := c.do(ctlRead(c.long), arg); err != nil {
		return 0, 0, 0, err
	}
	return c.getLong(arg[valueData:]), k.low, k.high, nil
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
