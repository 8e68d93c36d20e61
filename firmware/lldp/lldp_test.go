package lldp

import (
	"bytes"
	"encoding/hex"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

var ourMAC = net.HardwareAddr{2, 0, 0, 1, 2, 3}

// switchFrame is what a switch says: TLVs put together by hand from the standards' tables.
func switchFrame(more ...string) []byte {
	text := "0207 04 020000000001" + // chassis: MAC
		"0407 03 0200000000aa" + // port: MAC
		"0602 0078" + // 120 s
		"0805 47692031 2f" + // port description "Gi 1/"
		"0a06 73772d6573 74" // system name "sw-est"
	text = strings.ReplaceAll(text+strings.Join(more, ""), " ", "")
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

const (
	medSwitch   = "fe07 0012bb 01 000f 04"
	voiceOn60   = "fe08 0012bb 02 01 40796e" // tagged, VLAN 60, priority 5, DSCP 46
	signalingOn = "fe08 0012bb 02 02 4078d8" // tagged, VLAN 60, priority 3, DSCP 24
	end         = "0000"
)

func TestSwitchIsRead(t *testing.T) {
	n, err := Parse(switchFrame(medSwitch, voiceOn60, signalingOn, end))
	want := Neighbour{Chassis: "02:00:00:00:00:01", TTL: 2 * time.Minute, Name: "sw-est", Port: "Gi 1/",
		Switch: true, Voice: &Policy{true, 60, 5, 46}, Signaling: &Policy{true, 60, 3, 24}}
	if err != nil || !reflect.DeepEqual(n, want) {
		t.Errorf("%+v, %v", n, err)
	}
	for name, more := range map[string]string{
		"no LLDP-MED": end, "no end": "", "an unknown policy": "fe08 0012bb 02 01 80796e" + end, "VLAN 4095": "fe08 0012bb 02 01 5ffe00" + end,
		"a policy for video": "fe08 0012bb 02 06 40796e" + end, "another's TLV": "fe05 001122 01 00" + end, "a kind to come": "1603 010203" + end,
	} {
		if n, err := Parse(switchFrame(more)); err != nil || n.Voice != nil || n.Name != "sw-est" {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	if n, err := Parse(switchFrame("fe08 0012bb 02 01 00002e", end)); err != nil || *n.Voice != (Policy{DSCP: 46}) {
		t.Errorf("untagged: %+v, %v", n, err)
	}
}

func TestBrokenFramesAreThrownAway(t *testing.T) {
	good := switchFrame(medSwitch, voiceOn60, end)
	for name, b := range map[string][]byte{
		"nothing": nil, "an end alone": {0, 0}, "no chassis": good[9:], "two chassis": switchFrame("0207 04 020000000001", end),
		"a second time to live": switchFrame("0602 0078", end), "no time to live": good[:18], "an empty chassis": {2, 0, 4, 0, 6, 0},
		"half a policy": switchFrame("fe06 0012bb 02 01 40", end), "an organisation without a kind": switchFrame("fe03 0012bb", end), "a length beyond": switchFrame("0aff 00"),
	} {
		if n, err := Parse(b); err == nil {
			t.Errorf("%s was read as %+v", name, n)
		}
	}
}

func TestStrangersTextIsCleaned(t *testing.T) {
	b := tlv(switchFrame(), tlvSystemName, []byte("a\x00b\xff\u202ec\n"+strings.Repeat("x", 100)))
	n, err := Parse(tlv(b, tlvEnd, nil))
	if err != nil || n.Name != "abc"+strings.Repeat("x", 61) {
		t.Errorf("%q, %v", n.Name, err)
	}
}

// TestPhoneReadsItsOwnFrame: tshark and lldpd judge the frame where the network is (firmware/init).
func TestPhoneReadsItsOwnFrame(t *testing.T) {
	p := Phone{MAC: ourMAC, Port: "eth0", Name: "odp-010203", Maker: "Open Desk Phone", Model: "qemu-arm", Version: "1.2", Voice: &Policy{true, 60, 5, 46}}
	f := p.Frame(121)
	if !bytes.HasPrefix(f, append(append(Group[:6:6], ourMAC...), 0x88, 0xcc)) || len(f) > 300 {
		t.Errorf("%x", f)
	}
	n, err := Parse(f[14:])
	if err != nil || n.Chassis != ourMAC.String() || n.TTL != 121*time.Second || n.Name != p.Name || n.Switch || *n.Voice != *p.Voice {
		t.Errorf("%+v, %v", n, err)
	}
	p.Voice = nil
	if n, err := Parse(p.Frame(121)[14:]); err != nil || n.Voice != nil {
		t.Errorf("%+v, %v", n, err)
	}
	if n, err := Parse(p.Frame(0)[14:]); err != nil || n.TTL != 0 || n.Name != "" {
		t.Errorf("farewell: %+v, %v", n, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(switchFrame(medSwitch, voiceOn60, signalingOn, end))
	f.Add(Phone{MAC: ourMAC, Name: "odp"}.Frame(121)[14:])
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := Parse(b)
		if err != nil {
			return
		}
		for _, s := range []string{n.Chassis, n.Port, n.Name} {
			if utf8.RuneCountInString(s) > maxText || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("text %q", s)
			}
		}
		for _, p := range []*Policy{n.Voice, n.Signaling} {
			if p != nil && (p.Tagged && p.VLAN > 4094 || p.Priority > 7 || p.DSCP > 63) {
				t.Fatalf("policy %+v", *p)
			}
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add("odp", "qemu-arm", "1.2")
	f.Fuzz(func(t *testing.T, name, model, version string) {
		p := Phone{MAC: ourMAC, Port: name, Name: name, Model: model, Version: version, Maker: model, Serial: name}
		if _, err := Parse(p.Frame(121)[14:]); err != nil {
			t.Fatal("our own frame is broken")
		}
	})
}
