package lines

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// gatewaysOf are those of the tests.
func gatewaysOf(always bool) Gateways {
	return Gateways{Transport: "tcp", Number: "+4930100", Always: always, Routes: []Route{
		{"+49", "far.test"}, {"+4930", "near.test"}, {"+4930", "second.test:5070"}, {"2", "192.0.2.9"}, {"112", "near.test"}}}
}

// inBranch is inWorld with gateways, and a line that is served or not.
func inBranch(t *testing.T, always, served bool, f func(w *world)) {
	inWorld(t, offer.Off, func(w *world) {
		w.SetGateways(gatewaysOf(always))
		if served {
			w.ask(ua.LineState{State: ua.Registered})
		}
		w.ask(nil)
		w.said, w.done = nil, nil
		f(w)
	})
}

// call dials and tells whom the user agent was asked to call, in turn, when each of them fails.
func (w *world) tries(number string, failures ...ua.Failed) string {
	w.said = nil
	w.ask(phone.SendInvite{Call: phone.CallID(w.next), Target: number, Conversation: "c"})
	for _, f := range failures {
		f.Call = w.next
		w.ask(f)
	}
	out := strings.ReplaceAll(strings.Join(w.said, " "), "call ", "")
	w.said = nil
	return out
}

const (
	near   = "sip:+4930555@near.test;user=phone;transport=tcp"
	second = "sip:+4930555@second.test:5070;user=phone;transport=tcp"
	far    = "sip:+4930555@far.test;user=phone;transport=tcp"
	server = "sip:+4930555@example.com;user=phone"
)

// TestGatewaysInTurn: which one is called for which number, and who comes next.
func TestGatewaysInTurn(t *testing.T) {
	out, silent := ua.Failed{Code: 503}, ua.Failed{Code: 408, Fault: ua.Unreachable}
	for _, r := range []struct {
		name           string
		always, served bool
		number         string
		failures       []ua.Failed
		want           string
	}{
		{"with a server", false, true, "+4930555", nil, server},
		{"always", true, true, "+4930555", nil, near},
		{"without a server", false, false, "+4930555", nil, near},
		{"the next, and one of a shorter beginning", false, false, "+4930555", []ua.Failed{out, silent}, near + " " + second + " " + far},
		{"none is left", false, false, "+4989555", []ua.Failed{out}, "sip:+4989555@far.test;user=phone;transport=tcp"},
		{"the server is silent", false, true, "+4930555", []ua.Failed{silent}, server + " " + near},
		{"the server does not serve", false, true, "+4930555", []ua.Failed{out}, server + " " + near},
		{"the server knows better", false, true, "+4930555", []ua.Failed{{Code: 404}}, server},
		{"a gateway knows better", false, false, "+4930555", []ua.Failed{{Code: 484}}, near},
		{"another phone", false, false, "201", nil, "sip:201@192.0.2.9;transport=tcp"},
		{"help", false, false, "112", nil, "sip:112@near.test;transport=tcp"},
		{"no gateway", false, false, "+1555", nil, "sip:+1555@example.com;user=phone"},
		{"an address", true, true, "sip:+4930555@example.org", nil, "sip:+4930555@example.org"},
	} {
		inBranch(t, r.always, r.served, func(w *world) {
			if got := w.tries(r.number, r.failures...); got != r.want {
				t.Errorf("%s: %s, want %s", r.name, got, r.want)
			}
			if strings.HasSuffix(r.want, "transport=tcp") && !strings.HasPrefix(w.in.From, "sip:+4930100@") {
				t.Errorf("%s: calls as %s", r.name, w.in.From)
			}
		})
	}
}

// TestSilentServerIsNotAskedFirst: for half a minute, or until it is back.
func TestSilentServerIsNotAskedFirst(t *testing.T) {
	inBranch(t, false, true, func(w *world) {
		w.tries("+4930555", ua.Failed{Code: 408, Fault: ua.Unreachable})
		if got := w.tries("+4930555"); got != near {
			t.Errorf("asked again at once: %s", got)
		}
		time.Sleep(silence + time.Second)
		synctest.Wait()
		if got := w.tries("+4930555", ua.Failed{Code: 408, Fault: ua.Unreachable}); got != server+" "+near {
			t.Errorf("not asked again: %s", got)
		}
		w.ask(ua.LineState{State: ua.Registered})
		if got := w.tries("+4930555"); got != server {
			t.Errorf("not asked when it is back: %s", got)
		}
	})
}

// TestCallsOutOfGateways ring on the line whose number they are for, know one kind of hold, and go into no gateway again.
func TestCallsOutOfGateways(t *testing.T) {
	inBranch(t, false, true, func(w *world) {
		body, err := w.far.Offer(offer.SendRecv)
		if err != nil {
			t.Fatal(err)
		}
		w.ask(ua.Incoming{Call: 1, Account: gatewayAccount, SDP: body, Called: []string{"+4930100"}, From: ua.Peer{User: "+4989555"}})
		if in, ok := w.done[0].(phone.Invited); !ok || in.Line != 0 || in.Remote.Number != "+4989555" {
			t.Fatalf("%+v", w.done)
		}
		w.ask(phone.SendRinging{Ref: 1, Call: 1})
		w.ask(phone.SendAccept{Call: 1})
		w.ask(ua.Confirmed{Call: 1})
		w.ask(phone.SendHold{Call: 1, On: true})
		if !strings.Contains(string(w.sdp["offer"]), "a=inactive") {
			t.Errorf("hold offers\n%s", w.sdp["offer"])
		}

		for _, r := range []struct {
			in   ua.Incoming
			to   string
			want string
		}{
			{ua.Incoming{Account: gatewayAccount}, "+4930555", "reject"},
			{ua.Incoming{Account: gatewayAccount}, "300", "deflect"},
			{ua.Incoming{Way: ua.Way{Gateway: true}}, "+4930555", "reject"},
			{ua.Incoming{}, "+4930555", "deflect"},
		} {
			w.next++
			r.in.Call, r.in.SDP = w.next, body
			w.ask(r.in)
			w.ask(phone.SendRinging{Ref: phone.Ref(w.next), Call: phone.CallID(w.next)})
			w.said = nil
			w.ask(phone.SendDeflect{Call: phone.CallID(w.next), Target: r.to})
			if len(w.said) != 1 || !strings.HasPrefix(w.said[0], r.want) {
				t.Errorf("%+v to %s: %q", r.in.Way, r.to, w.said)
			}
		}
	})
}

// TestWhoRingsBesideIsTheCallForked: the others who are rung for a call learn that it has been forked, by whom and how often;
// none is rung where it has come back, nor by a gateway where it came from one.
func TestWhoRingsBesideIsTheCallForked(t *testing.T) {
	session, us := strings.Repeat("0123456789abcdef", 2), ua.DomainID("sip:anna@example.com")
	for _, r := range []struct {
		way  ua.Way
		want string
	}{
		{ua.Way{Hops: 9}, "sip:+4930555@example.com;user=phone"},
		{ua.Way{Gateway: true, Forks: []ua.Fork{{Domain: ua.DomainID("other"), Generation: 1, Call: session}}}, "sip:+4930555@example.com;user=phone"},
		{ua.Way{Forks: []ua.Fork{{Domain: us, Generation: 1, Call: session}}}, ""},
	} {
		inBranch(t, true, true, func(w *world) {
			body, err := w.far.Offer(offer.SendRecv)
			if err != nil {
				t.Fatal(err)
			}
			w.SetGateways(gatewaysOf(r.way.Gateway)) // always, where it came from one
			w.ask(ua.Incoming{Call: 1, SDP: body, Way: r.way})
			w.ask(phone.SendRinging{Ref: 1, Call: 1})
			w.said, w.done = nil, nil
			w.ask(phone.SendInvite{Call: 2, Target: "+4930555", Conversation: session, Beside: 1})
			if got := strings.TrimPrefix(strings.Join(w.said, " "), "call "); got != r.want {
				t.Errorf("%+v: called %q, want %q", r.way, got, r.want)
			}
			if r.want == "" {
				if failed, ok := w.done[0].(phone.CallFailed); !ok || failed.Call != 2 {
					t.Errorf("the centre was told %+v", w.done)
				}
				return
			}
			forks := w.in.Way.Forks
			if last := forks[len(forks)-1]; last != (ua.Fork{Domain: us, Generation: len(r.way.Forks) + 1, Call: session}) {
				t.Errorf("%+v: %+v", r.way, forks)
			}
		})
	}
}
