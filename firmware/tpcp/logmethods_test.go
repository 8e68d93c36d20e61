package tpcp

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/audio/quality"
	"opendeskphone/firmware/phone"
)

// whole is a call of which all is known that a log can know.
func whole() phone.Record {
	sum := quality.Summary{Began: noon, Seconds: 60, Span: 60, LQ: 4.2, CQ: 4.1, Least: 3.9, Codec: "Opus 48 kHz", PacketMS: 20}
	return phone.Record{ID: "5f", Line: 1, Dir: phone.Incoming, Remote: phone.Peer{Name: "Anna", Number: "201", URI: "sip:201@pbx.example"},
		ForwardedBy: phone.Peer{Number: "202", URI: "sip:202@pbx.example"}, ForwardedTo: phone.Peer{Number: "300"},
		Proof: phone.Proof{Verdict: phone.Verified, Here: true, Attest: "A"}, Began: noon, Answered: noon.Add(time.Second), Ended: noon.Add(time.Minute),
		Cause: phone.HandedOver, Reason: "because", Conversation: "c1", Note: "two\nlines", Quality: sum.String(), PC: "desk", Mode: phone.Video}
}

// TestNothingOfACallIsLost: what log.list gives with full, log.import reads back, for every word there is.
func TestNothingOfACallIsLost(t *testing.T) {
	check := func(r phone.Record) {
		t.Helper()
		e := Logged(r)
		e.Sound = r.Quality
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back LogEntry
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if got, err := back.record(); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%s\nbecame %+v, %v\nfrom   %+v", b, got, err, r)
		}
	}
	for c := range phone.CauseCount {
		r := whole()
		r.Cause = c
		check(r)
	}
	for m := range phone.ModeCount {
		r := whole()
		r.Mode = m
		check(r)
	}
	for d := range phone.DoubtCount {
		r := whole()
		r.Proof = phone.Proof{Verdict: phone.NotVerified, Doubt: d}
		check(r)
	}
	check(phone.Record{ID: "1", Began: noon, Ended: noon, Remote: phone.Peer{Hidden: true}})
}

func TestEveryOutcomeAndModeHasAWord(t *testing.T) {
	for _, list := range [][]string{outcomes[:], modes[:]} {
		for i, w := range list {
			if w == "" {
				t.Errorf("%d of %v has no word", i, list)
			}
		}
	}
}

// FuzzLogEntry: a call from outside is refused, or reads back as it was taken.
func FuzzLogEntry(f *testing.F) {
	for _, r := range []phone.Record{whole(), {ID: "1", Began: noon, Ended: noon}} {
		e := Logged(r)
		e.Sound = r.Quality
		b, _ := json.Marshal(e)
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, text string) {
		var e LogEntry
		if json.Unmarshal([]byte(text), &e) != nil {
			return
		}
		r, err := e.record()
		if err != nil || len(text) > maxText {
			return
		}
		shown := Logged(r)
		shown.Sound = r.Quality
		again, err := shown.record()
		if err != nil || again.Cause != r.Cause || again.Dir != r.Dir || again.Mode != r.Mode || again.Line != r.Line {
			t.Fatalf("%s\n%+v\n%+v %v", text, r, again, err)
		}
	})
}

// TestAComputerTellsTheLog: its entry stands under its name, whatever it says, and all are told that the log is another.
func TestAComputerTellsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, services())
		c, _ := b.controller("pc", hostSeed, true)
		var added LogIDResult
		entry := LogAddParams{Mode: "im", Dir: "out", URI: "sip:201@pbx.example", ConversationID: "c1", BeganAt: Time{time.Now()}, EndedAt: Time{time.Now()}}
		if err := c.Call(b.ctx, "log.add", entry, &added); err != nil || added.LogID == "" {
			t.Fatal(added, err)
		}
		var out LogResult
		if err := c.Call(b.ctx, "log.list", LogParams{ConversationID: "c1"}, &out); err != nil || len(out.Calls) != 1 || out.Total != 1 || out.Calls[0].PC == "" || out.Calls[0].Mode != "im" {
			t.Errorf("%+v %v", out, err)
		}
		if err := c.Call(b.ctx, "log.list", LogParams{ConversationID: "c2"}, &out); err != nil || len(out.Calls) != 0 {
			t.Errorf("%+v %v", out, err)
		}
		entry.EndedAt = Time{time.Now().Add(time.Hour)}
		if err := c.Call(b.ctx, "log.add", entry, &added); err == nil || !strings.Contains(err.Error(), "later than now") {
			t.Errorf("a call of the future: %v", err)
		}
	})
}
