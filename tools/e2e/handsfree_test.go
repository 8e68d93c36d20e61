package e2e

import (
	"testing"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab/desk"
)

// TestHandsFree holds a call on the loudspeaker in a room that gives everything back to the microphone, 9 dB down: the far
// side does not hear itself, hears us while it talks, and we hear it.
func TestHandsFree(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings(""), Twin: true, Room: true})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	row := callRow{peer: cast{make: "baresip", user: "201", host: 11, codecs: []string{"opus"}}, want: want{correlation: 0.8}}
	p := s.enter(t, row.peer)
	mark := p.Mark()
	must(t, p.Dial(soon(t), "sip:"+phoneUser+"@"+domain))
	s.rings(t, row)
	s.press(t, hal.Speaker)
	must(t, p.WaitTalking(soon(t), mark))

	tape := s.tape(t, p.Recording())
	defer tape.Close()
	must(t, tape.WaitLength(soon(t), 7*time.Second))
	heard, err := tape.Cut(2*time.Second, 7*time.Second)
	must(t, err)
	if level := heard.RMS(); level > -60 {
		t.Errorf("the far side alone talks, and hears itself at %.0f dB", level)
		s.keep(t, "peer", heard)
	}
	s.talk(t, p, row, 5*time.Second)
	s.press(t, hal.Speaker)
	must(t, p.WaitEnded(soon(t), mark))
}
