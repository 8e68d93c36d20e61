package screen

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/sip/trace"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/theme"
)

// world is a real phone core under the screens: what keys ask for happens, and the network answers by the script's bytes.
type world struct {
	*desk
	t     *testing.T
	st    phone.State
	full  *draw.Canvas
	looks int
}

func newWorld(t *testing.T, panel int, o Options) *world {
	p := theme.Panels[panel%len(theme.Panels)]
	d := newDesk(t, image.Pt(p.W, p.H), o)
	w := &world{desk: d, t: t, st: phone.New(config()), full: draw.NewCanvas(image.Pt(p.W, p.H), fonts)}
	w.event(phone.LineChanged{Line: 0, State: phone.LineRegistered})
	d.ladders.calls = map[phone.CallID]trace.Ladder{0: refused(), 1: answered()} // 0: of the calls in the log
	d.ladders.accounts = map[string]trace.Ladder{w.st.Lines[1].AOR: wrongPassword()}
	return w
}

func (w *world) step(in phone.Input) {
	before := w.st
	s, changes, effects, err := phone.Step(before, w.now, "test", in)
	if err != nil {
		w.Refused(err, w.now)
		return
	}
	w.st = s
	w.Changed(phone.Update{State: &s, Changes: changes}, &before, w.now)
	for _, e := range effects { // the PC's program does as it is told
		if e, ok := e.(phone.SendPC); ok && (e.Act == phone.PCHangup || e.Act == phone.PCDecline) {
			w.event(phone.PCCallChanged{})
		}
	}
}

func (w *world) event(e phone.Event) { w.step(e) }

// do carries out what the screens asked for.
func (w *world) do() {
	for _, c := range w.Commands() {
		w.step(c)
	}
}

// happen lets something happen that no key caused.
func (w *world) happen(b byte) {
	id := phone.CallID(0)
	if n := len(w.st.Calls); n > 0 {
		id = w.st.Calls[int(b>>4)%n].ID
	}
	names := []string{"", "Jonas Keller", "\u202eevil\x00name\n", "日本語のとても長い名前がここに立っています", "x"}
	switch b & 15 {
	case 0:
		w.event(phone.Invited{Ref: phone.Ref(b), Line: 0, Remote: phone.Peer{Name: names[int(b>>4)%len(names)], Number: "+491715550142"}})
	case 1:
		w.event(phone.Accepted{Call: id})
	case 2:
		w.event(phone.Confirmed{Call: id})
	case 3:
		w.event(phone.Byed{Call: id, Cause: phone.RemoteHangup})
	case 4:
		w.event(phone.Progressed{Call: id, Early: b&16 != 0})
	case 5:
		w.event(phone.CallFailed{Call: id, Cause: phone.Cause(b >> 4), Reason: names[int(b>>4)%len(names)]})
	case 6:
		w.event(phone.LineChanged{Line: phone.LineID(b >> 7), State: phone.LineState(b >> 4 & 3), Fault: phone.LineFault(b >> 4 % 10), Retry: w.now.Add(time.Minute)})
	case 7:
		w.event(phone.HookMoved{Off: b&16 != 0})
	case 8:
		w.event(phone.Noticed{Notice: phone.Notice(b >> 4 & 3), Text: names[int(b>>6)%len(names)]})
	case 9:
		w.event(phone.RemoteHeld{Call: id, On: b&16 != 0})
	case 10:
		w.book.people = append(w.book.people[:0:0], Contact{ID: "9", Name: names[int(b>>4)%len(names)], Numbers: []Number{{"other", names[int(b>>5)%len(names)]}}})
	case 11:
		w.sounds[id] = poor()
	case 12:
		w.options.o.Language, w.options.o.LargeText = []string{"en", "de", "??", "ar"}[int(b>>4)%4], b>>6 == 1
		w.options.o.Theme = []string{"auto", "light", "dark", "x"}[int(b>>4)%4]
	case 13:
		w.event([]phone.Event{phone.Able{Call: id, Refers: true, Replaces: true}, phone.Moved{Call: id}, phone.MoveProgressed{Call: id},
			phone.MoveRefused{Call: id, Cause: phone.UserBusy, Unable: b&16 != 0}}[int(b>>5)&3])
	case 14:
		if b>>4 < 4 {
			w.event(phone.PCStreams{Plays: b&16 != 0, Records: b&32 != 0})
		} else {
			w.event(phone.PCCallChanged{Ringing: b>>4 == 4, Active: b>>4 > 4, Held: b>>4 == 6, Muted: b>>4 == 7, NoControl: b>>4 == 7})
		}
	default:
		w.now = w.now.Add(time.Duration(b) * time.Second)
		w.Tick(&w.st, w.now)
	}
	w.do()
}

// look paints, and proves that painting what changed gives what painting all of it gives.
func (w *world) look() {
	w.Apply(w.options.o, &w.st, w.now)
	w.Draw(w.canvas.Next(), &w.st, w.now)
	w.canvas.Show()
	if w.looks++; w.looks%8 != 0 {
		return
	}
	w.full.Next().Reset(image.Pt(w.theme.W, w.theme.H), theme.RGB{R: 0xFF, A: 0xFF})
	w.full.Show() // nothing of the picture before is left
	w.Draw(w.full.Next(), &w.st, w.now)
	w.full.Show()
	if !bytes.Equal(w.full.Picture().Pix, w.canvas.Picture().Pix) {
		w.t.Fatal("what was repainted differs from the whole picture")
	}
}

// leave presses the last key until the home screen is there; a screen it does not lead out of is a dead end.
func (w *world) leave() {
	for range 40 {
		if w.Press(hal.Back, &w.st, w.now.Add(swallowTime)); choose(&w.st, w.ended.shows(w.now), len(w.menu)) == kindHome && len(w.over) == 0 {
			return
		}
		w.do()
		w.now = w.now.Add(time.Second)
		w.look()
	}
	w.t.Fatalf("40 presses of the last key did not lead home: %d menus, %d over, calls %+v", len(w.menu), len(w.over), w.st.Calls)
}

// FuzzKeys presses keys and lets things happen in any order.
func FuzzKeys(f *testing.F) {
	f.Add(uint8(0), []byte{byte(hal.Digit2), byte(hal.Digit4), byte(hal.Soft1), 0x81, 0x83})
	f.Add(uint8(1), []byte{byte(hal.Soft3), byte(hal.Digit5), byte(hal.OK), byte(hal.Soft3), byte(hal.Soft1), 0x80, byte(hal.Soft1), 0x82})
	f.Add(uint8(2), []byte{byte(hal.Soft5), byte(hal.OK), byte(hal.OK), byte(hal.OK), byte(hal.Digit7), byte(hal.Soft1), byte(hal.Soft1)})
	f.Add(uint8(3), []byte{0x80, byte(hal.OK), 0x82, 0x90, byte(hal.Soft1), 0x92, byte(hal.Soft4), byte(hal.Digit3), byte(hal.Down)})
	call := []byte{byte(hal.Digit2), byte(hal.Digit4), byte(hal.Digit4), byte(hal.Digit0), byte(hal.Soft1), 0x81}
	ask := append(call[:len(call):len(call)], byte(hal.Soft2), byte(hal.Digit6), byte(hal.Digit4), byte(hal.Down), byte(hal.Soft1), 0x91)
	f.Add(uint8(0), append(ask[:len(ask):len(ask)], byte(hal.Soft1), 0x9d, 0xad, 0x83))                                                                   // handed over
	f.Add(uint8(1), append(ask[:len(ask):len(ask)], byte(hal.Soft3), byte(hal.Digit2), byte(hal.Right), byte(hal.OK), byte(hal.Digit2), byte(hal.Soft3))) // a conference
	f.Add(uint8(3), append(call[:len(call):len(call)], 0x8d, byte(hal.Soft2), byte(hal.Soft3), byte(hal.OK), byte(hal.OK), byte(hal.Soft2), 0xed, byte(hal.Soft1)))
	f.Fuzz(func(t *testing.T, panel uint8, script []byte) { run(t, int(panel), script) })
}

// run plays a script: bytes below 64 are keys, those below 128 touches, the others are things that happen.
func run(t *testing.T, panel int, script []byte) {
	if len(script) > 60 {
		script = script[:60]
	}
	w := newWorld(t, panel, Options{Theme: "dark", Language: "en", Brightness: 80})
	for _, b := range script {
		w.now = w.now.Add(400 * time.Millisecond)
		switch {
		case b&0x80 != 0:
			w.happen(b & 0x7f)
		case b&0x40 != 0:
			p := image.Pt(int(b&7)*w.theme.W/8+20, int(b>>3&7)*w.theme.H/8+20)
			if what, ok := w.canvas.Shown().Touched(p); ok {
				w.Touch(what, &w.st, w.now)
			}
		default:
			w.Press(hal.Key(b&63), &w.st, w.now)
		}
		w.do()
		w.look()
		if at := w.Next(&w.st, w.now); !at.After(w.now) {
			t.Fatalf("the next change lies %v in the past", w.now.Sub(at))
		}
	}
	w.leave()
}

// TestRandomKeys is FuzzKeys with dice: many long scripts of keys that a hand would press.
func TestRandomKeys(t *testing.T) {
	scripts := 100
	if testing.Short() {
		scripts = 10
	}
	for seed := range scripts {
		dice := rand.New(rand.NewPCG(uint64(seed), 1))
		script := make([]byte, 60)
		for i := range script {
			switch n := dice.IntN(10); {
			case n < 6:
				script[i] = byte(1 + dice.IntN(int(hal.Hook)))
			case n < 7:
				script[i] = 0x40 | byte(dice.IntN(64))
			default:
				script[i] = 0x80 | byte(dice.IntN(128))
			}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) { run(t, seed, script) })
	}
}
