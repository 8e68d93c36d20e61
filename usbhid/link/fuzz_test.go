package link

import (
	"context"
	"io"
	"testing"

	"opendeskphone/usbhid"
)

// tape is a device whose other end says what is on it, and then is pulled.
type tape struct{ reports []byte }

func (p *tape) Read(b []byte) (int, error) {
	if len(p.reports) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.reports[:min(len(p.reports), usbhid.PairingSize)])
	p.reports = p.reports[n:]
	return n, nil
}

func (p *tape) Write(b []byte) (int, error) { return len(b), nil }

// say gives reports in which each segment is made of two bytes of plan: flags and channel, and sequence number.
func say(plan []byte) (out []byte) {
	for ; len(plan) >= 2; plan = plan[2:] {
		n := int(plan[1]>>4) % 3
		s := Segment{Channel: plan[0] & 3, First: plan[0]&flagFirst != 0, Last: plan[0]&flagLast != 0, Seq: plan[1] & 0x0f, Data: make([]byte, n)}
		r := s.Report()
		out = append(out, r[:]...)
	}
	return out
}

// FuzzLink: whatever comes through the cable, a running link of either end neither breaks nor stays.
func FuzzLink(f *testing.F) {
	f.Add([]byte{Stream | flagFirst | flagLast, 0x10, Stream, 0x11}, []byte(nil))
	f.Add([]byte{Stream | flagFirst, 0, Stream | flagFirst, 0, Stream | flagLast, 1, Stream | flagLast, 2}, []byte{usbhid.PairingID, 0xff})
	f.Fuzz(func(t *testing.T, plan, raw []byte) {
		reports := append(say(plan[:min(len(plan), 200)]), raw[:min(len(raw), 50*usbhid.PairingSize)]...)
		for _, host := range []bool{false, true} {
			l := New(&tape{reports}, host)
			go func() {
				for range l.Messages() {
				}
			}()
			done := make(chan struct{})
			go func() {
				defer close(done)
				for conn := range l.Streams() {
					conn.Close()
				}
			}()
			if host {
				go func() { _, _ = l.Dial(context.Background()) }()
			}
			if err := l.Run(); err != io.EOF {
				t.Fatal(err)
			}
			<-done
		}
	})
}
