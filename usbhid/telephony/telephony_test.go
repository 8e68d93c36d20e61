package telephony

import (
	"strings"
	"testing"
	"time"

	"opendeskphone/usbhid"
)

// desk plays a script against a machine. A word is a time to pass ("2s"), an action, or lamps the host sets
// ("off-hook+hold"); it yields what the machine reports.
type desk struct {
	t   *testing.T
	m   Machine
	now time.Time
}

var actions = map[string]Action{"answer": Answer, "decline": Decline, "hang-up": HangUp, "hold": HoldKey, "mute": MuteKey}

var lamps = map[string]usbhid.Output{
	"dark": 0, "off-hook": usbhid.LEDOffHook, "ring": usbhid.LEDRing, "held": usbhid.LEDHold, "muted": usbhid.LEDMute, "mic": usbhid.LEDMicrophone,
	"message": usbhid.LEDMessageWaiting, "ringer": usbhid.Ringer,
}

var bits = []struct {
	bit  usbhid.Input
	name string
}{{usbhid.HookSwitch, "hook"}, {usbhid.LineBusy, "busy"}, {usbhid.PhoneMute, "mute"}, {usbhid.Flash, "flash"}, {usbhid.Reject, "reject"}}

func written(in []usbhid.Input) string {
	var out []string
	for _, i := range in {
		var names []string
		for _, b := range bits {
			if i&b.bit != 0 {
				names = append(names, b.name)
			}
		}
		if len(names) == 0 {
			names = []string{"0"}
		}
		out = append(out, strings.Join(names, "+"))
	}
	return strings.Join(out, " ")
}

func (d *desk) play(word string) string {
	d.t.Helper()
	switch word {
	case "busy":
		return written(d.m.Busy(true))
	case "free":
		return written(d.m.Busy(false))
	case "plug":
		return written(d.m.Configured())
	case "pull":
		d.m.Unplugged()
		return ""
	}
	if a, ok := actions[word]; ok {
		return written(d.m.Act(d.now, a))
	}
	if wait, err := time.ParseDuration(word); err == nil {
		end := d.now.Add(wait)
		var out []usbhid.Input
		for next := d.m.Next(); !next.IsZero() && !next.After(end); next = d.m.Next() {
			d.now = next
			out = append(out, d.m.Tick(d.now)...)
		}
		d.now = end
		return written(out)
	}
	var o usbhid.Output
	for l := range strings.SplitSeq(word, "+") {
		bit, ok := lamps[l]
		if !ok {
			d.t.Fatalf("no lamp %q", l)
		}
		o |= bit
	}
	return written(d.m.Host(d.now, o))
}

func (d *desk) view() string {
	v, out := d.m.View(), ""
	for _, f := range []struct {
		on   bool
		name string
	}{{v.Ringing, "ringing"}, {v.Active, "active"}, {v.Held, "held"}, {v.Muted, "muted"}, {v.Waiting, "waiting"}, {v.NoControl, "no control"}} {
		if f.on {
			out += f.name + " "
		}
	}
	return strings.TrimSpace(out)
}

// Each row is a life of the machine: "word > reports" steps, and what is shown at the end.
func TestRules(t *testing.T) {
	for name, c := range map[string]struct{ script, view string }{
		"answer at the phone":           {"plug>0 ring>0 answer>hook off-hook 5s", "active"},
		"answer at the PC":              {"plug>0 ring>0 off-hook>hook 5s", "active"},
		"first words get the levels":    {"plug>0 message>0 dark busy>busy plug>busy message>busy", "waiting"},
		"decline":                       {"ring decline>reject 20ms>0 dark 5s", ""},
		"decline ignored":               {"ring decline>reject 20ms>0 5s", "ringing"},
		"caller gives up":               {"ring dark", ""},
		"caller gives up too early":     {"ring answer>hook dark 2s", ""},
		"ringer lamp rings too":         {"ringer", "ringing"},
		"PC calls":                      {"off-hook>hook off-hook", "active"},
		"hang up at the phone":          {"off-hook>hook hang-up>0 dark 5s", ""},
		"hang up beside other lamps":    {"off-hook>hook hang-up>0 off-hook+muted off-hook dark 5s", ""},
		"hang up at the PC":             {"off-hook>hook dark>0", ""},
		"hang-up ignored":               {"off-hook>hook hang-up>0 2s", "active"},
		"hang-up ignored, once more":    {"off-hook>hook hang-up>0 2s hang-up>0 dark", ""},
		"hang-up shown at once":         {"off-hook>hook hang-up>0 1s", ""},
		"answer ignored":                {"ring answer>hook 2s", "ringing"},
		"answer ignored, once more":     {"ring answer>hook 2s answer>hook ring+off-hook off-hook", "active"},
		"answered late":                 {"ring answer>hook 3s off-hook", "active"},
		"answer obeyed without a lamp":  {"ring answer>hook dark 10s", ""},
		"hold with off-hook dark":       {"off-hook>hook hold>hook+flash 20ms>hook held 5s", "active held"},
		"hold with off-hook lit":        {"off-hook>hook off-hook+held", "active held"},
		"resume":                        {"off-hook>hook held hold>hook+flash 20ms>hook off-hook 5s", "active"},
		"resume in two reports":         {"off-hook>hook held dark 100ms off-hook 5s", "active"},
		"ended while held":              {"off-hook>hook held dark 300ms>0", ""},
		"ended, hold lamp and hook":     {"off-hook>hook off-hook+held dark>0", ""},
		"hung up while held":            {"off-hook>hook held hang-up>0 dark 5s", ""},
		"held when plugged in":          {"plug>0 held>0", "active held"},
		"and resumed":                   {"plug>0 held>0 hold>flash 20ms>0 off-hook>hook", "active"},
		"second call: hold and answer":  {"off-hook>hook off-hook+ring answer>hook+flash 20ms>hook off-hook 5s", "active"},
		"second call declined":          {"off-hook>hook off-hook+ring decline>hook+reject 20ms>hook off-hook 5s", "active"},
		"mute by mute lamp":             {"off-hook>hook mute>hook+mute 20ms>hook off-hook+muted mute>hook+mute 20ms>hook off-hook 5s", "active"},
		"muted":                         {"off-hook>hook mute>hook+mute 20ms>hook off-hook+muted", "active muted"},
		"mute by microphone lamp":       {"off-hook>hook off-hook+mic", "active muted"},
		"mute lamp is preferred":        {"off-hook>hook off-hook+muted off-hook+mic", "active"},
		"mute ends with the call":       {"off-hook>hook off-hook+muted dark>0 off-hook>hook", "active"},
		"never mute by itself":          {"off-hook>hook mute>hook+mute 20ms>hook 5s", "active"},
		"mute pressed twice fast":       {"off-hook>hook mute>hook+mute 5ms mute 15ms>hook 20ms>hook+mute 20ms>hook 5s", "active"},
		"a key down while levels move":  {"off-hook>hook mute>hook+mute busy>hook+busy+mute 20ms>hook+busy", "active"},
		"busy":                          {"busy>busy free>0", ""},
		"busy keeps the call":           {"off-hook>hook busy>hook+busy free>hook", "active"},
		"busy is on the hook":           {"ring answer>hook dark 2s busy>busy", ""},
		"busy outlives a new plug":      {"busy>busy pull plug>busy", ""},
		"pulled":                        {"off-hook>hook pull", ""},
		"plugged in again":              {"off-hook>hook pull plug>0 off-hook>hook", "active"},
		"messages":                      {"message", "waiting"},
		"nothing to answer":             {"answer decline hang-up hold mute", ""},
		"three wishes unanswered":       {"off-hook>hook hold>hook+flash 2s>hook hold>hook+flash 2s>hook hold>hook+flash 2s>hook", "active no control"},
		"three wishes in a hurry":       {"off-hook>hook mute>hook+mute 1s>hook mute>hook+mute 1s>hook mute>hook+mute 1s>hook 1s", "active no control"},
		"other lamps are no answer":     {"off-hook>hook mute>hook+mute 1s>hook off-hook+message mute>hook+mute 1s>hook off-hook mute>hook+mute 2s>hook", "active no control"},
		"control comes back":            {"off-hook>hook hold>hook+flash 2s>hook hold>hook+flash 2s>hook hold>hook+flash 2s>hook hold>hook+flash 20ms>hook held", "active held"},
		"two programs, the other rings": {"off-hook>hook ring 100ms off-hook 1s", "active"},
		"two programs, still ringing":   {"off-hook>hook ring 1s off-hook+ring 1s", "ringing active"},
		"two programs, rings for long":  {"off-hook>hook ring 30s off-hook 1s", "active"},
		"two programs, call over":       {"off-hook>hook ring 200ms dark 299ms 1ms>0", ""},
		"two programs, over much later": {"off-hook>hook ring 5s dark 299ms 1ms>0", ""},
		"two programs, one is muted":    {"off-hook>hook off-hook+muted ring 1s off-hook+muted", "active muted"},
		"two programs, mute in between": {"off-hook>hook off-hook+muted ring 1s", "ringing active muted"},
		"two programs, user hangs up":   {"off-hook>hook ring hang-up>0 5s dark 5s", ""},
		"one program: over, then rings": {"off-hook>hook dark>0 ring", "ringing"},
	} {
		d := &desk{t: t, now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
		for _, step := range strings.Fields(c.script) {
			word, want, _ := strings.Cut(step, ">")
			if got := d.play(word); got != want {
				t.Errorf("%s: %q reports %q, want %q", name, word, got, want)
			}
		}
		if got := d.view(); got != c.view {
			t.Errorf("%s: shown %q, want %q", name, got, c.view)
		}
	}
}

// Two programs share the device and know nothing of each other: the second's calls come and go, and the first's call
// is not ended by that.
func TestTwoProgramsDoNotEndEachOthersCalls(t *testing.T) {
	d := &desk{t: t, now: time.Unix(0, 0)}
	d.play("plug")
	d.play("dark") // the second program opens the device as well
	said := ""
	for _, word := range strings.Fields("off-hook 10s ring 3s off-hook 1s ring 2s dark 50ms off-hook 5s ring 4s off-hook 10s") {
		said += " " + d.play(word)
	}
	if got := strings.Join(strings.Fields(said), " "); got != "hook" || d.view() != "active" {
		t.Errorf("reported %q, shown %q; want the hook off once, and the call", got, d.view())
	}
}

// Whatever host and user do, a key that goes down goes up, no key is pressed while another is, what is shown is what the
// host says as soon as no wish is in between, and time comes to rest.
func FuzzMachine(f *testing.F) {
	f.Add([]byte{0, 1, 4, 0, 6, 20, 2, 1})
	f.Add([]byte{0, 1, 1, 4, 1, 4, 2, 1, 0, 4, 1, 2, 2, 200})
	const levels = usbhid.HookSwitch | usbhid.LineBusy
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Machine
		now := time.Unix(0, 0)
		last := usbhid.Input(0)
		hear := func(in []usbhid.Input) {
			for _, i := range in {
				if now, was := i&^levels, last&^levels; now != 0 && was != 0 && now != was {
					t.Fatalf("%s after %s", written([]usbhid.Input{i}), written([]usbhid.Input{last}))
				}
				last = i
			}
		}
		for ; len(b) >= 2; b = b[2:] {
			switch v := b[1]; b[0] % 6 {
			case 0:
				hear(m.Host(now, usbhid.Output(v)))
			case 1:
				hear(m.Act(now, Action(v%byte(actionCount+1))))
			case 2:
				now = now.Add(time.Duration(v) * 20 * time.Millisecond)
				hear(m.Tick(now))
			case 3:
				hear(m.Busy(v%2 == 0))
			case 4:
				last = 0
				hear(m.Configured())
			case 5:
				m.Unplugged()
				last = m.in
			}
			if len(m.strokes) > maxWaiting || len(m.wishes) > maxWaiting {
				t.Fatalf("piles up: %+v", m)
			}
		}
		for i := 0; !m.Next().IsZero(); i++ {
			if i > 100 {
				t.Fatalf("no rest: %+v", m)
			}
			hear(m.Tick(m.Next()))
		}
		if last&^levels != 0 {
			t.Fatalf("a key stays down: %s", written([]usbhid.Input{last}))
		}
		if m.View().Active != m.stands() {
			t.Fatalf("shown %v, the host says %v: %+v", m.View().Active, m.stands(), m)
		}
	})
}

func TestActionsAreAllKnown(t *testing.T) {
	if len(actions) != int(actionCount) {
		t.Errorf("%d of %d actions are tested", len(actions), actionCount)
	}
}
