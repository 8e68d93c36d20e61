package lab

import (
	"net/netip"
	"strings"
	"testing"
)

func TestCaptureSeesACall(t *testing.T) {
	lan := room(t)
	registrar(t, lan)
	c, err := NewCapture(lan.Core, LANDevice)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	bobAt := netip.MustParseAddr("10.77.0.12")
	a := baresip(t, host(t, lan, "alice", 11), BaresipConfig{User: "alice", Addr: netip.MustParseAddr("10.77.0.11"), Codecs: []string{"PCMA"}, SRTP: true, Speech: speech(t, "en-us")})
	b := baresip(t, host(t, lan, "bob", 12), BaresipConfig{User: "bob", Addr: bobAt, Codecs: []string{"PCMA"}, SRTP: true, Automatic: true, Speech: speech(t, "en-gb")})
	mark := c.Mark()
	if err := a.Dial(soon(t), b.URI()); err != nil {
		t.Fatal(err)
	}
	invite, err := c.Wait(soon(t), mark, "INVITE at bob", func(p Packet) bool { return p.Request("INVITE") && p.Dst.Addr() == bobAt })
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(invite.Data), "RTP/SAVP") || !strings.Contains(string(invite.Data), "a=crypto:") {
		t.Errorf("SRTP is not offered: %s", invite.Data)
	}
	ok, err := c.Wait(soon(t), mark, "200 of bob", func(p Packet) bool { return p.Response(200, "INVITE") && p.Src.Addr() == bobAt })
	if err != nil {
		t.Fatal(err)
	}
	rtp, err := c.Wait(soon(t), mark, "RTP of bob", func(p Packet) bool { return p.RTP() && p.Src.Addr() == bobAt })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("INVITE to 200 %.2f ms, to RTP %.2f ms", ms(ok.At.Sub(invite.At)), ms(rtp.At.Sub(invite.At)))
	if rtp.PayloadType() != 8 || len(rtp.Data) != 12+160+10 {
		t.Errorf("SRTP packet of type %d, %d bytes", rtp.PayloadType(), len(rtp.Data))
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add([]byte(strings.Repeat("\x00", 12) + "\x08\x00\x45\x00\x00\x20" + strings.Repeat("\x00", 5) + "\x11" + strings.Repeat("\x01", 20)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := parseFrame(b); ok && len(p.Data) > len(b) {
			t.Error("more data than the frame has")
		}
	})
}
