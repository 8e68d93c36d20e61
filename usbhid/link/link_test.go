package link

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/usbhid"
)

// wire is one direction of a cable.
type wire struct {
	reports chan [usbhid.PairingSize]byte
	pulled  chan struct{}
}

// end is what a link sees of the cable; drop loses reports that it writes.
type end struct {
	in, out wire
	drop    func(r [usbhid.PairingSize]byte) bool
	refuse  atomic.Int32 // so many reports are not taken
	mu      sync.Mutex
	sent    int // segments of the stream
}

func (e *end) Read(b []byte) (int, error) {
	select {
	case r := <-e.in.reports:
		return copy(b, r[:]), nil
	case <-e.in.pulled:
		return 0, io.EOF
	}
}

func (e *end) Write(b []byte) (int, error) {
	r := [usbhid.PairingSize]byte(b)
	if e.refuse.Load() > 0 {
		e.refuse.Add(-1)
		return 0, errors.New("not taken")
	}
	e.mu.Lock()
	if r[1]&0x0f == Stream {
		e.sent++
	}
	lost := e.drop != nil && e.drop(r)
	e.mu.Unlock()
	if lost {
		return len(b), nil
	}
	select {
	case e.out.reports <- r:
		return len(b), nil
	case <-e.out.pulled:
		return 0, io.ErrClosedPipe
	}
}

// cable is a phone and a PC, linked.
type cable struct {
	phone, pc         *Link
	phoneEnd, pcEnd   *end
	pull              func()
	phoneOver, pcOver chan error
}

func newCable(t *testing.T) *cable {
	pulled := make(chan struct{})
	up, down := wire{make(chan [usbhid.PairingSize]byte, 4), pulled}, wire{make(chan [usbhid.PairingSize]byte, 64), pulled}
	c := &cable{phoneEnd: &end{in: up, out: down}, pcEnd: &end{in: down, out: up}, pull: sync.OnceFunc(func() { close(pulled) })}
	c.phone, c.pc = New(c.phoneEnd, false), New(c.pcEnd, true)
	c.phoneOver, c.pcOver = make(chan error, 1), make(chan error, 1)
	go func() { c.phoneOver <- c.phone.Run() }()
	go func() { c.pcOver <- c.pc.Run() }()
	t.Cleanup(func() {
		c.pull()
		if err := <-c.phoneOver; err == nil {
			t.Error("the phone's link ended without a reason")
		}
		<-c.pcOver
	})
	return c
}

func message(typ Type, sizes ...int) Message {
	m := Message{Type: typ}
	for i, n := range sizes {
		m.TLVs = append(m.TLVs, TLV{Tag(i + 1), bytes.Repeat([]byte{byte(i)}, n)})
	}
	return m
}

func TestMessagesArriveWholeAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		sizes := [][]int{{}, {0}, {53}, {57}, {58}, {60, 61}, {500, 900, 600}, {1}}
		go func() {
			for i, s := range sizes {
				if err := c.pc.Send(message(Type(i+1), s...)); err != nil {
					t.Error(err)
				}
			}
		}()
		for i, s := range sizes {
			got := <-c.phone.Messages()
			if want := message(Type(i+1), s...); got.Err != nil || !bytes.Equal(got.Message.Bytes(), want.Bytes()) {
				t.Fatalf("message %d: %v, %d bytes, want %d", i, got.Err, len(got.Message.Bytes()), len(want.Bytes()))
			}
		}
		if err := c.pc.Send(message(1, 2000, 100)); !errors.Is(err, ErrMessage) {
			t.Errorf("a message too long to send: %v", err)
		}
	})
}

func TestLostSegmentIsToldToBothAndTheNextMessageArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		n := 0
		c.pcEnd.drop = func([usbhid.PairingSize]byte) bool { n++; return n == 2 }
		for range 2 {
			if err := c.pc.Send(message(1, 200)); err != nil {
				t.Fatal(err)
			}
		}
		if got := <-c.phone.Messages(); !errors.Is(got.Err, ErrDesync) {
			t.Errorf("phone: %+v", got)
		}
		if got := <-c.pc.Messages(); got.Message.Type != TypeError || !bytes.Equal(got.Message.Get(TagReason), []byte{ReasonDesync}) {
			t.Errorf("PC: %+v", got)
		}
		if got := <-c.phone.Messages(); got.Err != nil || got.Message.Type != 1 {
			t.Errorf("the next message: %+v", got)
		}
	})
}

// A program that opens the interface anew counts from 0, wherever the one before it stood.
func TestPCBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		for range 3 {
			if err := c.pc.Send(message(1)); err != nil {
				t.Fatal(err)
			}
			<-c.phone.Messages()
		}
		c.pc.seq = 0
		if err := c.pc.Send(message(2)); err != nil {
			t.Fatal(err)
		}
		if got := <-c.phone.Messages(); got.Err != nil || got.Message.Type != 2 {
			t.Errorf("%+v", got)
		}
	})
}

// open opens a stream and gives both ends.
func (c *cable) open(t *testing.T) (pc, phone net.Conn) {
	t.Helper()
	pc, err := c.pc.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return pc, <-c.phone.Streams()
}

func TestStreamCarriesBothWaysBesideMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		pc, phone := c.open(t)
		data := make([]byte, 300_000)
		random := rand.New(rand.NewPCG(1, 2))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		var sides sync.WaitGroup
		for _, conn := range []net.Conn{pc, phone} {
			sides.Go(func() {
				if _, err := conn.Write(data); err != nil {
					t.Error(err)
				}
			})
			sides.Go(func() {
				got := make([]byte, len(data))
				if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, data) {
					t.Errorf("read %v", err)
				}
			})
		}
		for range 20 {
			if err := c.pc.Send(message(3, 100)); err != nil {
				t.Fatal(err)
			}
			if got := <-c.phone.Messages(); got.Err != nil {
				t.Fatal(got.Err)
			}
		}
		sides.Wait()
		if err := phone.Close(); err != nil {
			t.Error(err)
		}
		if _, err := pc.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the phone closed: %v", err)
		}
	})
}

// A PC that does not read gets what it granted and no more, and its messages go on.
func TestUnreadStreamHoldsThePhoneBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		_, phone := c.open(t)
		go func() { _, _ = phone.Write(make([]byte, 100_000)) }()
		synctest.Wait()
		c.phoneEnd.mu.Lock()
		sent := c.phoneEnd.sent
		c.phoneEnd.mu.Unlock()
		if sent > 1+firstCredit {
			t.Errorf("the phone sent %d segments on a credit of %d", sent, firstCredit)
		}
		if err := c.phone.Send(message(4)); err != nil {
			t.Fatal(err)
		}
		if got := <-c.pc.Messages(); got.Message.Type != 4 {
			t.Errorf("%+v", got)
		}
	})
}

func TestNewStreamTakesTheOldOnesPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		_, old := c.open(t)
		pc, phone := c.open(t)
		if _, err := old.Read(make([]byte, 1)); err == nil {
			t.Error("the old stream lives")
		}
		go func() { _, _ = pc.Write([]byte("hello")) }()
		got := make([]byte, 5)
		if _, err := io.ReadFull(phone, got); err != nil || string(got) != "hello" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestLostSegmentEndsTheStreamAtBothEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		pc, phone := c.open(t)
		c.pcEnd.mu.Lock()
		n := 0
		c.pcEnd.drop = func(r [usbhid.PairingSize]byte) bool { n++; return n == 2 }
		c.pcEnd.mu.Unlock()
		go func() { _, _ = pc.Write(make([]byte, 500)) }()
		if _, err := io.ReadFull(phone, make([]byte, 500)); err == nil {
			t.Error("the phone read over the gap")
		}
		if _, err := pc.Read(make([]byte, 1)); err == nil {
			t.Error("the PC was not told")
		}
	})
}

// The last words of an old stream never come between those of the one in its place.
func TestStreamsInQuickSuccession(t *testing.T) {
	c := newCable(t)
	for n := range byte(200) {
		pc, phone := c.open(t)
		said := bytes.Repeat([]byte{n}, 1000)
		for _, way := range [][2]net.Conn{{pc, phone}, {phone, pc}} {
			heard := make(chan error, 1)
			go func() {
				got := make([]byte, len(said))
				_, err := io.ReadFull(way[1], got)
				if err == nil && !bytes.Equal(got, said) {
					err = fmt.Errorf("%x", got[:8])
				}
				heard <- err
			}()
			if _, err := way[0].Write(said); err != nil {
				t.Fatalf("stream %d: %v", n, err)
			}
			if err := <-heard; err != nil {
				t.Fatalf("stream %d: %v", n, err)
			}
		}
		go phone.Write(said) // the PC does not want it any more
		pc.Close()
	}
}

// A report that the device did not take ends the stream at both ends: nobody waits for what is lost.
func TestReportNotTakenEndsTheStreamAtBothEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		pc, phone := c.open(t)
		c.phoneEnd.refuse.Store(1)
		if _, err := phone.Write([]byte("lost")); err != nil {
			t.Error(err)
		}
		if b, err := io.ReadAll(pc); len(b) != 0 {
			t.Errorf("%q, %v", b, err)
		}
		c.open(t)
	})
}

func TestNothingCountsAfterTheLastSegment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		pc, phone := c.open(t)
		pc.Close()
		if _, err := io.ReadAll(phone); err != nil {
			t.Error(err)
		}
		for seq := range uint8(3) {
			r := Segment{Channel: Stream, Seq: 2 + seq, Data: []byte("more"), Last: seq == 1}.Report()
			if _, err := c.pc.dev.Write(r[:]); err != nil {
				t.Error(err)
			}
		}
		c.open(t)
	})
}

func TestPulledCableEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		pc, phone := c.open(t)
		c.pull()
		for name, conn := range map[string]net.Conn{"PC": pc, "phone": phone} {
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("%s still reads", name)
			}
		}
		synctest.Wait()
		if _, err := c.pc.Dial(t.Context()); !errors.Is(err, ErrOver) {
			t.Errorf("dialled over a pulled cable: %v", err)
		}
	})
}

func TestPhoneThatOpensNoStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCable(t)
		c.pcEnd.mu.Lock()
		c.pcEnd.drop = func(r [usbhid.PairingSize]byte) bool { return true }
		c.pcEnd.mu.Unlock()
		began := time.Now()
		if _, err := c.pc.Dial(t.Context()); !errors.Is(err, ErrStream) || time.Since(began) != openTime {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestReportsThatAreNoSegments(t *testing.T) {
	good := Segment{First: true, Last: true, Data: []byte{1}}.Report()
	for name, change := range map[string]func(r []byte) []byte{
		"short":     func(r []byte) []byte { return r[:63] },
		"empty":     func([]byte) []byte { return nil },
		"other id":  func(r []byte) []byte { r[0] = 2; return r },
		"flags":     func(r []byte) []byte { r[1] |= 0x10; return r },
		"oversized": func(r []byte) []byte { r[3] = SegmentData + 1; return r },
	} {
		r := good
		if _, err := ParseSegment(change(r[:])); !errors.Is(err, ErrReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMessagesThatAreNone(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty": {}, "head cut": {1, 1, 0}, "length": {1, 1, 1, 0}, "value cut": {1, 1, 3, 0, 9, 1, 0}, "head of value cut": {1, 1, 2, 0, 9, 1},
		"twice": {1, 1, 6, 0, 9, 0, 0, 9, 0, 0}, "too long": append([]byte{1, 1, 0xfd, 0x07}, make([]byte, 2045)...),
	} {
		if _, err := ParseMessage(b); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseMessage([]byte{1, 2, 0, 0}); !errors.Is(err, ErrVersion) {
		t.Errorf("version 2: %v", err)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(message(1, 0, 3).Bytes())
	f.Add([]byte{1, 1, 6, 0, 9, 0, 0, 9, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ParseMessage(b); err == nil && !bytes.Equal(m.Bytes(), b) {
			t.Fatalf("%x is read as %x", b, m.Bytes())
		}
	})
}

// FuzzSegments: whatever reports come, an assembler keeps within bounds and a message that begins is whole.
func FuzzSegments(f *testing.F) {
	r := Segment{First: true, Last: true, Data: message(1, 3).Bytes()}.Report()
	f.Add(r[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		var a assembler
		for len(b) > 0 {
			n := min(len(b), usbhid.PairingSize)
			s, err := ParseSegment(b[:n])
			b = b[n:]
			if err != nil {
				continue
			}
			if again := s.Report(); again[0] != usbhid.PairingID || int(again[3]) != len(s.Data) {
				t.Fatalf("%+v is written as %x", s, again)
			}
			if whole, _ := a.put(s); len(whole) > MaxMessage || len(a.message) > MaxMessage {
				t.Fatalf("a message of %d bytes", max(len(whole), len(a.message)))
			}
		}
	})
}
