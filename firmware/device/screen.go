package device

import (
	"time"

	"opendeskphone/firmware/panel"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/recording"
	"opendeskphone/firmware/settings"
	"opendeskphone/hal"
	"opendeskphone/ui"
	"opendeskphone/ui/screen"
)

const (
	dimAfter = time.Minute      // of no use, until the screen dims (design tokens, [timeout])
	offAfter = 10 * time.Minute // until it goes out
)

// newScreen makes the screen and the panel before it. A board whose display cannot be had is a phone
// without a picture: hook and lamps still work.
func (d *Device) newScreen(s settings.Screen) error {
	var keys panel.Screen = blind{}
	if d.hardware.Display != nil {
		app, err := ui.New(d.hardware.Display, d.loop, screen.Sources{
			Contacts: &book{d: d}, Log: shownLog{d}, Media: d.voices, Settings: screenSettings{d}, Lock: d.keeper, Computers: shownComputers{d}, Recordings: shownRecordings{d.opts.Recordings}, Mailboxes: shownMailbox{d}, Ladders: ladders{d}, Reports: shownReports{d},
		}, d.log)
		if err != nil {
			return err
		}
		d.app, keys = app, app
	}
	d.panel = panel.New(panelConfig(s), d.loop, d.hardware, keys, d.log)
	return nil
}

// shownLog lets the screens read the call log, write notes to it, and delete from it.
type shownLog struct{ d *Device }

// Calls implements screen.Log.
func (s shownLog) Calls() []phone.Record { return s.d.store.Calls() }

// NoteLogged implements screen.Log.
func (s shownLog) NoteLogged(id, note string) error {
	defer s.d.controllers.LogChanged()
	return s.d.store.NoteLogged(id, note)
}

// DeleteCalls implements screen.Log.
func (s shownLog) DeleteCalls(ids ...string) int {
	defer s.d.controllers.LogChanged()
	return s.d.store.DeleteCalls(ids...)
}

// shownRecordings lets the screens list and delete recordings.
type shownRecordings struct{ shelves *recording.Shelves }

// Recordings implements screen.Recordings.
func (s shownRecordings) Recordings() []screen.RecordedCall {
	items := s.shelves.Items()
	out := make([]screen.RecordedCall, len(items))
	for i, it := range items {
		out[i] = screen.RecordedCall{ID: it.ID, OnStick: it.OnStick(), Number: it.With, Began: it.Began, Lasts: it.Lasts}
	}
	return out
}

// Stick implements screen.Recordings.
func (s shownRecordings) Stick() (wanted, there bool) { return s.shelves.Place() }

// DeleteRecording implements screen.Recordings.
func (s shownRecordings) DeleteRecording(id string) error { return s.shelves.Remove(id) }

// blind is the screen of a phone without a display.
type blind struct{}

// Key implements panel.Screen.
func (blind) Key(hal.KeyEvent) {}

// Touch implements panel.Screen.
func (blind) Touch(hal.Touch) {}

func panelConfig(s settings.Screen) panel.Config {
	return panel.Config{Brightness: s.Brightness, Dim: dimAfter, Off: offAfter}
}

func (d *Device) setScreen(s settings.Screen) {
	d.panel.Configure(panelConfig(s))
	d.refresh()
}

// refresh draws what is not part of the phone's state.
func (d *Device) refresh() {
	if d.app != nil {
		d.app.Refresh()
	}
}

// logCall keeps an ended call, with how it sounded, and shows it.
func (d *Device) logCall(r phone.Record) {
	r.Quality = d.voices.summary(r.Call)
	d.store.LogCall(r)
	d.refresh()
	d.controllers.LogChanged()
}
