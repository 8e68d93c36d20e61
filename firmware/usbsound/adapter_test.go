package usbsound

import (
	"context"
	"encoding/binary"
	"image"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/engine"
	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/hal/sim"
	"opendeskphone/usbhid"
)

type unrecorded struct{}

func (unrecorded) Record(*phone.State, time.Time, phone.Origin, phone.Input) {}

// desk is a phone of centre, engine and card with a PC at its cable, on virtual time.
type desk struct {
	*phone.Loop
	t    *testing.T
	twin *sim.Twin

	mu     sync.Mutex
	keys   []string // the telephony reports, as the PC's programs read them
	volume []string // the volume keys
}

// atDesk runs a test at the desk, the cable plugged in.
func atDesk(t *testing.T, test func(d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		log := slog.New(slog.DiscardHandler)
		d := &desk{t: t, twin: sim.New(image.Pt(8, 8))}
		hardware := d.twin.Devices()
		var a *Adapter
		e := engine.New(engine.Default(), func() (engine.Device, error) { return hardware.OpenSound() }, func(error) {}, log)
		d.Loop = phone.NewLoop(phone.DefaultConfig(), func(f phone.Effect) {
			if s, ok := f.(phone.SetSound); ok {
				var parties []engine.Party
				if s.Sound.PC {
					parties = []engine.Party{a.Party()}
				}
				e.SetParties(parties)
			}
			a.Exec(f)
		}, unrecorded{}, log)
		a = New(d.Loop, func(e phone.Event) { d.Post("pc", e) }, log)
		port, err := hardware.OpenUSB(hal.USBIdentity{Product: "Desk Phone"})
		if err != nil {
			t.Fatal(err)
		}
		var parts sync.WaitGroup
		for _, run := range []func(context.Context) error{d.Run, e.Run, func(ctx context.Context) error { return a.Run(ctx, port) }} {
			parts.Go(func() {
				if err := run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		defer func() { // also when the test fails in the middle
			d.twin.USB.Unplug()
			cancel()
			parts.Wait()
			_ = port.Close()
		}()
		d.plug()
		test(d)
	})
}

// plug plugs a PC in whose programs read both interfaces.
func (d *desk) plug() {
	d.t.Helper()
	d.twin.USB.Plug()
	d.listen(hal.USBTelephony, func(r []byte) {
		in, err := usbhid.ParseInput(r)
		name := ""
		for _, b := range []struct {
			bit  usbhid.Input
			name string
		}{{usbhid.HookSwitch, "hook"}, {usbhid.LineBusy, "busy"}, {usbhid.PhoneMute, "mute"}, {usbhid.Flash, "flash"}, {usbhid.Reject, "reject"}} {
			if in&b.bit != 0 {
				name += "+" + b.name
			}
		}
		if err != nil || name == "" {
			name = "+0"
		}
		d.keys = append(d.keys, name[1:])
	})
	d.listen(hal.USBVolume, func(r []byte) {
		switch up, down, err := usbhid.ParseVolume(r); {
		case err != nil:
			d.volume = append(d.volume, err.Error())
		case up:
			d.volume = append(d.volume, "up")
		case down:
			d.volume = append(d.volume, "down")
		default:
			d.volume = append(d.volume, "0")
		}
	})
	synctest.Wait()
}

func (d *desk) listen(f hal.USBFunction, hear func([]byte)) {
	d.t.Helper()
	h, err := d.twin.USB.Host(f)
	if err != nil {
		d.t.Fatal(err)
	}
	go func() {
		buf := make([]byte, usbhid.PairingSize)
		for {
			n, err := h.Read(buf)
			if err != nil {
				return
			}
			d.mu.Lock()
			hear(buf[:n])
			d.mu.Unlock()
		}
	}()
}

// lamps is a program that sets its lamps.
func (d *desk) lamps(o usbhid.Output) {
	d.t.Helper()
	h, err := d.twin.USB.Host(hal.USBTelephony)
	if err != nil {
		d.t.Fatal(err)
	}
	r := o.Report()
	if _, err := h.Write(r[:]); err != nil {
		d.t.Fatal(err)
	}
	_ = h.Close()
	d.pass(100 * time.Millisecond)
}

// pass lets time pass, and everything come of it.
func (d *desk) pass(length time.Duration) {
	<-time.After(length)
	synctest.Wait()
}

func (d *desk) do(c phone.Command) {
	d.t.Helper()
	if err := d.Do(d.t.Context(), "ui", c); err != nil {
		d.t.Fatalf("%+v: %v", c, err)
	}
	d.pass(100 * time.Millisecond)
}

// said takes what the PC has read since.
func (d *desk) said() (keys, volume string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	keys, volume = strings.Join(d.keys, " "), strings.Join(d.volume, " ")
	d.keys, d.volume = nil, nil
	return keys, volume
}

func (d *desk) wantKeys(what, want string) {
	d.t.Helper()
	if keys, _ := d.said(); keys != want {
		d.t.Errorf("%s: the PC reads %q, want %q", what, keys, want)
	}
}

// toneLevel is the root mean square of a second that leaves the phone's speaker while the PC plays a tone, in dB
// relative to the tone.
func (d *desk) toneLevel(hz float64) float64 {
	pcm := make([]byte, 2*audio.Rate/100)
	ctx, cancel := context.WithCancel(d.t.Context())
	defer cancel()
	out := d.twin.Card.Listen(ctx)
	var got []float64
	for k := 0; len(got) < audio.Rate; k++ {
		for i := 0; i < len(pcm); i += 2 {
			v := 0.25 * math.Sin(2*math.Pi*hz*float64(k*len(pcm)/2+i/2)/audio.Rate)
			binary.LittleEndian.PutUint16(pcm[i:], uint16(int16(32767*v)))
		}
		d.twin.USB.Sound.Speak(pcm)
		p := <-out
		if k < 100 {
			continue // the reserve comes together
		}
		for i := 0; i < len(p); i += 2 {
			got = append(got, float64(int16(binary.LittleEndian.Uint16(p[i:])))/32768)
		}
	}
	sum := 0.0
	for _, v := range got {
		sum += v * v
	}
	return 10 * math.Log10(sum/float64(len(got))/(0.25*0.25/2))
}

// What a PC plays leaves the loudspeaker full band: PC's card, clocks, engine and the phone's card in between.
func TestFullBandLeavesTheSpeaker(t *testing.T) {
	for _, hz := range []float64{100, 1000, 14000} {
		atDesk(t, func(d *desk) {
			d.twin.USB.Stream(true, false)
			d.pass(time.Second)
			if l := d.toneLevel(hz); math.Abs(l) > 3 {
				t.Errorf("%.0f Hz leaves the speaker at %+.2f dB", hz, l)
			} else {
				t.Logf("%.0f Hz leaves the speaker at %+.2f dB", hz, l)
			}
		})
	}
}

// Two programs use the phone; the second's ring comes in a report of its own, and does not end the first's call.
func TestTwoProgramsAtThePhone(t *testing.T) {
	atDesk(t, func(d *desk) {
		d.lamps(0)
		d.said()
		d.lamps(usbhid.LEDOffHook)
		d.wantKeys("first program calls", "hook")
		d.lamps(usbhid.LEDRing)
		if p := d.State().PCCall; !p.Active || !p.Ringing {
			t.Errorf("both programs: %+v", p)
		}
		d.pass(2 * time.Second)
		d.lamps(usbhid.LEDOffHook)
		d.pass(time.Second)
		d.wantKeys("the other rings in vain", "")
		if p := d.State().PCCall; !p.Active || p.Ringing {
			t.Errorf("first program alone: %+v", p)
		}
		d.lamps(0)
		d.wantKeys("first program ends", "0")
	})
}

// A program that sets no lamps is found out, and told nothing that undoes what it may have done.
func TestProgramWithoutLamps(t *testing.T) {
	atDesk(t, func(d *desk) {
		d.lamps(usbhid.LEDRing)
		d.said()
		for range 3 {
			d.do(phone.PCDo{Act: phone.PCAnswer})
			d.pass(3 * time.Second)
		}
		d.wantKeys("answered in vain", "hook hook hook")
		if p := d.State().PCCall; p.Active || !p.NoControl {
			t.Errorf("shown %+v", p)
		}
	})
}

func TestVolumesGoTogether(t *testing.T) {
	atDesk(t, func(d *desk) {
		level := func() uint8 { s := d.State(); return s.Volume[s.Path] }
		before := level()
		d.do(phone.StepVolume{Steps: 1})
		if _, v := d.said(); v != "" {
			t.Errorf("the PC is turned while it plays nothing: %q", v)
		}
		d.twin.USB.Stream(true, false)
		d.pass(time.Second)
		d.do(phone.StepVolume{Steps: -2})
		if keys, v := d.said(); v != "down 0 down 0" || keys != "" {
			t.Errorf("two steps down: volume keys %q, telephony %q", v, keys)
		}
		d.pass(5 * time.Second) // of what PCs set by themselves
		d.twin.USB.SetVolume(80, false, false)
		d.pass(time.Second)
		if _, v := d.said(); level() != 12 || v != "" {
			t.Errorf("80 %% at the PC: level %d, and back goes %q", level(), v)
		}
		d.twin.USB.Unplug()
		d.twin.USB.SetVolume(10, false, false) // another PC, as it comes
		d.plug()
		d.pass(time.Second)
		if level() != 12 || before == 12 {
			t.Errorf("plugging in set the volume to %d", level())
		}
		d.twin.USB.SetVolume(100, false, false) // it is taken for a silent sound card
		d.pass(time.Second)
		if level() != 12 {
			t.Errorf("a second after the plug the PC set the volume to %d", level())
		}
	})
}

// A PC that mutes us as its microphone hears nothing, whatever the phone's own mute says.
func TestPCsMicrophoneSwitch(t *testing.T) {
	atDesk(t, func(d *desk) {
		d.lamps(usbhid.LEDOffHook)
		d.twin.USB.Stream(true, true)
		d.twin.USB.SetVolume(100, false, true)
		d.pass(time.Second)
		if !d.State().PCCall.Muted {
			t.Error("the phone does not show that the PC has muted it")
		}
		ctx, cancel := context.WithCancel(d.t.Context())
		defer cancel()
		out := d.twin.USB.Sound.Listen(ctx)
		loud := make([]byte, audio.Rate)
		for i := 0; i < len(loud); i += 4 {
			loud[i+1], loud[i+3] = 64, 0x100-64
		}
		heard := func() (any bool) {
			d.twin.Card.Speak(loud)
			for range 40 {
				for _, b := range <-out {
					any = any || b != 0
				}
			}
			return any
		}
		if heard() {
			d.t.Error("the PC hears what it muted")
		}
		d.twin.USB.SetVolume(100, false, false)
		if !heard() {
			d.t.Error("the PC does not hear what it opened")
		}
	})
}

// From the PC to the loudspeaker it takes the reserve between the clocks, the filters and a piece at each end.
func TestDelayToTheSpeaker(t *testing.T) {
	atDesk(t, func(d *desk) {
		d.twin.USB.Stream(true, false)
		d.pass(10 * time.Second)
		ctx, cancel := context.WithCancel(d.t.Context())
		defer cancel()
		out := d.twin.Card.Listen(ctx)
		click := make([]byte, 2*audio.Rate/100)
		for i := 1; i < len(click); i += 4 {
			click[i], click[i+2] = 64, 0x100-64
		}
		began := time.Now()
		d.twin.USB.Sound.Speak(click)
		for {
			p := <-out
			for i := 1; i < len(p); i += 2 {
				if v := int8(p[i]); v > 16 || v < -16 {
					delay := time.Since(began) - 10*time.Millisecond + time.Duration(i/2)*time.Second/audio.Rate
					d.t.Logf("%.1f ms from the PC to the speaker", delay.Seconds()*1000)
					if delay > 60*time.Millisecond {
						d.t.Errorf("the PC's sound is %v late", delay)
					}
					return
				}
			}
			if time.Since(began) > time.Second {
				d.t.Fatal("nothing arrives")
			}
		}
	})
}
