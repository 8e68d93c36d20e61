package usbhid

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
)

func octets(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "|", "").Replace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parsed(t *testing.T, b []byte) *Descriptor {
	t.Helper()
	d, err := ParseDescriptor(b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The octets that shipped headsets have.
const deFacto = `05 0B 09 05 A1 01 85 02 15 00 25 01 75 01 | 09 20 09 97 95 02 81 22 | 09 2F 09 21 09 24 09 50 95 04 81 06 |
05 09 09 07 95 01 81 06 | 05 0B 09 06 A1 02 19 B0 29 BB 15 01 25 0C 75 04 95 01 81 40 C0 | 15 00 25 01 75 01 95 05 81 03 |
05 08 09 17 09 09 09 18 09 20 09 21 09 2A 95 06 91 22 | 05 0B 09 9E 95 01 91 22 | 05 08 09 19 09 1E 95 02 91 22 | 95 07 91 03 C0`

func TestTelephonyDescriptorIsTheDeFactoOne(t *testing.T) {
	want := octets(t, strings.ReplaceAll(deFacto, "\n", " "))
	got := TelephonyDescriptor(UsageHeadset)
	if len(got) != 114 || !slices.Equal(got, want) {
		t.Fatalf("%d octets\n% x, want\n% x", len(got), got, want)
	}
	for _, top := range []byte{UsageHeadset, UsagePhone} {
		d := parsed(t, TelephonyDescriptor(top))
		if !slices.Equal(d.Applications, []uint32{PageTelephony<<16 | uint32(top)}) {
			t.Errorf("top level %#x", d.Applications)
		}
		if in, out := d.Size(InputField, TelephonyID), d.Size(OutputField, TelephonyID); in != TelephonySize-1 || out != TelephonySize-1 {
			t.Errorf("reports of %d and %d octets", in, out)
		}
	}
}

// Where the descriptor puts a usage is where the report's bit is.
func TestReportBitsAreTheDescriptors(t *testing.T) {
	d := parsed(t, TelephonyDescriptor(UsageHeadset))
	for _, row := range []struct {
		kind        Kind
		page, usage uint32
		bit         uint16
	}{
		{InputField, PageTelephony, UsageHookSwitch, uint16(HookSwitch)},
		{InputField, PageTelephony, UsageLineBusy, uint16(LineBusy)},
		{InputField, PageTelephony, UsagePhoneMute, uint16(PhoneMute)},
		{InputField, PageTelephony, UsageFlash, uint16(Flash)},
		{InputField, PageTelephony, UsageRedial, uint16(Redial)},
		{InputField, PageTelephony, UsageSpeedDial, uint16(SpeedDial)},
		{InputField, PageButton, UsageReject, uint16(Reject)},
		{OutputField, PageLED, UsageLEDOffHook, uint16(LEDOffHook)},
		{OutputField, PageLED, UsageLEDMute, uint16(LEDMute)},
		{OutputField, PageLED, UsageLEDRing, uint16(LEDRing)},
		{OutputField, PageLED, UsageLEDHold, uint16(LEDHold)},
		{OutputField, PageLED, UsageLEDMic, uint16(LEDMicrophone)},
		{OutputField, PageLED, UsageLEDOnLine, uint16(LEDOnLine)},
		{OutputField, PageTelephony, UsageRinger, uint16(Ringer)},
		{OutputField, PageLED, UsageLEDMessage, uint16(LEDMessageWaiting)},
		{OutputField, PageLED, UsageLEDSpeaker, uint16(LEDSpeaker)},
	} {
		at, ok := d.Find(row.kind, row.page, row.usage)
		if !ok || 1<<at != row.bit {
			t.Errorf("usage %#x:%#x is bit %d (%v), the report says %#x", row.page, row.usage, at, ok, row.bit)
		}
	}
}

func TestKeypadIsAnArrayOfTwelve(t *testing.T) {
	d := parsed(t, TelephonyDescriptor(UsageHeadset))
	i := slices.IndexFunc(d.Fields, func(f Field) bool { return f.Kind == InputField && f.Flags&3 == 0 })
	if i < 0 {
		t.Fatal("no array")
	}
	f := d.Fields[i]
	if f.Offset != 7 || f.Bits != 4 || f.Count != 1 || f.Min != 1 || f.Max != 12 || len(f.Usages) != 12 || f.Flags&0x40 == 0 {
		t.Errorf("%+v", f)
	}
	for n, k := range "0123456789*#" {
		if u := f.Usages[n] & 0xFFFF; u != uint32(UsageKey0+n) {
			t.Errorf("value %d is usage %#x", n+1, u)
		}
		r := HookSwitch.WithKey(k)
		if got, err := ParseInput(slices.Concat([]byte{2}, octets(t, hex.EncodeToString([]byte{byte(r), byte(r >> 8)})))); err != nil || got.Key() != k || got&HookSwitch == 0 {
			t.Errorf("key %c came as %c (%v)", k, got.Key(), err)
		}
	}
	if HookSwitch.WithKey('5').WithKey(0) != HookSwitch || HookSwitch.WithKey('x').Key() != 0 {
		t.Error("a released key stays")
	}
}

func TestVolumeAndPairingDescriptors(t *testing.T) {
	v := parsed(t, VolumeDescriptor())
	if v.Size(InputField, VolumeID) != VolumeSize-1 || v.Applications[0] != PageConsumer<<16|UsageControls {
		t.Errorf("volume: %+v", v)
	}
	if at, ok := v.Find(InputField, PageConsumer, UsageVolumeDown); !ok || at != 1 {
		t.Errorf("volume down is bit %d", at)
	}
	want := octets(t, "06 58 FF 09 01 A1 01 85 50 15 00 26 FF 00 75 08 95 3F 09 02 81 02 95 3F 09 03 91 02 C0")
	if got := PairingDescriptor(); len(got) != 29 || !slices.Equal(got, want) {
		t.Errorf("pairing: % x", got)
	}
	p := parsed(t, want)
	if p.Size(InputField, PairingID) != 63 || p.Size(OutputField, PairingID) != 63 || p.Size(FeatureField, PairingID) != 0 || p.Applications[0] != 0xFF580001 {
		t.Errorf("pairing: %+v", p)
	}
}

func TestReports(t *testing.T) {
	r := (LEDOffHook | LEDRing | LEDSpeaker).Report()
	if r != [3]byte{2, 0x05, 0x01} {
		t.Errorf("% x", r)
	}
	if o, err := ParseOutput([]byte{2, 0xFF, 0xFF}); err != nil || o != 1<<9-1 {
		t.Errorf("%#x, %v", o, err)
	}
	if i := (HookSwitch | Reject).Report(); i != [3]byte{2, 0x41, 0} {
		t.Errorf("% x", i)
	}
	if up, down, err := ParseVolume(ptr(VolumeReport(false, true))); up || !down || err != nil {
		t.Error(up, down, err)
	}
	for _, bad := range [][]byte{nil, {2}, {2, 0}, {3, 0, 0}, {2, 0, 0, 0}} {
		_, e1 := ParseInput(bad)
		_, e2 := ParseOutput(bad)
		_, _, e3 := ParseVolume(bad)
		for _, err := range []error{e1, e2, e3} {
			if !errors.Is(err, ErrReport) {
				t.Errorf("% x gave %v", bad, err)
			}
		}
	}
}

func ptr(r [VolumeSize]byte) []byte { return r[:] }

func TestParserRefuses(t *testing.T) {
	for why, s := range map[string]string{
		"nothing":               "",
		"cut off":               "05 0B 09 05 A1 01 26 FF",
		"open collection":       "05 0B 09 05 A1 01 75 08 95 01 81 03",
		"end of nothing":        "05 0B 09 05 A1 01 C0 C0",
		"field outside":         "75 08 95 01 81 03",
		"no size":               "05 0B 09 05 A1 01 95 01 81 03 C0",
		"half octet":            "05 0B 09 05 A1 01 75 04 95 01 81 03 C0",
		"value too large":       "05 0B 09 05 A1 01 15 00 25 02 75 01 95 08 09 20 81 02 C0",
		"255 as one octet":      "05 0B 09 05 A1 01 15 00 25 FF 75 08 95 01 09 20 81 02 C0",
		"report id 0":           "05 0B 09 05 A1 01 85 00 75 08 95 01 81 03 C0",
		"some with id":          "05 0B 09 05 A1 01 75 08 95 01 81 03 85 01 81 03 C0",
		"no usage":              "05 0B 09 05 A1 01 15 00 25 01 75 01 95 08 81 02 C0",
		"too many usages":       "05 0B 09 05 A1 01 15 00 25 01 75 08 95 01 09 20 09 21 81 02 C0",
		"range without end":     "05 0B 09 05 A1 01 15 00 25 01 75 08 95 01 19 20 81 02 C0",
		"endless range":         "05 0B 09 05 A1 01 1B 00 00 00 00 2B FF FF FF FF 81 02 C0",
		"physical at the top":   "05 0B 09 05 A1 00 C0",
		"application inside":    "05 0B 09 05 A1 01 09 06 A1 01 C0 C0",
		"collection of nothing": "A1 01 C0",
		"pop":                   "B4",
		"push":                  "05 0B 09 05 A1 01 A4 C0",
		"long item":             "FE 00 00",
		"reserved":              "05 0B 09 05 A1 01 0C C0",
		"page 0":                "05 00 09 05 A1 01 C0",
		"huge report":           "05 0B 09 05 A1 01 75 20 97 FF FF FF 7F 81 03 C0",
	} {
		if _, err := ParseDescriptor(octets(t, s)); !errors.Is(err, ErrDescriptor) {
			t.Errorf("%s: taken (%v)", why, err)
		}
	}
}

func FuzzDescriptor(f *testing.F) {
	f.Add(TelephonyDescriptor(UsagePhone))
	f.Add(VolumeDescriptor())
	f.Add(PairingDescriptor())
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseDescriptor(b)
		if err != nil {
			return
		}
		for _, field := range d.Fields {
			size := d.Size(field.Kind, field.ReportID)
			if end := field.Offset + field.Bits*field.Count; end > 8*size || size > maxReportBits/8 {
				t.Fatalf("field %+v reaches beyond its report of %d octets", field, size)
			}
		}
	})
}

func FuzzReport(f *testing.F) {
	f.Add([]byte{2, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if i, err := ParseInput(b); err == nil {
			if r := i.Report(); r[1] != b[1] || i.WithKey(i.Key()) != i && i.Key() != 0 {
				t.Fatalf("% x became % x", b, r)
			}
		}
		if o, err := ParseOutput(b); err == nil && uint16(o) >= 1<<outputBits {
			t.Fatalf("%#x", o)
		}
	})
}
