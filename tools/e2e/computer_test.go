package e2e

import (
	"context"
	"encoding/hex"
	"fmt"
	"image"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/boards"
	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/hal"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
	"opendeskphone/tools/lab/usbip"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/font"
	"opendeskphone/ui/screen"
	"opendeskphone/ui/theme"
	"opendeskphone/usbhid/pairing"
	"opendeskphone/usbhid/pairing/cable"
)

// socket is the running image with its USB socket, and this test in place of a PC.
type socket struct {
	*scene
	g      *desk.Guest
	device pairing.ID  // of the phone
	begun  []time.Time // pairings
	words  [][]byte    // of the PC in one that went well
	paint  func(phone.PC) image.Image
}

// computer is a PC that may be plugged in.
type computer struct{ *pc.Computer }

func newComputer(name string) *computer { return &computer{pc.New(name)} }

// plugged is a computer at the cable.
type plugged struct{ *pc.Line }

// newSocket boots a phone that knows n computers.
func newSocket(t *testing.T, n int) (*socket, []*computer) {
	t.Helper()
	if *imageDir == "" {
		t.Skip("no -image: the twin's pairings are tested in firmware/device")
	}
	knows, file, err := pc.Known(n)
	must(t, err)
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings(""), USB: true, Files: map[string][]byte{pc.PairingsFile: file}})
	s.atRegistrar(t, phoneUser, 1, 60*time.Second)
	k := &socket{scene: s, g: s.phone.(*desk.Guest), paint: newPainter(t)}
	d := plug(t, s, k.g)
	id, err := d.Identity()
	must(t, err)
	number, err := hex.DecodeString(id.Serial)
	must(t, err)
	k.device = pairing.ID(number)
	must(t, d.Close())
	var computers []*computer
	for _, c := range knows {
		c.Record.Device = k.device
		computers = append(computers, &computer{c})
	}
	return k, computers
}

// open plugs the cable in and opens the pairing interface, once the phone knows that it is plugged in.
func (k *socket) open(t *testing.T) (*usbip.Device, *usbip.HID) {
	t.Helper()
	configured := func() int { return len(plugLine.FindAllString(k.g.Log().Since(0), -1)) }
	before := configured()
	d := plug(t, k.scene, k.g)
	c, err := d.Configure()
	must(t, err)
	must(t, lab.PollEvery(soon(t), 10*time.Millisecond, "plug on the phone", func() (bool, error) { return configured() > before, nil }))
	h, err := pc.Open(d, c)
	must(t, err)
	return d, h
}

// plugIn plugs a computer in.
func (k *socket) plugIn(t *testing.T, c *computer) *plugged {
	t.Helper()
	p, _ := k.plugTapped(t, c)
	return p
}

// plugTapped plugs a computer in and keeps what it says.
func (k *socket) plugTapped(t *testing.T, c *computer) (*plugged, *tapped) {
	t.Helper()
	d, h := k.open(t)
	tap := &tapped{HID: h}
	p := &plugged{c.Start(d, tap)}
	t.Cleanup(p.Pull)
	return p, tap
}

// attach proves a computer, which nobody must be asked for.
func (p *plugged) attach(t *testing.T, c *computer) *cable.Attachment {
	t.Helper()
	at, err := p.Attach(soon(t), c.Record)
	must(t, err)
	return at
}

// refusedAttach wants a proof refused.
func (p *plugged) refusedAttach(t *testing.T, r pairing.Record, want pairing.Reason) {
	t.Helper()
	if _, err := p.Attach(soon(t), r); cable.ReasonOf(err) != want {
		t.Errorf("attach: %v, want %v", err, want)
	}
}

// persons are what the two at a pairing do. A key of 0 is none.
type persons struct {
	asked, compare hal.Key // at the phone
	differ         bool    // the one at the PC sees other digits
}

var agreed = persons{asked: hal.Soft1, compare: hal.Soft1}

// pair pairs a computer, with a person at the phone who looks at its screen before he presses a key.
func (k *socket) pair(t *testing.T, p *plugged, c *computer, who persons) (pairing.Record, error) {
	t.Helper()
	k.begun = append(k.begun, time.Now())
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	stages := make(chan pairing.Showed, 8)
	type outcome struct {
		record pairing.Record
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := p.Pair(ctx, pairing.AllRights, func(context.Context, string) bool { return !who.differ }, func(s pairing.Showed) { stages <- s })
		done <- outcome{r, err}
	}()
	for {
		select {
		case s := <-stages:
			pc := phone.PC{With: c.Self.Name, WithUser: c.Self.User}
			switch {
			case s.Stage == pairing.Asked && who.asked != 0:
				pc.Stage = phone.PairingAsked
				k.answer(t, pc, who.asked)
			case s.Stage == pairing.Comparing && who.compare != 0:
				pc.Stage, pc.Digits = phone.PairingCompare, s.Digits
				k.answer(t, pc, who.compare)
			}
		case o := <-done:
			return o.record, o.err
		}
	}
}

// answer waits until the phone shows a question, and presses a key.
func (k *socket) answer(t *testing.T, pc phone.PC, key hal.Key) {
	t.Helper()
	k.showsPairing(t, pc)
	settle(t, guard)
	k.press(t, key)
}

// fails is what the screen shows of a pairing that failed; the person takes note.
func (k *socket) fails(t *testing.T, c *computer, f phone.PairingFault) {
	t.Helper()
	k.answer(t, phone.PC{Stage: phone.PairingFailed, With: c.Self.Name, WithUser: c.Self.User, Fault: f}, hal.Soft5)
}

// still are the parts of the screen that do not change by themselves: neither the clock nor the time left.
var still = []image.Rectangle{image.Rect(0, 48, 800, 154), image.Rect(0, 196, 800, 480)}

// showsPairing waits until the phone's own screen says of a pairing what it must, pixel by pixel, the digits with it.
func (k *socket) showsPairing(t *testing.T, pc phone.PC) {
	t.Helper()
	want := k.paint(pc)
	var got image.Image
	err := lab.PollEvery(soon(t), 100*time.Millisecond, fmt.Sprintf("screen of pairing stage %v, digits %s", pc.Stage, pc.Digits), func() (bool, error) {
		var err error
		got, err = k.phone.Screenshot(t.Context())
		return err == nil && !slices.ContainsFunc(still, func(r image.Rectangle) bool { return !alike(got, want, r) }), err
	})
	k.steps++
	album := lab.Golden{Dir: k.dir + "/album", Accept: true}
	must(t, album.Check(fmt.Sprintf("%03d-pairing", k.steps), got))
	if err != nil {
		must(t, album.Check(fmt.Sprintf("%03d-pairing-wanted", k.steps), want))
		t.Fatal(err)
	}
}

func alike(a, b image.Image, in image.Rectangle) bool {
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			r, g, bl, _ := a.At(x, y).RGBA()
			r2, g2, bl2, _ := b.At(x, y).RGBA()
			if r != r2 || g != g2 || bl != bl2 {
				return false
			}
		}
	}
	return true
}

// nobody is an empty address book.
type nobody struct{}

func (nobody) Contacts() []screen.Contact      { return nil }
func (nobody) AddContact(screen.Contact) error { return nil }
func (nobody) DeleteContact(string) error      { return nil }

// newPainter gives what paints the screen that a phone of the same settings must show.
func newPainter(t *testing.T) func(phone.PC) image.Image {
	t.Helper()
	size := boards.QEMUArm.Display.Size
	th, err := theme.New(size, theme.Dark)
	must(t, err)
	fonts, err := font.NewSet()
	must(t, err)
	return func(pc phone.PC) image.Image {
		st := phone.New(phone.Config{})
		st.PC = pc
		canvas := draw.NewCanvas(size, fonts)
		screen.New(screen.Sources{Contacts: nobody{}}, th).Draw(canvas.Next(), &st, time.Now())
		canvas.Show()
		return canvas.Picture()
	}
}

// byIP opens a stream over the network to where the cable says the phone listens.
func (k *socket) byIP(at *cable.Attachment) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		for {
			places, moved := at.Places()
			if len(places.Addresses) > 0 {
				return k.lan.Core.Dial(ctx, "tcp", places.Addresses[0])
			}
			select {
			case <-moved:
			case <-at.Done():
				return nil, at.Err()
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
}

// identity is a computer's towards a controlled phone.
func (c *computer) identity(t *testing.T) tpcp.Identity {
	t.Helper()
	own, err := tpcp.Certificate(c.Self.Key)
	must(t, err)
	return tpcp.Identity{Certificate: own, Phone: c.Record.Pin()}
}

// controller opens a control leg; nobody listens to its notifications.
func (c *computer) controller(t *testing.T, dial func(context.Context) (net.Conn, error)) *tpcp.Client {
	t.Helper()
	raw, err := dial(soon(t))
	must(t, err)
	client, err := tpcp.Over(soon(t), raw, c.identity(t))
	must(t, err)
	over := make(chan struct{})
	go func() { defer close(over); _ = client.Run(context.Background()) }() // ends with client
	go func() {
		for range client.Notifications() {
		}
	}()
	t.Cleanup(func() { client.Close(); <-over })
	return client
}

// whole wants the phone's programs to have run all the time.
func (k *socket) whole(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(k.g.Log().Since(0)) {
		for _, bad := range []string{"panic", "fatal error", " ended: ", "Oops", "BUG:"} {
			if strings.Contains(line, bad) {
				t.Errorf("the phone says: %s", line)
			}
		}
	}
}
