package e2e

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab/usbip"
	"opendeskphone/usbhid"
	"opendeskphone/usbhid/link"
	"opendeskphone/usbhid/pairing"
)

// tapped is an interface that keeps what was written to it.
type tapped struct {
	*usbip.HID
	mu   sync.Mutex
	sent [][]byte
}

func (h *tapped) Write(b []byte) (int, error) {
	h.mu.Lock()
	h.sent = append(h.sent, slices.Clone(b))
	h.mu.Unlock()
	return h.HID.Write(b)
}

func (h *tapped) heard() [][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.sent)
}

// hostile has a host do at the cable what no kernel would; afterwards the phone attaches who is known to it, and goes on
// to pair.
func (k *socket) hostile(t *testing.T, old *computer) {
	attach := k.attachment(t, old)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	t.Run("replayed", func(t *testing.T) { k.attack(t, old, attach) })
	reversed := slices.Clone(attach)
	slices.Reverse(reversed)
	t.Run("reordered", func(t *testing.T) { k.attack(t, old, reversed) })
	var short, long [][]byte
	for _, b := range attach {
		for _, n := range []int{1, 2, 4, 5, len(b) - 1} {
			short = append(short, b[:n])
		}
		long = append(long, append(slices.Clone(b), b...), append(slices.Clone(b), make([]byte, 4000)...))
	}
	t.Run("truncated", func(t *testing.T) { k.attack(t, old, short) })
	t.Run("oversized", func(t *testing.T) { k.attack(t, old, long) })
	t.Run("random", func(t *testing.T) { k.attack(t, old, noise(r, 3000)) })
}

// noise is reports of any content and any length, some of which are well-formed segments of nonsense.
func noise(r *rand.Rand, n int) (out [][]byte) {
	for range n {
		b := make([]byte, usbhid.PairingSize)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		switch r.IntN(3) {
		case 0:
			b = b[:1+r.IntN(len(b))]
		case 1:
			b[0] = usbhid.PairingID
		case 2:
			s := link.Segment{Channel: uint8(r.IntN(2)), First: r.IntN(2) == 0, Last: r.IntN(2) == 0, Seq: uint8(r.IntN(4)), Data: b[:r.IntN(link.SegmentData)]}
			if len(s.Data) > 4 {
				s.Data[0], s.Data[1] = byte(r.IntN(0x30)), 1
			}
			report := s.Report()
			b = report[:]
		}
		out = append(out, b)
	}
	return out
}

// attack writes reports for as long as the device takes them, at most ten seconds. Nobody is
// believed for it, and right afterwards the old friend is attached.
func (k *socket) attack(t *testing.T, old *computer, reports [][]byte) {
	t.Helper()
	d, h := k.open(t)
	defer d.Close()
	end := time.Now().Add(10 * time.Second)
	sent, refused := 0, 0
	for _, b := range reports {
		if time.Now().After(end) {
			break
		}
		if _, err := h.Write(b); err != nil {
			refused++
		}
		sent++
	}
	t.Logf("%d reports, %d of them refused by the device", sent, refused)
	answers := listen(h.Reports(), 500*time.Millisecond)
	for _, m := range answers {
		if m.Type == pairing.TypeAttached || m.Type == pairing.TypeDone {
			t.Errorf("the phone believes it: message %#x", m.Type)
		}
	}
	must(t, d.Close())
	p := k.plugIn(t, old)
	p.attach(t, old)
	p.Pull()
	k.whole(t)
}

// listen gives the messages that come until it is quiet.
func listen(reports <-chan []byte, quiet time.Duration) (out []link.Message) {
	var whole []byte
	for {
		select {
		case b, ok := <-reports:
			if !ok {
				return out
			}
			s, err := link.ParseSegment(b)
			if err != nil || s.Channel != link.Control {
				continue
			}
			if s.First {
				whole = nil
			}
			whole = append(whole, s.Data...)
			if m, err := link.ParseMessage(slices.Clone(whole)); s.Last && err == nil {
				out = append(out, m)
			}
		case <-time.After(quiet):
			return out
		}
	}
}

// attachment is what a computer says to be attached.
func (k *socket) attachment(t *testing.T, c *computer) [][]byte {
	t.Helper()
	p, tap := k.plugTapped(t, c)
	p.attach(t, c)
	p.Pull()
	return tap.heard()
}

// replayed: what was said in a pairing that went well, and in an attachment, is worth nothing to whoever has heard
// it. It counts as an attempt to pair.
func (k *socket) replayed(t *testing.T, pc *computer) {
	k.attack(t, pc, k.attachment(t, pc))
	k.begun = append(k.begun, time.Now())
	k.attack(t, pc, k.words)
	k.fails(t, pc, phone.PairingLost)
}
