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
		"answer at the phone":           {"plug>0 ring answer>hook off-hook 5s", "active"},
		"answer at the PC":              {"plug>0 ring off-hook>hook 5s", "active"},
		"decline":                       {"ring decline>reject 20ms>0 dark 5s", ""},
		"caller gives up":               {"ring dark", ""},
		"ringer lamp rings too":         {"ringer", "ringing"},
		"PC calls":                      {"off-hook>hook off-hook", "active"},
		"hang up at the phone":          {"off-hook>hook hang-up>0 dark 5s", ""},
		"hang up at the PC":             {"off-hook>hook dark>0", ""},
		"hang-up ignored":               {"off-hook>hook hang-up>0 2s>hook", "active"},
		"answer ignored":                {"ring answer>hook 2s>0", "ringing"},
		"hold with off-hook dark":       {"off-hook>hook hold>hook+flash 20ms>hook held 5s", "active held"},
		"hold with off-hook lit":        {"off-hook>hook off-hook+held", "active held"},
		"resume":                        {"off-hook>hook held hold>hook+flash 20ms>hook off-hook 5s", "active"},
		"ended while held":              {"off-hook>hook held dark>0", ""},
		"second call: hold and answer":  {"off-hook>hook off-hook+ring answer>hook+flash 20ms>hook off-hook 5s", "active"},
		"mute by mute lamp":             {"off-hook>hook mute>hook+mute 20ms>hook off-hook+muted mute>hook+mute 20ms>hook off-hook 5s", "active"},
		"muted":                         {"off-hook>hook mute>hook+mute 20ms>hook off-hook+muted", "active muted"},
		"mute by microphone lamp":       {"off-hook>hook off-hook+mic", "active muted"},
		"mute lamp is preferred":        {"off-hook>hook off-hook+muted off-hook+mic", "active"},
		"mute ends with the call":       {"off-hook>hook off-hook+muted dark>0 off-hook>hook", "active"},
		"never mute by itself":          {"off-hook>hook mute>hook+mute 20ms>hook 5s", "active"},
		"busy":                          {"busy>busy free>0", ""},
		"busy keeps the call":           {"off-hook>hook busy>hook+busy free>hook", "active"},
		"busy outlives a new plug":      {"busy>busy pull plug>busy", ""},
		"pulled":                        {"off-hook>hook pull", ""},
		"plugged in again":              {"off-hook>hook pull plug>0 off-hook>hook", "active"},
		"messages":                      {"message", "waiting"},
		"nothing to answer":             {"answer decline hang-up hold mute", ""},
		"three wishes unanswered":       {"off-hook>hook hold>hook+flash 2s>hook hold>hook+flash 2s>hook hold>hook+flash 2s>hook", "active no control"},
		"control comes back":            {"off-hook>hook hold>hook+flash 2s>hook hold>hook+flash 2s>hook hold>hook+flash 2s>hook hold>hook+flash 20ms>hook held", "active held"},
		"two programs, the other rings": {"off-hook>hook ring 100ms off-hook 1s", "active"},
		"two programs, still ringing":   {"off-hook>hook ring 1s off-hook+ring 1s", "ringing active"},
		"two programs, call over":       {"off-hook>hook ring 200ms dark 300ms>0", ""},
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

// Whatever host and user do, a key that goes down goes up, the reports show what is shown, and time comes to rest.
func FuzzMachine(f *testing.F) {
	f.Add([]byte{0, 1, 4, 0, 6, 20, 2, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Machine
		now := time.Unix(0, 0)
		last := usbhid.Input(0)
		hear := func(in []usbhid.Input) {
			for _, i := range in {
				last = i
			}
		}
		for ; len(b) >= 2; b = b[2:] {
			switch v := b[1]; b[0] % 6 {
			case 0:
				hear(m.Host(now, usbhid.Output(v)))
			case 1:
				hear(m.Act(now, Action(v%byte(actionCount))))
			case 2:
				now = now.Add(time.Duration(v) * 20 * time.Millisecond)
				hear(m.Tick(now))
			case 3:
				hear(m.Busy(v%2 == 0))
			case 4:
				hear(m.Configured())
			case 5:
				m.Unplugged()
				last = m.in
			}
			if got := last&usbhid.HookSwitch != 0; got != m.View().Active {
				t.Fatalf("the host was told that the hook is off: %v, and the user that a call is active: %v", got, m.View().Active)
			}
		}
		ringing := m.out&usbhid.LEDRing != 0
		for i := 0; !m.Next().IsZero(); i++ {
			if i > 1000 && !(ringing && !m.doubtful.IsZero()) {
				t.Fatalf("no rest: %+v", m)
			} else if i > 1000 {
				break
			}
			hear(m.Tick(m.Next()))
		}
		if last&^(usbhid.HookSwitch|usbhid.LineBusy) != 0 {
			t.Fatalf("a key stays down: %s", written([]usbhid.Input{last}))
		}
	})
}

func TestActionsAreAllKnown(t *testing.T) {
	if len(actions) != int(actionCount) {
		t.Errorf("%d of %d actions are tested", len(actions), actionCount)
	}
}
