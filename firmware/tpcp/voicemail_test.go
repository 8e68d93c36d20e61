package tpcp

import (
	"encoding/json"
	"testing"

	"opendeskphone/firmware/phone"
)

// TestVoiceMessagesAreListed: whose they are, in pages, with the fault that makes the list an old one.
func TestVoiceMessagesAreListed(t *testing.T) {
	bubble(t, "list", func(t *testing.T) {
		s := start(t, services()).seat()
		for params, want := range map[string]string{
			`{}`: `{"lineId":"l-1","messages":[{"messageId":"voicemail:0:1:2","from":{"uri":"sip:anna@pbx.example","display":"Anna","number":"0305550142"},` +
				`"receivedAt":"2026-06-01T12:00:00.000Z","new":true,"urgent":true}],"total":1,"more":false,"fault":"unreachable"}`,
			`{"skip":1}`: `{"lineId":"l-1","messages":[],"total":1,"more":false,"fault":"unreachable"}`,
		} {
			if got, err := s.ask("voicemail.list", params); err != nil || string(got) != want {
				t.Errorf("%s: %s, %v", params, got, err)
			}
		}
	})
}

// TestAVoiceMessageIsPlayed: told to all before the answer, done once, paused, ended by a call and by the lock. What the person
// at the phone plays besides is his alone.
func TestAVoiceMessageIsPlayed(t *testing.T) {
	bubble(t, "play", func(t *testing.T) {
		b := start(t, services())
		c, _ := b.controller("pc", hostSeed, false)
		told := func() *Playing {
			t.Helper()
			for n := range c.Notifications() {
				var d DeviceChanged
				if n.Name != NotifyDeviceChanged {
					continue
				}
				if err := n.Decode(&d); err != nil {
					t.Fatal(err)
				}
				return d.Playing
			}
			return nil
		}
		ask := func(method, params string) (d DeviceResult, err error) {
			t.Helper()
			text, err := raw(b.ctx, c, method, params)
			if err == nil {
				err = json.Unmarshal(text, &d)
			}
			return d, err
		}
		const play = `{"messageId":"voicemail:0:1:2","idem":"once"}`
		d, err := ask("voicemail.play", play)
		if err != nil || d.Device.Playing == nil || *d.Device.Playing != (Playing{MessageID: voicemail}) {
			t.Fatalf("%+v, %v", d.Device.Playing, err)
		}
		if p := told(); p == nil || p.MessageID != voicemail {
			t.Errorf("told: %+v", p)
		}
		if _, err := ask("voicemail.play", play); err != nil || b.loop.State().Playing.No != 1 {
			t.Errorf("once more: %v, played %d times", err, b.loop.State().Playing.No)
		}
		if d, err = ask("voicemail.pause", `{"on":true}`); err != nil || !d.Device.Playing.Paused || !told().Paused {
			t.Errorf("paused: %+v, %v", d.Device.Playing, err)
		}
		if d, err = ask("voicemail.stop", `{}`); err != nil || d.Device.Playing != nil || told() != nil {
			t.Errorf("stopped: %+v, %v", d.Device.Playing, err)
		}

		again := func() {
			t.Helper()
			if _, err := ask("voicemail.play", `{"messageId":"voicemail:0:1:2"}`); err != nil || told() == nil {
				t.Fatal(err)
			}
		}
		again()
		b.post(phone.Invited{Ref: 1, Remote: anna})
		if p := told(); p != nil {
			t.Errorf("in a call: %+v", p)
		}
		b.key(phone.Reject{Call: 1})
		again()
		b.key(phone.SetLock{Kind: phone.ManualLock})
		if p := told(); p != nil {
			t.Errorf("locked: %+v", p)
		}
		b.key(phone.SetLock{})
		b.key(phone.PlayRecording{ID: "a recording"})
		for _, method := range []string{"voicemail.stop", "voicemail.pause"} {
			_, err = ask(method, `{}`)
			b.wantCode(err, CodeBadState)
		}
		if d, _ := ask("device.get", `{}`); d.Device.Playing != nil || b.loop.State().Playing.ID == "" {
			t.Errorf("of a recording: %+v", d.Device.Playing)
		}
	})
}
