package usbsound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/usbhid"
	"opendeskphone/usbhid/telephony"
)

// Adapter carries between the phone and a PC: sound, telephone and volume.
type Adapter struct {
	control phone.Control
	post    func(phone.Event)
	party   *Party
	log     *slog.Logger
	acts    chan phone.PCAct
	steps   chan int
}

// New makes the adapter of a phone; nothing runs yet.
func New(control phone.Control, post func(phone.Event), log *slog.Logger) *Adapter {
	return &Adapter{control: control, post: post, party: NewParty(), log: log, acts: make(chan phone.PCAct, 8), steps: make(chan int, 8)}
}

// Party is the PC's sound for the engine.
func (a *Adapter) Party() *Party { return a.party }

// Exec takes the effects that are for the PC; it does not block. A key too many for a PC that does not take them is
// dropped, as one pressed too fast would be.
func (a *Adapter) Exec(e phone.Effect) {
	switch e := e.(type) {
	case phone.SendPC:
		select {
		case a.acts <- e.Act:
		default:
		}
	case phone.SendPCVolume:
		select {
		case a.steps <- e.Steps:
		default:
		}
	}
}

// Run lives on a USB port until ctx ends.
func (a *Adapter) Run(ctx context.Context, port hal.USB) error {
	keys, err := port.Reports(hal.USBTelephony)
	if err != nil {
		return fmt.Errorf("usbsound: %w", err)
	}
	volume, err := port.Reports(hal.USBVolume)
	if err != nil {
		return errors.Join(fmt.Errorf("usbsound: %w", err), keys.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer func() { cancel(); keys.Close(); volume.Close() }()
	s := &side{Adapter: a, keys: keys, volume: volume, lamps: make(chan usbhid.Output, 16), busy: make(chan bool, 1), stream: make(chan stream, 1)}
	parts.Go(func() { s.hear(ctx) })
	parts.Go(func() { s.follow(ctx) })
	parts.Go(func() { s.sound(ctx, port) })
	return s.run(ctx, port.Watch(ctx))
}

// side is the adapter on one port. What is not said to be otherwise belongs to the goroutine of run.
type side struct {
	*Adapter
	keys, volume io.ReadWriteCloser
	lamps        chan usbhid.Output
	busy         chan bool   // the phone's own call, of follow
	stream       chan stream // for sound: the newest alone
	machine      telephony.Machine
	status       hal.USBStatus
	plugged      time.Time // when the PC of status was
	shown        phone.PCCallChanged
}

// defaults is how long after the plug a PC sets volumes of its own accord, which is nobody's wish: a handset
// must not roar because some PC takes a new sound card for silent.
const defaults = 5 * time.Second

// stream is what the PC streams; plug tells streams apart that look the same.
type stream struct {
	on   bool
	rate int
	plug uint64
}

// hear reads the lamps. A telephony report is a level: the newest counts.
func (s *side) hear(ctx context.Context) {
	buf := make([]byte, usbhid.PairingSize)
	for {
		n, err := s.keys.Read(buf)
		if err != nil {
			return
		}
		o, err := usbhid.ParseOutput(buf[:n])
		if err != nil {
			s.log.Warn("strange report from the PC", "err", err)
			continue
		}
		select {
		case s.lamps <- o:
		case <-ctx.Done():
			return
		}
	}
}

// follow tells whether the phone is in a call of its own.
func (s *side) follow(ctx context.Context) {
	was := false
	for seq := phone.Seq(0); ; {
		u, err := s.control.Watch(ctx, seq)
		if err != nil {
			return
		}
		seq = u.State.Seq
		if now := u.State.Foreground() != nil; now != was {
			was = now
			select {
			case s.busy <- now:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (s *side) run(ctx context.Context, statuses <-chan hal.USBStatus) error {
	defer s.show() // a port that goes takes the PC's call along
	defer s.machine.Unplugged()
	tick := time.NewTimer(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.post(phone.PCStreams{})
			return nil
		case st, ok := <-statuses:
			if ok {
				s.moved(ctx, st)
			} else {
				statuses = nil
			}
		case o := <-s.lamps:
			s.report(s.machine.Host(time.Now(), o))
		case on := <-s.busy:
			s.report(s.machine.Busy(on))
		case act := <-s.acts:
			s.report(s.machine.Act(time.Now(), actions[act]))
		case n := <-s.steps:
			s.turn(n)
		case <-tick.C:
			s.report(s.machine.Tick(time.Now()))
		}
		s.show()
		tick.Reset(wait(s.machine.Next()))
	}
}

// actions are the machine's names for what the user wants.
var actions = map[phone.PCAct]telephony.Action{
	phone.PCAnswer: telephony.Answer, phone.PCDecline: telephony.Decline, phone.PCHangup: telephony.HangUp,
	phone.PCHold: telephony.HoldKey, phone.PCMute: telephony.MuteKey,
}

func wait(next time.Time) time.Duration {
	if next.IsZero() {
		return time.Hour
	}
	return max(0, time.Until(next))
}

// report sends input reports. A PC that takes none has no program that reads them, which is nothing to say.
func (s *side) report(in []usbhid.Input) {
	for _, i := range in {
		r := i.Report()
		if _, err := s.keys.Write(r[:]); err != nil && !errors.Is(err, hal.ErrNoHost) && !errors.Is(err, hal.ErrNotTaken) && !errors.Is(err, io.EOF) {
			s.log.Warn("the PC was not told of a key", "err", err)
		}
	}
}

// show tells the centre of the PC's call, if there is news.
func (s *side) show() {
	v := s.machine.View()
	now := phone.PCCallChanged{Ringing: v.Ringing, Active: v.Active, Held: v.Held, Muted: v.Muted || s.status.MicMuted && v.Active, NoControl: v.NoControl}
	if now != s.shown {
		s.shown = now
		s.post(now)
	}
}

// moved takes what the PC does with the cable, the sound and the volume.
func (s *side) moved(ctx context.Context, st hal.USBStatus) {
	old := s.status
	s.status = st
	switch {
	case st.State == hal.USBUnplugged:
		s.machine.Unplugged()
	case st.Plug != old.Plug:
		s.plugged = time.Now()
		s.report(s.machine.Configured())
	}
	streams := st.State == hal.USBConfigured && (st.Plays || st.Records)
	s.post(phone.PCStreams{Plays: streams && st.Plays, Records: streams && st.Records})
	s.party.mute(st.Muted, st.MicMuted)
	select {
	case <-s.stream:
	default:
	}
	s.stream <- stream{on: streams, rate: st.Rate, plug: st.Plug}
	if st.Volume != old.Volume && st.State != hal.USBUnplugged && time.Since(s.plugged) > defaults {
		level := uint8((min(max(st.Volume, 0), 100)*phone.VolumeMax + 50) / 100)
		if err := s.control.Do(ctx, "pc", phone.SetVolume{Path: s.control.State().Path, Level: level}); err != nil && ctx.Err() == nil {
			s.log.Warn("volume of the PC", "err", err)
		}
	}
}

// turn presses the volume keys for the PC, which turns its own volume of us; that comes back as status.
func (s *side) turn(steps int) {
	for range max(steps, -steps) {
		for _, down := range []bool{true, false} {
			r := usbhid.VolumeReport(down && steps > 0, down && steps < 0)
			if _, err := s.volume.Write(r[:]); err != nil {
				return // nobody there who turns anything
			}
		}
	}
}

// sound runs the PC's card whenever the PC streams.
func (s *side) sound(ctx context.Context, port hal.USB) {
	var now stream
	for {
		select {
		case <-ctx.Done():
			return
		case now = <-s.stream:
		}
		for now.on && ctx.Err() == nil {
			now = s.play(ctx, port, now)
		}
	}
}

const again = 200 * time.Millisecond // until a card that cannot be opened is tried once more

// play runs the card until the stream changes, and gives what it changed to.
func (s *side) play(ctx context.Context, port hal.USB, now stream) stream {
	card, err := port.OpenSound()
	if err != nil {
		s.log.Info("the PC's sound cannot be opened", "err", err)
		select {
		case <-ctx.Done():
		case now = <-s.stream:
		case <-time.After(again):
		}
		return now
	}
	defer card.Close()
	defer s.tellGaps(s.party.Stats())
	s.party.begin(card.Rate())
	defer s.party.end()
	played, heard := make([]int16, card.Rate()/100), make([]int16, card.Rate()/100)
	for ctx.Err() == nil {
		select {
		case next := <-s.stream:
			if next != now {
				return next
			}
		default:
		}
		if err := card.Exchange(played, heard); err != nil {
			s.log.Info("the PC's sound has ended", "err", err)
			select {
			case <-ctx.Done():
			case now = <-s.stream:
			case <-time.After(again): // it may only have been opened anew
			}
			return now
		}
		s.party.exchange(played, heard)
	}
	return now
}

// tellGaps says how well the sound went since before: a PC's user who heard crackling wants to know whose it was.
func (s *side) tellGaps(before Stats) {
	now := s.party.Stats()
	s.log.Info("the PC's sound is over", "gapsToEar", now.GapsToEar-before.GapsToEar, "gapsToPC", now.GapsToPC-before.GapsToPC, "cuts", now.Cuts-before.Cuts)
}
