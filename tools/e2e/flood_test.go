package e2e

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
	"opendeskphone/tools/lab/pc"
)

const (
	floodTime = 3 * time.Second
	floodRate = 10_000 // requests a second
	floodTry  = 5      // the machine may be busy with other things: one clean try is enough
)

// TestFlood: three paired computers ask the phone 10,000 times a second while it talks with baresip. It sends every
// packet of its voice, in order, and none late enough to be heard.
func TestFlood(t *testing.T) {
	computers, file, err := pc.Known(3)
	must(t, err)
	s := newScene(t)
	s.start(t, desk.Setup{Settings: mainSettings(""), Twin: true, Files: map[string][]byte{pc.PairingsFile: file}})
	s.atRegistrar(t, phoneUser, 1, 30*time.Second)
	p := s.enter(t, cast{make: "baresip", user: "201", host: 11, codecs: []string{"PCMA"}}).(*lab.Baresip)
	mark := p.Mark()
	must(t, p.Dial(soon(t), "sip:"+phoneUser+"@"+domain))
	c := (&computer{computers[0]}).controller(t, s.byTwin)
	opened, err := c.Open(soon(t), tpcp.OpenParams{ControllerID: "good"}, nil)
	must(t, err)
	must(t, lab.Poll(soon(t), "the call to be answered", func() (bool, error) {
		calls, err := c.Calls(t.Context())
		if err != nil || len(calls) != 1 {
			return false, err
		}
		_, err = c.Answer(t.Context(), tpcp.AnswerParams{CallParams: tpcp.CallParams{CallID: calls[0].CallID}})
		return err == nil, nil
	}))
	must(t, p.WaitTalking(soon(t), mark))
	for try := 1; ; try++ {
		wire := s.wire.Mark()
		sent := s.flood(t, computers)
		voice := voiceOf(s.wire.Since(wire), s.phone.Addr())
		t.Logf("try %d, session %s: %d requests a second; %d packets of voice, %d missing, the longest wait %v", try, opened.SessionID,
			sent*int(time.Second)/int(floodTime), voice.packets, voice.missing, voice.wait.Round(time.Millisecond))
		if voice.missing > 0 {
			t.Errorf("%d packets of voice are missing", voice.missing)
		}
		if sent >= floodRate*int(floodTime/time.Second) && voice.wait < 60*time.Millisecond && voice.packets >= int(floodTime/(20*time.Millisecond))*9/10 {
			break
		}
		if try == floodTry {
			t.Fatal("the voice suffers each time")
		}
	}
	must(t, c.Ping(soon(t)))
	must(t, p.Hangup(soon(t)))
	must(t, p.WaitEnded(soon(t), mark))
}

// flood asks from each computer for as long as floodTime, and tells how many requests went out.
func (s *scene) flood(t *testing.T, computers []*pc.Computer) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), floodTime)
	defer cancel()
	var sent atomic.Int64
	var all sync.WaitGroup
	for n, c := range computers {
		raw, err := s.byTwin(soon(t))
		must(t, err)
		conn, err := tpcp.Secure(soon(t), raw, (&computer{c}).identity(t))
		must(t, err)
		context.AfterFunc(ctx, func() { conn.NetConn().Close() })
		_, err = conn.Write(framed(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"session.open","params":{"controllerId":"flood-%d"}}`, n)))
		must(t, err)
		block := slices.Repeat(framed(`{"jsonrpc":"2.0","id":7,"method":"call.list","params":{}}`), 20)
		all.Go(func() {
			for ctx.Err() == nil {
				if _, err := conn.Write(block); err != nil {
					return
				}
				sent.Add(20)
			}
		})
		all.Go(func() { _, _ = io.Copy(io.Discard, conn) }) // ends with the connection
	}
	all.Wait()
	return int(sent.Load())
}

func framed(text string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
}

// voice is a stream of RTP as it went over the wire.
type voice struct {
	packets, missing int
	wait             time.Duration // the longest between two packets
}

// voiceOf looks at what one address sent.
func voiceOf(packets []lab.Packet, from netip.Addr) (v voice) {
	var last lab.Packet
	for _, p := range packets {
		if !p.RTP() || p.Src.Addr() != from {
			continue
		}
		if v.packets > 0 {
			v.missing += int(binary.BigEndian.Uint16(p.Data[2:]) - binary.BigEndian.Uint16(last.Data[2:]) - 1)
			v.wait = max(v.wait, p.At.Sub(last.At))
		}
		v.packets, last = v.packets+1, p
	}
	return v
}

// byTwin opens a stream to the port for controllers.
func (s *scene) byTwin(ctx context.Context) (net.Conn, error) {
	return s.lan.Core.Dial(ctx, "tcp", netip.AddrPortFrom(s.phone.Addr(), 5588))
}
