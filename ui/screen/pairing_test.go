package screen

import (
	"slices"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
)

// A person who is asked sees how long the question stands, and the picture turns with the seconds.
func TestQuestionsShowTheirTime(t *testing.T) {
	d := wide(t)
	pairs, signIn := idle(), idle()
	pairs.PC = phone.PC{Stage: phone.PairingCompare, With: "ANNA-LAPTOP", Digits: "147086", Since: now.Add(-1500 * time.Millisecond)}
	signIn.Question = phone.Question{Ref: 1, Kind: phone.SignInQuestion, From: "x", Subject: "sip:a@b", Since: now.Add(-1500 * time.Millisecond)}
	for _, d.st = range []*phone.State{pairs, signIn} {
		d.now = now
		if got := d.texts(); !slices.Contains(got, "59 s") {
			t.Errorf("the screen says %q", got)
		}
		if next := d.Next(d.st, d.now); next.Sub(now) != 500*time.Millisecond {
			t.Errorf("the picture changes in %v", next.Sub(now))
		}
		if d.now = now.Add(2 * time.Minute); !slices.Contains(d.texts(), "0 s") {
			t.Error("a question that is late counts below nothing")
		}
	}
}

// The list of computers tells what each may do, and the page of one names it.
func TestComputersShowTheirRights(t *testing.T) {
	d := wide(t)
	inSettings(sectionComputers)(d)
	if got := d.texts(); !slices.Contains(got, "connected, all rights") || !slices.ContainsFunc(got, func(s string) bool { return len(s) > 13 && s[len(s)-13:] == "2 of 5 rights" }) {
		t.Errorf("the list says %q", got)
	}
	v := d.view(nil, d.st, d.now)
	computerRows(v)[1].open()
	for _, right := range v.Words.Pairing.Rights {
		if got := d.texts(); !slices.Contains(got, right) {
			t.Errorf("%q is not on the page: %q", right, got)
		}
	}
}
