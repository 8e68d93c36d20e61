package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// DNS is a name server for the lab's names. It knows nothing else: other names do not exist.
type DNS struct {
	server *dns.Server
	hosts  map[string]netip.Addr
	srv    map[string][]SRV
}

// SRV is one service record.
type SRV struct {
	Priority, Weight, Port uint16
	Target                 string
}

// StartDNS answers on UDP port 53 of an address of the namespace until Close. hosts are names
// without a dot at the end; srv has keys such as "_sips._tcp.phone.test".
func StartDNS(ctx context.Context, ns *Namespace, at netip.Addr, hosts map[string]netip.Addr, srv map[string][]SRV) (*DNS, error) {
	conn, err := ns.ListenPacket(netip.AddrPortFrom(at, 53))
	if err != nil {
		return nil, fmt.Errorf("lab: start name server: %w", err)
	}
	d := &DNS{hosts: hosts, srv: srv}
	up := make(chan struct{})
	d.server = &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(d.answer), NotifyStartedFunc: func() { close(up) }}
	failed := make(chan error, 1)
	go func() { failed <- d.server.ActivateAndServe() }()
	select {
	case <-up:
		return d, nil
	case err := <-failed:
		return nil, fmt.Errorf("lab: start name server: %w", err)
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), conn.Close())
	}
}

// Close stops answering.
func (d *DNS) Close() error { return d.server.Shutdown() }

func (d *DNS) answer(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(q)
	m.Authoritative = true
	for _, ask := range q.Question {
		name := strings.TrimSuffix(strings.ToLower(ask.Name), ".")
		head := dns.RR_Header{Name: ask.Name, Rrtype: ask.Qtype, Class: dns.ClassINET, Ttl: 60}
		addr, isHost := d.hosts[name]
		records, isService := d.srv[name]
		switch {
		case isHost && ask.Qtype == dns.TypeA:
			m.Answer = append(m.Answer, &dns.A{Hdr: head, A: addr.AsSlice()})
		case isService && ask.Qtype == dns.TypeSRV:
			for _, r := range records {
				m.Answer = append(m.Answer, &dns.SRV{Hdr: head, Priority: r.Priority, Weight: r.Weight, Port: r.Port, Target: dns.Fqdn(r.Target)})
			}
		case !isHost && !isService:
			m.Rcode = dns.RcodeNameError
		}
	}
	_ = w.WriteMsg(m) // an answer that is not sent is asked for again
}
