package lab

import (
	"context"
	"math"
	"net/netip"
	"testing"
	"time"
)

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func speech(t *testing.T, voice string) Clip {
	t.Helper()
	c, err := Speech(voice, 48000, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func baresip(t *testing.T, ns *Namespace, cfg BaresipConfig) *Baresip {
	t.Helper()
	need(t, "baresip")
	cfg.Domain, cfg.Registrar = "phone.test", netip.MustParseAddrPort("10.77.0.1:5060")
	b, err := StartBaresip(soon(t), ns, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	if err := b.WaitRegistered(soon(t)); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBaresipCallsBaresip(t *testing.T) {
	lan := room(t)
	registrar(t, lan)
	aliceHost, bobHost := host(t, lan, "alice", 11), host(t, lan, "bob", 12)
	aliceSays, bobSays := speech(t, "en-us"), speech(t, "en-gb")
	for _, c := range []struct {
		codec string
		srtp  bool
		corr  float64
	}{{"PCMA", false, 0.95}, {"PCMU", true, 0.95}, {"G722", false, 0.9}, {"opus", false, 0.9}, {"opus", true, 0.9}} {
		name := c.codec
		if c.srtp {
			name += " srtp"
		}
		t.Run(name, func(t *testing.T) {
			a := baresip(t, aliceHost, BaresipConfig{User: "alice", Addr: netip.MustParseAddr("10.77.0.11"), Codecs: []string{c.codec}, SRTP: c.srtp, Speech: aliceSays})
			b := baresip(t, bobHost, BaresipConfig{User: "bob", Addr: netip.MustParseAddr("10.77.0.12"), Codecs: []string{c.codec}, SRTP: c.srtp, Automatic: true, Speech: bobSays})
			if err := a.Dial(soon(t), b.URI()); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Wait(soon(t), 0, "CALL_ESTABLISHED"); err != nil {
				t.Fatal(err)
			}
			tape, err := OpenTape(soon(t), func() (string, error) { heard, _, err := a.Recordings(); return heard, err })
			if err != nil {
				t.Fatal(err)
			}
			if err := tape.WaitLength(soon(t), 5*time.Second); err != nil {
				t.Fatal(err)
			}
			if err := a.Hangup(soon(t)); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Wait(soon(t), 0, "CALL_CLOSED"); err != nil {
				t.Fatal(err)
			}
			heard(t, "alice", a, bobSays, c.corr, 0)
			heard(t, "bob", b, aliceSays, c.corr, 0)
		})
	}
}

func heard(t *testing.T, who string, b *Baresip, ref Clip, corr, level float64) {
	t.Helper()
	path, _, err := b.Recordings()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Find(ref, rec)
	if err != nil {
		t.Errorf("%s: %v", who, err)
		return
	}
	t.Logf("%s heard %v (%d Hz)", who, s, rec.Rate)
	if s.Correlation < corr || math.Abs(s.Level-level) > 2 || s.Missing > 0.05 {
		t.Errorf("%s heard it badly", who)
	}
}
