package handover

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// office is a phone beside an old exchange, with who else is there.
type office struct {
	*Stage
	set, away, b lab.Peer // a set of the old exchange, a subscriber of the network, a user of ours
}

// ways are the phone's own into the network: the first gateway is out of service.
var ways = fmt.Sprintf("[gateways]\nroutes = [%q, %q, %q]\nnumber = %q", "+4989="+registrarAt.Addr().String()+":5099", "+="+pbxAt.String(), FarAway.User+"="+FarAway.Addr().String(), PhoneNumber)

var colleague = Cast{Make: "linphonec", User: "202", Host: 12}

// TestBesideAnOldExchange: every flow between the phones, an old exchange and the telephone network behind it.
func TestBesideAnOldExchange(t *testing.T) {
	s := newStageBy(t, func(ctx context.Context, dir string) (*Stage, error) { return NewStageBesidePBX(ctx, dir, ways) })
	o := &office{Stage: s, set: s.enter(t, OldSet), away: s.enter(t, FarAway), b: s.enter(t, colleague)}
	for _, flow := range []struct {
		name string
		run  func(*office, *testing.T)
	}{
		{"from the network, answered here", (*office).inAnsweredHere},
		{"from the network, answered at the old set", (*office).inAnsweredThere},
		{"into the network", (*office).out},
		{"the network speaks before it answers", (*office).early},
		{"from a colleague, answered at each side", (*office).colleagueCalls},
		{"sent on at once, after a while, and from a busy phone", (*office).sentOn},
		{"handed over without asking", (*office).blindTransfer},
		{"handed over after asking", (*office).attendedTransfer},
		{"three of them", (*office).conference},
		{"loops", (*office).loops},
		{"given up as it is answered", (*office).glare},
		{"our own exchange is gone", (*office).alone}, // the last: it has forgotten who signed in
	} {
		t.Run(flow.name, func(t *testing.T) {
			mark := s.Wire.Mark()
			defer func() {
				if t.Failed() {
					t.Log(lab.Transcript(s.Wire.Since(mark)))
				}
			}()
			flow.run(o, t)
		})
	}
}

func (o *office) rest(t *testing.T) {
	t.Helper()
	o.waitCalls(t, "")
	must(t, o.WaitIdle(soon(t)))
}

// pstnCalls has the subscriber call the phone's extension, and both its sets ring.
func (o *office) pstnCalls(t *testing.T) phone.CallID {
	t.Helper()
	mark := o.set.Mark()
	must(t, o.away.Dial(soon(t), ExtensionAt))
	st := o.waitCalls(t, "Ringing")
	must(t, o.set.WaitRinging(soon(t), mark))
	return st.Calls[0].ID
}

func (o *office) inAnsweredHere(t *testing.T) {
	id := o.pstnCalls(t)
	mark, wire := o.set.Mark(), o.Wire.Mark()
	o.do(t, phone.Answer{Call: id})
	must(t, o.set.WaitEnded(soon(t), mark))
	must(t, o.WaitFlow(soon(t), wire, FarAway.Addr(), o.Phone.Addr()))
	o.holdAndResume(t, id)
	o.do(t, phone.Hangup{Call: id})
	o.rest(t)
}

// holdAndResume: hold is the one thing that the old exchange knows, and only as a=inactive.
func (o *office) holdAndResume(t *testing.T, id phone.CallID) {
	t.Helper()
	o.do(t, phone.Hold{Call: id})
	o.waitHeld(t, 1)
	wire := o.Wire.Mark()
	o.do(t, phone.Resume{Call: id})
	must(t, o.WaitFlow(soon(t), wire, FarAway.Addr(), o.Phone.Addr()))
	if _, held, _ := o.PBX.Counts(); held != 0 {
		t.Error("the old exchange still holds the call")
	}
}

// waitHeld waits until the old exchange holds so many calls.
func (o *office) waitHeld(t *testing.T, n int) {
	t.Helper()
	must(t, lab.Poll(soon(t), "hold", func() (bool, error) { _, held, _ := o.PBX.Counts(); return held == n, nil }))
}

func (o *office) inAnsweredThere(t *testing.T) {
	o.pstnCalls(t)
	wire := o.Wire.Mark()
	must(t, o.set.Answer(soon(t)))
	must(t, o.WaitFlow(soon(t), wire, FarAway.Addr(), OldSet.Addr()))
	if st := o.waitCalls(t, ""); st.Missed != 0 {
		t.Errorf("%d calls are missed that were answered at the other set", st.Missed)
	}
	must(t, o.away.Hangup(soon(t)))
	o.rest(t)
}

func (o *office) out(t *testing.T) {
	wire := o.Wire.Mark()
	o.do(t, phone.Dial{Number: Subscriber})
	st := o.waitCalls(t, "Talking")
	must(t, o.WaitFlow(soon(t), wire, o.Phone.Addr(), FarAway.Addr()))
	o.holdAndResume(t, st.Calls[0].ID)
	must(t, o.away.Hangup(soon(t)))
	o.rest(t)
}

func (o *office) colleagueCalls(t *testing.T) {
	for _, here := range []bool{true, false} {
		t.Run(fmt.Sprint("here ", here), func(t *testing.T) {
			mark, wire := o.set.Mark(), o.Wire.Mark()
			must(t, o.b.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
			st := o.waitCalls(t, "Ringing")
			must(t, o.set.WaitRinging(soon(t), mark))
			at := OldSet.Addr()
			if here {
				at = o.Phone.Addr()
				o.do(t, phone.Answer{Call: st.Calls[0].ID})
			} else {
				must(t, o.set.Answer(soon(t)))
			}
			must(t, o.WaitFlow(soon(t), wire, colleague.Addr(), at))
			must(t, o.b.Hangup(soon(t)))
			o.rest(t)
		})
	}
}

// loops are one of each layer; tools/bench has them all.
func (o *office) loops(t *testing.T) {
	all := Loops()
	must(t, o.ExtraInvites(t.Context(), o.b, []Loop{all[0], all[1], all[2], all[5]}, func(l Loop, extra int) {
		t.Logf("%s: %d extra INVITEs", l.Name, extra)
		if extra < 0 || extra > 1 || l.Keeps.Honours && extra > 0 {
			t.Errorf("%s: %d extra INVITEs", l.Name, extra)
		}
	}))
}

// sentOn: the phone sends a call of the network on to a colleague, and a colleague's to the network; but none back to where
// it came from.
func (o *office) sentOn(t *testing.T) {
	id, wire := o.pstnCalls(t), o.Wire.Mark()
	o.do(t, phone.Deflect{Call: id, Target: colleague.User})
	must(t, o.WaitFlow(soon(t), wire, FarAway.Addr(), colleague.Addr()))
	must(t, o.away.Hangup(soon(t)))
	o.rest(t)

	// in a call, and after it has rung and been declined at the old set
	o.do(t, phone.Dial{Number: Subscriber})
	o.waitCalls(t, "Talking")
	mark := o.set.Mark()
	must(t, o.b.Dial(soon(t), "sip:"+PhoneUser+"@"+Domain))
	st, wire := o.waitCalls(t, "Talking Ringing"), o.Wire.Mark()
	must(t, o.set.WaitRinging(soon(t), mark))
	must(t, o.set.Hangup(soon(t)))
	mark = o.set.Mark()
	o.do(t, phone.Deflect{Call: st.Calls[1].ID, Target: Extension2})
	must(t, o.set.WaitRinging(soon(t), mark))
	must(t, o.set.Answer(soon(t)))
	must(t, o.WaitFlow(soon(t), wire, colleague.Addr(), OldSet.Addr()))
	must(t, o.b.Hangup(soon(t)))
	o.waitCalls(t, "Talking")
	o.do(t, phone.Hangup{Call: st.Calls[0].ID})
	o.rest(t)

	id, mark = o.pstnCalls(t), o.away.Mark()
	must(t, o.set.Hangup(soon(t))) // busy there
	o.do(t, phone.Deflect{Call: id, Target: Extension})
	must(t, o.away.WaitEnded(soon(t), mark))
	o.rest(t)
}

// blindTransfer: the old exchange knows no REFER, so the phone holds the call, calls the third and joins the two.
func (o *office) blindTransfer(t *testing.T) {
	o.do(t, phone.Dial{Number: Subscriber})
	st := o.waitCalls(t, "Talking")
	_, _, before := o.PBX.Counts()
	wire := o.Wire.Mark()
	o.do(t, phone.Transfer{Call: st.Calls[0].ID, Target: colleague.User})
	o.joined(t, wire, before)
}

// joined: the subscriber and the colleague talk past the phone, which leaves with them.
func (o *office) joined(t *testing.T, wire, before int) {
	t.Helper()
	must(t, o.WaitFlow(soon(t), wire, FarAway.Addr(), colleague.Addr()))
	if _, held, holds := o.PBX.Counts(); held != 0 || holds == before {
		t.Errorf("%d calls held, %d holds", held, holds-before)
	}
	lin := o.b.(*lab.Linphonec)
	must(t, lin.Do(soon(t), "pause", "now paused"))
	o.waitHeld(t, 1)
	must(t, lin.Do(soon(t), "resume", "established"))
	o.waitHeld(t, 0)
	mark := o.b.Mark()
	must(t, o.away.Hangup(soon(t)))
	must(t, o.b.WaitEnded(soon(t), mark))
	o.rest(t)
}

func (o *office) attendedTransfer(t *testing.T) {
	id := o.pstnCalls(t)
	o.do(t, phone.Answer{Call: id})
	o.waitCalls(t, "Talking")
	_, _, before := o.PBX.Counts()
	o.do(t, phone.Consult{Call: id, Number: colleague.User})
	st := o.waitCalls(t, "Held Talking")
	o.waitHeld(t, 1) // there, too: it puts a hold off that comes before its ACK
	wire := o.Wire.Mark()
	o.do(t, phone.CompleteTransfer{Call: id, Consult: st.Calls[1].ID})
	o.joined(t, wire, before)
}

// conference: the phone mixes the subscriber, who can be moved into nothing, and a colleague.
func (o *office) conference(t *testing.T) {
	o.do(t, phone.Dial{Number: Subscriber})
	st := o.waitCalls(t, "Talking")
	id := st.Calls[0].ID
	o.do(t, phone.Consult{Call: id, Number: colleague.User})
	st = o.waitCalls(t, "Held Talking")
	wire := o.Wire.Mark()
	o.do(t, phone.Join{Calls: [phone.MaxConf]phone.CallID{id, st.Calls[1].ID}})
	must(t, o.WaitFlow(soon(t), wire, FarAway.Addr(), o.Phone.Addr()))
	must(t, o.WaitFlow(soon(t), wire, colleague.Addr(), o.Phone.Addr()))
	o.do(t, phone.Hangup{Call: id})
	o.do(t, phone.Hangup{Call: st.Calls[1].ID})
	o.rest(t)
}

// glares is how often a CANCEL is sent into an answer, each way.
const glares = 15

// glare: whoever gives up as the other answers, nobody is left in a call.
func (o *office) glare(t *testing.T) {
	wire := o.Wire.Mark()
	for i := range glares {
		must(t, o.away.Dial(soon(t), ExtensionAt))
		st := o.waitCalls(t, "Ringing")
		// an error where the caller was quicker
		var hung error
		together(i%2 == 0, func() { hung = o.away.Hangup(soon(t)) }, func() { _ = o.Phone.Do(soon(t), phone.Answer{Call: st.Calls[0].ID}) })
		must(t, hung)
		o.rest(t)
	}
	for i := range glares {
		mark := o.set.Mark()
		o.do(t, phone.Dial{Number: Extension2})
		st := o.waitCalls(t, "Ringback")
		must(t, o.set.WaitRinging(soon(t), mark))
		together(i%2 == 0, func() { _ = o.Phone.Do(soon(t), phone.Hangup{Call: st.Calls[0].ID}) }, func() { _ = o.set.Answer(soon(t)) })
		o.rest(t)
	}
	t.Logf("%d CANCELs, and %d answers to what was given up", len(invitesWith(o.Wire.Since(wire), "CANCEL ")), crossed(o.Wire.Since(wire)))
	must(t, o.waitQuiet(soon(t)))
	wire = o.Wire.Mark()
	must(t, o.waitQuiet(soon(t)))
	for _, p := range o.Wire.Since(wire) {
		if p.RTP() {
			t.Fatalf("voice from %v to %v after all calls", p.Src, p.Dst)
		}
	}
}

// together does two things at once, the one or the other a moment sooner.
func together(first bool, one, other func()) {
	done := make(chan struct{})
	if first {
		one, other = other, one
	}
	go func() { defer close(done); one() }()
	other()
	<-done
}

// invitesWith gives the Call-IDs of the messages that begin in a way.
func invitesWith(packets []lab.Packet, start string) map[string]bool {
	out := map[string]bool{}
	for _, p := range packets {
		if text := string(p.Data); strings.HasPrefix(text, start) {
			_, id, _ := strings.Cut(text, "Call-ID: ")
			id, _, _ = strings.Cut(id, "\r\n")
			out[id] = true
		}
	}
	return out
}

// crossed counts the calls that were given up and answered.
func crossed(packets []lab.Packet) (n int) {
	answered := map[string]bool{}
	for _, p := range packets {
		if p.Response(200, "INVITE") {
			for id := range invitesWith([]lab.Packet{p}, "SIP/2.0 200") {
				answered[id] = true
			}
		}
	}
	for id := range invitesWith(packets, "CANCEL ") {
		if answered[id] {
			n++
		}
	}
	return n
}

// alone: without our exchange the phone calls the network and is called from there, past a gateway that is out of
// service, and it calls a colleague. What the gateway says of a number is said at the phone.
func (o *office) alone(t *testing.T) {
	o.Kam.Stop()
	defer func() { must(t, o.Kam.Start(soon(t))) }() // else nobody can sign off
	wire := o.Wire.Mark()
	o.do(t, phone.Dial{Number: Subscriber})
	st := o.waitCalls(t, "Talking")
	must(t, o.WaitFlow(soon(t), wire, o.Phone.Addr(), FarAway.Addr()))
	o.asGatewaysWant(t, wire)
	o.holdAndResume(t, st.Calls[0].ID)
	o.do(t, phone.Hangup{Call: st.Calls[0].ID})
	o.rest(t)

	o.PBX.Route(Extension, "sip:"+PhoneNumber+"@"+o.Phone.Addr().String()+";transport=tcp;user=phone")
	must(t, o.away.Dial(soon(t), ExtensionAt))
	st, wire = o.waitCalls(t, "Ringing"), o.Wire.Mark()
	o.do(t, phone.Answer{Call: st.Calls[0].ID})
	must(t, o.WaitFlow(soon(t), wire, FarAway.Addr(), o.Phone.Addr()))
	must(t, o.away.Hangup(soon(t)))
	o.rest(t)

	wire = o.Wire.Mark()
	o.do(t, phone.Dial{Number: FarAway.User}) // from phone to phone
	st = o.waitCalls(t, "Talking")
	must(t, o.WaitFlow(soon(t), wire, o.Phone.Addr(), FarAway.Addr()))
	o.do(t, phone.Hangup{Call: st.Calls[0].ID})
	o.rest(t)

	for number, why := range map[string]phone.Cause{"+4930999403": phone.NotAllowed, "+4930999404": phone.NotFound, "+4930999484": phone.Incomplete, "+4930999503": phone.Unreachable} {
		o.do(t, phone.Dial{Number: number})
		st, err := o.Phone.WaitState(soon(t), "failure", func(st *phone.State) bool { return len(st.Calls) == 1 && st.Calls[0].State == phone.Failed })
		must(t, err)
		if c := st.Calls[0]; c.Cause != why {
			t.Errorf("%s: %v, want %v", number, c.Cause, why)
		}
		o.do(t, phone.Hangup{Call: st.Calls[0].ID})
		o.rest(t)
	}
}

// asGatewaysWant looks at the INVITE that the old exchange was sent: SIPconnect 2.0, G.711 alone.
func (o *office) asGatewaysWant(t *testing.T, wire int) {
	t.Helper()
	for _, p := range o.Wire.Since(wire) {
		if p.Dst != pbxAt || !p.Request("INVITE") {
			continue
		}
		text := string(p.Data)
		for _, want := range []string{"INVITE sip:" + Subscriber + "@" + pbxAt.String() + ";", "From: <sip:" + PhoneNumber + "@", "user=phone", "/TCP ", "m=audio ", "a=rtpmap:8 PCMA/8000", "telephone-event/8000"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %s", want, text)
			}
		}
		if strings.Contains(text, "opus") || strings.Contains(text, "G722") {
			t.Errorf("more than G.711: %s", text)
		}
		return
	}
	t.Error("the gateway was not called")
}
