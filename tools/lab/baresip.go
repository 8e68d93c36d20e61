package lab

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"
)

// BaresipConfig describes one baresip, with an address of its own in the namespace.
type BaresipConfig struct {
	User      string     // also the name of its log; its password is PasswordOf(User)
	Instance  string     // when one user has several phones: told apart by this
	Addr      netip.Addr // SIP on 5060 of it
	Domain    string
	Registrar netip.AddrPort // zero: no registration, calls by address
	Transport string         // to the registrar: udp (when empty), tcp, tls
	RootFile  string         // with tls: whom to trust
	Codecs    []string       // as "PCMA", "G722", "L16", "opus"; the first is preferred
	SRTP      bool           // required, keys by SDES
	DTLS      bool           // required, keys by DTLS
	NAT       string         // how its media gets through NATs: stun, ice; "" is not at all
	STUN      netip.AddrPort // server of NAT
	Mux       bool           // RTP and RTCP on one port (RFC 5761)
	Automatic bool           // answers at once; otherwise when told
	Speech    Clip           // what it says, from the start of each call
}

// Codec names as baresip writes them; its Opus is configured for one channel.
var baresipCodec = map[string]string{
	"opus": "opus/48000/1", "G722": "G722/16000/1", "PCMA": "PCMA/8000/1", "PCMU": "PCMU/8000/1", "L16": "L16/16000/1",
}

// Baresip is a running baresip 1.0.
type Baresip struct {
	cfg  BaresipConfig
	ns   *Namespace
	dir  string
	proc *Process
	ctl  net.Conn

	mu      sync.Mutex
	events  []Event
	grown   chan struct{}
	replies chan reply
	calls   sync.Mutex // one command at a time
}

// Event is one event of baresip's, as CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED, REGISTER_OK.
type Event struct {
	Type  string `json:"type"`
	Class string `json:"class"`
	Peer  string `json:"peeruri"`
	Param string `json:"param"`
	At    time.Time
}

type reply struct {
	OK   bool   `json:"ok"`
	Data string `json:"data"`
}

// family is what confines baresip to IPv6 or IPv4.
var family = map[bool]string{true: "-6", false: "-4"}

//go:embed baresip.conf.tmpl
var baresipTemplate string

// StartBaresip starts a baresip in a namespace and waits until it can be driven; registration is
// awaited with WaitRegistered.
func StartBaresip(ctx context.Context, ns *Namespace, cfg BaresipConfig) (*Baresip, error) {
	if err := Require("baresip"); err != nil {
		return nil, err
	}
	b := &Baresip{cfg: cfg, ns: ns, dir: filepath.Join(ns.Dir(), cfg.name()), grown: make(chan struct{}), replies: make(chan reply, 8)}
	if err := b.writeConfig(); err != nil {
		return nil, err
	}
	var err error
	if b.proc, err = ns.Start(Command{Name: cfg.name(), Argv: []string{"baresip", family[cfg.Addr.Is6()], "-f", b.dir}, Dir: b.dir}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	err = Poll(ctx, cfg.name()+" ready", func() (bool, error) {
		b.ctl, err = ns.Dial(ctx, "tcp", netip.AddrPortFrom(cfg.Addr, 4444))
		return err == nil, nil
	})
	if err != nil {
		return nil, err
	}
	go b.read()
	return b, nil
}

func (c BaresipConfig) name() string {
	if c.Instance != "" {
		return c.User + "-" + c.Instance
	}
	return c.User
}

func (b *Baresip) writeConfig() error {
	if err := os.MkdirAll(filepath.Join(b.dir, "rec"), 0o755); err != nil {
		return fmt.Errorf("lab: make directory of %s: %w", b.cfg.User, err)
	}
	var conf bytes.Buffer
	err := template.Must(template.New("config").Parse(baresipTemplate)).Execute(&conf, map[string]any{
		"Addr": b.cfg.Addr, "SIP": netip.AddrPortFrom(b.cfg.Addr, 5060), "Control": netip.AddrPortFrom(b.cfg.Addr, 4444), "Dir": b.dir, "RootFile": b.cfg.RootFile, "Rate": b.cfg.speechRate(), "Mux": b.cfg.Mux})
	if err != nil {
		return fmt.Errorf("lab: fill baresip's config: %w", err)
	}
	if err := b.cfg.Speech.At(b.cfg.speechRate()).WriteWAV(filepath.Join(b.dir, "speech.wav"), 1); err != nil {
		return err
	}
	for name, text := range map[string]string{"config": conf.String(), "accounts": b.account(), "contacts": ""} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("lab: write baresip's %s: %w", name, err)
		}
	}
	return nil
}

// speechRate is the codec's own rate where there is one codec: baresip resamples in whole factors
// only, and not well. 48 kHz is a multiple of every codec's rate.
func (c BaresipConfig) speechRate() int {
	if len(c.Codecs) != 1 {
		return 48000
	}
	return map[string]int{"PCMA": 8000, "PCMU": 8000, "G722": 16000, "L16": 16000, "opus": 48000}[c.Codecs[0]]
}

func (b *Baresip) account() string {
	c := b.cfg
	var codecs []string
	for _, name := range c.Codecs {
		codecs = append(codecs, baresipCodec[name])
	}
	var s strings.Builder
	fmt.Fprintf(&s, "<sip:%s@%s>;auth_user=%s;auth_pass=%s;audio_codecs=%s", c.User, c.domain(), c.User, PasswordOf(c.User), strings.Join(codecs, ","))
	if c.Registrar.IsValid() {
		transport := c.Transport
		if transport == "" {
			transport = "udp"
		}
		fmt.Fprintf(&s, ";outbound=\"sip:%s;transport=%s\";regint=60", c.Registrar, transport)
	} else {
		s.WriteString(";regint=0")
	}
	switch {
	case c.SRTP:
		s.WriteString(";mediaenc=srtp-mand")
	case c.DTLS:
		s.WriteString(";mediaenc=dtls_srtp")
	}
	if c.NAT != "" {
		fmt.Fprintf(&s, ";medianat=%s;stunserver=\"stun:%s\"", c.NAT, c.STUN)
	}
	if c.Automatic {
		s.WriteString(";answermode=auto")
	} else {
		s.WriteString(";answermode=manual")
	}
	return s.String() + "\n"
}

func (c BaresipConfig) domain() string {
	if c.Domain != "" {
		return c.Domain
	}
	return netip.AddrPortFrom(c.Addr, 5060).String()
}

// read takes events and replies from the control connection until it closes.
func (b *Baresip) read() {
	in := bufio.NewReader(b.ctl)
	for {
		text, err := readNetstring(in)
		if err != nil {
			return
		}
		var m struct {
			Event    bool `json:"event"`
			Response bool `json:"response"`
		}
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		switch {
		case m.Event:
			e := Event{At: time.Now()}
			if json.Unmarshal(text, &e) == nil {
				b.mu.Lock()
				b.events = append(b.events, e)
				close(b.grown)
				b.grown = make(chan struct{})
				b.mu.Unlock()
			}
		case m.Response:
			var r reply
			if json.Unmarshal(text, &r) == nil {
				b.replies <- r
			}
		}
	}
}

// readNetstring reads one "LENGTH:BYTES," of at most 64 KiB.
func readNetstring(in *bufio.Reader) ([]byte, error) {
	head, err := in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(head, ":"))
	if err != nil || n < 0 || n > 64<<10 {
		return nil, fmt.Errorf("lab: netstring length %q", head)
	}
	text := make([]byte, n+1)
	for at := 0; at < len(text); {
		k, err := in.Read(text[at:])
		if err != nil {
			return nil, err
		}
		at += k
	}
	if text[n] != ',' {
		return nil, fmt.Errorf("lab: netstring without its comma")
	}
	return text[:n], nil
}

// Do gives baresip a command of its menu, as Do(ctx, "dial", "sip:1@phone.test"), and gives its answer.
func (b *Baresip) Do(ctx context.Context, command string, params ...string) (string, error) {
	b.calls.Lock()
	defer b.calls.Unlock()
	text, err := json.Marshal(map[string]string{"command": command, "params": strings.Join(params, " "), "token": command})
	if err != nil {
		return "", fmt.Errorf("lab: baresip %s: %w", command, err)
	}
	if _, err := fmt.Fprintf(b.ctl, "%d:%s,", len(text), text); err != nil {
		return "", fmt.Errorf("lab: baresip %s: %w", command, err)
	}
	select {
	case r := <-b.replies:
		if !r.OK {
			return r.Data, fmt.Errorf("lab: baresip refused %s: %s", command, strings.TrimSpace(r.Data))
		}
		return r.Data, nil
	case <-b.proc.Done():
		return "", fmt.Errorf("lab: baresip %s has ended: %s", b.cfg.name(), lastLines(b.proc.Log.Since(0), 4))
	case <-ctx.Done():
		return "", fmt.Errorf("lab: baresip %s: %w", command, ctx.Err())
	}
}

// Dial, Answer, Hold, Resume and Hangup are baresip's commands for its current call.
func (b *Baresip) Dial(ctx context.Context, uri string) error { return b.do(ctx, "dial", uri) }

// Answer answers the call that rings.
func (b *Baresip) Answer(ctx context.Context) error { return b.do(ctx, "accept") }

// Hold puts the current call on hold.
func (b *Baresip) Hold(ctx context.Context) error { return b.do(ctx, "hold") }

// Resume takes the current call off hold.
func (b *Baresip) Resume(ctx context.Context) error { return b.do(ctx, "resume") }

// Hangup ends the current call.
func (b *Baresip) Hangup(ctx context.Context) error { return b.do(ctx, "hangup") }

func (b *Baresip) do(ctx context.Context, command string, params ...string) error {
	_, err := b.Do(ctx, command, params...)
	return err
}

// WaitRegistered waits until the registrar has accepted this baresip.
func (b *Baresip) WaitRegistered(ctx context.Context) error {
	return Poll(ctx, "registration of "+b.cfg.name(), func() (bool, error) {
		text, err := b.Do(ctx, "reginfo")
		return strings.Contains(text, "OK"), err
	})
}

// Mark is the number of events so far, to wait for later ones.
func (b *Baresip) Mark() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.events)
}

// Since gives the events after a mark.
func (b *Baresip) Since(mark int) []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.events[min(mark, len(b.events)):])
}

// Wait waits for an event of a type after a mark.
func (b *Baresip) Wait(ctx context.Context, mark int, kind string) (Event, error) {
	for {
		b.mu.Lock()
		events, grown := b.events[min(mark, len(b.events)):], b.grown
		b.mu.Unlock()
		for _, e := range events {
			if e.Type == kind {
				return e, nil
			}
		}
		select {
		case <-grown:
		case <-b.proc.Done():
			return Event{}, fmt.Errorf("lab: baresip %s has ended: %s", b.cfg.name(), lastLines(b.proc.Log.Since(0), 4))
		case <-ctx.Done():
			return Event{}, fmt.Errorf("lab: baresip %s: wait for %s, seen %v: %w", b.cfg.name(), kind, types(events), ctx.Err())
		}
	}
}

// WaitRinging waits until a call rings here after a mark.
func (b *Baresip) WaitRinging(ctx context.Context, mark int) error {
	_, err := b.Wait(ctx, mark, "CALL_INCOMING")
	return err
}

// WaitTalking waits until a call stands after a mark.
func (b *Baresip) WaitTalking(ctx context.Context, mark int) error {
	_, err := b.Wait(ctx, mark, "CALL_ESTABLISHED")
	return err
}

// WaitEnded waits until a call has ended after a mark.
func (b *Baresip) WaitEnded(ctx context.Context, mark int) error {
	_, err := b.Wait(ctx, mark, "CALL_CLOSED")
	return err
}

func types(events []Event) (names []string) {
	for _, e := range events {
		names = append(names, e.Type)
	}
	return names
}

// Recordings gives the files of the newest call: heard is what came from the far side, said what
// was sent. baresip finishes them when the call ends; before that they grow. What is heard after a
// hold is missing.
func (b *Baresip) Recordings() (heard, said string, err error) {
	newest := func(suffix string) string {
		files, _ := filepath.Glob(filepath.Join(b.dir, "rec", "dump-*-"+suffix+".wav"))
		slices.Sort(files) // names carry the time
		if len(files) == 0 {
			return ""
		}
		return files[len(files)-1]
	}
	heard, said = newest("dec"), newest("enc")
	if heard == "" || said == "" {
		return "", "", fmt.Errorf("lab: baresip %s has recorded nothing in %s", b.cfg.name(), b.dir)
	}
	return heard, said, nil
}

// Record is there for likeness with Linphonec: baresip records every call.
func (b *Baresip) Record(context.Context) error { return nil }

// Recording is the file of what was heard in the newest call; empty before the first. It grows
// during the call, up to the first hold: baresip 1.0 stops recording then.
func (b *Baresip) Recording() string {
	heard, _, err := b.Recordings()
	if err != nil {
		return ""
	}
	return heard
}

// URI is how the peer is called: by user and domain.
func (b *Baresip) URI() string { return "sip:" + b.cfg.User + "@" + b.cfg.domain() }

// Namespace is where it runs.
func (b *Baresip) Namespace() *Namespace { return b.ns }

// Process is the running program.
func (b *Baresip) Process() *Process { return b.proc }

// Stop ends the program; its control connection closes with it.
func (b *Baresip) Stop() {
	b.proc.Stop()
	b.ctl.Close()
}
