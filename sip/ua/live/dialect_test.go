package live

import (
	"strings"
	"testing"

	"opendeskphone/sip/offer"
	"opendeskphone/sip/stack"
	"opendeskphone/sip/ua"
	"opendeskphone/tools/lab"
)

// header is a header of a message on the wire, as it was written.
func header(p lab.Packet, name string) string {
	_, after, _ := strings.Cut(string(p.Data), "\r\n"+name+": ")
	value, _, _ := strings.Cut(after, "\r\n")
	return value
}

// TestOCSDialect: an account of that dialect is at home with a server of the RFCs, too, and is called back by its GRUU; what
// it adds is to be seen on the wire.
func TestOCSDialect(t *testing.T) {
	w := newWorld(t, "MD5")
	phoneHost, err := w.lan.Host("phone", 10)
	must(t, phoneHost, err)
	bobHost, err := w.lan.Host("bob", 11)
	must(t, bobHost, err)
	wire, err := lab.NewCapture(w.lan.Core, lab.LANDevice)
	must(t, wire, err)
	defer wire.Close()
	p := w.phone(t, phoneHost)
	a := account(stack.UDP)
	a.Dialect = ua.OCS
	p.register(a)
	bob := w.baresip(t, bobHost, 11, lab.BaresipConfig{User: "bob", Automatic: true})
	body, err := session().Offer(offer.SendRecv)
	ok(t, err)
	mark := bob.Mark()
	p.ua.Call(1, "bob", body)
	next[ua.Accepted](p, nil)
	ok(t, bob.WaitTalking(mark))
	ok(t, bob.Hangup())
	next[ua.Ended](p, nil)
	said := map[string]bool{}
	for _, m := range wire.Since(0) {
		method, _, _ := strings.Cut(string(m.Data), " ")
		if m.Src.Addr() != phoneAddr || !m.Request(method) || method == "OPTIONS" {
			continue
		}
		good := strings.Contains(header(m, "From"), ";epid=")
		switch method {
		case "REGISTER":
			good = good && strings.Contains(header(m, "Supported"), "gruu-10") && header(m, "ms-keep-alive") == "UAC;hop-hop=yes" && strings.Contains(header(m, "Contact"), "proxy=replace")
		case "INVITE":
			id := header(m, "Ms-Conversation-ID")
			good = good && id != "" && strings.HasPrefix(header(m, "Session-ID"), id+";") && strings.Contains(header(m, "Contact"), ";gr=")
		case "ACK":
			good = true // of a 4xx it is the transaction's
		}
		if said[method] = true; !good {
			t.Errorf("%s", m.Data)
		}
	}
	if !said["REGISTER"] || !said["INVITE"] {
		t.Errorf("on the wire were %v", said)
	}
}
