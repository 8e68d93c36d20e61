package nat

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// secret is shared by the relay and the exchange that hands it down.
const secret = "between-servers"

// spoiled is a password that no relay takes.
const spoiled = "spoiled-password"

// edge is a relay whose credentials are good for a time, beside the one that settings name.
func (w *World) edge(t *testing.T) *lab.Coturn {
	t.Helper()
	host, err := w.lan.Host("edge", 99)
	if err != nil {
		t.Fatal(err)
	}
	at := lab.LANAddr(99).Addr()
	pair, err := w.ca.Issue(lab.Leaf{File: "edge", IPs: []netip.Addr{at}})
	if err != nil {
		t.Fatal(err)
	}
	turn, err := lab.StartCoturn(t.Context(), host, at, pair, secret)
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

// handDown has the exchange hand a document down to a user.
func (w *World) handDown(t *testing.T, user, doc string) {
	t.Helper()
	here := lab.LANAddr(1).Addr()
	err := lab.Publish(t.Context(), w.lan.Core, here, netip.AddrPortFrom(here, 5060),
		lab.Publication{Entity: "sip:" + user + "@" + domain, Event: "ua-profile", Type: "application/json", Body: doc})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRelayIsHandedDown: a phone behind a symmetric NAT, whose settings name no relay, is handed one once it is registered,
// with credentials for a time, and by it alone reaches somebody behind another such NAT; other things beside it. What is wrong is
// refused, and the user told.
func TestRelayIsHandedDown(t *testing.T) {
	w, err := New(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	edge := w.edge(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	document := func(password string, factory string) string {
		name, good := lab.Credentials(secret, "100", time.Now().Add(10*time.Minute))
		if password == "" {
			password = good
		}
		doc, err := json.Marshal(map[string]any{
			"media":      map[string]any{"relay": map[string]any{"uris": []string{"turns:nowhere:0", edge.TURN("tls")}, "username": name, "password": password, "ttl": 600}},
			"qoe":        map[string]string{"collector": "sip:qoe@" + domain},
			"voicemail":  map[string]string{"uri": "sip:mail-100@" + domain},
			"conference": map[string]string{"factory": factory},
			"dialplan":   map[string]any{"profiles": []map[string]any{{"name": "Redmond", "rules": []map[string]any{{"pattern": `^(\d{4})$`, "translation": "+1425555$1"}}}}},
		})
		ok(err)
		return string(doc)
	}
	w.handDown(t, "100", document("", "sip:meet@"+domain))

	c := &Cell{NAT: 1, Way: 2, Hidden: true}
	peer, gone, err := w.second(ctx, c, "200")
	ok(err)
	defer gone()
	out, err := w.nat(c.NAT, "phone")
	ok(err)
	defer out.Close()
	settings := strings.Replace(w.settings(c, netip.PrefixFrom(out.Private(), 24), "100"), `transport = "tcp"`, "transport = \"tls\"\nprovisioned = true", 1)
	p, err := desk.StartTwin(ctx, desk.Setup{Name: "phone", LAN: w.lan, Behind: out, Settings: settings, Roots: w.ca.RootFile()})
	ok(err)
	defer p.Close()
	ok(ready(ctx, p))
	_, err = p.WaitState(ctx, "what is handed down", func(s *phone.State) bool {
		l := s.Config.Lines[0]
		return l.Mailbox == "sip:mail-100@"+domain && l.Factory == "sip:meet@"+domain && s.Config.Profile != nil && s.Config.Profile.Name == "Redmond" &&
			s.Lines[0].State == phone.LineRegistered
	})
	ok(err)
	allocated := func() (bool, error) { return strings.Contains(edge.Log().Since(0), "ALLOCATE processed, success"), nil }
	ok(lab.Poll(ctx, "an allocation at sign-on, before any call", allocated))

	ok(p.Do(ctx, phone.Dial{Number: "200"}))
	ok(peer.WaitRinging(ctx, 0))
	ok(peer.Answer(ctx))
	ok(listen(ctx, c, p, peer))
	if !c.TwoWay() || !c.Relayed {
		t.Errorf("heard %v, said %v, by the relay %v", c.Heard, c.Said, c.Relayed)
	}

	// While the call stands: the line stays registered, and a relay that is no good is told of at once.
	w.handDown(t, "100", document(spoiled, "sip:other@"+domain))
	s, err := p.WaitState(ctx, "word of the relay", func(s *phone.State) bool { return s.Notices[phone.RelayFails] != "" })
	ok(err)
	if n := s.Notices[phone.RelayFails]; !strings.Contains(n, edge.TURN("tls")) || !strings.Contains(n, "refuses the name or the password") {
		t.Error(n)
	}
	if l := s.Lines[0]; l.State != phone.LineRegistered || len(s.Calls) != 1 || s.Calls[0].State != phone.Talking || s.Config.Lines[0].Factory != "sip:other@"+domain {
		t.Errorf("%+v, calls %+v", l, s.Calls)
	}
	w.handDown(t, "100", document("", "no address"))
	s, err = p.WaitState(ctx, "word of the document", func(s *phone.State) bool { return s.Notices[phone.HandedRefused] != "" })
	ok(err)
	if n := s.Notices[phone.HandedRefused]; n != "sip:100@"+domain+": conference.factory is no address like sip:name@pbx.example" || s.Config.Lines[0].Factory != "sip:other@"+domain {
		t.Error(n, s.Config.Lines[0].Factory)
	}
	w.handDown(t, "100", document("", "sip:meet@"+domain))
	_, err = p.WaitState(ctx, "all well again", func(s *phone.State) bool {
		return s.Notices[phone.HandedRefused] == "" && s.Notices[phone.RelayFails] == "" && s.Config.Lines[0].Factory == "sip:meet@"+domain
	})
	ok(err)
	if log := p.Log().Since(0); strings.Contains(log, spoiled) {
		t.Error("a password is in the log")
	}
}
