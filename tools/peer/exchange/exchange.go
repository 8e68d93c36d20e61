// Package exchange is a small telephone exchange for the workshop: a registrar and proxy, a relay for
// the voice, and a few extensions that are whole phones of ours on simulated hardware.
//
//	100  the phone on the bench          600  echo: you hear yourself
//	101  a second phone                  601  recorded speech
//	                                     602  calls you back
//
// It is for hand tests on one machine: it listens on loopback and keeps everything in memory.
package exchange

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/resample"
	"opendeskphone/firmware/phone"
	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
	"opendeskphone/tools/sim/simphone"
)

// Domain is the domain of all addresses here, and the digest's realm.
const Domain = "odp.test"

// Password is everybody's password: the exchange is no place for secrets.
const Password = "odp"

// Config of an exchange.
type Config struct {
	Local  netip.AddrPort // where it listens, UDP and TCP
	Guest  netip.Addr     // the exchange's address as a phone sees it that is not on this machine's loopback
	Folder string         // for the extensions' data; emptied at the end
	Log    *slog.Logger
}

// Exchange is a running exchange.
type Exchange struct {
	cfg    Config
	relay  *relay
	server *siptest.Server
	phones []extension
}

// extension is a phone of the exchange and what it does by itself.
type extension struct {
	*simphone.Phone
	live func(ctx context.Context, c phone.Control)
}

//go:embed speech.wav
var speech []byte

// New makes an exchange with its extensions; nothing runs yet.
func New(cfg Config) (*Exchange, error) {
	x := &Exchange{cfg: cfg, relay: newRelay()}
	x.server = siptest.NewServer(siptest.ServerConfig{
		Local: cfg.Local, Realm: Domain, RecordRoute: true, Users: users(), Body: x.body,
		Reach: func(contact string) netip.AddrPort { return netip.AddrPortFrom(x.reach(contact), cfg.Local.Port()) },
	}, stack.System{}, cfg.Log)
	words, err := samples(speech)
	if err != nil {
		return nil, err
	}
	for _, e := range []struct {
		user, name string
		loop       func(mic, spk []int16)
		live       func(context.Context, phone.Control)
	}{
		{"600", "Echo", echo(200 * time.Millisecond), answer},
		{"601", "Speech", play(words), answer},
		{"602", "Call back", echo(200 * time.Millisecond), callBack},
	} {
		p, err := x.phone(e.user, e.name)
		if err != nil {
			return nil, err
		}
		p.Card.SetLoop(e.loop)
		x.phones = append(x.phones, extension{p, e.live})
	}
	return x, nil
}

func users() map[string]string {
	out := map[string]string{}
	for _, u := range []string{"100", "101", "600", "601", "602"} {
		out[u] = Password
	}
	return out
}

// Settings is the settings file of a phone of this exchange that reaches it at server.
func Settings(user, name string, server netip.AddrPort) string {
	return fmt.Sprintf(`[sip]
port = 0

[media]
port_min = 20000
port_max = 29999

[[line]]
aor = "sip:%s@%s"
display = %q
password = %q
outbound_proxy = %q
transport = "tcp"
srtp = "off"
`, user, Domain, name, Password, server)
}

// phone makes a simulated phone registered here.
func (x *Exchange) phone(user, name string) (*simphone.Phone, error) {
	dir := filepath.Join(x.cfg.Folder, user)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("exchange: %w", err)
	}
	return simphone.New(simphone.Config{Folder: dir, Cleaned: true, Settings: Settings(user, name, x.cfg.Local), Log: x.cfg.Log.With("phone", user)})
}

// Run works until ctx ends.
func (x *Exchange) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, e := range x.phones {
		wg.Go(func() { _ = e.Run(ctx) })
		wg.Go(func() { e.live(ctx, e.Control()) })
	}
	return x.server.Run(ctx)
}

// reach is the exchange's address as the phone sees it whose Contact names a host.
func (x *Exchange) reach(contact string) netip.Addr {
	if ip, err := netip.ParseAddr(contact); err == nil && !ip.IsLoopback() && x.cfg.Guest.IsValid() {
		return x.cfg.Guest
	}
	return x.cfg.Local.Addr()
}

// Ready waits until all extensions can be called.
func (x *Exchange) Ready(ctx context.Context) error {
	for _, e := range x.phones {
		for seq := phone.Seq(0); ; {
			u, err := e.Control().Watch(ctx, seq)
			if err != nil {
				return fmt.Errorf("exchange: an extension did not register: %w", err)
			}
			if seq = u.State.Seq; u.State.Lines[0].State == phone.LineRegistered {
				break
			}
		}
	}
	return nil
}

// body puts the relay into every session description that passes.
func (x *Exchange) body(m siptest.Passing) []byte {
	out, err := x.relay.rewrite(context.Background(), m.CallID, m.From, m.Answer, x.reach(m.To), m.Body)
	if err != nil {
		x.cfg.Log.Warn("no relay", "err", err)
		return m.Body
	}
	return out
}

// answer takes every call after a ring or two.
func answer(ctx context.Context, c phone.Control) {
	watch(ctx, c, func(s *phone.State) {
		if r := s.First(phone.Ringing); r != nil {
			_ = c.Do(ctx, "exchange", phone.Answer{Call: r.ID}) // refused means the caller was quicker
		}
	})
}

// callBack declines every call and calls the caller two seconds later.
func callBack(ctx context.Context, c phone.Control) {
	watch(ctx, c, func(s *phone.State) {
		r := s.First(phone.Ringing)
		if r == nil || c.Do(ctx, "exchange", phone.Reject{Call: r.ID}) != nil {
			return // the caller was quicker, or this is old news
		}
		back := phone.Dial{Line: r.Line, Number: r.Remote.URI}
		time.AfterFunc(2*time.Second, func() { _ = c.Do(ctx, "exchange", back) }) // refused: we are in a call already
	})
}

func watch(ctx context.Context, c phone.Control, see func(*phone.State)) {
	for seq := phone.Seq(0); ; {
		u, err := c.Watch(ctx, seq)
		if err != nil {
			return
		}
		seq = u.State.Seq
		see(u.State)
	}
}

// echo gives back what it hears after a while, so that one can tell oneself from the echo.
func echo(after time.Duration) func(mic, spk []int16) {
	line := make([]int16, int(after.Seconds()*48000))
	at := 0
	return func(mic, spk []int16) {
		for i := range spk {
			mic[i], line[at] = line[at], spk[i]
			at = (at + 1) % len(line)
		}
	}
}

// play plays words over and over.
func play(words []int16) func(mic, spk []int16) {
	at := 0
	return func(mic, _ []int16) {
		for i := range mic {
			mic[i] = words[at]
			at = (at + 1) % len(words)
		}
	}
}

// samples reads a 16 kHz mono 16-bit WAV as a card of 48 kHz plays it.
func samples(wav []byte) ([]int16, error) {
	i := bytes.Index(wav, []byte("data"))
	if !strings.HasPrefix(string(wav), "RIFF") || i < 0 || len(wav) < i+8 {
		return nil, errors.New("exchange: the speech is no WAV file")
	}
	data := wav[i+8:]
	in := make([]float32, len(data)/2)
	for j := range in {
		in[j] = float32(int16(binary.LittleEndian.Uint16(data[2*j:])))
	}
	up := resample.New(16000, audio.Rate)
	var out []int16
	for _, v := range up.Process(make([]float32, 0, up.Max(len(in))), in) {
		out = append(out, int16(max(-32768, min(32767, v))))
	}
	return out, nil
}
