package device

import (
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/hal/sim"
	"opendeskphone/usbhid"
)

// softphone is a program on the PC that uses the phone by its telephony interface.
type softphone struct {
	t       *testing.T
	reports *sim.HostReports
	heard   chan usbhid.Input
}

func newSoftphone(b *bench) *softphone {
	b.t.Helper()
	b.USB.Plug()
	deadline := time.After(20 * time.Second)
	for {
		r, err := b.USB.Host(hal.USBTelephony)
		if err == nil {
			p := &softphone{b.t, r, make(chan usbhid.Input, 64)}
			go p.read()
			return p
		}
		select {
		case <-deadline:
			b.t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *softphone) read() {
	buf := make([]byte, 64)
	for {
		n, err := p.reports.Read(buf)
		if err != nil {
			return
		}
		if in, err := usbhid.ParseInput(buf[:n]); err == nil {
			p.heard <- in
		}
	}
}

func (p *softphone) lamps(o usbhid.Output) {
	p.t.Helper()
	r := o.Report()
	if _, err := p.reports.Write(r[:]); err != nil {
		p.t.Fatal(err)
	}
}

// want waits for a report; whether the line is already told as busy in it is a matter of microseconds.
func (p *softphone) want(what string, want usbhid.Input) {
	p.t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case in := <-p.heard:
			if in == want || in&^usbhid.LineBusy == want {
				return
			}
		case <-late:
			p.t.Fatalf("%s: no report %#x", what, want)
		}
	}
}

// press gives a command as a key would.
func (b *bench) press(c phone.Command) {
	b.t.Helper()
	if err := b.Control().Do(b.t.Context(), "ui", c); err != nil {
		b.t.Fatal(err)
	}
}

const pcLine = oneLine + "[usb]\nenabled = true\n"

func TestSoftphoneRingsTalksAndEndsAtThePhone(t *testing.T) {
	b := start(t, t.TempDir(), pcLine, nil)
	p := newSoftphone(b)
	p.lamps(usbhid.LEDRing)
	b.until("PC call rings", func(s *phone.State) bool { return s.PCCall.Ringing })
	b.press(phone.PressPath{Path: phone.Speaker})
	p.want("answered by Speaker", usbhid.HookSwitch)
	p.lamps(usbhid.LEDOffHook)
	b.USB.Stream(true, true)
	b.until("PC call stands", func(s *phone.State) bool { return s.PCCall.Active && s.PCCall.Plays && !s.PCCall.Ringing })
	b.press(phone.Mute{On: true})
	p.want("mute key", usbhid.HookSwitch|usbhid.PhoneMute)
	p.lamps(usbhid.LEDOffHook | usbhid.LEDMute)
	b.until("muted", func(s *phone.State) bool { return s.PCCall.Muted })
	p.lamps(usbhid.LEDOffHook)
	b.press(phone.Dial{Number: "200"}) // a call of the phone's own
	p.want("the PC is asked to hold", usbhid.HookSwitch|usbhid.Flash)
	p.want("and told that the line is busy", usbhid.HookSwitch|usbhid.LineBusy)
	p.lamps(usbhid.LEDHold)
	b.until("held", func(s *phone.State) bool { return s.PCCall.Held })
	for _, c := range b.Control().State().Calls {
		_ = b.Control().Do(t.Context(), "test", phone.Hangup{Call: c.ID}) // it may have failed by itself meanwhile
	}
	p.want("back to the PC", usbhid.HookSwitch|usbhid.Flash)
	p.lamps(usbhid.LEDOffHook)
	b.until("goes on", func(s *phone.State) bool { return !s.PCCall.Held && s.PCCall.Active })
	b.press(phone.PressPath{Path: phone.Speaker})
	p.want("hung up by Speaker", 0)
	p.lamps(0)
	b.until("over", func(s *phone.State) bool { return !s.PCCall.Active })
	b.USB.Unplug()
	b.until("unplugged", func(s *phone.State) bool { return !s.PCCall.Streams() })
}

// What the PC plays comes out of the phone's loudspeaker, and what the phone hears reaches the PC.
func TestPCsSoundGoesThroughThePhone(t *testing.T) {
	b := start(t, t.TempDir(), pcLine, nil)
	newSoftphone(b)
	loud := func(pcm []byte) bool {
		for i := 1; i < len(pcm); i += 2 {
			if v := int8(pcm[i]); v > 16 || v < -16 {
				return true
			}
		}
		return false
	}
	tone := make([]byte, 2*48000)
	for i := 0; i < len(tone); i += 4 {
		tone[i+1], tone[i+3] = 64, 0x100-64 // a square wave of 12 kHz at half the scale
	}
	out, in := b.Card.Listen(t.Context()), b.USB.Sound.Listen(t.Context())
	b.USB.Stream(true, true)
	b.until("streams", func(s *phone.State) bool { return s.PCCall.Plays })
	late := time.After(20 * time.Second)
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	for ear, pc := false, false; !ear || !pc; {
		select {
		case p := <-out:
			ear = ear || loud(p)
		case p := <-in:
			pc = pc || loud(p)
		case <-again.C:
			b.USB.Sound.Speak(tone)
			b.Card.Speak(tone)
		case <-late:
			t.Fatalf("heard at the phone: %v, at the PC: %v", ear, pc)
		}
	}
}
