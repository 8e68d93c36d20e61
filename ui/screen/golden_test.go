package screen

import (
	"bytes"
	"flag"
	"image"
	stddraw "image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"opendeskphone/audio/quality"
	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/sip/names"
	"opendeskphone/sip/trace"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/theme"
)

var update = flag.Bool("update", false, "accept the pictures as they are drawn now")

// situation is a screen in some situation: a state of the phone and the keys pressed since.
type situation struct {
	name  string
	state *phone.State
	keys  []hal.Key
	setUp func(*desk)
}

// desk is a phone's screens with invented sources.
type desk struct {
	*Screens
	canvas    *draw.Canvas
	book      *book
	log       history
	sounds    sounds
	options   *options
	lock      lock
	computers computers
	tapes     tapes
	letters   letters
	ladders   ladders
	reports   mail
	st        *phone.State
	now       time.Time
}

var fourKeys = image.Pt(480, 272)

var fonts = func() *font.Set {
	s, err := font.NewSet()
	if err != nil {
		panic(err)
	}
	return s
}()

func newDesk(t testing.TB, size image.Point, o Options) *desk {
	t.Helper()
	th, err := theme.New(size, theme.Dark)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{book: &book{people: persons()}, log: calls(), sounds: sounds{1: good(), 2: good(), OfPC: {Trace: voice()}}, st: idle(), now: now,
		options: &options{o: o, accounts: map[phone.LineID]Account{0: {Server: "sip.nordwerk.example", User: "2417", Display: "Anna Weber", Password: PasswordSet, Transport: "tls"}}}}
	d.Screens = New(Sources{Contacts: d.book, Log: &d.log, Media: &d.sounds, Settings: d.options, Lock: &d.lock, Computers: &d.computers, Recordings: &d.tapes, Ladders: &d.ladders, Mailboxes: &d.letters, Reports: &d.reports}, th)
	d.canvas = draw.NewCanvas(size, fonts)
	d.Apply(o, idle(), now)
	return d
}

func (d *desk) enter(s situation) {
	d.st = s.state
	if s.setUp != nil {
		s.setUp(d)
	}
	d.now = now.Add(-time.Second)
	d.paint()
	d.now = now.Add(-500 * time.Millisecond)
	for _, k := range s.keys {
		pg := d.page(d.view(nil, d.st, d.now))
		d.Press(d.mirrored(pg, k), d.st, d.now) // the key that means the same on a mirrored screen
	}
	d.Commands()
	d.now, d.lastPress = now, now.Add(-500*time.Millisecond)
	d.paint()
}

func (d *desk) paint() []image.Rectangle {
	d.Draw(d.canvas.Next(), d.st, d.now)
	return d.canvas.Show()
}

// claims is a caller who says what he is called.
func claims(name, number string) phone.Peer {
	return phone.Peer{Name: name, Number: number, URI: "sip:" + number + "@nordwerk.example"}
}

// shown is a call that rings, with what is known of its caller.
func shown(who phone.Peer, proof phone.Proof, by phone.Peer) phone.Call {
	c := other(1, phone.Ringing, who, 4*time.Second)
	c.Dir, c.Proof, c.ForwardedBy = phone.Incoming, proof, by
	return c
}

// situations are all the screens there are, most of them as the reference pictures show them.
func situations() []situation {
	failing := idle()
	failing.Missed = 2
	failing.Lines[1].State, failing.Lines[1].Fault = phone.LineFailing, phone.WrongPassword
	expired := idle()
	expired.Lines[0].State, expired.Lines[0].Fault = phone.LineFailing, phone.CertExpired
	expired.Lines[0].Detail, expired.Lines[0].Retry = "sip.nordwerk.example: certificate expired on 2025-11-18T00:00:00Z", now.Add(5*time.Minute)
	unreachable := idle()
	unreachable.Lines[0].State, unreachable.Lines[0].Fault, unreachable.Lines[0].Retry = phone.LineFailing, phone.RegistrarUnreachable, now.Add(time.Minute)
	refusedLine := idle()
	refusedLine.Missed = 0
	refusedLine.Lines[0].State, refusedLine.Lines[0].Fault, refusedLine.Lines[0].Detail = phone.LineFailing, phone.WrongPassword, ""
	noline := phone.New(phone.DefaultConfig())
	broken := idle()
	broken.Notices[phone.SettingsInvalid] = "settings.toml:12: lines.0.server: must be a host name"
	silent := idle()
	silent.Notices[phone.NoSoundCard] = "hw:0: no such device"
	silent.Notices[phone.StoreFull] = "/data: no space left on device"
	rewritten, forgotten := idle(), idle()
	rewritten.Notices[phone.NetworkRewrites] = "Via, Contact, session description"
	forgotten.Notices[phone.NetworkForgets] = "10s"
	ending := idle()
	ending.Notices[phone.CertEnding] = "2417: less than 7 days, 2025-11-25"
	relay := idle()
	relay.Notices[phone.RelayFails] = "turns:edge.example:443?transport=tcp refuses the name or the password"
	handed := idle()
	handed.Notices[phone.HandedRefused] = "sip:2417@pbx.example: conference.factory is no address like sip:name@pbx.example"
	agreed := idle()
	agreed.Lines[0].Detail = "TLS 1.3, X25519MLKEM768"
	ours := idle()
	ours.Lines[0].State, ours.Lines[0].Fault, ours.Lines[0].Retry = phone.LineFailing, phone.CertOurs, now.Add(5*time.Minute)
	dialling := withCalls(phone.Call{ID: 1, State: phone.Dialing, Digits: "01715550", Began: now, Since: now})
	dialling.Path = phone.Speaker
	wrong := withCalls(phone.Call{ID: 1, State: phone.Dialing, Digits: "0171+", Began: now, Since: now})
	ring := other(1, phone.Ringing, jonas, 6*time.Second)
	ring.Dir = phone.Incoming
	stranger := other(1, phone.Ringing, phone.Peer{Number: "+493055501182"}, 4*time.Second)
	stranger.Dir = phone.Incoming
	arabic := other(1, phone.Ringing, yusuf, 6*time.Second)
	arabic.Dir = phone.Incoming
	openKeys := talking(1, jonas, 767*time.Second)
	openKeys.Secure, openKeys.OpenKeys = false, true
	muted := withCalls(talking(1, jonas, 767*time.Second))
	muted.Muted = true
	headset := withCalls(talking(1, mira, 38*time.Second), other(2, phone.Held, jonas, 252*time.Second))
	headset.Path = phone.Headset
	ring2 := other(2, phone.Ringing, ruth, 3*time.Second)
	ring2.Dir = phone.Incoming
	unverified := ring2
	unverified.Remote, unverified.Proof = mira, phone.Proof{Verdict: phone.NotVerified, Here: true, Doubt: phone.OtherCaller}
	fail := other(1, phone.Failed, mira, 0)
	fail.Cause, fail.Reason = phone.UserBusy, "Busy here"
	asked := idle()
	asked.Question = phone.Question{Ref: 1, Kind: phone.SignInQuestion, From: "Anna's ThinkPad", Subject: "sip:anna.weber@nordwerk.example", Since: now}
	pcRings, pcTalks, pcMuted, pcHeld, pcPlays := idle(), idle(), idle(), idle(), idle()
	pcRings.PCCall.Ringing = true
	pcTalks.PCCall, pcTalks.Path = phone.PCCall{Active: true, Plays: true, Records: true}, phone.Speaker
	pcMuted.PCCall, pcMuted.Path = phone.PCCall{Active: true, Muted: true, NoControl: true}, phone.Headset
	pcHeld.PCCall = phone.PCCall{Active: true, Held: true}
	pcPlays.PCCall.Plays = true
	pcStreams := idle()
	pcStreams.PCCall, pcStreams.Path = phone.PCCall{Plays: true, Records: true}, phone.Speaker
	pcStreams.Volume[phone.Speaker] = 10
	for _, s := range []*phone.State{pcTalks, pcMuted, pcHeld, pcStreams} {
		s.PC.Attached, s.PC.Name = true, "ANNA-LAPTOP"
	}
	pairs := func(stage phone.PairingStage, digits string, fault phone.PairingFault) *phone.State {
		s := idle()
		s.PC = phone.PC{Since: now.Add(-19 * time.Second), Stage: stage, With: "ANNA-LAPTOP", WithUser: "Anna Weber", Digits: digits, Fault: fault}
		if stage >= phone.PairingDone {
			s.PC.Since = time.Time{}
		}
		return s
	}
	shut := idle()
	shut.Lock.Kind, shut.Missed = phone.IdleLock, 2
	shutByPC := idle()
	shutByPC.Lock.Kind = phone.HostLock
	wrongPIN := idle()
	wrongPIN.Lock = phone.Lock{Kind: phone.ManualLock, Wrong: 6, Until: now.Add(45 * time.Second)}
	shutHard := idle()
	shutHard.Lock = phone.Lock{Kind: phone.HardLock, Wrong: 10}
	recorder := withCalls(talking(1, jonas, 767*time.Second), other(2, phone.Held, mira, 100*time.Second))
	recorder.Config.Recording, recorder.Recording = true, phone.Recording{Call: 1, No: 1, Since: now}
	recordedOne := withCalls(talking(1, jonas, 767*time.Second))
	recordedOne.Config.Recording, recordedOne.Recording = true, recorder.Recording
	recordedHeld := withCalls(other(1, phone.Held, jonas, 252*time.Second))
	recordedHeld.Recording = recorder.Recording
	plays := idle()
	plays.Playing = phone.Playing{ID: "b", No: 1}
	mayRecord := withCalls(talking(1, jonas, 767*time.Second))
	mayRecord.Config.Recording = true
	talked := withCalls(talking(1, jonas, 767*time.Second))
	archive := func(keys ...hal.Key) func(*desk) {
		return func(d *desk) {
			d.tapes.all = recorded()
			d.menu = []page{&recordings{}}
			for _, k := range keys {
				d.Press(k, d.st, now.Add(-500*time.Millisecond))
			}
		}
	}
	mailed := idle()
	mailed.Config.Lines = []phone.LineConfig{{AOR: mailed.Lines[0].AOR, Mailbox: "*97"}}
	mailed.Lines[0].Mail = phone.Mail{Known: true, Waiting: true, Counted: true, New: 2, Old: 3, UrgentNew: 1}
	mailStale := *mailed
	mailStale.Lines = slices.Clone(mailed.Lines)
	mailStale.Lines[0].Mail.Stale = true
	mailPlays := *mailed
	mailPlays.Playing, mailPlays.Path = phone.Playing{ID: "1", No: 1}, phone.Speaker
	mailRings := withCalls(ring)
	mailRings.Config = mailed.Config
	box := func(change func(*letters), keys ...hal.Key) func(*desk) {
		return func(d *desk) {
			d.letters = mailbox()
			if change != nil {
				change(&d.letters)
			}
			d.menu = []page{&voicemail{}}
			for _, k := range keys {
				d.Press(k, d.st, now.Add(-500*time.Millisecond))
			}
		}
	}
	ruled := func(change func(r *phone.Rules)) *phone.State {
		s := idle()
		s.Config.Rules.Voicemail = "2999"
		change(&s.Config.Rules)
		return s
	}
	undisturbed, forwarded := ruled(func(r *phone.Rules) { r.DND = true }), ruled(func(r *phone.Rules) { r.Always = phone.Forward{On: true, To: "2431"} })
	notTaken := ruled(func(r *phone.Rules) { r.NoAnswer = phone.Forward{On: true, To: "2431"} })
	notTaken.Lines[0].Rules, notTaken.Lines[0].Why = phone.RulesPending, "501 Not Implemented"
	beside := ruled(func(r *phone.Rules) {
		r.WorkHours, r.Hours, r.Simultaneous, r.RingWith = true, []phone.Span{officeHours}, true, []string{"+491715550142"}
		r.NoAnswer, r.Busy, r.Blocked, r.Team = phone.Forward{On: true, To: "2440"}, phone.Forward{On: true}, []string{"1", "2"}, []string{"2431", "2440"}
	})
	ringback := other(1, phone.Ringback, mira, 7*time.Second)
	attached := idle()
	attached.PC.Attached, attached.PC.Name = true, "ANNA-LAPTOP"
	return slices.Concat(handovers(), meetings(), dialPlans(), []situation{
		{name: "headset-in", state: talked, setUp: func(d *desk) {
			s := *talked
			s.Jack, s.Path = true, phone.Headset
			d.Changed(phone.Update{State: &s, Changes: []phone.Change{{What: phone.JackChanged}}}, d.st, now)
		}},
		{name: "record-more", state: mayRecord, setUp: func(d *desk) { d.paint(); d.over = []page{&moreMenu{call: 1}} }},
		{name: "record-in-call", state: recordedOne},
		{name: "record-two-calls", state: recorder},
		{name: "record-held", state: recordedHeld},
		{name: "record-full", state: mayRecord, setUp: func(d *desk) {
			s := *mayRecord
			s.Recording.Fault = phone.RecordingsFull
			d.Changed(phone.Update{State: &s, Changes: []phone.Change{{What: phone.RecordingChanged}}}, d.st, now)
		}},
		{name: "record-no-stick", state: recordedOne, setUp: func(d *desk) {
			s := *recordedOne
			s.Recording.Fault = phone.StickMissing
			d.Changed(phone.Update{State: &s, Changes: []phone.Change{{What: phone.RecordingChanged}}}, d.st, now)
		}},
		{name: "recordings", state: idle(), setUp: archive(hal.Down)},
		{name: "recordings-stick", state: idle(), setUp: func(d *desk) {
			archive(hal.Down)(d)
			d.tapes.wanted, d.tapes.there, d.tapes.all[0].OnStick = true, true, true
		}},
		{name: "recording-plays", state: plays, setUp: archive(hal.Down)},
		{name: "recording-delete", state: idle(), setUp: archive(hal.Soft2)},
		{name: "home", state: idle()},
		{name: "home-voicemail", state: mailed},
		{name: "home-voicemail-stale", state: &mailStale},
		{name: "incoming-mailbox", state: mailRings},
		{name: "voicemail", state: mailed, setUp: box(nil)},
		{name: "voicemail-plays", state: &mailPlays, setUp: box(func(l *letters) { l.place = Place{"1", 18 * time.Second, 42 * time.Second, voicePeaks()} })},
		{name: "voicemail-deleted", state: mailed, setUp: box(nil, hal.Soft3)},
		{name: "voicemail-more", state: mailed, setUp: box(nil, hal.Soft4)},
		{name: "voicemail-unplayable", state: mailed, setUp: box(func(l *letters) { l.box.Fault = MailUnplayable })},
		{name: "voicemail-refused", state: mailed, setUp: box(func(l *letters) { l.box = Box{Fault: MailPassword} })},
		{name: "locked", state: shut, keys: []hal.Key{hal.Digit1, hal.Digit2}},
		{name: "locked-by-pc", state: shutByPC, keys: []hal.Key{hal.Digit1, hal.Digit2, hal.Digit3, hal.Digit4, hal.Digit5}},
		{name: "locked-wait", state: wrongPIN},
		{name: "locked-hard", state: shutHard},
		{name: "pc-rings", state: pcRings},
		{name: "pc-talks", state: pcTalks},
		{name: "pc-audio", state: pcStreams},
		{name: "pc-muted", state: pcMuted},
		{name: "pc-held", state: pcHeld},
		{name: "home-pc-audio", state: pcPlays},
		{name: "home-pc", state: attached},
		{name: "pairing-asked", state: pairs(phone.PairingAsked, "", 0)},
		{name: "pairing-compare", state: pairs(phone.PairingCompare, "147086", 0)},
		{name: "pairing-waits", state: pairs(phone.PairingWaits, "147086", 0)},
		{name: "pairing-done", state: pairs(phone.PairingDone, "", 0)},
		{name: "pairing-different", state: pairs(phone.PairingFailed, "", phone.PairingDifferent)},
		{name: "question-sign-in", state: asked},
		{name: "home-keys", state: watching()},
		{name: "home-keys-unknown", state: unwatched()},
		{name: "in-call-keys", state: watching(talking(1, jonas, 767*time.Second))},
		{name: "home-shared", state: joinable()},
		{name: "wants-to-join", state: wantsIn()},
		{name: "home-focus", state: idle(), keys: []hal.Key{hal.Down}},
		{name: "home-line-failing", state: failing},
		{name: "home-certificate", state: expired},
		{name: "home-no-line", state: &noline},
		{name: "home-notices", state: silent},
		{name: "dial", state: dialling, setUp: func(d *desk) { d.book.people, d.log = dialBook(), nil }},
		{name: "dial-cannot", state: wrong},
		{name: "incoming", state: withCalls(ring), setUp: func(d *desk) { d.log = calls()[12:] }},
		{name: "incoming-away", state: away(withCalls(ring)), setUp: func(d *desk) { d.log = calls()[12:] }},
		{name: "incoming-stranger", state: withCalls(stranger)},
		{name: "incoming-verified", state: withCalls(shown(claims("Nordbank AG", "+493055501182"), phone.Proof{Verdict: phone.Verified, Here: true, Attest: "A"}, phone.Peer{}))},
		{name: "incoming-not-verified", state: withCalls(shown(jonas, phone.Proof{Verdict: phone.NotVerified, Here: true, Doubt: phone.BadSignature}, mira))},
		{name: "incoming-forwarded", state: withCalls(shown(claims("", "+493055501182"), phone.Proof{Verdict: phone.Verified, Attest: "C"}, claims("Empfang", "2400")))},
		{name: "incoming-withheld", state: withCalls(shown(phone.Peer{Hidden: true}, phone.Proof{}, phone.Peer{}))},
		{name: "incoming-hostile", state: withCalls(shown(claims(names.Name("\u202e\u2705 \U0001d401\U0001d41a\U0001d427\U0001d424\u0301\u0302\u0303\u0304 <+49 30 110> \u200b\U0001f512"), "+12155550121"), phone.Proof{}, phone.Peer{}))},
		{name: "second-call-not-verified", state: withCalls(talking(1, jonas, 252*time.Second), unverified)},
		{name: "dial-hidden", state: withCalls(phone.Call{ID: 1, State: phone.Dialing, Withheld: true, Began: now, Since: now}), setUp: func(d *desk) { d.book.people, d.log = dialBook(), nil }},
		{name: "incoming-arabic", state: withCalls(arabic), setUp: func(d *desk) { d.book.people, d.log = worldBook(), calls()[12:] }},
		{name: "in-call", state: withCalls(talking(1, jonas, 767*time.Second))},
		{name: "in-call-open-keys", state: withCalls(openKeys)},
		{name: "in-call-muted", state: muted},
		{name: "in-call-network-poor", state: withCalls(talking(1, jonas, 767*time.Second)), setUp: func(d *desk) { d.sounds[1] = poor() }},
		{name: "in-call-more", state: withCalls(talking(1, jonas, 767*time.Second)), setUp: func(d *desk) {
			d.paint()
			d.over = []page{&moreMenu{call: 1}}
		}},
		{name: "sound", state: withCalls(talking(1, jonas, 767*time.Second)), keys: []hal.Key{hal.Down}},
		{name: "sound-lost", state: withCalls(talking(1, jonas, 767*time.Second)), keys: []hal.Key{hal.Down}, setUp: func(d *desk) { d.sounds[1] = poor() }},
		{name: "sound-echo", state: withCalls(talking(1, jonas, 767*time.Second)), keys: []hal.Key{hal.Down}, setUp: func(d *desk) { d.sounds[1] = suffering(quality.FarEcho) }},
		{name: "sound-microphone", state: withCalls(talking(1, jonas, 767*time.Second)), keys: []hal.Key{hal.Down}, setUp: func(d *desk) { d.sounds[1] = suffering(quality.MicSoft) }},
		{name: "sound-unknown", state: withCalls(talking(1, jonas, 2*time.Second)), keys: []hal.Key{hal.Down}, setUp: func(d *desk) { d.sounds[1] = Stats{Sum: quality.Summary{FarLost: -1}} }},
		{name: "sound-reported", state: withCalls(talking(1, jonas, 767*time.Second)), keys: []hal.Key{hal.Down}, setUp: func(d *desk) { d.reports.To = "sip:collector@nordwerk.example" }},
		{name: "sound-past", state: idle(), keys: []hal.Key{hal.Soft2, hal.OK, hal.Soft2}},
		{name: "sound-numbers", state: withCalls(talking(1, jonas, 767*time.Second)), keys: []hal.Key{hal.Down, hal.Soft4}},
		{name: "steps", state: withCalls(talking(1, jonas, 39*time.Second)), setUp: keptOfCall(answered()), keys: []hal.Key{hal.Down, hal.Soft2}},
		{name: "steps-message", state: withCalls(talking(1, jonas, 39*time.Second)), setUp: keptOfCall(answered()), keys: []hal.Key{hal.Down, hal.Soft2, hal.Down, hal.Down, hal.Down, hal.OK}},
		{name: "steps-refused", state: idle(), setUp: func(d *desk) {
			keptOfCall(refused())(d)
			d.log[0] = record(at(14, 31), phone.Outgoing, "2431", 0)
			d.log[0].Call = 1
		}, keys: []hal.Key{hal.Soft2, hal.OK, hal.Soft2}},
		{name: "steps-sign-in", state: refusedLine, setUp: func(d *desk) {
			d.ladders.accounts = map[string]trace.Ladder{refusedLine.Lines[0].AOR: wrongPassword()}
		}, keys: []hal.Key{hal.OK, hal.Back, hal.Line1, hal.Soft2}},
		{name: "two-calls", state: headset},
		{name: "second-call-rings", state: withCalls(talking(1, mira, 192*time.Second), ring2)},
		{name: "calling", state: withCalls(ringback)},
		{name: "held", state: withCalls(other(1, phone.Held, jonas, 252*time.Second))},
		{name: "failed", state: withCalls(fail)},
		{name: "ended", state: idle(), setUp: func(d *desk) {
			d.Screens.ended = endedCall{call: talking(1, jonas, 771*time.Second), cause: phone.LocalHangup, at: now, until: now.Add(2 * time.Second)}
		}},
		{name: "calls", state: idle(), keys: []hal.Key{hal.Soft2}},
		{name: "calls-detail", state: idle(), keys: []hal.Key{hal.Soft2, hal.OK}},
		{name: "calls-mixed", state: idle(), keys: []hal.Key{hal.Soft2}, setUp: func(d *desk) { d.log = mixed() }},
		{name: "conversation", state: idle(), keys: []hal.Key{hal.Soft2, hal.OK, hal.Down}, setUp: func(d *desk) { d.log, d.tapes.all = mixed(), tapeOfMixed() }},
		{name: "conversation-more", state: idle(), keys: []hal.Key{hal.Soft2, hal.OK, hal.Down, hal.Soft4}, setUp: func(d *desk) { d.log, d.tapes.all = mixed(), tapeOfMixed() }},
		{name: "home-taken", state: taken()},
		{name: "contacts", state: idle(), keys: []hal.Key{hal.Soft3, hal.Digit5, hal.Digit6, hal.Digit6}},
		{name: "contacts-japanese", state: idle(), keys: []hal.Key{hal.Soft3, hal.Down}, setUp: func(d *desk) { d.book.people = worldBook() }},
		{name: "contact", state: idle(), keys: []hal.Key{hal.Soft3, hal.Digit5, hal.Digit6, hal.Digit6, hal.OK}},
		{name: "contact-delete", state: idle(), keys: []hal.Key{hal.Soft3, hal.OK, hal.Soft3}},
		{name: "settings", state: idle(), setUp: inSettings(sectionScreen, hal.Down, hal.Down)},
		{name: "settings-lines", state: failing, setUp: inSettings(sectionLines)},
		{name: "home-not-disturbed", state: undisturbed},
		{name: "home-forwarded", state: forwarded},
		{name: "rules", state: beside, setUp: inRules(hal.Down, hal.Down)},
		{name: "rules-forwarded", state: forwarded, setUp: inRules(hal.Down)},
		{name: "rules-not-taken", state: notTaken, setUp: inRules(hal.Down)},
		{name: "rules-none", state: idle(), setUp: inRules()},
		{name: "settings-sound", state: idle(), setUp: inSettings(sectionSound)},
		{name: "sound-test", state: tested(phone.SoundTest{Running: true}), setUp: inSettings(sectionSound, append(slices.Repeat([]hal.Key{hal.Down}, 6), hal.OK)...)},
		{name: "sound-test-works", state: tested(phone.SoundTest{Verdict: phone.SoundWorks}), setUp: inSettings(sectionSound, append(slices.Repeat([]hal.Key{hal.Down}, 6), hal.OK)...)},
		{name: "sound-test-silent", state: tested(phone.SoundTest{Verdict: phone.SpeakerSilent}), setUp: inSettings(sectionSound, append(slices.Repeat([]hal.Key{hal.Down}, 6), hal.OK)...)},
		{name: "settings-about", state: idle(), setUp: inSettings(sectionAbout)},
		{name: "network", state: idle(), setUp: inSettings(sectionAbout, hal.Down, hal.Down, hal.Down, hal.OK)},
		{name: "settings-about-reports", state: idle(), setUp: func(d *desk) {
			d.reports.Reporting = Reporting{To: "sip:collector@nordwerk.example", Waiting: 3, Trouble: "503 Service Unavailable", Lost: 2}
			inSettings(sectionAbout, hal.Down, hal.Down, hal.Down, hal.Down, hal.Down, hal.Down, hal.Down)(d)
		}},
		{name: "settings-computers", state: idle(), setUp: inSettings(sectionComputers)},
		{name: "computer", state: idle(), setUp: inSettings(sectionComputers, hal.Down, hal.OK)},
		{name: "account", state: idle(), setUp: inSettings(sectionLines, hal.OK)},
		{name: "account-agreed", state: agreed, setUp: inSettings(sectionLines, hal.OK)},
		{name: "text-entry", state: failing, keys: []hal.Key{hal.OK, hal.Digit6, hal.Digit7, hal.Digit6}},
		{name: "fault-certificate", state: expired, keys: []hal.Key{hal.OK}},
		{name: "fault-details", state: expired, keys: []hal.Key{hal.OK, hal.Soft2}},
		{name: "fault-password", state: failing, keys: []hal.Key{hal.Line2}},
		{name: "fault-unreachable", state: unreachable, keys: []hal.Key{hal.OK}},
		{name: "fault-settings", state: broken, keys: []hal.Key{hal.Down, hal.OK}},
		{name: "fault-rewrites", state: rewritten, keys: []hal.Key{hal.Down, hal.OK}},
		{name: "fault-forgets", state: forgotten, keys: []hal.Key{hal.Down, hal.OK}},
		{name: "fault-relay", state: relay, keys: []hal.Key{hal.Down, hal.OK}},
		{name: "fault-handed", state: handed, keys: []hal.Key{hal.Down, hal.OK}},
		{name: "fault-certificate-ends", state: ending, keys: []hal.Key{hal.Down, hal.OK}},
		{name: "fault-certificate-ours", state: ours, keys: []hal.Key{hal.OK}},
		{name: "fault-sound", state: silent, keys: []hal.Key{hal.Down, hal.OK}},
		{name: "toast", state: idle(), setUp: func(d *desk) { d.Refused(phone.LineDown, now) }},
		{name: "volume", state: withCalls(talking(1, jonas, 767*time.Second)), setUp: func(d *desk) {
			d.Changed(phone.Update{Changes: []phone.Change{{What: phone.VolumeChanged}}}, d.st, now)
		}},
	})
}

func keptOfCall(l trace.Ladder) func(*desk) {
	return func(d *desk) { d.ladders.calls = map[phone.CallID]trace.Ladder{1: l} }
}

func tested(test phone.SoundTest) *phone.State {
	s := idle()
	s.Test = test
	return s
}

// inRules opens the call rules and presses keys there.
func inRules(keys ...hal.Key) func(*desk) {
	return func(d *desk) {
		d.menu = []page{&rulesPage{}}
		for _, k := range keys {
			d.Press(k, d.st, now.Add(-500*time.Millisecond))
		}
	}
}

// inSettings opens the settings in the rows of a section and presses keys there.
func inSettings(s section, keys ...hal.Key) func(*desk) {
	return func(d *desk) {
		d.menu = []page{&settings{section: s, inside: true}}
		d.lastPress = now.Add(-500 * time.Millisecond)
		for _, k := range keys {
			d.Press(k, d.st, d.lastPress)
		}
	}
}

// variants are the panels, themes and languages a picture is kept of; some only of the screens that differ most.
var variants = []struct {
	name string
	size image.Point
	o    Options
	only map[string]bool // nil: every screen
}{
	{"dark", image.Pt(800, 480), Options{Theme: "dark", Language: "en", Brightness: 80, RingTone: "Classic", HandsFree: phone.Speaker}, nil},
	{"light", image.Pt(800, 480), Options{Theme: "light", Language: "en", Brightness: 80, RingTone: "Classic"}, mainScreens},
	{"contrast", image.Pt(800, 480), Options{Theme: "dark", Contrast: true, Language: "en", Brightness: 80}, mainScreens},
	{"german", image.Pt(800, 480), Options{Theme: "dark", Language: "de", Brightness: 80, RingTone: "Classic"}, mainScreens},
	{"large", image.Pt(800, 480), Options{Theme: "dark", LargeText: true, Language: "en", Brightness: 80, RingTone: "Classic"}, nil},
	{"arabic", image.Pt(800, 480), Options{Theme: "dark", Language: "ar", Brightness: 80, RingTone: "Classic"}, arabicScreens},
	{"480x272", image.Pt(480, 272), Options{Theme: "dark", Language: "en", Brightness: 80, RingTone: "Classic"}, nil},
	{"480x800", image.Pt(480, 800), Options{Theme: "dark", Language: "en", Brightness: 80, RingTone: "Classic"}, mainScreens},
	{"1024x600", image.Pt(1024, 600), Options{Theme: "dark", Language: "en", Brightness: 80, RingTone: "Classic"}, mainScreens},
}

var mainScreens = map[string]bool{"home": true, "home-line-failing": true, "dial": true, "incoming": true, "in-call": true, "in-call-muted": true, "two-calls": true, "network": true,
	"second-call-rings": true, "calls": true, "contacts": true, "settings": true, "text-entry": true, "fault-certificate": true,
	"transfer-to": true, "transfer-asking": true, "transfer-failed": true, "conference": true, "meeting": true, "record-in-call": true, "recordings": true, "voicemail-plays": true, "home-keys": true, "sound": true, "sound-past": true, "steps": true, "rules": true, "home-not-disturbed": true}

// arabicScreens are mirrored; among them all that hold back something from that.
var arabicScreens = map[string]bool{"locked": true, "home": true, "home-line-failing": true, "dial": true, "incoming-arabic": true, "incoming-not-verified": true, "in-call": true, "two-calls": true, "second-call-rings": true,
	"calls": true, "contacts": true, "settings": true, "text-entry": true, "ended": true, "volume": true, "calling": true,
	"transfer-to-typed": true, "transfer-asking": true, "conference": true, "meeting": true, "record-in-call": true, "recordings": true, "voicemail-plays": true, "home-keys": true, "sound-past": true, "steps": true, "steps-message": true, "rules": true, "network": true}

// away has the caller be watched, and away at another phone of theirs.
func away(s *phone.State) *phone.State {
	s.Watched = []phone.Watched{{WatchConfig: phone.WatchConfig{Number: s.Calls[0].Remote.Number}, Lamp: phone.LampBusy, Presence: phone.Away}}
	return s
}

func TestGolden(t *testing.T) {
	for _, v := range variants {
		for _, s := range situations() {
			if v.only != nil && !v.only[s.name] {
				continue
			}
			t.Run(s.name+"/"+v.name, func(t *testing.T) {
				if testing.Short() && v.name != "480x272" {
					t.Skip("one variant of each screen is enough under -short")
				}
				d := newDesk(t, v.size, v.o)
				d.enter(s)
				compare(t, filepath.Join("testdata", s.name, v.name+".png"), d.canvas.Picture())
			})
		}
	}
}

func compare(t *testing.T, path string, got *image.RGBA) {
	t.Helper()
	if *update {
		var b bytes.Buffer
		if err := png.Encode(&b, got); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if want.Bounds() != got.Bounds() {
		t.Fatalf("the picture is %v, want %v", got.Bounds(), want.Bounds())
	}
	flat := image.NewRGBA(want.Bounds())
	stddraw.Draw(flat, flat.Rect, want, image.Point{}, stddraw.Src)
	for i := range got.Pix {
		if got.Pix[i] != flat.Pix[i] {
			t.Fatalf("first difference at %d,%d; look at it and accept it with -update", i/4%got.Rect.Dx(), i/got.Stride)
		}
	}
}
