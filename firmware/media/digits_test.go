package media

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/sip/offer"
)

func TestDigitsArriveOnceAndInOrder(t *testing.T) {
	for _, c := range []codec.Codec{codec.PCMA, codec.L16} {
		synctest.Test(t, func(t *testing.T) {
			k := newCall(t, choice{codecs: []codec.Codec{c}})
			k.talk(200 * time.Millisecond)
			n := 0
			k.lan.lose = func(from, to netip.AddrPort, b []byte) bool { n++; return n%3 == 0 }
			const dialled = "0123456789*#ABCD1199"
			for _, d := range dialled {
				if err := k.a.SendDTMF(d, 80*time.Millisecond); err != nil {
					t.Fatal(err)
				}
			}
			k.talk(time.Duration(len(dialled)) * 250 * time.Millisecond)
			got := ""
			for _, e := range k.b.events {
				if e.Kind == Digit {
					got += string(e.Digit)
				}
			}
			if got != dialled {
				t.Errorf("%s: dialled %s, heard %s", c.Name, dialled, got)
			}
			if st := k.a.Stats(); st.DigitsSent != uint64(len(dialled)) {
				t.Errorf("%s: sent %d digits", c.Name, st.DigitsSent)
			}
		})
	}
}

// The packets of one key press, as RFC 4733 §2.5.1 wants them.
func TestDigitPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMU}})
		k.a.sine = 440
		k.talk(200 * time.Millisecond)
		type packet struct {
			marker   bool
			seq      uint16
			ts       uint32
			event    byte
			end      bool
			duration uint16
		}
		var mu sync.Mutex
		var press []packet
		var voice []uint32
		k.lan.seen = func(from, to netip.AddrPort, b []byte) {
			mu.Lock()
			defer mu.Unlock()
			if to.Addr() != k.b.host || isRTCP(b) {
				return
			}
			ts := binary.BigEndian.Uint32(b[4:])
			if b[1]&127 == k.a.media.DTMF[0].SendPT {
				press = append(press, packet{b[1]&128 != 0, binary.BigEndian.Uint16(b[2:]), ts, b[12], b[13]&128 != 0, binary.BigEndian.Uint16(b[14:])})
			} else {
				voice = append(voice, ts)
			}
		}
		if err := k.a.SendDTMF('7', 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		k.talk(400 * time.Millisecond)
		if len(press) != 7 {
			t.Fatalf("%d packets: %+v", len(press), press)
		}
		for i, p := range press {
			want := packet{i == 0, press[0].seq + uint16(i), press[0].ts, 7, i >= 4, uint16(min(i+1, 5)) * 160}
			if p != want {
				t.Errorf("packet %d: %+v, want %+v", i, p, want)
			}
		}
		if after := voice[len(voice)-1]; (after-press[0].ts)%160 != 0 || after <= press[0].ts {
			t.Errorf("voice goes on at %d after a press at %d", after, press[0].ts)
		}
	})
}

func TestDigitsThatCannotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newCall(t, choice{codecs: []codec.Codec{codec.PCMU}})
		if err := k.a.SendDTMF('x', 0); !errors.Is(err, ErrDigit) {
			t.Error(err)
		}
		for range maxDigits {
			if err := k.a.SendDTMF('1', 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.a.SendDTMF('1', 0); !errors.Is(err, ErrTooFast) {
			t.Error(err)
		}
		m := k.b.media
		m.DTMF = nil
		if err := k.b.Apply(m); err != nil {
			t.Fatal(err)
		}
		if err := k.b.SendDTMF('1', 0); !errors.Is(err, ErrNoDTMF) {
			t.Error(err)
		}
		k.negotiate(k.a, k.b, offer.Inactive, offer.SendRecv)
		if err := k.a.SendDTMF('1', 0); !errors.Is(err, ErrHeld) {
			t.Error(err)
		}
	})
}
