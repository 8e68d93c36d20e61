package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/sim/simphone"
	"opendeskphone/usbhid/pairing"
	"opendeskphone/usbhid/pairing/cable"
)

const (
	controlRequests = 300                   // of each kind
	controlPause    = 60 * time.Millisecond // below the protocol's rate, so that it is not what is measured
)

// controlled is a phone in this program, and a computer that is paired with it and plugged in: the cable is the twin's.
type controlled struct {
	*simphone.Phone
	own  tls.Certificate
	wire *cable.Attachment
}

// measureControl measures a controller on the same machine: how long a request takes that changes the phone, over TCP
// and over the cable, and how long it takes until a change made at the phone is known.
func measureControl(ctx context.Context, b *bench) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := newControlled(ctx, filepath.Join(b.dir, "control"))
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(p.Controllers().Addr().String())
	if err != nil {
		return err
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return err
	}
	round, lag, err := p.times(ctx, raw, controlRequests)
	if err != nil {
		return fmt.Errorf("by TCP: %w", err)
	}
	b.ours("tpcp_p50_ms", "%.2f", ms(lab.Percentile(round, 50)))
	b.ours("tpcp_p99_ms", "%.2f", ms(lab.Percentile(round, 99)))
	b.ours("notify_lag_ms", "%.2f", ms(lab.Percentile(lag, 50)))
	if raw, err = p.wire.Dial(ctx); err != nil {
		return err
	}
	if round, _, err = p.times(ctx, raw, controlRequests); err != nil {
		return fmt.Errorf("by cable: %w", err)
	}
	b.ours("tpcp_cable_p99_ms", "%.2f", ms(lab.Percentile(round, 99)))
	return nil
}

// times measures requests and notifications over a stream, each list sorted.
func (p *controlled) times(ctx context.Context, raw net.Conn, n int) (round, lag []time.Duration, err error) {
	c, err := tpcp.Over(ctx, raw, tpcp.Identity{Certificate: p.own, Phone: tpcp.PinOf(p.wire.Record.Key)})
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	go func() { _ = c.Run(ctx) }() // ends with c
	if _, err = c.Open(ctx, tpcp.OpenParams{ControllerID: "bench"}, p.wire.Secret[:]); err != nil {
		return nil, nil, err
	}
	for i := range n {
		began := time.Now()
		if _, err := c.SetVolume(ctx, tpcp.VolumeParams{Terminal: tpcp.Terminal{Terminal: "headset"}, Level: uint8(i % 2)}); err != nil {
			return nil, nil, err
		}
		round = append(round, time.Since(began))
		drain(c)
		began = time.Now()
		if err := p.Control().Do(ctx, "ui", phone.SetVolume{Path: phone.Speaker, Level: uint8(i % 2)}); err != nil {
			return nil, nil, err
		}
		if err := deviceTold(ctx, c, uint8(i%2)); err != nil {
			return nil, nil, err
		}
		lag = append(lag, time.Since(began))
		if err := pause(ctx, controlPause); err != nil {
			return nil, nil, err
		}
	}
	slices.Sort(round)
	slices.Sort(lag)
	return round, lag, nil
}

// newControlled starts a phone, plugs a computer in and pairs it.
func newControlled(ctx context.Context, dir string) (*controlled, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	p, err := simphone.New(simphone.Config{Folder: dir, Log: slog.New(slog.DiscardHandler),
		Settings: "[[line]]\naor = \"sip:100@127.0.0.1\"\nregister = false\n[sip]\nport = 0\n[tpcp]\nport = 0\n"})
	if err != nil {
		return nil, err
	}
	out := &controlled{Phone: p}
	if out.own, err = tpcp.Certificate(key); err != nil {
		return nil, err
	}
	go func() { _ = p.Run(ctx) }() // ends with ctx, its error is nil
	line, err := out.plug(ctx, pairing.Self{Key: key, Name: "bench", User: "bench"})
	if err != nil {
		return nil, err
	}
	go out.agree(ctx)
	record, err := line.Pair(ctx, pairing.AllRights, func(context.Context, string) bool { return true }, func(pairing.Showed) {})
	if err != nil {
		return nil, err
	}
	p.USB.Unplug()
	if line, err = out.plug(ctx, pairing.Self{Key: key, Name: "bench", User: "bench"}); err != nil {
		return nil, err
	}
	if out.wire, err = line.Attach(ctx, record); err != nil {
		return nil, err
	}
	for p.Controllers().Addr() == nil {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// plug plugs the cable in and opens its pairing interface.
func (p *controlled) plug(ctx context.Context, self pairing.Self) (*cable.Cable, error) {
	p.USB.Plug()
	for {
		dev, err := p.USB.Host(hal.USBPairing)
		if err == nil {
			line := cable.New(&paced{ReadWriteCloser: dev}, self)
			go func() { _ = line.Run(ctx) }() // ends with the cable
			return line, nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// agree is the person at the phone, who says yes.
func (p *controlled) agree(ctx context.Context) {
	for seq := phone.Seq(0); ; {
		u, err := p.Control().Watch(ctx, seq)
		if err != nil {
			return
		}
		seq = u.State.Seq
		if s := u.State.PC.Stage; s == phone.PairingAsked || s == phone.PairingCompare {
			_ = p.Control().Do(ctx, "ui", phone.AnswerPairing{Stage: s, Yes: true}) // not asked any more: well
		}
	}
}

// paced is the cable as fast as a real one: a report a millisecond each way, bInterval 4 at high speed.
type paced struct {
	io.ReadWriteCloser
	in, out time.Time
}

const reportTime = time.Millisecond

func (p *paced) Read(b []byte) (int, error) {
	n, err := p.ReadWriteCloser.Read(b)
	p.in = interval(p.in)
	return n, err
}

func (p *paced) Write(b []byte) (int, error) {
	p.out = interval(p.out)
	return p.ReadWriteCloser.Write(b)
}

// interval waits until the next report may go, and tells when that was.
func interval(last time.Time) time.Time {
	next := last.Add(reportTime)
	time.Sleep(time.Until(next))
	if now := time.Now(); now.After(next) {
		return now
	}
	return next
}

func drain(c *tpcp.Client) {
	for {
		select {
		case <-c.Notifications():
		default:
			return
		}
	}
}

// deviceTold waits until the controller knows the loudspeaker's volume.
func deviceTold(ctx context.Context, c *tpcp.Client, level uint8) error {
	for {
		select {
		case n, ok := <-c.Notifications():
			var d tpcp.DeviceChanged
			switch {
			case !ok:
				return fmt.Errorf("the control leg ended")
			case n.Name == tpcp.NotifyDeviceChanged && n.Decode(&d) == nil && d.Volumes["speaker"] == level:
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
