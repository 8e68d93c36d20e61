package ua

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"opendeskphone/sip/siptest"
	"opendeskphone/sip/stack"
)

// BenchmarkRing takes the time from an INVITE to its 180 and from the command
// to answer to the 200, over UDP on loopback.
func BenchmarkRing(b *testing.B) {
	cfg := stack.Default()
	cfg.Rules, cfg.TCP = Rules(), false
	cfg.Local = netip.MustParseAddrPort("127.0.0.1:0")
	log := logger(nil)
	var u *UA
	rang := make(chan CallRef, 1)
	c := Default()
	c.Strangers = true
	u = New(c, stack.New(cfg, stack.System{}, log), func(e Event) {
		if in, ok := e.(Incoming); ok {
			u.Ring(in.Call)
			rang <- in.Call
		}
	}, log)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- u.Run(ctx) }()
	defer func() { cancel(); <-done }()
	u.AddAccount(1, Account{AOR: "sip:alice@phone.test", Direct: true})
	at := make(chan netip.AddrPort)
	u.stack.Post(func() { a, _ := u.stack.Local(stack.Target{Addr: cfg.Local}); at <- a })
	to := <-at
	w, err := siptest.NewWire(ctx, stack.System{}, stack.UDP, cfg.Local, to)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	wait := func(code int, id string) {
		for {
			m, err := w.Next(time.Second)
			if err != nil {
				b.Fatal(err)
			}
			if siptest.CodeOf(m) == code && strings.Contains(m, id) {
				return
			}
		}
	}
	var ring, answer time.Duration
	for i := 0; b.Loop(); i++ {
		id := fmt.Sprintf("call-%d-%d", b.N, time.Now().UnixNano())
		invite := fmt.Sprintf("INVITE sip:alice@%v SIP/2.0\r\nVia: SIP/2.0/UDP %v;branch=z9hG4bK%s;rport\r\nFrom: <sip:bob@phone.test>;tag=b\r\n"+
			"To: <sip:alice@phone.test>\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\nContact: <sip:bob@%v>\r\nMax-Forwards: 70\r\n"+
			"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", to, w.Local(), id, id, w.Local(), len(anOffer), anOffer)
		began := time.Now()
		w.Send(invite)
		wait(180, id)
		ring += time.Since(began)
		ref := <-rang
		began = time.Now()
		u.Accept(ref, []byte(anAnswer))
		wait(200, id)
		answer += time.Since(began)
		w.Send(fmt.Sprintf("ACK sip:alice@%v SIP/2.0\r\nVia: SIP/2.0/UDP %v;branch=z9hG4bKa%s\r\nFrom: <sip:bob@phone.test>;tag=b\r\n"+
			"To: <sip:alice@phone.test>;tag=x\r\nCall-ID: %s\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n", to, w.Local(), id, id))
		u.stack.Post(func() { // make room at once
			c := u.calls[ref]
			c.bury(over)
			c.forget()
		})
	}
	b.ReportMetric(float64(ring.Microseconds())/float64(b.N), "µs/ring")
	b.ReportMetric(float64(answer.Microseconds())/float64(b.N), "µs/answer")
}
