// Package screen holds the screens of the phone: what stands on each, and what each key does there. Which screen is shown
// is a pure function of phone.State and of what menus were opened (see choose); pressing a key gives commands for the
// phone and changes the menus. Nothing here waits, sleeps or reads a clock: time comes in.
package screen

import (
	"errors"
	"fmt"
	"image"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/theme"
	"opendeskphone/ui/widget"
)

// Screens is the state of the screens: which menus stand open, where the focus is, what message shows. It is for one
// goroutine.
type Screens struct {
	src    Sources
	theme  *theme.Theme
	words  *text.Catalogue
	people *people
	often  frequents

	menu    []page // opened from the home screen; waits while calls are shown
	over    []page // opened over the screen of a call
	home    *home
	locked  *locked
	dial    *dial
	shown   kind
	pairing phone.PairingStage // that was seen last
	member  memberID           // who has the focus in a conference
	pcAway  bool               // the page about the PC's sound was put away
	ended   endedCall
	steadyBars
	toast  string
	until  time.Time // of the toast
	volume bool      // the toast is the volume
	swallow,
	lastPress time.Time
	pressed  int // soft key just pressed, -1: none
	released time.Time
	commands []phone.Command
}

// New gives the screens for a panel. The theme and language come from the settings, by Apply.
func New(src Sources, t *theme.Theme) *Screens {
	s := &Screens{src: src, theme: t, words: text.Languages[0], people: newPeople(), pressed: -1}
	s.locked = &locked{}
	s.home, s.dial = &home{focus: -1}, &dial{focus: -1}
	return s
}

// page is one screen.
type page interface {
	draw(v *view)
	keys(v *view) []key            // soft keys, the last leads out
	press(v *view, k hal.Key) bool // any other key; false: not for this page
	touch(v *view, what int)       // something the page made touchable
}

// key is a soft key with what it does.
type key struct {
	label text.Label
	role  widget.KeyRole
	do    func()
}

// view is a moment in the life of the screens.
type view struct {
	*widget.Pen
	*Screens
	st  *phone.State
	now time.Time
}

// Apply takes theme and language from the settings. The colours never change during a call.
func (s *Screens) Apply(o Options, st *phone.State, now time.Time) {
	s.words = text.Find(o.Language)
	name := theme.Name(o.Theme).Resolve(now)
	if o.Contrast && name == theme.Light {
		name = theme.HCLight
	} else if o.Contrast {
		name = theme.HCDark
	}
	if s.theme.Name != name && len(st.Calls) == 0 {
		s.theme.Use(name)
	}
	s.theme.Enlarge(o.LargeText)
}

func (s *Screens) view(sc *draw.Scene, st *phone.State, now time.Time) *view {
	s.people.use(s.src.Contacts.Contacts(), &st.Config)
	return &view{Pen: &widget.Pen{Scene: sc, Theme: s.theme, Words: s.words}, Screens: s, st: st, now: now}
}

// do gives a command to the phone.
func (s *Screens) do(c phone.Command) { s.commands = append(s.commands, c) }

// Commands gives what the phone shall do since the last call of Commands.
func (s *Screens) Commands() []phone.Command {
	c := s.commands
	s.commands = nil
	return c
}

// Draw makes the picture of now.
func (s *Screens) Draw(sc *draw.Scene, st *phone.State, now time.Time) {
	sc.Reset(image.Pt(s.theme.W, s.theme.H), s.theme.Bg)
	if s.words.RightToLeft {
		sc.Mirror(0, s.theme.W)
	}
	v := s.view(sc, st, now)
	pg := s.page(v)
	pg.draw(v)
	keys := s.arranged(pg.keys(v))
	tabs := make([]widget.SoftKey, len(keys))
	for i, k := range keys {
		tabs[i] = widget.SoftKey{Label: k.label, Role: k.role, Pressed: i == s.pressed && now.Before(s.released)}
		if k.do != nil {
			sc.Within(0, s.theme.W, func() { sc.Touchable(v.SoftKeyBox(i, len(keys)), touchSoft+i) })
		}
	}
	v.SoftKeys(tabs)
	if s.toast != "" && now.Before(s.until) {
		if s.volume {
			level, most := volumeOf(st)
			v.Volume(s.volumeWords(st), level, most)
		} else {
			v.Toast(s.toast)
		}
	}
}

// arranged puts keys into the panel's tabs: the first goes first, the last goes last. Where there are only four tabs
// the fourth key moves up if the third is free or the fourth is More, which lists what the third does then; else the
// fourth has no place: what it does can be reached another way.
func (s *Screens) arranged(keys []key) []key {
	tabs := 5
	if s.theme.Layout() != theme.Wide || s.theme.LargeText {
		tabs = 4
	}
	out := make([]key, tabs)
	if len(keys) == 0 {
		return out
	}
	copy(out, keys[:min(len(keys), tabs)-1])
	if tabs == 4 && len(keys) == 5 && (out[2].do == nil || keys[3].label == s.words.Keys.More) {
		out[2] = keys[3]
	}
	out[tabs-1] = keys[len(keys)-1]
	return out
}

// What was touched: a soft key, a line tile, or a thing of the page.
const (
	touchSoft = 0
	touchTile = 10
	touchPage = 100
)

// Press takes a key of the phone.
func (s *Screens) Press(k hal.Key, st *phone.State, now time.Time) {
	v := s.view(nil, st, now)
	pg := s.page(v)
	if now.Before(s.swallow) && k != hal.Hook {
		return
	}
	s.lastPress = now
	k = s.mirrored(pg, k)
	switch {
	case k >= hal.Soft1 && k <= hal.Soft5:
		s.soft(v, pg, int(k-hal.Soft1))
	case k == hal.Back:
		s.soft(v, pg, len(s.arranged(nil))-1)
	case k >= hal.Line1 && k <= hal.Line5:
		s.lineKey(v, int(k-hal.Line1))
	default:
		if !pg.press(v, k) {
			s.phoneKey(v, k)
		}
	}
}

// Long takes a key that has been held for long: 0 is the + of an international number.
func (s *Screens) Long(k hal.Key, st *phone.State, now time.Time) {
	c := st.Foreground()
	pg := s.page(s.view(nil, st, now))
	if t, ok := pg.(*transferTo); ok && k == hal.Digit0 {
		t.plus()
	}
	if k == hal.Digit1 && s.shown == kindDial && c != nil && len(s.over) == 0 && c.Digits == "1" && st.Lock.Kind == phone.Unlocked {
		s.view(nil, st, now).holdOne(c)
	}
	if k == hal.Digit0 && s.shown == kindDial && c != nil && len(s.over) == 0 && strings.HasSuffix(c.Digits, "0") {
		s.do(phone.EraseDigit{})
		s.do(phone.Digit{Digit: '+'})
	}
}

// fixed is a page whose picture is not mirrored.
type fixed interface{ fixed() }

// mirrored takes a key to what it means on a mirrored picture: a soft key is that of the tab above it, and Left goes on.
func (s *Screens) mirrored(pg page, k hal.Key) hal.Key {
	_, stays := pg.(fixed)
	last := hal.Soft1 + hal.Key(len(s.arranged(nil))) - 1
	switch {
	case !s.words.RightToLeft:
	case k >= hal.Soft1 && k <= last:
		return hal.Soft1 + last - k
	case k == hal.Left && !stays:
		return hal.Right
	case k == hal.Right && !stays:
		return hal.Left
	}
	return k
}

func (s *Screens) soft(v *view, pg page, i int) {
	keys := s.arranged(pg.keys(v))
	if i >= len(keys) || keys[i].do == nil {
		return
	}
	s.pressed, s.released = i, v.now.Add(theme.KeyPress)
	keys[i].do()
}

// Touch takes a touch of something a scene of Draw made touchable.
func (s *Screens) Touch(what int, st *phone.State, now time.Time) {
	v := s.view(nil, st, now)
	pg := s.page(v)
	if now.Before(s.swallow) {
		return
	}
	s.lastPress = now
	switch {
	case what >= touchPage:
		pg.touch(v, what-touchPage)
	case what >= touchTile:
		s.lineKey(v, what-touchTile)
	default:
		s.soft(v, pg, what-touchSoft)
	}
}

// phoneKey is what a key does on any screen.
func (s *Screens) phoneKey(v *view, k hal.Key) {
	front := v.st.Foreground()
	switch k {
	case hal.Speaker:
		s.do(phone.PressPath{Path: phone.Speaker})
	case hal.Headset:
		s.do(phone.PressPath{Path: phone.Headset})
	case hal.Mute:
		s.do(phone.Mute{On: !v.st.MicMuted()})
	case hal.Hold:
		s.holdKey(v)
	case hal.VolumeUp, hal.VolumeDown:
		s.volumeKey(v, k == hal.VolumeUp)
	default:
		if d := k.Digit(); d != 0 && front != nil && (front.State == phone.Talking || front.State == phone.Ringback) {
			s.do(phone.SendDTMF{Call: front.ID, Digit: d})
		}
	}
}

func (s *Screens) holdKey(v *view) {
	if front := v.st.Foreground(); front != nil && front.State == phone.Talking {
		s.do(phone.Hold{Call: front.ID})
	} else if held := waiting(v.st); held != nil && front == nil {
		s.do(phone.Resume{Call: held.ID})
	}
}

// volumeKey silences a ring first, and turns what is heard after that.
func (s *Screens) volumeKey(v *view, up bool) {
	if c := v.st.First(phone.Ringing); c != nil && !c.Silenced && v.st.Foreground() == nil {
		s.do(phone.Silence{})
		return
	}
	steps := -1
	if up {
		steps = 1
	}
	s.do(phone.StepVolume{Steps: steps})
}

// lineKey is a line key or its tile: it answers, resumes, or takes the line for the next call.
func (s *Screens) lineKey(v *view, i int) {
	if i >= len(v.st.Lines) {
		if !v.setKey(i) {
			v.personKey(i)
		}
		return
	}
	if v.choosing() != nil {
		return
	}
	line := phone.LineID(i)
	for _, want := range []phone.CallState{phone.Ringing, phone.Held} {
		for j := range v.st.Calls {
			if c := &v.st.Calls[j]; c.Line == line && c.State == want && !c.Shadow {
				if want == phone.Ringing {
					s.do(phone.Answer{Call: c.ID})
				} else {
					s.do(phone.Resume{Call: c.ID})
				}
				return
			}
		}
	}
	if v.st.Lines[i].State == phone.LineFailing && v.st.Foreground() == nil {
		s.open(v, &faultPage{line: line, fault: true})
		return
	}
	if front := v.st.Foreground(); front != nil && front.State == phone.Dialing {
		s.dial.changeLine(v, line)
		return
	}
	s.do(phone.SelectLine{Line: line})
	if v.st.Foreground() == nil && len(v.st.Calls) == 0 && len(s.menu) == 0 && line == v.st.Selected {
		s.do(phone.Dial{Line: line})
	}
}

// say shows a message in the status bar; a newer one takes its place.
func (s *Screens) say(v *view, message string) {
	s.toast, s.until, s.volume = message, v.now.Add(theme.ToastTime), false
}

// Refused shows why the phone did not do what a key asked for.
func (s *Screens) Refused(err error, now time.Time) {
	var r phone.Refusal
	sentence := s.words.Refusals[0]
	if errors.As(err, &r) && int(r) < len(s.words.Refusals) {
		sentence = s.words.Refusals[r]
	}
	s.toast, s.until, s.volume = sentence, now.Add(theme.ToastTime), false
}

// open puts a page on top: over the screen of a call, or on the menus of the home screen.
func (s *Screens) open(v *view, pg page) {
	if v.st.Lock.Kind != phone.Unlocked {
		s.Refused(phone.Locked, v.now)
		return
	}
	if choose(v.st, s.ended.shows(v.now), 0) == kindHome {
		s.menu = append(s.menu, pg)
	} else {
		s.over = append(s.over, pg)
	}
}

// back leaves the page on top.
func (s *Screens) back() {
	switch {
	case len(s.over) > 0:
		s.over = s.over[:len(s.over)-1]
	case len(s.menu) > 0:
		s.menu = s.menu[:len(s.menu)-1]
	}
}

// Changed tells the screens what happened to the phone, so that they notice what no state shows: a call that ended, a
// volume that was turned.
func (s *Screens) Changed(u phone.Update, before *phone.State, now time.Time) {
	for _, c := range u.Changes {
		switch {
		case c.What == phone.VolumeChanged:
			s.toast, s.until, s.volume = "volume", now.Add(volumeTime), true
		case c.What == phone.JackChanged && u.State != nil:
			s.jackMoved(u.State, now)
		case c.What == phone.RecordingChanged && u.State != nil && u.State.Recording.Fault != phone.NoRecordingFault:
			s.say(s.view(nil, u.State, now), s.words.Recording.Faults[u.State.Recording.Fault])
		case c.What == phone.PlayingChanged && u.State != nil:
			s.messagePlays(u.State, now)
		case c.What == phone.CallChanged && c.To == phone.Ended:
			s.callEnded(before.Call(c.Call), c, u.State, now)
		case c.What == phone.CallChanged && c.To == phone.Talking && c.From == phone.Talking && u.State != nil:
			s.moveCame(before.Call(c.Call), u.State.Call(c.Call), u.State, now)
		}
	}
}

// jackMoved says that a headset was plugged in or pulled: the voice has gone there, or come from there.
func (s *Screens) jackMoved(st *phone.State, now time.Time) {
	words := s.words.Status.Unplugged
	if st.Jack {
		words = s.words.Status.Plugged
	}
	s.say(s.view(nil, st, now), words)
}

// callEnded keeps a call that was talked for the moment it stays on the screen. A consultation that came to nothing says
// who the user is back with.
func (s *Screens) callEnded(call *phone.Call, c phone.Change, st *phone.State, now time.Time) {
	switch {
	case call == nil || call.Shadow:
	case c.From == phone.Failed && call.ConsultOf != 0 && st != nil:
		if back := st.Call(call.ConsultOf); back != nil && back.State == phone.Talking {
			v := s.view(nil, st, now)
			s.say(v, fmt.Sprintf(s.words.Moves.BackWith, v.party(back.Remote).name))
		}
	case c.From == phone.Talking || c.From == phone.Held:
		s.ended.note(*call, c.Cause, now)
	}
}

// moveCame says that a call which went on meanwhile was not taken where it was to go.
func (s *Screens) moveCame(was, is *phone.Call, st *phone.State, now time.Time) {
	if was == nil || is == nil || was.MoveFailed == is.MoveFailed || is.Shadow {
		return
	}
	v := s.view(nil, st, now)
	if why, then := v.moveFailed(is); why != "" {
		s.say(v, strings.TrimSuffix(why+". "+then, ". "))
	}
}

const volumeTime = 1500 * time.Millisecond // how long a volume stays on the screen

// volumeOf gives the level that the volume keys turn now.
func volumeOf(st *phone.State) (level, most int) {
	if st.Foreground() == nil {
		return int(st.RingVolume), phone.VolumeMax
	}
	_, volume := st.HeardOn()
	return int(volume), phone.VolumeMax
}

func (s *Screens) volumeWords(st *phone.State) string {
	level, most := volumeOf(st)
	w := s.words.Status
	format := w.RingTone
	if st.Foreground() != nil {
		path, _ := st.HeardOn()
		format = [phone.PathCount]string{phone.Handset: w.HandsetVolume, phone.Headset: w.HeadsetVolume, phone.Speaker: w.SpeakerVolume}[path]
	}
	return fmt.Sprintf(format, level, most)
}
