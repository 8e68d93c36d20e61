package tpcp

import (
	"testing"
	"testing/synctest"

	"opendeskphone/firmware/phone"
)

func TestConsultationEndsInATransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		b.post(phone.Able{Call: 1, Refers: true, Replaces: true})
		p, err := c.Consult(b.ctx, ToParams{CallParams{CallID: "c-1"}, "tel:202"})
		if err != nil || p.CallID != "c-2" || p.ConsultOf != "c-1" || p.State != StateProceeding {
			t.Fatalf("consulted %+v, %v", p, err)
		}
		b.post(phone.Accepted{Call: 2}, phone.Able{Call: 2, Refers: true, Replaces: true})
		told(c)
		v, err := c.CompleteTransfer(b.ctx, CompleteParams{CallParams{CallID: "c-1"}, "c-2"})
		if err != nil || v.State != StateTransferring || v.Move != "transferring" {
			t.Fatalf("%+v, %v", v, err)
		}
		told(c)
		b.post(phone.Moved{Call: 1})
		list := told(c)
		if names(list) != "call.ended call.ended" {
			t.Fatalf("told %s", names(list))
		}
		for _, n := range list {
			var e CallEnded
			if n.Decode(&e) != nil || e.Cause != "transferred" {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestTransferThatFailsComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		b.post(phone.Able{Call: 1, Refers: true})
		if v, err := c.Transfer(b.ctx, ToParams{CallParams{CallID: "c-1"}, "202"}); err != nil || v.State != StateTransferring || v.MoveTarget != "202" {
			t.Fatalf("%+v, %v", v, err)
		}
		_, err := c.Transfer(b.ctx, ToParams{CallParams{CallID: "c-1"}, "203"})
		b.wantCode(err, CodeBusyOther)
		told(c)
		b.post(phone.MoveRefused{Call: 1, Cause: phone.UserBusy, Reason: "Busy Here"})
		list := told(c)
		var v CallChanged
		if names(list) != "call.changed" || list[0].Decode(&v) != nil || v.Prev != StateTransferring || v.Call.State != StateConnected ||
			!v.Call.Hold.Local || v.Call.MoveFailed != "busy" || v.Cause != "busy" {
			t.Errorf("told %s %+v", names(list), v)
		}
	})
}

// TestShadowsAreNoCalls: a call that the phone makes for a transfer is not the user's.
func TestShadowsAreNoCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		told(c)
		if v, err := c.Transfer(b.ctx, ToParams{CallParams{CallID: "c-1"}, "202"}); err != nil || v.CallID != "c-1" {
			t.Fatalf("%+v, %v", v, err)
		}
		if len(b.loop.State().Calls) != 2 {
			t.Fatal("there is no shadow to hide")
		}
		calls, err := c.Calls(b.ctx)
		if err != nil || len(calls) != 1 {
			t.Errorf("%d calls, %v", len(calls), err)
		}
		_, err = c.Hangup(b.ctx, CallParams{CallID: "c-2"})
		b.wantCode(err, CodeNoSuchCall)
		b.post(phone.CallFailed{Call: 2, Cause: phone.UserBusy})
		for _, n := range told(c) {
			var e CallEnded
			if n.Name == NotifyCallEnded && n.Decode(&e) == nil {
				t.Errorf("told that %s ended", e.CallID)
			}
		}
	})
}

func TestConferenceOfTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		b.second()
		v, err := c.Conference(b.ctx, ConferenceParams{CallIDs: []string{"c-1", "c-2"}})
		if err != nil || v.Conf == nil || len(v.Conf.Participants) != 2 || v.Hold.Local || !v.LegA.Media {
			t.Fatalf("%+v, %v", v, err)
		}
		if v, err = c.Split(b.ctx, CallParams{CallID: "c-2"}); err != nil || v.Conf != nil {
			t.Errorf("split %+v, %v", v, err)
		}
		if v, err = c.Conference(b.ctx, ConferenceParams{CallIDs: []string{"c-2", "c-1"}}); err != nil {
			t.Fatal(err)
		}
		_, err = one(b.ctx, c, "call.dropParticipant", ParticipantParams{ConfID: "f-0", ParticipantID: "c-1"})
		b.wantCode(err, CodeBadState)
		if v, err = one(b.ctx, c, "call.dropParticipant", ParticipantParams{ConfID: v.Conf.ConfID, ParticipantID: "c-1"}); err != nil || v.State != StateEnded {
			t.Errorf("dropped %+v, %v", v, err)
		}
		if calls, _ := c.Calls(b.ctx); len(calls) != 1 || calls[0].Conf != nil {
			t.Errorf("%+v", calls)
		}
	})
}

func TestCallMovesToTheComputerAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		v, err := c.MoveToPC(b.ctx, MoveParams{CallParams{CallID: "c-1"}, "sip:anna@192.0.2.7"})
		if err != nil || v.State != StateConnected || v.Move != "toPC" || v.MoveTarget != "sip:anna@192.0.2.7" {
			t.Fatalf("%+v, %v", v, err)
		}
		v, err = c.PullFromPC(b.ctx, PullParams{Target: "sip:anna@192.0.2.7", Replaces: Replaces{CallID: "x@y", FromTag: "f", ToTag: "t"}})
		if err != nil || v.Dir != "out" || v.State != StateProceeding {
			t.Fatalf("pulled %+v, %v", v, err)
		}
		n := b.count(func(e phone.Effect) bool {
			i, ok := e.(phone.SendInvite)
			return ok && i.Replaces == phone.Dialog{CallID: "x@y", ToTag: "t", FromTag: "f"}
		})
		if n != 1 {
			t.Errorf("%d INVITEs replace the program's call", n)
		}
	})
}

func TestWhatReplacesAnEmergencyCallIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Services{})
		c, _ := b.controller("pc", hostSeed, true)
		b.reach("connected")
		b.key(phone.Dial{Number: "112"})
		b.post(phone.Accepted{Call: 2})
		b.pass(2 * keyTime)
		for method, params := range map[string]string{
			"call.transfer": `{"callId":"c-2","to":"1"}`, "call.consult": `{"callId":"c-1","to":"1"}`, "call.completeTransfer": `{"callId":"c-1","consultCallId":"c-2"}`,
			"call.reconnect": `{"heldCallId":"c-1","consultCallId":"c-2"}`, "call.conference": `{"callIds":["c-1","c-2"]}`, "call.moveToPC": `{"callId":"c-2","pcTarget":"sip:a@b"}`,
			"call.pullFromPC": `{"target":"sip:a@b","replaces":{"callId":"a","fromTag":"b","toTag":"c"}}`, "call.split": `{"callId":"c-2"}`,
		} {
			_, err := raw(b.ctx, c, method, params)
			b.wantCode(err, CodeEmergencyGuard)
		}
	})
}
