package usbhid

import (
	"errors"
	"fmt"
	"slices"
)

// ErrDescriptor is a report descriptor that breaks the rules of HID 1.11 section 6.2.2.
var ErrDescriptor = errors.New("usbhid: bad report descriptor")

// Kind is the direction of a field.
type Kind uint8

// The kinds of fields.
const (
	InputField   Kind = iota // device to host
	OutputField              // host to device
	FeatureField             // both, by request
)

// Field is one Input, Output or Feature item: Count values of Bits bits from bit Offset of the
// report on, its id not counted.
type Field struct {
	Kind     Kind
	ReportID byte
	Offset   int // bits
	Bits     int // a value
	Count    int
	Flags    uint32   // HID 1.11 section 6.2.2.5: bit 0 constant, 1 variable, 2 relative, 5 no preferred state, 6 null state
	Usages   []uint32 // page << 16 | usage, one a value; of an array all it can say
	Min, Max int32
}

// Constant tells that a field is padding.
func (f Field) Constant() bool { return f.Flags&1 != 0 }

// Descriptor is a parsed report descriptor.
type Descriptor struct {
	Applications []uint32 // usages of the top level collections
	Fields       []Field
}

// Size gives the octets of a report without its id, 0 if there is none such.
func (d *Descriptor) Size(k Kind, id byte) int {
	bits := 0
	for _, f := range d.Fields {
		if f.Kind == k && f.ReportID == id {
			bits = max(bits, f.Offset+f.Bits*f.Count)
		}
	}
	return (bits + 7) / 8
}

// Find gives the bit offset of a variable field's usage in its report, and false if it is not there.
func (d *Descriptor) Find(k Kind, page, usage uint32) (offset int, ok bool) {
	for _, f := range d.Fields {
		if f.Kind != k || f.Flags&2 == 0 {
			continue
		}
		for i, u := range f.Usages {
			if u == page<<16|usage {
				return f.Offset + i*f.Bits, true
			}
		}
	}
	return 0, false
}

// Limits of a descriptor; hosts have such too.
const (
	maxDescriptor  = 4096 // octets (HID_MAX_DESCRIPTOR_SIZE of Linux)
	maxUsages      = 12288
	maxCollections = 16
	maxReportBits  = 8 * 8192
)

type globals struct {
	page        uint32
	min, max    int32
	bits, count int
	id          byte
}

type parser struct {
	d           Descriptor
	g           globals
	stack       []globals
	usages      []uint32
	umin        uint32
	haveMin     bool
	collections int
	offset      map[[2]byte]int // kind and report id: bits used
}

// ParseDescriptor reads a report descriptor and refuses whatever a host could stumble over:
// unbalanced collections, fields without size, values that do not fit, reports that are no whole
// octets, fields with and without report id, long items.
func ParseDescriptor(b []byte) (*Descriptor, error) {
	if len(b) == 0 || len(b) > maxDescriptor {
		return nil, fmt.Errorf("%w: %d octets", ErrDescriptor, len(b))
	}
	p := parser{offset: map[[2]byte]int{}}
	for at := 0; at < len(b); {
		size := [...]int{0, 1, 2, 4}[b[at]&3]
		if b[at] == 0xFE {
			return nil, fmt.Errorf("%w: long item at %d", ErrDescriptor, at)
		}
		if at+1+size > len(b) {
			return nil, fmt.Errorf("%w: item at %d is cut off", ErrDescriptor, at)
		}
		if err := p.item(b[at]&^3, b[at+1:at+1+size]); err != nil {
			return nil, fmt.Errorf("%w: item at %d: %w", ErrDescriptor, at, err)
		}
		at += 1 + size
	}
	return p.end()
}

func (p *parser) end() (*Descriptor, error) {
	switch {
	case p.collections != 0:
		return nil, fmt.Errorf("%w: a collection stays open", ErrDescriptor)
	case len(p.stack) != 0:
		return nil, fmt.Errorf("%w: a push without pop", ErrDescriptor)
	case len(p.usages) != 0 || p.haveMin:
		return nil, fmt.Errorf("%w: usages of nothing", ErrDescriptor)
	case len(p.d.Applications) == 0:
		return nil, fmt.Errorf("%w: no application collection", ErrDescriptor)
	}
	for _, f := range p.d.Fields {
		if (f.ReportID != 0) != p.anyID() {
			return nil, fmt.Errorf("%w: fields with and without report id", ErrDescriptor)
		}
	}
	for k, bits := range p.offset {
		if bits%8 != 0 {
			return nil, fmt.Errorf("%w: report %#x has %d bits", ErrDescriptor, k[1], bits)
		}
	}
	return &p.d, nil
}

func (p *parser) anyID() bool {
	return slices.ContainsFunc(p.d.Fields, func(f Field) bool { return f.ReportID != 0 })
}

// Items by tag and type (HID 1.11 section 6.2.2.4 and following), the size bits cleared.
const (
	itemInput, itemOutput, itemFeature    = 0x80, 0x90, 0xB0
	itemCollection, itemEndCollection     = 0xA0, 0xC0
	itemPage, itemLogicalMin              = 0x04, 0x14
	itemLogicalMax, itemPhysicalMin       = 0x24, 0x34
	itemPhysicalMax, itemExponent         = 0x44, 0x54
	itemUnit, itemReportSize              = 0x64, 0x74
	itemReportID, itemReportCount         = 0x84, 0x94
	itemPush, itemPop                     = 0xA4, 0xB4
	itemUsage, itemUsageMin, itemUsageMax = 0x08, 0x18, 0x28
)

func (p *parser) item(tag byte, data []byte) error {
	switch tag & 0x0C {
	case 0x00:
		return p.mainItem(tag, unsigned(data))
	case 0x04:
		return p.globalItem(tag, data)
	case 0x08:
		return p.localItem(tag, unsigned(data), len(data))
	}
	return fmt.Errorf("reserved item %#x", tag)
}

func (p *parser) mainItem(tag byte, v uint32) error {
	defer func() { p.usages, p.haveMin = nil, false }()
	switch tag {
	case itemInput:
		return p.field(InputField, v)
	case itemOutput:
		return p.field(OutputField, v)
	case itemFeature:
		return p.field(FeatureField, v)
	case itemCollection:
		return p.collection(v)
	case itemEndCollection:
		if p.collections--; p.collections < 0 || len(p.usages) != 0 {
			return errors.New("end of no collection")
		}
		return nil
	}
	return fmt.Errorf("unknown main item %#x", tag)
}

func (p *parser) collection(v uint32) error {
	const application = 1
	if len(p.usages) != 1 {
		return fmt.Errorf("a collection of %d usages", len(p.usages))
	}
	if (p.collections == 0) != (v == application) {
		return errors.New("application collections stand at the top, and only there")
	}
	if p.collections++; p.collections > maxCollections {
		return errors.New("collections too deep")
	}
	if p.collections == 1 {
		p.d.Applications = append(p.d.Applications, p.usages[0])
	}
	return nil
}

func (p *parser) field(k Kind, flags uint32) error {
	g := p.g
	f := Field{Kind: k, ReportID: g.id, Bits: g.bits, Count: g.count, Flags: flags, Usages: p.usages, Min: g.min, Max: g.max}
	switch {
	case p.collections == 0:
		return errors.New("a field outside a collection")
	case g.bits < 1 || g.bits > 32 || g.count < 1 || g.bits*g.count > maxReportBits:
		return fmt.Errorf("%d fields of %d bits", g.count, g.bits)
	case !f.Constant() && g.min > g.max:
		return fmt.Errorf("values from %d to %d", g.min, g.max)
	case !f.Constant() && !fits(g):
		return fmt.Errorf("values from %d to %d in %d bits", g.min, g.max, g.bits)
	case p.haveMin:
		return errors.New("a range of usages without end")
	case !f.Constant() && len(p.usages) == 0:
		return errors.New("data without usage")
	case f.Constant() && len(p.usages) != 0:
		return errors.New("padding with usage")
	case flags&2 != 0 && len(p.usages) > g.count:
		return fmt.Errorf("%d usages for %d values", len(p.usages), g.count)
	}
	at := [2]byte{byte(k), g.id}
	f.Offset = p.offset[at]
	if p.offset[at] += g.bits * g.count; p.offset[at] > maxReportBits {
		return errors.New("report too long")
	}
	p.d.Fields = append(p.d.Fields, f)
	return nil
}

// fits tells whether the logical values can be written in the field's bits.
func fits(g globals) bool {
	low, high := int64(0), int64(1)<<g.bits-1
	if g.min < 0 {
		low, high = -(int64(1) << (g.bits - 1)), int64(1)<<(g.bits-1)-1
	}
	return int64(g.min) >= low && int64(g.max) <= high
}

func (p *parser) globalItem(tag byte, data []byte) error {
	v := unsigned(data)
	switch tag {
	case itemPage:
		if v == 0 || v > 0xFFFF {
			return fmt.Errorf("usage page %#x", v)
		}
		p.g.page = v
	case itemLogicalMin:
		p.g.min = signed(data)
	case itemLogicalMax:
		p.g.max = signed(data)
	case itemReportSize:
		p.g.bits = int(min(v, maxReportBits))
	case itemReportCount:
		p.g.count = int(min(v, maxReportBits))
	case itemReportID:
		if v == 0 || v > 0xFF {
			return fmt.Errorf("report id %d", v)
		}
		p.g.id = byte(v)
	case itemPush:
		if len(p.stack) == maxCollections {
			return errors.New("pushes too deep")
		}
		p.stack = append(p.stack, p.g)
	case itemPop:
		if len(p.stack) == 0 {
			return errors.New("pop without push")
		}
		p.g, p.stack = p.stack[len(p.stack)-1], p.stack[:len(p.stack)-1]
	case itemPhysicalMin, itemPhysicalMax, itemExponent, itemUnit:
	default:
		return fmt.Errorf("unknown global item %#x", tag)
	}
	return nil
}

func (p *parser) localItem(tag byte, v uint32, size int) error {
	if size < 4 { // else the item carries its own page
		v |= p.g.page << 16
	}
	switch tag {
	case itemUsage:
		p.usages = append(p.usages, v)
	case itemUsageMin:
		p.umin, p.haveMin = v, true
	case itemUsageMax:
		if !p.haveMin || v < p.umin || v>>16 != p.umin>>16 || int(v-p.umin) >= maxUsages {
			return fmt.Errorf("usages from %#x to %#x", p.umin, v)
		}
		for n := range v - p.umin + 1 {
			p.usages = append(p.usages, p.umin+n)
		}
		p.haveMin = false
	default:
		return fmt.Errorf("unknown local item %#x", tag)
	}
	if len(p.usages) > maxUsages {
		return errors.New("too many usages")
	}
	return nil
}

func unsigned(data []byte) (v uint32) {
	for i, b := range data {
		v |= uint32(b) << (8 * i)
	}
	return v
}

func signed(data []byte) int32 {
	shift := 32 - 8*len(data)
	if len(data) == 0 {
		return 0
	}
	return int32(unsigned(data)<<shift) >> shift
}
