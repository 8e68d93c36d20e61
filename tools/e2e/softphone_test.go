package e2e

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"opendeskphone/boards"
	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/laptop"
	"opendeskphone/tools/laptop/wire"
	"opendeskphone/usbhid"
)

// softphone is a program on the laptop that uses the phone as its telephone: it reads the phone's keys from the
// kernel's hidraw device and sets the lamps there.
type softphone struct {
	d    *desktop
	node string
	keys *laptop.Program
}

// telephone gives the hidraw device whose descriptor begins with the telephony page.
const telephone = `for h in /sys/class/hidraw/*; do [ "$(od -An -tx1 -N2 $h/device/report_descriptor)" = " 05 0b" ] && echo /dev/${h##*/}; done; true`

// dumped has od print what a device gives from now on, a line for each so many bytes.
func (d *desktop) dumped(t *testing.T, node, format string, width int) *laptop.Program {
	t.Helper()
	p, err := d.pc.Start(t.Context(), wire.Command{Argv: []string{"sh", "-c", "exec < " + node + "; echo open; exec stdbuf -o0 od -An -v -t" + format + " -w" + strconv.Itoa(width)}})
	must(t, err)
	must(t, p.Log.WaitFor(soon(t), 0, func(s string) bool { return strings.Contains(s, "open") }))
	return p
}

func (d *desktop) softphone(t *testing.T) *softphone {
	t.Helper()
	node := strings.TrimSpace(d.run(t, "sh", "-c", telephone))
	if strings.Count(node, "/dev/hidraw") != 1 {
		t.Fatalf("telephony interfaces of the phone: %q", node)
	}
	return &softphone{d, node, d.dumped(t, node, "x1", usbhid.TelephonySize)}
}

// lights sets the lamps, as programs do: all of them in each report.
func (s *softphone) lights(t *testing.T, o usbhid.Output) {
	t.Helper()
	format := ""
	for _, b := range o.Report() {
		format += fmt.Sprintf(`\%03o`, b)
	}
	s.d.run(t, "sh", "-c", fmt.Sprintf("printf '%s' > %s", format, s.node))
}

// reports gives the reports read after a mark.
func (s *softphone) reports(mark int) (all []usbhid.Input) {
	for line := range strings.Lines(s.keys.Log.Since(mark)) {
		var r [usbhid.TelephonySize]byte
		if n, _ := fmt.Sscanf(line, "%x %x %x", &r[0], &r[1], &r[2]); n != len(r) {
			continue // not whole yet
		}
		if i, err := usbhid.ParseInput(r[:]); err == nil {
			all = append(all, i)
		}
	}
	return all
}

func (s *softphone) mark() int { return s.keys.Log.Len() }

// told waits until a report after the mark has just these of the bits in question.
func (s *softphone) told(t *testing.T, mark int, what string, mask, want usbhid.Input) {
	t.Helper()
	err := lab.Poll(soon(t), what, func() (bool, error) {
		for _, i := range s.reports(mark) {
			if i&mask == want {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		t.Fatalf("%v; reports %v", err, s.reports(mark))
	}
}

// softphones is the life of a call of a program on the laptop, with the keys of the phone; a second program and a call
// of the phone's own come in between.
func (d *desktop) softphones(t *testing.T) {
	first, second := d.softphone(t), d.softphone(t)
	first.lights(t, 0)
	t.Run("answered", func(t *testing.T) { d.pcAnswered(t, first, second) })
	t.Run("muted", func(t *testing.T) { d.pcMuted(t, first) })
	t.Run("held", func(t *testing.T) { d.pcHeld(t, first) })
	t.Run("second-program", func(t *testing.T) { d.secondProgram(t, first, second) })
	t.Run("phone-called", func(t *testing.T) { d.calledMeanwhile(t, first) })
	t.Run("ended", func(t *testing.T) { d.pcEnded(t, first, second) })
}

// pcAnswered: the ring lamp rings the phone, and the lifted handset tells both programs; the one that rang lights its
// off-hook lamp.
func (d *desktop) pcAnswered(t *testing.T, first, second *softphone) {
	speaker := d.tape(t, d.phone.Speaker())
	defer speaker.Close()
	first.lights(t, usbhid.LEDRing)
	d.shows(t, "pc-rings", masks.time, masks.rings)
	began := speaker.Length()
	must(t, speaker.WaitLength(soon(t), began+4*time.Second)) // a ring and its pause
	rings, err := speaker.Cut(began, began+4*time.Second)
	must(t, err)
	if level := rings.RMS(); level < -50 {
		t.Errorf("the phone rings with %.0f dB", level)
	}
	settle(t, guard)
	mark, too := first.mark(), second.mark()
	must(t, d.phone.Hook(soon(t), true))
	first.told(t, mark, "the lifted handset", usbhid.HookSwitch, usbhid.HookSwitch)
	second.told(t, too, "the lifted handset, second program", usbhid.HookSwitch, usbhid.HookSwitch)
	first.lights(t, usbhid.LEDOffHook)
	d.shows(t, "pc-talks", masks.time)
}

// pcMuted: the mute key asks the program, whose lamp mutes; and the program mutes and unmutes by itself.
func (d *desktop) pcMuted(t *testing.T, first *softphone) {
	mark := first.mark()
	d.press(t, hal.Mute)
	first.told(t, mark, "the mute key", usbhid.PhoneMute|usbhid.HookSwitch, usbhid.PhoneMute|usbhid.HookSwitch)
	first.lights(t, usbhid.LEDOffHook|usbhid.LEDMute)
	d.shows(t, "pc-muted", masks.time)
	first.lights(t, usbhid.LEDOffHook)
	d.shows(t, "pc-talks", masks.time)
	first.lights(t, usbhid.LEDOffHook|usbhid.LEDMute)
	d.shows(t, "pc-muted", masks.time)
	first.lights(t, usbhid.LEDOffHook)
	d.shows(t, "pc-talks", masks.time)
}

// pcHeld: the hold key is a flash of the hook, twice.
func (d *desktop) pcHeld(t *testing.T, first *softphone) {
	mark := first.mark()
	d.press(t, hal.Hold)
	first.told(t, mark, "the flash", usbhid.Flash, usbhid.Flash)
	first.lights(t, usbhid.LEDHold)
	d.shows(t, "pc-held", masks.time)
	mark = first.mark()
	d.press(t, hal.Hold)
	first.told(t, mark, "the flash back", usbhid.Flash, usbhid.Flash)
	first.lights(t, usbhid.LEDOffHook)
	d.shows(t, "pc-talks", masks.time)
}

// secondProgram: another program rings, and its report says nothing of the first one's call, which stands all the same.
func (d *desktop) secondProgram(t *testing.T, first, second *softphone) {
	second.lights(t, usbhid.LEDRing)
	d.shows(t, "pc-second-rings", masks.time, masks.rings)
	first.lights(t, usbhid.LEDOffHook)
	d.shows(t, "pc-talks", masks.time)
	for _, i := range first.reports(0)[max(0, len(first.reports(0))-1):] {
		if i&usbhid.HookSwitch == 0 {
			t.Errorf("the first program is told %v: its call does not stand", i)
		}
	}
}

// calledMeanwhile: somebody calls the phone; answered, the program is asked to hold, and when that call is over, to go on.
func (d *desktop) calledMeanwhile(t *testing.T, first *softphone) {
	p := d.enter(t, cast{make: "baresip", user: "201", host: 61, codecs: []string{"opus"}})
	calls, mark := p.Mark(), first.mark()
	must(t, p.Dial(soon(t), "sip:"+phoneUser+"@"+domain))
	d.shows(t, "pc-talks-201-rings", masks.time, masks.rings, masks.past)
	settle(t, guard)
	d.press(t, hal.Soft1)
	must(t, p.WaitTalking(soon(t), calls))
	first.told(t, mark, "the flash that asks to hold", usbhid.Flash, usbhid.Flash)
	first.told(t, mark, "that the line is busy", usbhid.LineBusy, usbhid.LineBusy)
	first.lights(t, usbhid.LEDHold)
	d.shows(t, "talking-201-beside-pc", masks.time, masks.timer, masks.trace, masks.foot)
	mark = first.mark()
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), calls))
	first.told(t, mark, "the flash that asks to go on", usbhid.Flash, usbhid.Flash)
	first.lights(t, usbhid.LEDOffHook)
	settle(t, 4*time.Second) // for as long as the page of a call that ended stands
	d.shows(t, "pc-talks", masks.time)
}

// pcEnded: the handset laid down tells both programs that the call is to end.
func (d *desktop) pcEnded(t *testing.T, first, second *softphone) {
	mark, too := first.mark(), second.mark()
	must(t, d.phone.Hook(soon(t), false))
	first.told(t, mark, "the handset laid down", usbhid.HookSwitch, 0)
	second.told(t, too, "the handset laid down, second program", usbhid.HookSwitch, 0)
	first.lights(t, 0)
	d.shows(t, "home", masks.clock, masks.day, masks.redial)
}

// keyCodes are what evdev calls the volume keys.
var keyCodes = map[hal.Key]string{hal.VolumeUp: "115", hal.VolumeDown: "114"}

// volumes: the laptop's mixer turns what the phone plays, mutes it, and the phone's volume keys are keys of the laptop's.
func (d *desktop) volumes(t *testing.T) {
	const length = 40 * time.Second
	d.load(t, tone(1000, length))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := d.pc.Start(ctx, wire.Command{Argv: []string{"aplay", "-q", "-D", "plughw:0", toPlay}})
	must(t, err)
	speaker := d.tape(t, d.phone.Speaker())
	defer speaker.Close()
	// levelAfter sets the mixer and gives how loud the tone is then.
	levelAfter := func(what string) float64 {
		d.volume(t, what)
		from := speaker.Length() + 700*time.Millisecond
		must(t, speaker.WaitLength(soon(t), from+time.Second))
		c, err := speaker.Cut(from, from+time.Second)
		must(t, err)
		return loudest(c, 1000)
	}
	full, half, muted, again := levelAfter(unity), levelAfter("40%"), levelAfter("mute"), levelAfter("unmute")
	t.Logf("the tone has %.1f dB, at 40 %% %.1f dB, muted %.1f dB, and again %.1f dB", full, half, muted, again)
	if full < toneLevel-6 || half > full-6 || muted > -80 || again < half-3 || again > half+3 {
		t.Errorf("the tone has %.1f dB, at 40 %% %.1f dB, muted %.1f dB, and again %.1f dB", full, half, muted, again)
	}
	event := regexp.MustCompile(`event\d+`).FindString(d.run(t, "sh", "-c", "grep -l '"+boards.QEMUArm.USB.Name+"' /sys/class/input/event*/device/name"))
	keys := d.dumped(t, "/dev/input/"+event, "d2", 24)
	for key, code := range keyCodes {
		mark := keys.Log.Len()
		d.press(t, key)
		pressed := regexp.MustCompile(`\s1\s+` + code + `\s+1\s+0\s`)
		must(t, lab.Poll(soon(t), "key "+code+" on the laptop", func() (bool, error) { return pressed.MatchString(keys.Log.Since(mark)), nil }))
	}
	p.Stop()
}
