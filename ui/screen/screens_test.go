package screen

import (
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

func wide(t *testing.T) *desk {
	return newDesk(t, image.Pt(800, 480), Options{Theme: "dark", Language: "en", Brightness: 80, RingTone: "Classic"})
}

// press gives keys and returns the commands they led to.
func (d *desk) press(keys ...hal.Key) []phone.Command {
	d.Commands()
	for _, k := range keys {
		d.Press(k, d.st, d.now)
	}
	return d.Commands()
}

func (d *desk) texts() []string {
	d.paint()
	var out []string
	for _, w := range d.canvas.Shown().Words() {
		out = append(out, w.Text)
	}
	return out
}

func TestChoose(t *testing.T) {
	call := func(st phone.CallState) phone.Call { return phone.Call{ID: phone.CallID(st), State: st} }
	for _, c := range []struct {
		calls []phone.CallState
		ended bool
		menus int
		want  kind
	}{
		{nil, false, 0, kindHome}, {nil, false, 1, kindMenu}, {nil, true, 1, kindEnded},
		{[]phone.CallState{phone.Ringing}, false, 1, kindIncoming}, {[]phone.CallState{phone.Talking, phone.Ringing}, false, 0, kindSecond},
		{[]phone.CallState{phone.Held, phone.Ringing}, false, 0, kindIncoming}, {[]phone.CallState{phone.Talking, phone.Held}, false, 0, kindTwo},
		{[]phone.CallState{phone.Talking}, true, 2, kindTalk}, {[]phone.CallState{phone.Answering}, false, 0, kindTalk},
		{[]phone.CallState{phone.Held}, false, 0, kindHeld}, {[]phone.CallState{phone.Held, phone.Dialing}, false, 0, kindDial},
		{[]phone.CallState{phone.Calling}, false, 0, kindCalling}, {[]phone.CallState{phone.Ringback}, false, 0, kindCalling},
		{[]phone.CallState{phone.Failed}, true, 0, kindFailed}, {[]phone.CallState{phone.Dialing}, true, 0, kindDial},
	} {
		st := idle()
		for _, s := range c.calls {
			st.Calls = append(st.Calls, call(s))
		}
		if got := choose(st, c.ended, c.menus); got != c.want {
			t.Errorf("calls %v, ended %v, %d menus: screen %d, want %d", c.calls, c.ended, c.menus, got, c.want)
		}
	}
}

// TestLastKeyLeadsOut presses the last key on every screen: it must do something.
func TestLastKeyLeadsOut(t *testing.T) {
	for _, s := range situations() {
		d := wide(t)
		d.enter(s)
		if strings.HasPrefix(s.name, "home") || s.name == "toast" {
			continue
		}
		menus, over := len(d.menu), len(d.over)
		inside := false
		if menus > 0 {
			if p, ok := d.menu[menus-1].(*settings); ok {
				inside = p.inside
			}
		}
		commands := d.press(hal.Soft5)
		left := d.pcAway || len(d.menu) < menus || len(d.over) < over || len(commands) > 0 || inside || !d.ended.shows(d.now) && (s.name == "ended" || s.name == "transfer-done")
		if !left {
			t.Errorf("%s: the last key does nothing", s.name)
		}
	}
}

// TestEveryKeyDrawnDoesSomething finds dead keys: a label without an act.
func TestEveryKeyDrawnDoesSomething(t *testing.T) {
	for _, s := range situations() {
		d := wide(t)
		d.enter(s)
		v := d.view(nil, d.st, d.now)
		goes, halts := 0, 0
		for _, k := range d.page(v).keys(v) {
			if (k.label == text.Label{}) != (k.do == nil) {
				t.Errorf("%s: key %q has a label without an act, or the reverse", s.name, k.label.Long)
			}
			if k.role == widget.Go {
				goes++
			}
			if k.role == widget.Halt {
				halts++
			}
		}
		if goes > 1 || halts > 1 {
			t.Errorf("%s: %d keys go and %d stop; at most one each", s.name, goes, halts)
		}
	}
}

func TestNobodyAnswersByAccident(t *testing.T) {
	d := wide(t)
	d.paint()
	d.st = withCalls(other(7, phone.Ringing, jonas, 0))
	d.paint()
	if c := d.press(hal.Soft1); len(c) > 0 {
		t.Fatalf("a key pressed as the call came in led to %v", c)
	}
	d.now = d.now.Add(swallowTime)
	if c := d.press(hal.Soft1); !slices.Equal(c, []phone.Command{phone.Answer{Call: 7}}) {
		t.Fatalf("Answer led to %v", c)
	}
}

// A key pressed twice to pair does not say that digits nobody has read are the same.
func TestNobodyComparesDigitsByAccident(t *testing.T) {
	d := wide(t)
	at := func(stage phone.PairingStage) {
		st := *idle()
		st.PC.Stage, st.PC.With, st.PC.Digits = stage, "ANNA-LAPTOP", "147086"
		d.st = &st
		d.paint()
	}
	d.paint()
	for _, stage := range []phone.PairingStage{phone.PairingAsked, phone.PairingCompare} {
		at(stage)
		if c := d.press(hal.Soft1); len(c) > 0 {
			t.Errorf("stage %d: a key pressed as it came led to %v", stage, c)
		}
		d.now = d.now.Add(swallowTime)
		if c := d.press(hal.Soft1); !slices.Equal(c, []phone.Command{phone.AnswerPairing{Stage: stage, Yes: true}}) {
			t.Errorf("stage %d: the key led to %v", stage, c)
		}
	}
}

// TestPresses walks the acts of a call and counts: three presses at most.
func TestPresses(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []hal.Key
		want phone.Command
	}{
		{"end", []hal.Key{hal.Soft5}, phone.Hangup{Call: 1}},
		{"hold", []hal.Key{hal.Soft1}, phone.Hold{Call: 1}},
		{"hold by its key", []hal.Key{hal.Hold}, phone.Hold{Call: 1}},
		{"mute", []hal.Key{hal.Mute}, phone.Mute{On: true}},
		{"speaker", []hal.Key{hal.Speaker}, phone.PressPath{Path: phone.Speaker}},
		{"a tone", []hal.Key{hal.Digit7}, phone.SendDTMF{Call: 1, Digit: '7'}},
		{"mute by the menu", []hal.Key{hal.Soft4, hal.Digit1}, phone.Mute{On: true}},
		{"path by the menu", []hal.Key{hal.Soft4, hal.Digit3}, phone.SetPath{Path: phone.Speaker}},
		{"another call", []hal.Key{hal.Soft3}, phone.Dial{Line: 0}},
	} {
		d := wide(t)
		d.st = withCalls(talking(1, jonas, time.Minute))
		d.paint()
		if got := d.press(c.keys...); len(got) != 1 || got[0] != c.want || len(c.keys) > 3 {
			t.Errorf("%s: %d presses led to %v, want %v", c.name, len(c.keys), got, c.want)
		}
	}
}

func TestMenuWaitsForTheCall(t *testing.T) {
	d := wide(t)
	d.press(hal.Soft3, hal.Down, hal.Down)
	focus := d.menu[0].(*contacts).list.focus
	d.st = withCalls(other(7, phone.Ringing, jonas, 0))
	d.paint()
	d.st = idle()
	d.paint()
	if len(d.menu) != 1 || d.menu[0].(*contacts).list.focus != focus || focus != 2 {
		t.Fatalf("after the call %d menus stand open, focus %d", len(d.menu), focus)
	}
}

func TestPageOverACallGoesWithIt(t *testing.T) {
	d := wide(t)
	d.st = withCalls(talking(1, jonas, time.Minute))
	d.paint()
	d.press(hal.Soft4)
	ringing := withCalls(talking(1, jonas, time.Minute), other(2, phone.Ringing, ruth, 0))
	d.st = ringing
	if !slices.Contains(d.texts(), "Second call") {
		t.Fatal("a menu hides a second call that rings")
	}
	d.st = withCalls(talking(1, jonas, time.Minute))
	if !slices.Contains(d.texts(), "Mute the microphone") {
		t.Fatal("the menu is gone after the ring")
	}
	d.st = idle()
	d.paint()
	if len(d.over) > 0 {
		t.Fatal("the menu of a call outlives the call")
	}
}

func TestVolumeSilencesFirst(t *testing.T) {
	d := wide(t)
	ring := other(7, phone.Ringing, jonas, time.Second)
	d.st = withCalls(ring)
	d.paint()
	d.now = d.now.Add(swallowTime)
	if c := d.press(hal.VolumeDown); !slices.Equal(c, []phone.Command{phone.Silence{}}) {
		t.Fatalf("the first press led to %v", c)
	}
	ring.Silenced = true
	d.st = withCalls(ring)
	if c := d.press(hal.VolumeDown); !slices.Equal(c, []phone.Command{phone.StepVolume{Steps: -1}}) {
		t.Fatalf("the second press led to %v", c)
	}
}

func TestContactIsAdded(t *testing.T) {
	d := wide(t)
	d.book.people = nil
	d.press(hal.Soft3, hal.Soft4) // Contacts, Add
	for _, k := range []hal.Key{hal.Digit2, hal.Digit3} {
		d.press(k)
	}
	d.press(hal.Soft1) // Next
	d.press(hal.Digit1, hal.Digit0, hal.Digit2)
	d.press(hal.Soft1) // Save
	if len(d.book.people) != 1 || d.book.people[0].Name != "Ad" || d.book.people[0].Numbers[0].Value != "102" {
		t.Fatalf("the book holds %+v", d.book.people)
	}
	if got := d.texts(); !slices.Contains(got, "Ad is saved") {
		t.Fatalf("the screen says %q", got)
	}
}

func TestFullBookSaysSo(t *testing.T) {
	d := wide(t)
	d.book.fail = true
	d.press(hal.Soft3, hal.Soft4, hal.Digit2, hal.Soft1, hal.Digit1, hal.Soft1)
	if got := d.texts(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "Not saved.") }) {
		t.Fatalf("the screen says %q", got)
	}
}

func TestPasswordIsEnteredAndHidden(t *testing.T) {
	d := wide(t)
	d.st = idle()
	d.st.Lines[0].State, d.st.Lines[0].Fault = phone.LineFailing, phone.WrongPassword
	d.paint()
	d.press(hal.OK, hal.Digit7, hal.Digit2)
	d.now = d.now.Add(2 * time.Second)
	if got := d.texts(); slices.ContainsFunc(got, func(s string) bool { return s == "pa" || s == "•a" }) || !slices.Contains(got, "••") {
		t.Fatalf("the screen says %q", got)
	}
	d.press(hal.Soft1)
	if a := d.options.accounts[0]; a.Password != "pa" || a.User != "2417" {
		t.Fatalf("saved %+v", a)
	}
	if len(d.menu) != 0 {
		t.Fatalf("%d menus stand open after signing in", len(d.menu))
	}
}

func TestLanguageAndThemeChangeAtOnce(t *testing.T) {
	d := wide(t)
	d.press(hal.Soft5, hal.Down, hal.Down, hal.Right, hal.Down, hal.Right) // Settings, Screen, Theme
	if d.theme.Name != theme.Light {
		t.Fatalf("the theme is %s", d.theme.Name)
	}
	d.press(hal.Down, hal.Down, hal.Right)
	if got := d.texts(); !slices.Contains(got, "Einstellungen") {
		t.Fatalf("the screen says %q", got)
	}
}

func TestMissedCallsAreSeen(t *testing.T) {
	d := wide(t)
	if c := d.press(hal.Down, hal.OK, hal.Down); !slices.Contains(c, phone.Command(phone.SeeMissed{})) {
		t.Fatalf("opening the missed calls led to %v", c)
	}
}

func TestColoursStayInACall(t *testing.T) {
	d := wide(t)
	d.Apply(Options{Theme: "light"}, withCalls(talking(1, jonas, time.Minute)), now)
	if d.theme.Name != theme.Dark {
		t.Fatal("the theme changed during a call")
	}
}

func TestQualityIsSteady(t *testing.T) {
	var q steadyBars
	for i, c := range []struct{ bars, want int }{{0, 0}, {5, 5}, {2, 5}, {5, 5}, {2, 5}, {2, 5}, {2, 5}, {2, 2}} {
		if got := q.steady(1, c.bars, now.Add(time.Duration(i)*time.Second)); got != c.want {
			t.Errorf("second %d: %d bars shown, want %d", i, got, c.want)
		}
	}
}

func TestHostileNamesAreCleaned(t *testing.T) {
	d := wide(t)
	evil := phone.Peer{Name: "A\u202e\x00\nB\u200b" + strings.Repeat("x", 500), Number: "1\u2066\x1b[31m"}
	d.st = withCalls(other(7, phone.Ringing, evil, time.Second))
	for _, s := range d.texts() {
		if strings.ContainsAny(s, "\u202e\x00\n\u200b\u2066\x1b") || len(s) > 2*text.MaxName {
			t.Errorf("the screen says %q", s)
		}
	}
}

func TestRepeatedDrawAllocatesLittle(t *testing.T) {
	d := wide(t)
	d.st = withCalls(talking(1, jonas, time.Minute))
	d.paint()
	if n := testing.AllocsPerRun(100, func() { d.paint() }); n > 60 {
		t.Errorf("%v allocations for a picture that did not change", n)
	}
}

// BenchmarkFullPaint paints a whole screen, as when another one is called for.
func BenchmarkFullPaint(b *testing.B) {
	for _, s := range []situation{situations()[0], {name: "in-call", state: withCalls(talking(1, jonas, time.Minute))}} {
		b.Run(s.name, func(b *testing.B) {
			d := newDesk(b, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
			d.st = s.state
			for b.Loop() {
				d.canvas.Next().Reset(image.Pt(800, 480), theme.RGB{A: 0xFF})
				d.canvas.Show()
				d.paint()
			}
		})
	}
}

// BenchmarkUnchanged draws a screen on which nothing changed.
func BenchmarkUnchanged(b *testing.B) {
	d := newDesk(b, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
	for b.Loop() {
		d.paint()
	}
}

// BenchmarkFocus moves the focus in a list by one row.
func BenchmarkFocus(b *testing.B) {
	d := newDesk(b, image.Pt(800, 480), Options{Theme: "dark", Language: "en"})
	d.press(hal.Soft3)
	keys := []hal.Key{hal.Down, hal.Up}
	for i := 0; b.Loop(); i++ {
		d.press(keys[i%2])
		d.paint()
	}
}
