// Package device is the wiring: it makes a phone of its parts, and nothing else. Which part exists,
// who tells whom, and what stops first is read here and nowhere else.
//
//	      ui.App <------- panel.Panel <------ hal.Keys
//	         |                 |
//	         +-- phone.Loop ---+        settings.Store, store.Store
//	                 |
//	effects: sipSide (lines, user agent, stack), sounder (engine, voices), store
package device

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"opendeskphone/audio/codec"
	"opendeskphone/audio/engine"
	"opendeskphone/audio/kernel"
	"opendeskphone/audio/quality"
	"opendeskphone/firmware/credentials"
	"opendeskphone/firmware/diag"
	"opendeskphone/firmware/dialplan"
	"opendeskphone/firmware/lines"
	"opendeskphone/firmware/lock"
	"opendeskphone/firmware/mailbox"
	"opendeskphone/firmware/media"
	"opendeskphone/firmware/pairing"
	"opendeskphone/firmware/panel"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/provision"
	"opendeskphone/firmware/recording"
	"opendeskphone/firmware/reports"
	"opendeskphone/firmware/settings"
	"opendeskphone/firmware/store"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/firmware/uplink"
	"opendeskphone/firmware/usbsound"
	"opendeskphone/hal"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/trace"
	"opendeskphone/ui"
)

// Options are what a phone is made of besides its hardware.
type Options struct {
	Settings   *settings.Store
	Store      *store.Store
	Pairings   *pairing.File      // the phone\'s key and its computers
	PIN        lock.Memory        // the lock over a restart
	Vault      *credentials.Vault // what computers handed over for the lines to sign in with
	Recordings *recording.Shelves
	Reports    string // folder for reports that wait for their collector
	DialPlan   string // file for the location profiles that are fetched
	Recorder   *diag.Recorder
	Identity   ed25519.PrivateKey // the phone's key towards computers; nil: one that nobody knows
	Computers  tpcp.Pairings      // nil: none
	Codecs     []codec.Codec      // in order of preference
	Network    stack.Network
	Version    string
	Board      string
	Instance   string // urn:uuid:..., the device's name towards registrars (RFC 5626 §4.1)
	About      func() Facts
	// NetChanged tells that addresses or links of the machine have changed; nil where nobody watches.
	NetChanged <-chan struct{}
	Crashes    string // folder for flight records
	Log        *slog.Logger
}

// Facts are what the program knows of the machine it runs on.
type Facts struct {
	Addresses []string
	Hostname  string
	MAC       string
	Free      int64 // bytes left for data, negative: not known
	Uplink    uplink.State
}

// Device is one phone.
type Device struct {
	opts     Options
	hardware hal.Devices
	settings *settings.Store
	store    *store.Store
	log      *slog.Logger

	loop         *phone.Loop
	engine       *engine.Engine
	voices       *voices
	card         atomic.Pointer[stumbler] // the sound card in use
	sounder      *sounder
	tape         *recording.Recorder
	player       *recording.Player
	mail         *mailbox.Adapter
	sip          *sipSide
	trace        *trace.Recorder
	queue        *reports.Queue
	watch        *reports.Watch
	outbox       *outbox
	dialplan     *dialplan.Keeper
	handed       *provision.Keeper
	relays       *relays
	certificates *certificates
	app          *ui.App // nil without a display
	panel        *panel.Panel
	desk         *credentials.Desk
	keeper       *lock.Keeper
	pc           *usbsound.Adapter
	pairs        *pairing.Desk

	controllers *tpcp.Server

	usbChanged   chan struct{} // capacity 1: the USB settings are others
	stickChanged chan struct{} // capacity 1: whether recordings go to a USB stick is another

	mu      sync.Mutex
	factory *media.Factory
}

// New makes a phone; nothing runs yet.
func New(hardware hal.Devices, o Options) (*Device, error) {
	d := &Device{opts: o, hardware: hardware, settings: o.Settings, store: o.Store, log: o.Log, usbChanged: make(chan struct{}, 1), stickChanged: make(chan struct{}, 1)}
	f := o.Settings.File()
	if err := d.setMedia(f.Media); err != nil {
		return nil, err
	}
	d.trace = trace.NewRecorder(trace.DefaultLimits(), o.Network.LocalFor)
	d.setTrace(f.Trace)
	d.dialplan = d.newDialPlan(f)
	config := f.Config()
	d.newHanded(f)
	d.wholePhone(&config)
	d.loop = phone.NewLoop(config, d.exec, o.Recorder, o.Log)
	d.keeper = lock.New(lockConfig(f.Lock), d.loop, d.postFrom("lock"), o.PIN, o.Log)
	d.desk = credentials.NewDesk(o.Vault, d.loop, d.postFrom("credentials"), func(string) { d.setLines(d.settings.File().Lines) })
	d.engine = engine.New(engineConfig(f.Sound), d.openSound, d.soundChanged, o.Log)
	d.pc = usbsound.New(d.loop, d.postFrom("pc"), o.Log)
	d.voices = newVoices(d.mediaFactory, func() bool { return d.loop.State().Muted }, d.keyHeard, d.soundHeard, func() { d.sounder.bound() }, d.ears, d.noted, d.pc.Party())
	d.voices.silent, d.voices.pages, d.voices.local = d.pageSilent, d.pageFactory, d.opts.Network.LocalFor
	d.newReports()
	d.voices.keyed = func(c phone.CallID, ok bool, why string) { d.sip.adapter.Load().Keyed(c, ok, why) }
	d.pairs = d.newPairs()
	d.tape = recording.New(o.Recordings, d.postFrom("recording"), d.refresh, o.Log)
	d.mail = mailbox.New(d.postFrom("mailbox"), d.refresh, o.Log)
	d.player = recording.NewPlayer(o.Recordings, d.mail.Fetch, d.postFrom("recording"), o.Log)
	d.sounder = &sounder{engine: d.engine, voices: d.voices, pc: d.pc.Party(), tape: d.tape, player: d.player, mixer: hardware.Mixer, cleaned: hardware.Cleaned, log: o.Log,
		tested: func(v phone.SoundVerdict) { d.loop.Post("sound", phone.SoundTested{Verdict: v}) }}
	d.setSound(f.Sound)
	d.setRecording(f.Recording)
	d.sip = newSIPSide(d)
	d.certificates = &certificates{known: map[phone.LineID]phone.LineChanged{}, tell: func(s string) { d.notice(phone.CertEnding, s) }, label: d.labelOf}
	if err := d.newScreen(f.Screen); err != nil {
		return nil, err
	}
	d.newControllers(f.TPCP)
	o.Settings.Use(settings.Sinks{
		Phone: func(ctx context.Context, by phone.Origin, c phone.Config) error {
			d.wholePhone(&c)
			return d.loop.Do(ctx, by, phone.Configure{Config: c})
		},
		Numbers:   func(n settings.Numbers) { d.dialplan.Configure(planConfig(n)) },
		Lines:     d.setLines,
		SIP:       func(settings.SIP) { d.sip.renew() },
		STIR:      func(settings.STIR) { d.sip.renew() },
		Paging:    d.setPages,
		Keys:      d.setKeys,
		Gateways:  func(settings.Gateways) { d.sip.renew() }, // who may call changes with them
		Media:     func(m settings.Media) { d.report("media settings", d.setMedia(m)) },
		Sound:     d.setSound,
		Recording: d.setRecording,
		Trace:     d.setTrace,
		Screen:    d.setScreen,
		Lock:      func(s settings.Lock) { d.keeper.Configure(lockConfig(s)) },
		TPCP:      d.setTPCP,
		USB:       d.setUSB,
	})
	return d, nil
}

// Control is the phone's one port.
func (d *Device) Control() phone.Control { return d.loop }

// Shown is the phone's last change that its display shows; a phone without one shows everything.
func (d *Device) Shown() phone.Seq {
	if d.app == nil {
		return d.loop.State().Seq
	}
	return d.app.Shown()
}

// Run is the phone's life; it ends with ctx. First the controllers stop, then the lines say goodbye,
// then sound and core.
func (d *Device) Run(ctx context.Context) error {
	core, stopCore := context.WithCancel(context.WithoutCancel(ctx))
	var base sync.WaitGroup
	base.Go(func() { d.core(core) })
	base.Go(func() { _ = d.engine.Run(core) })
	d.keeper.Restore(ctx)
	d.restore()
	d.tellPlaces()
	parts := []part{
		{"panel", d.panel.Run}, {"sip", d.sip.Run}, {"voices", d.voices.Run}, {"store", d.store.Run},
		{"trace", d.trace.Run}, {"recording", d.tape.Run}, {"playing", d.player.Run}, {"mailbox", d.mail.Run}, {"memory", d.keep}, {"lock", d.keeper.Run}, {"pairings", d.pairs.Run}, {"tpcp", d.controllers.Run}, {"certificates", d.certificates.Run},
		{"watch", d.watch.Run}, {"reports", d.queue.Run},
		{"dialplan", d.dialplan.Run}, {"provisioning", d.handed.Run}, {"relays", d.relays.Run}, {"prepare", d.prepare},
	}
	if d.app != nil {
		parts = append(parts, part{"ui", d.app.Run})
	}
	if d.hardware.OpenUSB != nil {
		parts = append(parts, part{"usb", d.usb})
	}
	if d.hardware.Sticks != nil {
		parts = append(parts, part{"stick", d.sticks})
	}
	if d.opts.NetChanged != nil {
		parts = append(parts, part{"network", d.followNetwork})
	}
	if d.hardware.Watchdog != nil {
		parts = append(parts, part{"watchdog", d.feed})
	}
	supervise(ctx, d.log, parts...)
	stopCore()
	base.Wait()
	return nil
}

// core runs the centre. If one of its invariants breaks the process ends, but not without its story.
func (d *Device) core(ctx context.Context) {
	defer d.opts.Recorder.OnPanic(d.opts.Crashes, d.opts.Version)
	_ = d.loop.Run(ctx) // its error is always nil
}

// prepare makes what the first call would have to wait for, once the lines have had their time.
func (d *Device) prepare(ctx context.Context) error {
	d.linesSettled(ctx)
	d.mediaFactory().Prepare()
	kernel.Race()
	<-ctx.Done()
	return nil
}

// exec hands an effect to its adapter. It runs on the phone loop and must not block.
func (d *Device) exec(e phone.Effect) {
	switch e := e.(type) {
	case phone.SetSound:
		d.sounder.Set(e.Sound)
	case phone.Chime:
		d.sounder.chime()
	case phone.StartRecording, phone.StopRecording:
		d.tape.Exec(e)
	case phone.StartPlaying, phone.HoldPlaying, phone.MovePlaying, phone.EndPlaying:
		d.player.Exec(e)
	case phone.LogCall:
		d.logCall(e.Record)
	case phone.PairingAnswered:
		d.pairs.Exec(e)
	case phone.SendPC, phone.SendPCVolume:
		d.pc.Exec(e)
	case phone.QuestionAnswered:
		d.desk.Answered(e)
	default:
		if a := d.sip.adapter.Load(); a != nil {
			a.Exec(e)
		}
	}
}

func (d *Device) postFrom(by phone.Origin) func(phone.Event) {
	return func(e phone.Event) { d.loop.Post(by, e) }
}

// notice tells the phone's user of a fault of the phone, or that it is gone (empty text).
func (d *Device) notice(n phone.Notice, text string) {
	d.loop.Post("device", phone.Noticed{Notice: n, Text: text})
}

func (d *Device) report(what string, err error) {
	if err != nil {
		d.log.Error(what, "err", err)
	}
}

// openSound gives the engine the board's card.
func (d *Device) openSound() (engine.Device, error) {
	if d.hardware.OpenSound == nil {
		return nil, engine.ErrNoDevice
	}
	c, err := d.hardware.OpenSound()
	if s, ok := c.(stumbler); ok {
		d.card.Store(&s)
	}
	return c, err
}

// stumbler is a sound card that counts the times at which sound was missing.
type stumbler interface{ Stumbles() uint64 }

// ears gives what of the phone's own sound bears on calls: how often it stumbled, and what is known of the room.
func (d *Device) ears() (stumbles uint64, room quality.Room) {
	st := d.engine.Stats()
	if c := d.card.Load(); c != nil {
		stumbles = (*c).Stumbles()
	}
	return stumbles + st.Faults, st.Room
}

func (d *Device) soundChanged(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	d.notice(phone.NoSoundCard, text)
}

func (d *Device) mediaFactory() *media.Factory {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.factory
}

// setMedia makes the calls from now on by these settings.
func (d *Device) setMedia(m settings.Media) error {
	cfg := media.Default()
	cfg.PortMin, cfg.PortMax, cfg.Ptime, cfg.Codecs, cfg.RTCPMux = m.PortMin, m.PortMax, m.Ptime, m.Codecs, m.RTCPMux
	cfg.DSCP = settings.VoiceDSCP(m.DSCP, d.opts.About().Uplink.DSCP)
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("device: %w", err)
	}
	f := media.New(cfg, d.opts.Codecs, nil, func(e media.Event) { d.voices.happened(e) }, d.log)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.factory = f
	return nil
}

// pageFactory makes the voice that hears a paging group.
func (d *Device) pageFactory(group netip.AddrPort) *media.Factory {
	cfg := media.Default()
	cfg.Bind, cfg.PortMin, cfg.PortMax, cfg.LostAfter = group.Addr(), int(group.Port()), int(group.Port())+1, pageOver
	return media.New(cfg, d.opts.Codecs, media.ListenMulticast(group), func(e media.Event) { d.voices.happened(e) }, d.log)
}

// pageOver is how long nobody speaks when a page is over.
const pageOver = time.Second

// setPages takes other paging groups.
func (d *Device) setPages(p settings.Paging) {
	if a := d.sip.adapter.Load(); a != nil {
		a.SetPages(lines.Pages{Groups: p.Addresses(), Codec: p.Codec})
	}
}

// setLines takes new accounts. Between calls the user agent is built anew, since its trusted peers
// come from the lines too; in a call only the accounts that differ register again.
func (d *Device) setLines(l []settings.Line) {
	d.handed.Configure(provisioned(l))
	d.relays.look()
	if a := d.sip.adapter.Load(); a != nil && len(d.loop.State().Calls) > 0 {
		a.Configure(d.accounts(l))
		d.setMailboxes(l, *d.sip.settings.Load())
		return
	}
	d.sip.renew()
}

func (d *Device) setSound(s settings.Sound) {
	d.sounder.configure(s)
	d.engine.SetSidetone(s.Sidetone)
}

func engineConfig(s settings.Sound) engine.Config {
	return engine.Config{Handset: s.HandsetVolume, Headset: s.HeadsetVolume, Speaker: s.SpeakerVolume, Ring: s.RingVolume}
}

// feed feeds the watchdog as long as the phone loop and the audio tick both move.
func (d *Device) feed(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var ticks uint64
	for {
		select {
		case <-ctx.Done():
			return d.hardware.Watchdog.Close()
		case <-tick.C:
		}
		ping, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := d.loop.Ping(ping)
		cancel()
		now := d.engine.Ticks()
		if err != nil || now == ticks {
			d.log.Error("the phone stands still: the watchdog is not fed", "loop", err, "ticks", now)
			continue
		}
		ticks = now
		if err := d.hardware.Watchdog.Feed(); err != nil {
			return fmt.Errorf("device: feed the watchdog: %w", err)
		}
	}
}
