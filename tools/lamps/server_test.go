package lamps

import (
	"context"
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/eventbody"
	"opendeskphone/sip/mwi"
	"opendeskphone/sip/roster"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

// configure changes the watcher's settings.
func (s *Stage) configure(ctx context.Context, t *testing.T, change func(*phone.Config)) {
	t.Helper()
	st, err := s.Watcher.State()
	must(t, err)
	c := st.Config
	change(&c)
	must(t, s.Watcher.Do(ctx, phone.Configure{Config: c}))
}

// call waits until a phone has one call, in this state.
func call(ctx context.Context, t *testing.T, p *desk.Twin, state string) phone.CallID {
	t.Helper()
	st, err := calls(ctx, p, state)
	must(t, err)
	return st.Calls[0].ID
}

// end hangs a phone's call up, which talks.
func end(ctx context.Context, t *testing.T, p *desk.Twin) {
	t.Helper()
	must(t, p.Do(ctx, phone.Hangup{Call: call(ctx, t, p, "Talking")}))
	idle(ctx, t, p)
}

func idle(ctx context.Context, t *testing.T, p *desk.Twin) {
	t.Helper()
	_, err := calls(ctx, p, "")
	must(t, err)
}

// TestTheServerSendsOnAndPicksUp: a proxy takes callers where the phone sends them, calls are picked up by its codes, and
// its list tells of everybody. tshark finds nothing wrong in what the phones said, and in it what must be.
func TestTheServerSendsOnAndPicksUp(t *testing.T) {
	s, ctx := newStage(t, "udp", true)
	s.declined(ctx, t)
	s.busy(ctx, t)
	s.codes(ctx, t)
	s.meets(ctx, t)
	s.recovers(ctx, t, time.Millisecond)
	s.judged(ctx, t)
	at := func(user string) string { return lab.LANAddr(hosts[user]).Addr().String() }
	why := func(cause string) string {
		return "<sip:100@phone.test?Reason=SIP%3Bcause%3D" + cause + ">;index=1, <sip:701@phone.test>;index=1.1;mp=1"
	}
	rows := s.seen(ctx, t, "sip", seenFields...)
	for _, want := range [][]string{ // packets that have these fields
		{"INVITE", dst, at(place), "sip.Diversion", "<sip:100@phone.test>;reason=deflection;counter=1", "sip.History-Info", why("603")},
		{"INVITE", dst, at(place), "sip.Diversion", "<sip:202@phone.test>;reason=user-busy;counter=1"},
		{"INVITE", dst, at(place), "sip.Diversion", "<sip:100@phone.test>;reason=user-busy;counter=1", "sip.History-Info", why("486")},
		{"INVITE", src, at(watcher), "sip.r-uri", "sip:**201@phone.test", "sip.Replaces", ""},
		{"INVITE", src, at(watcher), "sip.r-uri", "sip:*8@phone.test", "sip.Replaces", ""},
		{"SUBSCRIBE", src, at(watcher), event, mwi.Event, "sip.Accept", mwi.Type},
		{"NOTIFY", dst, at(watcher), event, mwi.Event, kind, mwi.Type},
		{"SUBSCRIBE", src, at(watcher), event, "dialog", "sip.r-uri", addressOf(desks)},
		{"NOTIFY", dst, at(watcher), event, "dialog", "sip.Require", "eventlist", "mime_multipart.type", eventbody.ListType},
		{"SUBSCRIBE", src, at(watcher), event, "presence", "sip.r-uri", addressOf(desks)},
		{"PUBLISH", src, at(cora), event, "presence", kind, eventbody.PresenceType, "presence.tuple.status.basic", "<basic>,open"},
		{"SUBSCRIBE", src, at(watcher), event, roster.Event, "sip.Accept", roster.Type},
		{"NOTIFY", dst, at(watcher), event, roster.Event, kind, roster.Type},
	} {
		if !slices.ContainsFunc(rows, func(row []string) bool { return has(row, want) }) {
			t.Errorf("tshark has not seen %q", want)
		}
	}
}

// What tshark tells of a packet.
const method, src, dst, event, kind = "sip.Method", "ip.src", "ip.dst", "sip.Event", "sip.Content-Type"

var seenFields = []string{method, src, dst, event, kind, "sip.r-uri", "sip.Accept", "sip.Require", "sip.Replaces", "sip.Diversion", "sip.History-Info", "mime_multipart.type",
	"presence.tuple.status.basic"}

// has tells whether a row of those fields is of a method, and has what is wanted: names of fields, each with its value.
func has(row, want []string) bool {
	for i := 1; i < len(want); i += 2 {
		if row[slices.Index(seenFields, want[i])] != want[i+1] {
			return false
		}
	}
	return row[0] == want[0]
}

// declined: a call is declined to the mailbox of which the server has told, and another to that which the server knows of
// when it hears busy.
func (s *Stage) declined(ctx context.Context, t *testing.T) {
	must(t, s.Messages(ctx, 1, 0))
	_, err := s.mail(ctx, 1, 0)
	must(t, err)
	must(t, s.Cora.Do(ctx, phone.Dial{Number: watcher}))
	mark := s.Place.Mark()
	must(t, s.Watcher.Do(ctx, phone.ToMailbox{Call: call(ctx, t, s.Watcher, "Ringing")}))
	must(t, s.Place.WaitTalking(ctx, mark))
	idle(ctx, t, s.Watcher)
	end(ctx, t, s.Cora)

	must(t, s.Watcher.Do(ctx, phone.Dial{Number: cora}))
	mark = s.Place.Mark()
	must(t, s.Cora.Do(ctx, phone.ToMailbox{Call: call(ctx, t, s.Cora, "Ringing")}))
	must(t, s.Place.WaitTalking(ctx, mark))
	idle(ctx, t, s.Cora)
	end(ctx, t, s.Watcher)
}

// meets: who is in a conference is told by the server of presence, to which the conference server has told it.
func (s *Stage) meets(ctx context.Context, t *testing.T) {
	must(t, s.present(ctx, watcher, ben))
	done := make(chan error, 1)
	go func() { done <- s.serve(ctx, focusFile, nil) }() // if the INVITE comes before, the proxy repeats it
	must(t, s.Watcher.Do(ctx, phone.Dial{Number: addressOf(meeting)}))
	_, err := s.Watcher.WaitState(ctx, "the roster", func(st *phone.State) bool {
		return len(st.Rosters) == 1 && len(st.Rosters[0].Members) == 2 && st.Rosters[0].Members[0].Self && st.Rosters[0].Members[1].Number == ben
	})
	must(t, err)
	end(ctx, t, s.Watcher)
	must(t, <-done)
}

// busy: a call comes while the phone is in another one.
func (s *Stage) busy(ctx context.Context, t *testing.T) {
	s.configure(ctx, t, func(c *phone.Config) { c.CallWaiting, c.Rules.Busy = false, phone.Forward{On: true, To: place} })
	mark := s.Ben.Mark()
	must(t, s.Watcher.Do(ctx, phone.Dial{Number: ben}))
	must(t, s.Ben.WaitRinging(ctx, mark))
	must(t, s.Ben.Answer(ctx))
	call(ctx, t, s.Watcher, "Talking")
	mark = s.Place.Mark()
	must(t, s.Cora.Do(ctx, phone.Dial{Number: watcher}))
	must(t, s.Place.WaitTalking(ctx, mark))
	end(ctx, t, s.Cora)
	end(ctx, t, s.Watcher)
	_, err := s.lamps(ctx, phone.LampFree, phone.LampFree, phone.LampFree)
	must(t, err)
}

// codes: a call for Ben is picked up by the code and his number, and by that for any call; then he picks one up.
func (s *Stage) codes(ctx context.Context, t *testing.T) {
	s.configure(ctx, t, func(c *phone.Config) { c.Pickup, c.GroupPickup = "**", "*8" })
	for _, pick := range []phone.PickUp{{Number: ben}, {}} {
		mark := s.Ben.Mark()
		must(t, s.Cora.Do(ctx, phone.Dial{Number: ben}))
		call(ctx, t, s.Cora, "Ringback") // the server has heard that it rings
		_, err := s.lamps(ctx, phone.LampRinging, phone.LampBusy, phone.LampFree)
		must(t, err)
		must(t, s.Watcher.Do(ctx, pick))
		call(ctx, t, s.Watcher, "Talking")
		must(t, s.Ben.WaitEnded(ctx, mark))
		end(ctx, t, s.Cora)
		idle(ctx, t, s.Watcher)
	}
	must(t, s.Cora.Do(ctx, phone.Dial{Number: watcher}))
	call(ctx, t, s.Cora, "Ringback")
	mark := s.Ben.Mark()
	must(t, s.Ben.Dial(ctx, "sip:*8@"+domain))
	must(t, s.Ben.WaitTalking(ctx, mark))
	idle(ctx, t, s.Watcher)
	end(ctx, t, s.Cora)
}

// judged ends tshark's listening: it must have understood all that the phones said.
func (s *Stage) judged(ctx context.Context, t *testing.T) {
	must(t, s.Shark.Close(ctx))
	for _, row := range s.seen(ctx, t, "_ws.malformed or _ws.expert.severity == error", "frame.number", "ip.src", "_ws.expert.message") {
		t.Errorf("tshark does not like packet %q", row)
	}
}

func (s *Stage) seen(ctx context.Context, t *testing.T, filter string, fields ...string) [][]string {
	rows, err := lab.SharkFields(ctx, s.Shark.File, filter, fields...)
	must(t, err)
	return rows
}
