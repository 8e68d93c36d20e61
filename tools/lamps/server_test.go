package lamps

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/eventbody"
	"opendeskphone/sip/mwi"
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
	s.recovers(ctx, t, time.Millisecond)
	s.judged(ctx, t)
	at := func(user string) string { return lab.LANAddr(hosts[user]).Addr().String() }
	for _, want := range []struct {
		filter string
		fields []string
		first  []string // of the packets
		least  int      // so many of them
	}{
		{"sip.Method == INVITE and ip.dst == " + at(place), []string{"sip.Diversion", "sip.History-Info"}, []string{"<sip:100@phone.test>;reason=deflection;counter=1",
			"<sip:100@phone.test?Reason=SIP%3Bcause%3D603>;index=1, <sip:701@phone.test>;index=1.1;mp=1"}, 2},
		{"sip.Method == INVITE and sip.Diversion contains \"busy\" and ip.dst == " + at(place), []string{"sip.Diversion", "sip.History-Info"},
			[]string{"<sip:100@phone.test>;reason=user-busy;counter=1", "<sip:100@phone.test?Reason=SIP%3Bcause%3D486>;index=1, <sip:701@phone.test>;index=1.1;mp=1"}, 1},
		{"sip.Method == INVITE and sip.r-uri.user == \"**201\"", []string{"ip.src", "sip.Replaces"}, []string{at(watcher), ""}, 1},
		{"sip.Method == INVITE and sip.Replaces contains \"early-only\"", []string{"ip.src", "ip.dst"}, []string{exchangeAt.Addr().String(), at(cora)}, 3},
		{"sip.Method == SUBSCRIBE and sip.Event == \"message-summary\" and ip.src == " + at(watcher), []string{"sip.Accept"}, []string{mwi.Type}, 1},
		{"sip.Method == NOTIFY and sip.Event == \"message-summary\" and sip.msg_body and ip.dst == " + at(watcher), []string{"sip.Content-Type"}, []string{mwi.Type}, 1},
		{"sip.Method == SUBSCRIBE and sip.Event == \"presence\" and ip.src == " + at(watcher), []string{"sip.r-uri", "sip.Accept"},
			[]string{addressOf(desks), strings.Join([]string{eventbody.PresenceType, eventbody.ListType, eventbody.RLMIType}, ", ")}, 1},
		{"sip.Method == NOTIFY and sip.Event == \"dialog\" and mime_multipart.header.content-type == \"" + eventbody.DialogType + "\" and ip.dst == " + at(watcher),
			[]string{"sip.Require", "mime_multipart.type"}, []string{"eventlist", "multipart/related"}, 2},
		{"sip.Method == PUBLISH and ip.src == " + at(cora), []string{"sip.Event", "sip.Content-Type", "presence.tuple.status.basic"},
			[]string{"presence", eventbody.PresenceType, "<basic>,open"}, 2},
	} {
		rows := s.seen(ctx, t, want.filter, want.fields...)
		if len(rows) < want.least || !slices.Equal(rows[0], want.first) {
			t.Errorf("%s: %q", want.filter, rows)
		}
	}
}

// declined: a call is declined to the mailbox of which the server has told.
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
		must(t, s.Ben.WaitRinging(ctx, mark))
		_, err := s.lamps(ctx, phone.LampRinging, phone.LampBusy, phone.LampFree)
		must(t, err)
		must(t, s.Watcher.Do(ctx, pick))
		call(ctx, t, s.Watcher, "Talking")
		must(t, s.Ben.WaitEnded(ctx, mark))
		end(ctx, t, s.Cora)
		idle(ctx, t, s.Watcher)
	}
	must(t, s.Cora.Do(ctx, phone.Dial{Number: watcher}))
	call(ctx, t, s.Watcher, "Ringing")
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
