package e2e

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// want is how well speech must arrive.
type want struct {
	correlation float64 // at least
	louder      float64 // how much louder the peer plays than we do, dB
}

// page names the peer in the names of pictures.
func (c cast) page() string {
	if c.srtp {
		return c.user + "-encrypted"
	}
	return c.user
}

// callRow is one call in each direction with one peer.
type callRow struct {
	name string
	peer cast
	full bool // with hold and resume
	want want
}

// Every peer with every codec; full calls where the codec is the peer's first choice. linphonec's
// G.722 takes and gives half of everybody else's level, see its test in the lab.
var callRows = []callRow{
	{"baresip opus", cast{make: "baresip", user: "201", host: 11, codecs: []string{"opus"}}, true, want{correlation: 0.8}},
	{"baresip G722", cast{make: "baresip", user: "201", host: 11, codecs: []string{"G722"}}, false, want{correlation: 0.85}},
	{"baresip PCMA", cast{make: "baresip", user: "201", host: 11, codecs: []string{"PCMA"}}, false, want{correlation: 0.85}},
	{"linphonec opus", cast{make: "linphonec", user: "202", host: 12, codecs: []string{"opus"}}, true, want{correlation: 0.75}},
	{"linphonec G722", cast{make: "linphonec", user: "202", host: 12, codecs: []string{"G722"}}, false, want{correlation: 0.85, louder: 6}},
	{"linphonec PCMA", cast{make: "linphonec", user: "202", host: 12, codecs: []string{"PCMA"}}, false, want{correlation: 0.85}},
}

// TestCalls boots one phone, registers it over TLS, and has it called and call.
func TestCalls(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings("")})
	uris := s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	if !strings.Contains(uris[0], "transport=tls") {
		t.Errorf("registered contact %s is not reached over TLS", uris[0])
	}
	s.shows(t, "home-fresh", masks.clock, masks.day)
	s.callAll(t, callRows)
	t.Run("fork", s.forked)
	t.Run("picked up elsewhere", s.pickedUpElsewhere)
}

// srtpRows are calls of a line that requires SRTP, with peers that require it too.
var srtpRows = []callRow{
	{"baresip SRTP", cast{make: "baresip", user: "201", host: 11, codecs: []string{"opus"}, srtp: true}, true, want{correlation: 0.8}},
	{"linphonec SRTP", cast{make: "linphonec", user: "202", host: 12, codecs: []string{"opus"}, srtp: true}, false, want{correlation: 0.75}},
}

// TestCallsWithSRTP does the same with a line on which encryption is required.
func TestCallsWithSRTP(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings("srtp = \"required\"\n")})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	s.shows(t, "home-fresh", masks.clock, masks.day)
	s.callAll(t, srtpRows)
}

// TestCallsWithOptionalSRTP meets a peer that requires SRTP with a line on which it is optional: the
// peer refuses keys beside plain RTP, and the phone's second offer is the one that the peer wants.
func TestCallsWithOptionalSRTP(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings("srtp = \"optional\"\n")})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	s.shows(t, "home-fresh", masks.clock, masks.day)
	s.callAll(t, srtpRows[:1])
}

// TestCallsWithL16 has a line speak sound as it is, at 16 kHz, to a peer that knows it at every rate.
func TestCallsWithL16(t *testing.T) {
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings("codecs = [\"L16\"]\n")})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	s.shows(t, "home-fresh", masks.clock, masks.day)
	s.callAll(t, []callRow{{"baresip L16", cast{make: "baresip", user: "201", host: 11, codecs: []string{"L16"}}, false, want{correlation: 0.9}}})
}

func (s *scene) callAll(t *testing.T, rows []callRow) {
	s.calm(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p := s.enter(t, row.peer)
			t.Run("in", func(t *testing.T) { s.callIn(t, p, row) })
			t.Run("out", func(t *testing.T) { s.callOut(t, p, row) })
		})
	}
}

// callIn: the peer calls; Answer, talk, Hold, Resume, End, all by keys.
func (s *scene) callIn(t *testing.T, p lab.Peer, row callRow) {
	defer s.backHome(t)
	mark, wire := p.Mark(), s.wire.Mark()
	must(t, p.Record(soon(t)))
	must(t, p.Dial(soon(t), "sip:"+phoneUser+"@"+domain))
	s.rings(t, row)
	s.press(t, hal.Soft1)
	must(t, p.WaitTalking(soon(t), mark))
	s.shows(t, "talking-"+row.peer.page(), masks.time, masks.timer, masks.trace, masks.foot)
	s.encrypted(t, wire, row)
	said := []lab.Clip{s.talk(t, p, row, 5*time.Second)}
	if row.full {
		said = append(said, s.holdAndResume(t, p, row))
	}
	s.press(t, hal.Soft5)
	must(t, p.WaitEnded(soon(t), mark))
	s.recorded(t, p, row, said...)
	s.shows(t, "ended-"+row.peer.page(), masks.time, masks.timer, masks.ended)
}

// calm waits until the phone that has just been started has nothing more to do. An emulated one takes
// twice as long for everything that it does for the first time.
func (s *scene) calm(t *testing.T) {
	t.Helper()
	for range 30 {
		before := lab.CPUTime(s.phone.PID())
		settle(t, time.Second)
		if lab.CPUTime(s.phone.PID())-before < 700*time.Millisecond {
			return
		}
	}
	t.Log("the phone does not come to rest: this machine is slow")
}

// rings waits for the caller's page and for the time in which it takes no keys.
func (s *scene) rings(t *testing.T, row callRow) {
	t.Helper()
	s.shows(t, "ringing-"+row.peer.page(), masks.time, masks.rings, masks.past)
	settle(t, guard)
}

// callOut: the phone dials the peer by its keys; the peer answers and later hangs up.
func (s *scene) callOut(t *testing.T, p lab.Peer, row callRow) {
	defer s.backHome(t)
	mark, wire := p.Mark(), s.wire.Mark()
	must(t, p.Record(soon(t)))
	s.dial(t, row.peer.user)
	must(t, p.WaitRinging(soon(t), mark))
	s.shows(t, "ringback-"+row.peer.page(), masks.time, masks.timer, masks.trace, masks.foot)
	must(t, p.Answer(soon(t)))
	must(t, p.WaitTalking(soon(t), mark))
	s.encrypted(t, wire, row)
	said := s.talk(t, p, row, 3*time.Second)
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))
	s.recorded(t, p, row, said)
}

// backHome waits until the page that a call has left behind is gone, so that the next one starts
// from home. After a scenario that failed it finds the way there first: End if there is a call still,
// Back out of wherever a key that came late has led.
func (s *scene) backHome(t *testing.T) {
	t.Helper()
	if *update || t.Failed() {
		settle(t, 4*time.Second) // for as long as the page of a call that ended stands
	}
	for _, k := range []hal.Key{hal.Back, hal.Back, hal.Back, hal.Soft5} {
		if !t.Failed() || s.isHome(t) {
			break
		}
		s.press(t, k)
		settle(t, time.Second)
	}
	if t.Failed() {
		settle(t, 4*time.Second)
	}
	s.shows(t, "home", masks.clock, masks.day, masks.redial)
}

// isHome tells whether home is shown now.
func (s *scene) isHome(t *testing.T) bool {
	t.Helper()
	pic, err := s.phone.Screenshot(soon(t))
	g := s.golden
	g.Accept = false
	return err == nil && g.Check("home", pic, masks.clock, masks.day, masks.redial) == nil
}

// encrypted checks what went over the wire since mark: SRTP where it is required.
func (s *scene) encrypted(t *testing.T, mark int, row callRow) {
	t.Helper()
	if !row.peer.srtp {
		return
	}
	// The peer may say that it talks a little before its answer is on the wire.
	_, err := s.wire.Wait(soon(t), mark, "an answer with RTP/SAVP and a key", func(p lab.Packet) bool {
		return p.Response(200, "INVITE") && strings.Contains(string(p.Data), "RTP/SAVP") && strings.Contains(string(p.Data), "a=crypto:")
	})
	if err != nil {
		t.Errorf("SRTP was required: %v", err)
	}
}

// Real time is asked of a machine that others may use too. Speech that was heard badly while the
// machine kept a program waiting is spoken again, so often; what is the phone's own fault fails at once.
// Waits are those of one thread within a tenth of a second.
const (
	tries = 4
	busy  = 15 * time.Millisecond // waits that may be heard: an emulated phone in a call has little time to make up for them
	stall = 60 * time.Millisecond // waits that are heard, so that a recording need not be judged
)

// talk has both ends speak for a while and scores what each heard. It gives what the phone's
// microphone heard, for peers whose recording can be read after the call only.
func (s *scene) talk(t *testing.T, p lab.Peer, row callRow, d time.Duration) lab.Clip {
	t.Helper()
	for n := 1; ; n++ {
		watch := lab.WatchStalls(s.phone.PID(), p.Process().PID())
		says, faults := s.speak(t, p, row, d)
		waited := watch.Worst()
		// A recording that is judged later cannot be made again then.
		late := row.peer.make != "baresip" || s.held
		if n < tries && (len(faults) > 0 && waited > busy || late && waited > stall) {
			t.Logf("the machine kept a program waiting for %v: once more (%v)", waited, faults)
			continue
		}
		for _, f := range faults {
			t.Errorf("%v (longest wait for the machine %v)", f, waited)
		}
		return says
	}
}

// speak is one try of talk; it gives what was wrong.
func (s *scene) speak(t *testing.T, p lab.Peer, row callRow, d time.Duration) (says lab.Clip, faults []error) {
	t.Helper()
	says, answer := ourVoice(t), theirVoice(t)
	// Each talk says something else, so that one cannot be taken for another.
	s.said = (s.said + 10*time.Second) % (speechLength - 10*time.Second)
	says = says.Cut(s.said, s.said+d)
	speaker := s.tape(t, s.phone.Speaker())
	defer speaker.Close()
	settle(t, time.Second/2) // as people do; linphonec loses what comes in its first moments
	began := speaker.Length()
	spokeAt, err := s.phone.Say(soon(t), says)
	must(t, err)
	must(t, speaker.WaitLength(soon(t), began+d+time.Second))
	heard, err := speaker.Cut(began+time.Second/2, began+d+time.Second)
	must(t, err)
	if _, err := s.score(t, "phone", answer, heard, row.want.correlation, -row.want.louder); err != nil {
		faults = append(faults, err)
	}
	if row.peer.make == "baresip" && !s.held {
		if err := s.peerHeard(t, p, says, spokeAt, row.want.correlation); err != nil {
			faults = append(faults, err)
		}
	}
	return says, faults
}

// flows counts the phone's packets for a second: for baresip, which records up to the first hold.
func (s *scene) flows(t *testing.T) {
	t.Helper()
	for n := 1; ; n++ {
		watch := lab.WatchStalls(s.phone.PID())
		sent, due := s.sent(t, time.Second)
		waited := watch.Worst()
		switch good := sent >= due*9/10 && sent <= due*11/10; {
		case good:
			return
		case n < tries && waited > busy:
			t.Logf("the machine kept the phone waiting for %v, and it sent %d packets where %d are due: once more", waited, sent, due)
		default:
			t.Errorf("the phone sent %d packets where %d are due (longest wait for the machine %v)", sent, due, waited)
			return
		}
	}
}

// sent counts the packets that the phone sends in a time, and those of 20 ms that are due.
func (s *scene) sent(t *testing.T, in time.Duration) (sent, due int) {
	t.Helper()
	wire, began := s.wire.Mark(), time.Now()
	settle(t, in)
	due = int(time.Since(began) / (20 * time.Millisecond))
	for _, p := range s.wire.Since(wire) {
		if p.RTP() && p.Src.Addr() == s.phone.Addr() {
			sent++
		}
	}
	return sent, due
}

// peerHeard scores what the peer has recorded of the phone's microphone, and tells the delay from
// the phone's sound card to the peer's recording.
func (s *scene) peerHeard(t *testing.T, p lab.Peer, says lab.Clip, spokeAt time.Time, corr float64) error {
	t.Helper()
	tape := s.tape(t, p.Recording())
	defer tape.Close()
	before, now := tape.Length(), time.Now()
	from := max(0, before-says.Duration()-2*time.Second)
	heard, err := tape.Cut(from, before)
	must(t, err)
	score, err := s.score(t, "peer", says, heard, corr, 0)
	// The start of the speech stands at this place of the recording, whose end is being written now.
	writtenAt := now.Add(-(before - from - score.Delay))
	t.Logf("from microphone to peer %.0f ms", float64(writtenAt.Sub(spokeAt))/1e6)
	return err
}

// recorded scores the speech in the recording of a peer that had to end its call first.
func (s *scene) recorded(t *testing.T, p lab.Peer, row callRow, said ...lab.Clip) {
	t.Helper()
	if row.peer.make == "baresip" {
		return
	}
	rec, err := lab.ReadWAV(p.Recording())
	must(t, err)
	for _, clip := range said {
		if _, err := s.score(t, "peer", clip, rec, row.want.correlation, row.want.louder); err != nil {
			t.Error(err)
		}
	}
}

func (s *scene) tape(t *testing.T, path string) *lab.Tape {
	t.Helper()
	tape, err := lab.OpenTape(soon(t), func() (string, error) { return path, nil })
	must(t, err)
	return tape
}

// What speech must reach beside the correlation of its row, on the twin and in QEMU alike: shares of it
// that are missing or silent, and dB.
const (
	mostMissing = 0.1
	mostGaps    = 0.05
	mostLevel   = 3
)

// score finds out how well a reference was heard, and what is wrong with that.
func (s *scene) score(t *testing.T, who string, ref, heard lab.Clip, corr, louder float64) (lab.Score, error) {
	t.Helper()
	score, err := lab.Find(ref, heard)
	if err == nil {
		t.Logf("%s heard %v", who, score)
	}
	switch {
	case err != nil:
		err = fmt.Errorf("%s: %w", who, err)
	case score.Correlation < corr:
		err = fmt.Errorf("%s: correlation %.3f, want %.2f", who, score.Correlation, corr)
	case score.Missing > mostMissing || score.Gaps > mostGaps:
		err = fmt.Errorf("%s: %.1f %% missing, %.1f %% gaps", who, 100*score.Missing, 100*score.Gaps)
	case math.Abs(score.Level-louder) > mostLevel:
		err = fmt.Errorf("%s: level %+.1f dB, want %+.1f", who, score.Level, louder)
	}
	if err != nil {
		s.keep(t, who, heard)
	}
	return score, err
}

// keep leaves a recording that was scored badly among the results.
func (s *scene) keep(t *testing.T, who string, heard lab.Clip) {
	t.Helper()
	name := strings.ReplaceAll(t.Name(), "/", "-") + "-" + who + "-heard.wav"
	must(t, heard.WriteWAV(filepath.Join(s.dir, name), 1))
}

// holdAndResume presses Hold, hears silence at the peer, presses Resume and hears speech again.
func (s *scene) holdAndResume(t *testing.T, p lab.Peer, row callRow) lab.Clip {
	t.Helper()
	speaker := s.tape(t, s.phone.Speaker())
	defer speaker.Close()
	s.press(t, hal.Soft1)
	s.shows(t, "held-"+row.peer.page(), masks.time, masks.timer, masks.trace, masks.foot)
	held := speaker.Length() + time.Second/2
	must(t, speaker.WaitLength(soon(t), held+time.Second))
	silence, err := speaker.Cut(held, held+time.Second)
	must(t, err)
	if level := silence.RMS(); level > -60 {
		t.Errorf("on hold the phone plays sound of %.0f dB", level)
	}
	s.press(t, hal.Soft1)
	s.shows(t, "talking-"+row.peer.page(), masks.time, masks.timer, masks.trace, masks.foot)
	s.held = true
	defer func() { s.held = false }()
	s.flows(t)
	return s.talk(t, p, row, 3*time.Second)
}

// forked: the number has two phones; both ring, one answers, the other stops.
func (s *scene) forked(t *testing.T) {
	first := s.enter(t, cast{make: "baresip", user: "203", host: 13, instance: "a", codecs: []string{"opus"}})
	second := s.enter(t, cast{make: "baresip", user: "203", host: 14, instance: "b", codecs: []string{"opus"}})
	s.atRegistrar(t, "203", 2, 10*time.Second)
	row := callRow{peer: cast{make: "baresip", user: "203"}, want: want{correlation: 0.8}}
	defer s.backHome(t)
	mark, other, wire := first.Mark(), second.Mark(), s.wire.Mark()
	s.dial(t, "203")
	must(t, first.WaitRinging(soon(t), mark))
	must(t, second.WaitRinging(soon(t), other))
	must(t, first.Answer(soon(t)))
	must(t, first.WaitTalking(soon(t), mark))
	must(t, second.WaitEnded(soon(t), other))
	s.talk(t, first, row, 3*time.Second)
	if n := tags(s.wire.Since(wire), 180); n < 2 {
		t.Errorf("ringing came from %d phones, want 2", n)
	}
	s.press(t, hal.Soft5)
	must(t, first.WaitEnded(soon(t), mark))
}

// tags counts the different To tags in responses of a code to INVITE.
func tags(packets []lab.Packet, code int) int {
	seen := map[string]bool{}
	for _, p := range packets {
		if !p.Response(code, "INVITE") {
			continue
		}
		for line := range strings.Lines(string(p.Data)) {
			if to, ok := strings.CutPrefix(line, "To:"); ok {
				seen[strings.TrimSpace(to)] = true
			}
		}
	}
	return len(seen)
}

// pickedUpElsewhere: the phone is one of two at its own number; the other one answers, and the
// phone stops ringing.
func (s *scene) pickedUpElsewhere(t *testing.T) {
	caller := s.enter(t, cast{make: "baresip", user: "201", host: 11, codecs: []string{"opus"}})
	other := s.enter(t, cast{make: "baresip", user: phoneUser, host: 15, instance: "other", codecs: []string{"opus"}})
	s.atRegistrar(t, phoneUser, 2, 10*time.Second)
	defer s.backHome(t)
	mark, ringing := caller.Mark(), other.Mark()
	must(t, caller.Dial(soon(t), fmt.Sprintf("sip:%s@%s", phoneUser, domain)))
	must(t, other.WaitRinging(soon(t), ringing))
	s.shows(t, "ringing-201", masks.time, masks.rings, masks.past)
	must(t, other.Answer(soon(t)))
	must(t, caller.WaitTalking(soon(t), mark))
	s.shows(t, "picked-up-elsewhere", masks.clock, masks.day, masks.redial)
	must(t, caller.Hangup(soon(t)))
}
