package lab

import (
	"math"
	"net/netip"
	"testing"
	"time"
)

func TestLinphonecTalksWithBaresip(t *testing.T) {
	need(t, "linphonec")
	lan := room(t)
	registrar(t, lan)
	daveHost, bobHost := host(t, lan, "dave", 11), host(t, lan, "bob", 12)
	daveSays, bobSays := speech(t, "en-us"), speech(t, "en-gb")
	for _, c := range []struct {
		codec  string
		srtp   bool
		corr   float64
		louder float64 // linphonec's G.722 is a factor of two louder than baresip's, as heard there
	}{{"PCMA", false, 0.9, 0}, {"G722", false, 0.9, 6}, {"opus", true, 0.85, 0}} {
		t.Run(c.codec, func(t *testing.T) {
			b := baresip(t, bobHost, BaresipConfig{User: "bob", Addr: netip.MustParseAddr("10.77.0.12"), Codecs: []string{c.codec}, SRTP: c.srtp, Automatic: true, Speech: bobSays})
			l, err := StartLinphonec(soon(t), daveHost, LinphonecConfig{User: "dave", Addr: netip.MustParseAddr("10.77.0.11"), Domain: "phone.test",
				Registrar: netip.MustParseAddrPort("10.77.0.1:5060"), Codecs: []string{c.codec}, SRTP: c.srtp, Speech: daveSays})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(l.Stop)
			if err := l.WaitRegistered(soon(t)); err != nil {
				t.Fatal(err)
			}
			if err := l.Record(soon(t)); err != nil {
				t.Fatal(err)
			}
			mark := l.Mark()
			if err := l.Dial(soon(t), b.URI()); err != nil {
				t.Fatal(err)
			}
			if err := l.WaitTalking(soon(t), mark); err != nil {
				t.Fatal(err)
			}
			tape, err := OpenTape(soon(t), func() (string, error) { heard, _, err := b.Recordings(); return heard, err })
			if err != nil {
				t.Fatal(err)
			}
			defer tape.Close()
			if err := tape.WaitLength(soon(t), 5*time.Second); err != nil {
				t.Fatal(err)
			}
			if err := l.Hangup(soon(t)); err != nil {
				t.Fatal(err)
			}
			heard(t, "bob", b, daveSays, c.corr, -c.louder)
			rec, err := ReadWAV(l.Recording())
			if err != nil {
				t.Fatal(err)
			}
			s, err := Find(bobSays, rec)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("dave heard %v (%d Hz)", s, rec.Rate)
			if s.Correlation < c.corr || s.Missing > 0.1 || math.Abs(s.Level-c.louder) > 2 {
				t.Error("dave heard it badly")
			}
		})
	}
}
