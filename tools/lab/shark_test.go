package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"opendeskphone/sip/trace"
)

// nowhere is for messages that say themselves where they went.
func nowhere(netip.Addr) (netip.Addr, error) { return netip.Addr{}, errors.New("no route") }

// TestSharkReadsEveryTransport: what the phone writes of UDP, TCP and TLS, over IPv4 and IPv6, is SIP to tshark.
func TestSharkReadsEveryTransport(t *testing.T) {
	if err := Require("tshark"); err != nil {
		t.Fatal(err)
	}
	r := trace.NewRecorder(trace.DefaultLimits(), nowhere)
	var want []string
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, transport := range []string{"udp", "tcp", "tls"} {
		for _, ends := range [][2]string{{"192.0.2.1", "192.0.2.2"}, {"2001:db8::1", "2001:db8::2"}} {
			port := uint16(5060)
			if transport == "tls" {
				port++
			}
			for i, start := range []string{"INVITE sip:b@example.com SIP/2.0", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK", "ACK sip:b@example.com SIP/2.0"} {
				msg := fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:b@example.com>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", start)
				r.Message(trace.Packet{At: at, Out: i%3 == 0, Transport: transport, Local: netip.AddrPortFrom(netip.MustParseAddr(ends[0]), 40000), Remote: netip.AddrPortFrom(netip.MustParseAddr(ends[1]), port), Data: []byte(msg)})
			}
			want = append(want, "INVITE,", ",180", ",200", "ACK,")
		}
	}
	l := r.All()[0]
	file := filepath.Join(t.TempDir(), "call.pcapng")
	f, err := os.Create(file)
	if err == nil {
		err = trace.WritePCAP(f, &l)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	rows, err := SharkFields(t.Context(), file, "sip", "sip.Method", "sip.Status-Code")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows {
		got = append(got, row[0]+","+row[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("tshark reads %q, want %q", got, want)
	}
}
