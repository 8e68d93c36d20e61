package device

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"sync"
	"time"

	"opendeskphone/audio/engine"
	"opendeskphone/audio/quality"
	"opendeskphone/firmware/lines"
	"opendeskphone/firmware/media"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/usbsound"
	"opendeskphone/sip/ice"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/trace"
	"opendeskphone/ui/screen"
	"opendeskphone/ui/widget"
)

const (
	digitTime = 160 * time.Millisecond // how long a key is sent (RFC 4733 wants 40 ms at least)
	traceKept = 3 * 60 * 60            // seconds of a call's trace: 173 kB
	heardOf   = 4                      // ended calls whose figures are kept
)

// voices keeps the media session of each call: lines opens them, the engine mixes them, the screen
// asks how they sound.
type voices struct {
	factory func() *media.Factory
	muted   func() bool
	digit   func(phone.CallID, rune) // the far side pressed a key
	keyed   func(call phone.CallID, ok bool, why string)
	heard   func(phone.CallID, netip.AddrPort) // sound has come that was expected
	silent  func(netip.AddrPort)               // a page is over
	bound   func()                             // a call has got its voice
	pages   func(netip.AddrPort) *media.Factory
	ears    func() (stumbles uint64, room quality.Room)
	note    func(call phone.CallID, what trace.Meaning, text string) // for who looks at the call afterwards
	local   func(remote netip.Addr) (netip.Addr, error)              // our address as the far side sees it
	pc      *usbsound.Party

	mu       sync.Mutex
	opened   uint64
	named    map[string]*voice // as media knows them
	calls    map[phone.CallID]*voice
	ofPC     []widget.Second // what the PC plays and hears, while it streams
	past     []phone.CallID  // ended calls whose figures are kept, oldest first
	stumbles uint64          // until the last second
}

func newVoices(factory func() *media.Factory, muted func() bool, digit func(phone.CallID, rune), heard func(phone.CallID, netip.AddrPort), bound func(),
	ears func() (uint64, quality.Room), note func(phone.CallID, trace.Meaning, string), pc *usbsound.Party) *voices {
	return &voices{pc: pc, ears: ears, note: note, factory: factory, muted: muted, digit: digit, heard: heard, bound: bound, named: map[string]*voice{}, calls: map[phone.CallID]*voice{}}
}

// voice is a media session as lines sees it, with what is remembered of how it sounded.
type voice struct {
	*media.Session
	id    phone.CallID
	group netip.AddrPort // the paging group that it hears, if it is no call's
	trace []widget.Second
	began time.Time // of the trace
	sound quality.Account
	room  quality.Room
	last  media.Stats
	over  bool
	lost  bool // nothing has arrived for seconds, though something should

	callIDs []string // of its messages, the last is in force
	parts   [2]media.Period

	of     *voices
	agreed *offer.Media // nil until something is
	heard  bool         // the far side has been heard
	gaps   int          // seconds until gaps are noted again
}

// SendDTMF sends a digit; one too many for the queue is dropped, as a key pressed too fast would be.
func (v *voice) SendDTMF(digit rune) { _ = v.Session.SendDTMF(digit, digitTime) }

// Open implements lines.Voices.
func (v *voices) Open(reach ice.Config) (lines.Voice, error) {
	v.mu.Lock()
	v.opened++
	name := fmt.Sprint("voice ", v.opened)
	v.mu.Unlock()
	s, err := v.factory().Open(name, reach)
	if err != nil {
		return nil, err
	}
	out := &voice{Session: s, of: v}
	v.mu.Lock()
	v.named[name] = out
	v.mu.Unlock()
	return out, nil
}

// Listen implements lines.Voices.
func (v *voices) Listen(group netip.AddrPort) (lines.Voice, error) {
	name := "page " + group.String()
	s, err := v.pages(group).Open(name, ice.Config{})
	if err != nil {
		return nil, err
	}
	out := &voice{Session: s, of: v, group: group}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.named[name] = out
	return out, nil
}

// Release implements lines.Voices.
func (v *voices) Release(call phone.CallID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if c := v.calls[call]; c != nil {
		c.id = 0
		delete(v.calls, call)
	}
}

// Bind implements lines.Voices.
func (v *voices) Bind(call phone.CallID, of lines.Voice) {
	v.mu.Lock()
	of.(*voice).id = call
	v.calls[call] = of.(*voice)
	v.mu.Unlock()
	v.bound()
}

// Close implements lines.Voices: the session is over, its figures stay for a while.
func (v *voices) Close(of lines.Voice) {
	v.mu.Lock()
	defer v.mu.Unlock()
	o := of.(*voice)
	o.over = true
	maps.DeleteFunc(v.named, func(_ string, n *voice) bool { return n == o })
	if o.id == 0 {
		return
	}
	v.past = append(v.past, o.id)
	if len(v.past) > heardOf {
		delete(v.calls, v.past[0])
		v.past = v.past[1:]
	}
}

// happened takes what media tells of a session.
func (v *voices) happened(e media.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.named[e.Call]
	switch {
	case c == nil:
		return
	case c.group.IsValid():
		v.paged(c, e)
		return
	}
	switch e.Kind {
	case media.Lost:
		c.lost = true
		v.note(c.id, trace.SoundLost, "")
	case media.Back:
		c.lost = false
		v.note(c.id, trace.SoundBack, "")
	case media.Sent:
		v.note(c.id, trace.Heard, "")
	case media.Heard:
		what := trace.Hears
		if c.heard {
			what = trace.NewWay
		}
		c.heard = true
		v.note(c.id, what, e.From.String())
	case media.Digit:
		v.digit(c.id, e.Digit)
	case media.Keyed, media.Unkeyed:
		v.keyed(c.id, e.Kind == media.Keyed, e.Why)
	case media.Expected:
		v.heard(c.id, e.From)
	}
}

// paged takes what media tells of a paging group.
func (v *voices) paged(c *voice, e media.Event) {
	switch e.Kind {
	case media.Lost:
		v.silent(c.group)
	case media.Expected:
		v.heard(0, c.group)
	}
}

// party gives the session of a call as the engine mixes it; nil if it has none.
func (v *voices) party(call phone.CallID) engine.Party {
	v.mu.Lock()
	defer v.mu.Unlock()
	if c := v.calls[call]; c != nil && !c.over {
		return c
	}
	return nil
}

// Run notes once a second how each call sounds.
func (v *voices) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			v.second()
		}
	}
}

func (v *voices) second() {
	stumbles, room := v.ears()
	v.mu.Lock()
	defer v.mu.Unlock()
	muted, stumbled := v.muted(), stumbles > v.stumbles
	v.stumbles = stumbles
	if played, heard, on := v.pc.Levels(); on {
		v.ofPC = extended(v.ofPC, widget.Second{Heard: dbfs(played), Sent: dbfs(heard), Muted: muted})
	} else {
		v.ofPC = nil
	}
	for _, c := range v.calls {
		if !c.over {
			c.Session.Room(room)
			c.room = room
			c.second(c.Session.Stats(), muted, stumbled)
		}
	}
}

// second enters the last second of a call, unless it is in already.
func (v *voice) second(s media.Stats, muted, stumbled bool) {
	if s.Codec == "" || s.Received == 0 && s.Sent == 0 || s.Seconds == v.last.Seconds {
		return
	}
	if v.began.IsZero() {
		v.began = time.Now().Add(-time.Second)
	}
	arrived := float64(s.Received) - float64(v.last.Received)
	lost := max(0, float64(s.Jitterbuffer.Lost)-float64(v.last.Jitterbuffer.Lost))
	sec := widget.Second{Heard: dbfs(s.HeardLevels.Now), Sent: dbfs(s.SaidLevels.Now), Muted: muted, MOS: float32(s.LQ), FarLost: float32(s.Far.Loss)}
	switch {
	case v.lost:
		sec.Lost = 1
	case arrived+lost > 0:
		sec.Lost = float32(lost / (arrived + lost))
	}
	v.sound.Add(quality.Moment{
		LQ: s.LQ, CQ: s.CQ, Loss: s.Gone, Late: s.Late, Delay: s.Delay, Far: s.Far, Said: s.SaidLevels, Room: v.room, Codec: s.Codec,
		Muted: muted, Silent: v.lost, Stumble: stumbled || s.Dropped > v.last.Dropped,
	})
	v.noteGaps(sec.Lost)
	v.last = s
	v.trace = extended(v.trace, sec)
}

// summary sums up how the call has sounded, with the worst time of a fault.
func (v *voice) summary(f quality.Fault) quality.Summary {
	s := v.sound.Summary(f)
	s.Began, s.Codec, s.PacketMS, s.Delay, s.Jitter = v.began, codecWords(v.last.Codec), v.last.PacketMS, v.last.Delay, v.last.Jitter
	return s
}

// summary sums up a call that has ended, for the log.
func (v *voices) summary(call phone.CallID) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.calls[call]
	if c == nil || len(c.trace) == 0 {
		return ""
	}
	s := c.summary(c.sound.Whole())
	s.Timeline, s.Span = quality.Pack(quality.Squeeze(c.trace, quality.MaxBars)), len(c.trace)
	return s.String()
}

// fault is what ails a call now, or if nothing does, what ailed it.
func (v *voice) fault() quality.Fault {
	if f := v.sound.Now(); f > quality.NoFault && !v.over {
		return f
	}
	return v.sound.Whole()
}

// extended gives a trace with one more second; what is too old goes.
func extended(trace []widget.Second, sec widget.Second) []widget.Second {
	if trace = append(trace, sec); len(trace) > traceKept {
		trace = append(trace[:0:0], trace[len(trace)-traceKept/2:]...)
	}
	return trace
}

func dbfs(level float64) int8 { return int8(math.Max(-128, math.Min(0, math.Round(level)))) }

// Stats implements screen.Media.
func (v *voices) Stats(call phone.CallID) screen.Stats {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.calls[call]
	if call == screen.OfPC {
		return screen.Stats{Trace: v.ofPC}
	}
	if c == nil {
		return screen.Stats{}
	}
	s := c.last
	return screen.Stats{
		Codec: codecWords(s.Codec), Kbps: int(math.Round(s.RecvKbps)), Delay: s.Delay, Loss: s.Loss / 100, MOS: c.sound.Mark(),
		Dead: c.lost && !c.over, Trace: c.trace, Sum: c.summary(c.fault()), RTT: s.RTT, LQ: s.LQ, CQ: s.CQ, Far: s.Far, Said: s.SaidLevels, Heard: s.HeardLevels, Room: c.room,
	}
}

// codecWords is a codec's name with the sound it carries.
func codecWords(name string) string {
	bands := map[string]string{"opus": "Opus 48 kHz", "G722": "G.722 16 kHz", "PCMA": "G.711 A 8 kHz", "PCMU": "G.711 µ 8 kHz", "L16": "L16 8 kHz"}
	if w, ok := bands[name]; ok {
		return w
	}
	return name
}
