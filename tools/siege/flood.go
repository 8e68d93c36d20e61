package siege

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"

	"opendeskphone/sip/siptest"
)

const sipPort = 5060

var victim = netip.AddrPortFrom(at(victimHost), sipPort)

// Flood sends SIP as a stranger, so many messages a second: garbage, OPTIONS and INVITEs in turn.
func (s *Siege) Flood(rate int) Attack {
	return func(ctx context.Context) (int, error) {
		conn, err := s.stranger.Dial(ctx, "udp", victim)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		messages := strangersMessages()
		return send(ctx, rate, func(n int) { _, _ = conn.Write(messages[n%len(messages)]) }), nil // nobody may listen
	}
}

// Broken sends broken SIP and SDP from the registrar's own address, so many messages a second.
func (s *Siege) Broken(rate int, seed uint64) Attack {
	return func(ctx context.Context) (int, error) {
		conn, err := s.lan.Core.Dial(ctx, "udp", victim)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		b := siptest.NewBreaker(seed, "sip:100@"+victim.String(), conn.LocalAddr().String())
		return send(ctx, rate, func(int) { _, _ = conn.Write([]byte(b.Next())) }), nil
	}
}

// send calls one so many times a second until ctx ends and tells how often it did.
func send(ctx context.Context, rate int, one func(n int)) (n int) {
	began := time.Now()
	for ; ctx.Err() == nil; pause(ctx, time.Millisecond) {
		for due := int(time.Since(began).Seconds() * float64(rate)); n < due; n++ {
			one(n)
		}
	}
	return n
}

// strangersMessages are a few hundred messages, no two of one transaction.
func strangersMessages() (out [][]byte) {
	r := rand.New(rand.NewPCG(1, 0xf100d))
	const sdp = "v=0\r\no=- 1 1 IN IP4 10.77.0.31\r\ns=-\r\nc=IN IP4 10.77.0.31\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0\r\n"
	for i := range 300 {
		garbage := make([]byte, 20+r.IntN(600))
		for j := range garbage {
			garbage[j] = byte(r.Uint32())
		}
		out = append(out, garbage, request("OPTIONS", fmt.Sprint("o", i), at(strangerHost).String(), ""),
			request("INVITE", fmt.Sprint("i", i), at(strangerHost).String(), sdp))
	}
	return out
}

// request is a request to the phone.
func request(method, id, from, sdp string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s sip:100@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: <sip:eve@%s>;tag=%[4]s\r\n"+
		"To: <sip:100@%[2]s>\r\nCall-ID: %[4]s\r\nCSeq: 1 %[1]s\r\nContact: <sip:eve@%[5]s>\r\n", method, victim, from, id, from)
	if sdp != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(sdp), sdp)
	return []byte(b.String())
}

// askEvery is the time between two OPTIONS of the registrar, answerWithin its patience.
const askEvery, answerWithin = 50 * time.Millisecond, 500 * time.Millisecond

// ask sends OPTIONS as the registrar does and counts what is answered. None is repeated.
func (s *Siege) ask(ctx context.Context, asked, answered *int) error {
	conn, err := s.lan.Core.ListenPacket(netip.AddrPortFrom(at(registrarHost), 0))
	if err != nil {
		return err
	}
	defer conn.Close()
	sent := make(map[string]time.Time)
	answers := make(chan string, 1024)
	go readAnswers(conn, answers)
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	take := func(id string) {
		if at, ok := sent[id]; ok && time.Since(at) < answerWithin {
			*answered++
		}
		delete(sent, id)
	}
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			id := crand.Text()
			if _, err := conn.WriteToUDPAddrPort(request("OPTIONS", id, conn.LocalAddr().String(), ""), victim); err != nil {
				return err
			}
			sent[id] = time.Now()
			*asked++
		case id := <-answers:
			take(id)
		case <-ctx.Done():
		}
	}
	last := time.After(answerWithin)
	for len(sent) > 0 {
		select {
		case id := <-answers:
			take(id)
		case <-last:
			return nil
		}
	}
	return nil
}

func readAnswers(conn *net.UDPConn, answers chan<- string) {
	buf := make([]byte, 2048)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if text := string(buf[:n]); siptest.CodeOf(text) == 200 {
			answers <- siptest.HeaderOf(text, "Call-ID")
		}
	}
}
