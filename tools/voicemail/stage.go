// Package voicemail sets a phone up between a Kamailio, which tells it of waiting messages, and a Dovecot, which keeps them.
// Its tests hold what must be so; the bench writes the times down.
package voicemail

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
	"opendeskphone/sip/mwi"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
)

const (
	domain = "phone.test"
	user   = "100"
	caller = "+442079460018" // kept free for fiction
	length = 3 * time.Second // of a message
)

var exchange = netip.AddrPortFrom(lab.LANAddr(1).Addr(), 5060)

// Stage is a phone with its exchange.
type Stage struct {
	LAN      *lab.LAN
	Wire     *lab.Capture
	Kamailio *lab.Kamailio
	Dovecot  *lab.Dovecot
	Phone    *desk.Twin
	computer *pc.Computer // paired with the phone
	stops    []func() error
}

// NewStage sets all up and waits until the phone is registered. If list, it reads its mailbox, where one message lies; else it
// knows of messages by SIP alone. Close it.
func NewStage(ctx context.Context, dir string, list bool) (*Stage, error) {
	s := &Stage{}
	if err := s.open(ctx, dir, list); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context, dir string, list bool) (err error) {
	if s.LAN, err = lab.NewLAN(dir); err != nil {
		return err
	}
	s.stops = append(s.stops, s.LAN.Close)
	if s.Wire, err = lab.NewCapture(s.LAN.Core, lab.LANDevice); err != nil {
		return err
	}
	s.stops = append(s.stops, s.Wire.Close, func() error {
		return os.WriteFile(filepath.Join(dir, "sip.log"), []byte(lab.Transcript(s.Wire.Since(0))), 0o644)
	})
	host := s.LAN.Core // where the exchange sits
	ca, err := lab.NewCA(filepath.Join(dir, "ca"))
	if err != nil {
		return err
	}
	pair, err := ca.Issue(lab.Leaf{File: "mail", IPs: []netip.Addr{exchange.Addr()}})
	if err != nil {
		return err
	}
	mailbox := ""
	if list {
		if s.Dovecot, err = lab.StartDovecot(ctx, host, exchange.Addr(), pair); err != nil {
			return err
		}
		s.stops = append(s.stops, s.Dovecot.Close)
		if err := s.Deliver(); err != nil {
			return err
		}
		mailbox = fmt.Sprintf("mailbox = %q\nmailbox_user = %q\nmailbox_password = %q\n", exchange.Addr(), user, lab.PasswordOf(user))
	}
	if s.Kamailio, err = lab.StartKamailio(ctx, host, lab.KamailioConfig{Name: "kamailio", Domain: domain, Listen: exchange}); err != nil {
		return err
	}
	computers, paired, err := pc.Known(1)
	if err != nil {
		return err
	}
	s.computer = computers[0]
	if s.Phone, err = desk.StartTwin(ctx, desk.Setup{Name: "phone", LAN: s.LAN, Host: 100, Roots: ca.RootFile(), Files: map[string][]byte{pc.PairingsFile: paired}, Settings: fmt.Sprintf(`
[[line]]
aor = "sip:%s@%s"
registrar = %q
password = %q
%s[sip]
system_roots = false
extra_roots = [%q]
[network]
dhcp = false
address = %q
`, user, domain, exchange, lab.PasswordOf(user), mailbox, desk.RootsPath, lab.LANAddr(100).String())}); err != nil {
		return err
	}
	s.stops = append(s.stops, s.Phone.Close)
	_, err = s.Kamailio.WaitBindings(ctx, user, 1)
	return err
}

// Close ends everything, the last begun first.
func (s *Stage) Close() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	return errors.Join(errs...)
}

// Controller opens a session of the computer that the phone is paired with, and tells heard of what the phone plays.
func (s *Stage) Controller(ctx context.Context, heard func(*tpcp.Playing)) (*tpcp.Client, error) {
	c, leave, err := s.computer.Control(ctx, s.LAN.Core, s.Phone.Addr(), func(n tpcp.Notification) {
		var d tpcp.DeviceChanged
		if n.Name == tpcp.NotifyDeviceChanged && n.Decode(&d) == nil {
			heard(d.Playing)
		}
	})
	if err == nil {
		s.stops = append(s.stops, func() error { leave(); return nil })
	}
	return c, err
}

// mail is a voice message as Asterisk mails it: a tone of 1 kHz in 8 kHz PCM.
func mail() string {
	n := int(8000 * length / time.Second)
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("RIFF"), uint32(36+2*n))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data"...)
	b = le.AppendUint32(b, uint32(2*n))
	for i := range n {
		b = le.AppendUint16(b, uint16(int16(8000*math.Sin(2*math.Pi*1000*float64(i)/8000))))
	}
	text := base64.StdEncoding.EncodeToString(b)
	folded := ""
	for len(text) > 76 {
		folded, text = folded+text[:76]+"\r\n", text[76:]
	}
	return "From: \"Asterisk\" <vm@phone.test>\r\nTo: <100@phone.test>\r\nSubject: New message\r\nX-Asterisk-CallerID: " + caller + "\r\nX-Asterisk-CallerIDName: Dr. Chidi Okafor\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA message.\r\n--b\r\n" +
		"Content-Type: audio/x-wav; name=\"msg0000.wav\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"msg0000.wav\"\r\n\r\n" +
		folded + text + "\r\n--b--\r\n"
}

// Deliver leaves a message.
func (s *Stage) Deliver() error { return s.Dovecot.Deliver(user, mail()) }

// Told has the exchange tell the phone of the state of its mailbox, and gives how long after the NOTIFY stood on the wire
// the lamp was as it must be.
func (s *Stage) Told(ctx context.Context, waiting bool, body string) (time.Duration, error) {
	uris, err := s.Kamailio.WaitBindings(ctx, user, 1)
	if err != nil {
		return 0, err
	}
	mark := s.Wire.Mark()
	if err := s.Kamailio.Tell(user, uris[0], mwi.Event, mwi.Type, body); err != nil {
		return 0, err
	}
	var at time.Time
	err = lab.PollEvery(ctx, time.Millisecond, "the lamp", func() (bool, error) {
		lit, err := s.Phone.Lamps(ctx)
		at = time.Now()
		return lit[hal.LampRing] == waiting, err
	})
	if err != nil {
		return 0, err
	}
	p, err := s.Wire.Wait(ctx, mark, "NOTIFY", func(p lab.Packet) bool { return p.Request("NOTIFY") && p.Dst.Addr() == s.Phone.Addr() })
	return at.Sub(p.At), err
}
