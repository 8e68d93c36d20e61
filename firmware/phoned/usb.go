package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"opendeskphone/audio/soundcard"
	"opendeskphone/boards"
	"opendeskphone/hal"
	"opendeskphone/hal/linux"
	"opendeskphone/usbhid/gadget"
)

const (
	usbMakeTime = 20 * time.Second // for init to load modules and find the controller
	usbGoneTime = 5 * time.Second  // for init to remove a gadget
)

// usbCards are the ALSA ids the kernel gives the sound functions (u_audio).
var usbCards = map[bool]string{false: "UAC1Gadget", true: "UAC2Gadget"}

// usbOf gives the way to the board's USB device port: init makes the gadget, the rest is ours. It is
// nil for a board without.
func usbOf(b *boards.Board, log *slog.Logger) func(hal.USBIdentity) (hal.USB, error) {
	if b.USB.Vendor == 0 {
		return nil
	}
	var cards usbSound
	return func(id hal.USBIdentity) (hal.USB, error) {
		g, dir, err := askForUSB(hal.USBSocket, id)
		if err != nil {
			return nil, err
		}
		port, err := linux.OpenUSB(linux.USBPort{
			Gadget: g, Dir: dir, Card: usbCards[id.UAC2], OpenCard: cards.open, Log: log,
			Functions: [hal.USBFunctions]string{hal.USBTelephony: gadget.Telephony, hal.USBVolume: gadget.Volume, hal.USBPairing: gadget.Pairing},
		})
		if err != nil {
			return nil, err
		}
		return &usbTold{USB: port, stop: tellUSB(port)}, nil
	}
}

// usbTold is a port whose hosts are told of on the console.
type usbTold struct {
	hal.USB
	stop context.CancelFunc
}

// Close implements hal.USB.
func (u *usbTold) Close() error {
	u.stop()
	return u.USB.Close()
}

// tellUSB tells the console, through init, what hosts do with the port, until it is stopped.
func tellUSB(port hal.USB) context.CancelFunc {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		var last hal.USBStatus
		for s := range port.Watch(ctx) {
			if s.State != last.State || s.Plug != last.Plug {
				fmt.Printf("odp: phoned: usb %v plug %d %s\n", s.State, s.Plug, uptime())
			}
			last = s
		}
	}()
	return stop
}

// usbLease is a gadget that init keeps for us while the connection is open.
type usbLease struct{ conn *net.UnixConn }

// askForUSB asks init for a gadget; dir is its folder in configfs.
func askForUSB(socket string, id hal.USBIdentity) (lease io.Closer, dir string, err error) {
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, "", fmt.Errorf("usb: %w", err)
	}
	wish, err := json.Marshal(id)
	var line []byte
	if err == nil {
		err = c.SetDeadline(time.Now().Add(usbMakeTime))
	}
	if err == nil {
		_, err = c.Write(append(wish, '\n'))
	}
	if err == nil {
		line, err = bufio.NewReader(c).ReadBytes('\n')
	}
	var answer hal.USBAnswer
	if err == nil {
		err = json.Unmarshal(line, &answer)
	}
	if err == nil && answer.Fault != "" {
		err = errors.New(answer.Fault)
	}
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("usb: no gadget: %w", err), c.Close())
	}
	return usbLease{c}, answer.Dir, nil
}

// Close gives the gadget back and waits until it is gone, so that another can be asked for.
func (l usbLease) Close() error {
	err := errors.Join(l.conn.SetDeadline(time.Now().Add(usbGoneTime)), l.conn.CloseWrite())
	if err == nil {
		_, err = io.Copy(io.Discard, l.conn)
	}
	return errors.Join(err, l.conn.Close())
}

// usbSound opens the gadget's card. The connection to the machine's sound is made once.
type usbSound struct{ system *soundcard.System }

func (s *usbSound) open(c linux.USBCard) (hal.Sound, error) {
	if s.system == nil {
		var err error
		if s.system, err = soundcard.New(soundcard.ALSA); err != nil {
			return nil, err
		}
	}
	cfg := soundcard.Default()
	// As long as a frame: with shorter ones half the callbacks wake a thread for nothing, and the ring in
	// which the two clocks meet holds more than either.
	cfg.Period, cfg.Periods = 10*time.Millisecond, 4
	cfg.Playback, cfg.Capture = soundcard.None, soundcard.None
	if c.Plays {
		cfg.Capture = c.PCM
	}
	if c.Records {
		cfg.Playback = c.PCM
	}
	return s.system.Open(cfg)
}
