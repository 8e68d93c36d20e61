package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/sim/simphone"
)

const (
	controlRequests = 300                   // of each kind
	controlPause    = 60 * time.Millisecond // below the protocol's rate, so that it is not what is measured
)

// oneComputer is a phone's memory of one paired computer.
type oneComputer struct{ pin tpcp.Pin }

func (c oneComputer) Find(p tpcp.Pin) (tpcp.Pairing, bool) {
	return tpcp.Pairing{ID: "bench", Rights: tpcp.AllRights, Secret: attachSecret}, p == c.pin
}

func (oneComputer) Count() int { return 1 }

var attachSecret = bytes.Repeat([]byte{1}, 32)

// measureControl measures a controller on the same machine, over TCP: how long a request takes that changes the
// phone, and how long it takes until a change made at the phone is known.
func measureControl(ctx context.Context, b *bench) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, c, err := controlled(ctx, filepath.Join(b.dir, "control"))
	if err != nil {
		return err
	}
	defer c.Close()
	var round, lag []time.Duration
	for i := range controlRequests {
		began := time.Now()
		if _, err := c.SetVolume(ctx, tpcp.VolumeParams{Terminal: tpcp.Terminal{Terminal: "headset"}, Level: uint8(i % 2)}); err != nil {
			return err
		}
		round = append(round, time.Since(began))
		drain(c)
		began = time.Now()
		if err := p.Control().Do(ctx, "ui", phone.SetVolume{Path: phone.Speaker, Level: uint8(i % 2)}); err != nil {
			return err
		}
		if err := deviceTold(ctx, c, uint8(i%2)); err != nil {
			return err
		}
		lag = append(lag, time.Since(began))
		if err := pause(ctx, controlPause); err != nil {
			return err
		}
	}
	slices.Sort(round)
	slices.Sort(lag)
	b.ours("tpcp_p50_ms", "%.2f", ms(lab.Percentile(round, 50)))
	b.ours("tpcp_p99_ms", "%.2f", ms(lab.Percentile(round, 99)))
	b.ours("notify_lag_ms", "%.2f", ms(lab.Percentile(lag, 50)))
	return nil
}

// controlled starts a phone and a controller with a session, both in this program.
func controlled(ctx context.Context, dir string) (*simphone.Phone, *tpcp.Client, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	_, phoneKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, nil, err
	}
	pub, hostKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, nil, err
	}
	own, err := tpcp.Certificate(hostKey)
	if err != nil {
		return nil, nil, err
	}
	p, err := simphone.New(simphone.Config{
		Folder: dir, Log: slog.New(slog.DiscardHandler), Identity: phoneKey, Computers: oneComputer{tpcp.PinOf(pub)},
		Settings: "[[line]]\naor = \"sip:100@127.0.0.1\"\nregister = false\n[sip]\nport = 0\n[tpcp]\nport = 0\n",
	})
	if err != nil {
		return nil, nil, err
	}
	go func() { _ = p.Run(ctx) }() // ends with ctx, its error is nil
	for p.Controllers().Addr() == nil {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil, nil, err
		}
	}
	_, port, err := net.SplitHostPort(p.Controllers().Addr().String())
	if err != nil {
		return nil, nil, err
	}
	c, err := tpcp.Dial(ctx, net.JoinHostPort("127.0.0.1", port), tpcp.Identity{Certificate: own, Phone: tpcp.PinOf(phoneKey.Public().(ed25519.PublicKey))})
	if err != nil {
		return nil, nil, err
	}
	go func() { _ = c.Run(ctx) }() // likewise
	if _, err = c.Open(ctx, tpcp.OpenParams{ControllerID: "bench"}, attachSecret); err != nil {
		return nil, nil, err
	}
	return p, c, nil
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
