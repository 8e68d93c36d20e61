package lines

import (
	"reflect"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/stir"
	"opendeskphone/sip/ua"
)

// calls lets somebody call and gives what the centre was told of it.
func (w *world) calls(e ua.Incoming) phone.Invited {
	w.t.Helper()
	w.done = nil
	e.SDP = w.offered()
	w.ask(e)
	for _, d := range w.done {
		if in, ok := d.(phone.Invited); ok {
			return in
		}
	}
	w.t.Fatalf("%+v", w.done)
	return phone.Invited{}
}

// offered is an offer of the far side.
func (w *world) offered() []byte {
	body, err := offer.New(offer.Local{Addr: w.at, Port: 4000, Codecs: []offer.Codec{pcma}}).Offer(offer.SendRecv)
	if err != nil {
		w.t.Fatal(err)
	}
	return body
}

// proved are the proofs and parties the centre was told of since.
func (w *world) told() (out []phone.Event) {
	for _, d := range w.done {
		switch d.(type) {
		case phone.Proved, phone.RemoteChanged:
			out = append(out, d)
		}
	}
	w.done = nil
	return out
}

func TestWhoCallsIsPassedOn(t *testing.T) {
	inWorld(t, offer.Optional, func(w *world) {
		for i, r := range []struct {
			in   ua.Incoming
			want phone.Invited
		}{
			{ua.Incoming{From: ua.Peer{User: "200", Display: "Somebody"}}, phone.Invited{Remote: phone.Peer{Name: "Jonas Keller", Number: "200"}}},
			{ua.Incoming{From: ua.Peer{User: "201", Display: "Anna"}}, phone.Invited{Remote: phone.Peer{Name: "Anna", Number: "201"}}},
			{ua.Incoming{From: ua.Peer{User: "201", Display: "J0nas Keller"}}, phone.Invited{Remote: phone.Peer{Number: "201"}}},
			{ua.Incoming{From: ua.Peer{Hidden: true}, Callback: true}, phone.Invited{Remote: phone.Peer{Hidden: true}, Callback: true}},
			{ua.Incoming{From: ua.Peer{User: "201"}, ForwardedBy: ua.Peer{User: "200"}}, phone.Invited{Remote: phone.Peer{Number: "201"}, ForwardedBy: phone.Peer{Name: "Jonas Keller", Number: "200"}}},
			{ua.Incoming{From: ua.Peer{User: "201"}, Verstat: ua.VerstatPassed, Attest: "B"}, phone.Invited{Remote: phone.Peer{Number: "201"}, Proof: phone.Proof{Verdict: phone.Verified, Attest: "B"}}},
			{ua.Incoming{From: ua.Peer{User: "201"}, Verstat: ua.VerstatFailed}, phone.Invited{Remote: phone.Peer{Number: "201"}, Proof: phone.Proof{Verdict: phone.NotVerified, Doubt: phone.ServerDoubts}}},
		} {
			r.in.Call = ua.CallRef(i + 1)
			r.want.Ref = phone.Ref(i + 1)
			if got := w.calls(r.in); !reflect.DeepEqual(got, r.want) {
				t.Errorf("%+v\nwant %+v", got, r.want)
			}
		}
		w.ask(phone.RefuseInvite{Ref: 4, Cause: phone.NotAllowed})
		if last := w.said[len(w.said)-1]; last != "reject 4 433" {
			t.Errorf("%s", last)
		}
	})
}

// TestProofsAreCheckedWhileItRings: our own check counts before the server's word, a check without an outcome does not.
func TestProofsAreCheckedWhileItRings(t *testing.T) {
	inWorld(t, offer.Optional, func(w *world) {
		w.lines[0].Numbers = []string{"+493055501420"}
		w.results = map[string]stir.Result{"good": {Verdict: stir.Passed, Attest: "A", Name: "Anna \u202eBerg"}, "bad": {Verdict: stir.Failed, Doubt: stir.BadSignature},
			"unknown": {Verdict: stir.NotChecked, Doubt: stir.NoCertificate}}
		from := ua.Peer{User: "+12155550121"}
		w.calls(ua.Incoming{Call: 1, From: from, Identities: []string{"good"}, Called: []string{"100", "+493055501421"}})
		w.ask(phone.SendRinging{Ref: 1, Call: 11}) // the check was over before
		want := []phone.Event{phone.Proved{Call: 11, Proof: phone.Proof{Verdict: phone.Verified, Here: true, Attest: "A"}},
			phone.RemoteChanged{Call: 11, Remote: phone.Peer{Name: "Anna Berg", Number: "+12155550121"}}}
		if got := w.told(); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v", got)
		}
		if w.about.From != from.User || !reflect.DeepEqual(w.about.To, []string{"+493055501421", "+493055501420"}) || w.about.Forwarded {
			t.Errorf("%+v", w.about)
		}
		w.calls(ua.Incoming{Call: 2, From: from, Identities: []string{"bad"}, Verstat: ua.VerstatPassed})
		w.ask(phone.SendRinging{Ref: 2, Call: 12})
		if got := w.told(); !reflect.DeepEqual(got, []phone.Event{phone.Proved{Call: 12, Proof: phone.Proof{Verdict: phone.NotVerified, Here: true, Doubt: phone.BadSignature}}}) {
			t.Errorf("%+v", got)
		}
		w.calls(ua.Incoming{Call: 3, From: from, Identities: []string{"unknown"}, Verstat: ua.VerstatPassed})
		w.ask(phone.SendRinging{Ref: 3, Call: 13})
		if got := w.told(); got != nil {
			t.Errorf("%+v", got)
		}
		w.ask(ua.Identified{Call: 3, Remote: ua.Peer{User: "200"}})
		if got := w.told(); !reflect.DeepEqual(got, []phone.Event{phone.RemoteChanged{Call: 13, Remote: phone.Peer{Name: "Jonas Keller", Number: "200"}}}) {
			t.Errorf("%+v", got)
		}
	})
}

func TestTheNumberIsWithheld(t *testing.T) {
	inWorld(t, offer.Optional, func(w *world) {
		w.ask(phone.SendInvite{Call: 1, Target: "300", Withheld: true})
		if !w.in.Anonymous {
			t.Errorf("%+v", w.in)
		}
	})
}
