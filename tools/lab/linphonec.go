package lab

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// LinphonecConfig describes one linphonec, with an address of its own in the namespace.
type LinphonecConfig struct {
	User      string     // also the name of its log; its password is PasswordOf(User)
	Addr      netip.Addr // SIP on 5060 of it
	Domain    string
	Registrar netip.AddrPort // zero: no registration, calls by address
	Transport string         // to the registrar: udp (when empty) or tcp
	Codecs    []string       // as "PCMA", "G722", "opus"; the first is preferred
	SRTP      bool           // required, keys by SDES
	DTLS      bool           // required, keys by DTLS
	Suites    string         // of SRTP, as "AEAD_AES_128_GCM"; those that are usual when empty
	Automatic bool           // answers at once; otherwise when told
	Speech    Clip           // what it says, from the start of each call
	Collector string         // address to which it reports how calls sounded (RFC 6035); empty: it does not
}

// Linphonec is a running linphonec 5.1: a second make of SIP phone, by other people.
type Linphonec struct {
	cfg  LinphonecConfig
	dir  string
	proc *Process
	take int // number of the recording: linphonec would append to an old file
}

//go:embed linphonec.conf.tmpl
var linphonecTemplate string

type linphonecCodec struct {
	Mime           string
	Rate, Channels int
	Enabled        bool
}

var linphonecCodecs = []linphonecCodec{
	{"opus", 48000, 2, false}, {"G722", 8000, 1, false}, {"PCMA", 8000, 1, false}, {"PCMU", 8000, 1, false},
	{"speex", 8000, 1, false}, {"speex", 16000, 1, false}, {"speex", 32000, 1, false}, {"GSM", 8000, 1, false}, {"G729", 8000, 1, false},
}

// StartLinphonec starts a linphonec in a namespace, with its sound in files, and waits until it can
// be driven.
func StartLinphonec(ctx context.Context, ns *Namespace, cfg LinphonecConfig) (*Linphonec, error) {
	if err := Require("linphonec"); err != nil {
		return nil, err
	}
	l := &Linphonec{cfg: cfg, dir: filepath.Join(ns.Dir(), cfg.User)}
	if err := l.writeConfig(); err != nil {
		return nil, err
	}
	argv := []string{"linphonec", "-c", l.file("linphonerc"), "-d", "5", "-l", l.file("linphone.log")}
	if cfg.Automatic {
		argv = append(argv, "-a")
	}
	var err error
	l.proc, err = ns.Start(Command{Name: cfg.User, Argv: argv, Dir: l.dir, Env: []string{"HOME=" + l.dir, "TERM=dumb"}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for _, line := range []string{"soundcard use files", "play speech.wav"} {
		if err := l.Do(ctx, line, "linphonec>"); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *Linphonec) file(name string) string { return filepath.Join(l.dir, name) }

func (l *Linphonec) writeConfig() error {
	if err := os.MkdirAll(l.file(".local/share/linphone"), 0o755); err != nil {
		return fmt.Errorf("lab: make directory of %s: %w", l.cfg.User, err)
	}
	text, err := l.cfg.Settings()
	if err != nil {
		return err
	}
	if err := os.WriteFile(l.file("linphonerc"), text, 0o644); err != nil {
		return fmt.Errorf("lab: write linphonerc: %w", err)
	}
	return l.cfg.Speech.At(16000).WriteWAV(l.file("speech.wav"), 1)
}

// Settings is the file that makes a linphonec such a one, wherever it runs.
func (c LinphonecConfig) Settings() ([]byte, error) {
	if c.Transport == "" {
		c.Transport = "udp"
	}
	registrar := ""
	if c.Registrar.IsValid() {
		registrar = c.Registrar.String()
	}
	var b bytes.Buffer
	err := template.Must(template.New("linphonerc").Parse(linphonecTemplate)).Execute(&b, map[string]any{
		"Addr": c.Addr, "User": c.User, "Password": PasswordOf(c.User), "Domain": c.Domain,
		"Registrar": registrar, "Transport": c.Transport, "SRTP": c.SRTP, "DTLS": c.DTLS, "Suites": c.Suites, "Collector": c.Collector, "Codecs": c.codecs()})
	if err != nil {
		return nil, fmt.Errorf("lab: fill linphonerc: %w", err)
	}
	return b.Bytes(), nil
}

// codecs lists every codec linphonec knows, the wanted ones first and enabled: it would add what
// the list leaves out by itself.
func (c LinphonecConfig) codecs() (list []linphonecCodec) {
	for _, name := range c.Codecs {
		i := slices.IndexFunc(linphonecCodecs, func(k linphonecCodec) bool { return k.Mime == name })
		if i >= 0 {
			wanted := linphonecCodecs[i]
			wanted.Enabled = true
			list = append(list, wanted)
		}
	}
	for _, k := range linphonecCodecs {
		if !slices.Contains(c.Codecs, k.Mime) {
			list = append(list, k)
		}
	}
	return list
}

// Do types a command and waits until linphonec prints something that matches, from then on.
func (l *Linphonec) Do(ctx context.Context, line, want string) error {
	mark := l.proc.Log.Len()
	if err := l.proc.Type(line); err != nil {
		return err
	}
	return l.Wait(ctx, mark, want)
}

// Mark is the length of linphonec's output so far, to wait for later output.
func (l *Linphonec) Mark() int { return l.proc.Log.Len() }

// Wait waits until linphonec prints text that matches a regular expression, after a mark.
func (l *Linphonec) Wait(ctx context.Context, mark int, want string) error {
	expr, err := regexp.Compile(want)
	if err != nil {
		return fmt.Errorf("lab: linphonec: %w", err)
	}
	if err := l.proc.Log.WaitFor(ctx, mark, expr.MatchString); err != nil {
		return fmt.Errorf("lab: linphonec %s: wait for %q, printed %q: %w", l.cfg.User, want, lastLines(l.proc.Log.Since(mark), 6), err)
	}
	return nil
}

// WaitRegistered waits until the registrar has accepted this linphonec.
func (l *Linphonec) WaitRegistered(ctx context.Context) error {
	return Poll(ctx, "registration of "+l.cfg.User, func() (bool, error) {
		mark := l.Mark()
		err := l.Do(ctx, "status register", `registered(=|,)`)
		return strings.Contains(l.proc.Log.Since(mark), "registered, identity"), err
	})
}

// Record makes linphonec write what it hears in the next call to a new file, which Recording names.
func (l *Linphonec) Record(ctx context.Context) error {
	l.take++
	if err := os.Remove(l.Recording()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("lab: remove old recording: %w", err)
	}
	return l.Do(ctx, "record "+filepath.Base(l.Recording()), "linphonec>")
}

// Recording is the file of what linphonec heard. It can be read after the call: its header is
// written last.
func (l *Linphonec) Recording() string { return l.file(fmt.Sprintf("heard-%d.wav", l.take)) }

// Dial calls a URI.
func (l *Linphonec) Dial(ctx context.Context, uri string) error {
	return l.Do(ctx, "call "+uri, `in progress`)
}

// Answer answers the call that rings.
func (l *Linphonec) Answer(ctx context.Context) error { return l.Do(ctx, "answer", `connected`) }

// Redirect sends the ringing call on.
func (l *Linphonec) Redirect(ctx context.Context, uri string) error {
	return l.Do(ctx, "redirect all "+uri, `(?i)redirect`)
}

// Hold puts the current call on hold.
func (l *Linphonec) Hold(ctx context.Context) error { return l.Do(ctx, "pause", `paused`) }

// Resume takes the held call back.
func (l *Linphonec) Resume(ctx context.Context) error { return l.Do(ctx, "resume 1", `resumed`) }

// Hangup ends the current call.
func (l *Linphonec) Hangup(ctx context.Context) error { return l.Do(ctx, "terminate", `ended`) }

// WaitRinging waits until a call rings here after a mark.
func (l *Linphonec) WaitRinging(ctx context.Context, mark int) error {
	return l.Wait(ctx, mark, `(?i)receiving new incoming call`)
}

// WaitTalking waits until a call stands after a mark.
func (l *Linphonec) WaitTalking(ctx context.Context, mark int) error {
	return l.Wait(ctx, mark, `Call \d+ with .* connected`)
}

// WaitEnded waits until a call has ended after a mark.
func (l *Linphonec) WaitEnded(ctx context.Context, mark int) error {
	return l.Wait(ctx, mark, `Call \d+ with .* (ended|error)`)
}

// URI is how the peer is called: by user and domain.
func (l *Linphonec) URI() string { return "sip:" + l.cfg.User + "@" + l.cfg.Domain }

// Process is the running program.
func (l *Linphonec) Process() *Process { return l.proc }

// Stop ends the program.
func (l *Linphonec) Stop() { l.proc.Stop() }
