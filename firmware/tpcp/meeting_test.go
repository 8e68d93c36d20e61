package tpcp

import (
	"slices"
	"testing"

	"opendeskphone/firmware/phone"
)

// TestAConversationEscalates: a controller sees that a call is on its way into a conference at the server, where that is, and
// that the call which stays belongs to the same conversation.
func TestAConversationEscalates(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, Services{})
		config := b.loop.State().Config
		config.Lines = slices.Clone(config.Lines)
		config.Lines[0].Factory = "sip:conf@pbx.example"
		b.key(phone.Configure{Config: config})
		b.post(phone.LineChanged{Line: 0, State: phone.LineRegistered})
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		b.post(phone.Able{Call: 1, Refers: true, Replaces: true}, phone.Conversing{Call: 1, Conversation: "talk"})
		b.pass(2 * keyTime)
		told(c)
		v, err := c.Conference(b.ctx, ConferenceParams{CallIDs: []string{"c-1"}, Mode: "focus"})
		if err != nil || v.State != StateConnected || v.Hold.Local || v.Move != "escalating" || v.ConversationID != "talk" {
			t.Fatalf("%+v, %v", v, err)
		}
		const room = "sip:room1@pbx.example"
		told(c)
		b.post(phone.Able{Call: 2, Refers: true, Replaces: true, Focus: room}, phone.Accepted{Call: 2})
		calls, err := c.Calls(b.ctx)
		if err != nil || len(calls) != 2 || calls[0].MoveTarget != room || calls[1].Conf == nil || calls[1].Conf.URI != room || calls[1].ConversationID != "talk" {
			t.Fatalf("%+v, %v", calls, err)
		}
		told(c)
		b.post(phone.Moved{Call: 2})
		var e CallEnded
		list := told(c)
		if i := slices.IndexFunc(list, func(n Notification) bool { return n.Name == NotifyCallEnded }); i < 0 || list[i].Decode(&e) != nil || e.CallID != "c-1" || e.Cause != "transferred" {
			t.Errorf("told %s", names(list))
		}
	})
}

func TestWhoIsInAMeetingIsTold(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		b.meeting()
		b.pass(2 * keyTime)
		list := told(c)
		var v CallChanged
		if len(list) == 0 || list[len(list)-1].Decode(&v) != nil || v.Call.Conf == nil {
			t.Fatalf("told %s", names(list))
		}
		conf := v.Call.Conf
		want := Member{ParticipantID: "sip:201@pbx.example", Party: Party{URI: "sip:201@pbx.example", Display: "Anna", Number: "201"}, State: "connected", Muted: true}
		if conf.ConfID != "s-1" || conf.Subject != "Friday" || conf.Count != 2 || len(conf.Roster) != 2 || conf.Roster[0] != want || !conf.Roster[1].Self {
			t.Errorf("%+v", conf)
		}
		if _, err := c.DropParticipant(b.ctx, ParticipantParams{ConfID: "s-1", ParticipantID: want.ParticipantID}); err != nil {
			t.Error(err)
		}
		_, err := c.AddParticipant(b.ctx, ParticipantParams{ConfID: "s-1", URI: "203"})
		b.wantCode(err, CodeBusyOther)
		b.post(phone.Moved{Call: 1})
		if _, err := c.AddParticipant(b.ctx, ParticipantParams{ConfID: "s-1", URI: "203"}); err != nil {
			t.Error(err)
		}
		b.post(phone.MoveRefused{Call: 1, Cause: phone.UserBusy})
		calls, err := c.Calls(b.ctx)
		if err != nil || len(calls) != 1 || calls[0].MoveFailed != "busy" {
			t.Errorf("%+v, %v", calls, err)
		}
	})
}
