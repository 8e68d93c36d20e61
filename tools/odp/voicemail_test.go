package main

import (
	"testing"
	"time"

	"opendeskphone/firmware/tpcp"
)

// TestVoiceMessagesInWords: the marks, the length, and who it is from as far as anybody knows.
func TestVoiceMessagesInWords(t *testing.T) {
	at := tpcp.Time{Time: time.Date(2026, 6, 1, 12, 5, 0, 0, time.Local)}
	for want, m := range map[string]tpcp.VoiceMessage{
		"*! 2026-06-01 12:05   1:15  Ruth Adler                   2418                 voicemail:0:7:12": {MessageID: "voicemail:0:7:12", ReceivedAt: at, New: true, Urgent: true, DurationMs: 74600, From: &tpcp.Party{Display: "Ruth Adler", Number: "2418"}},
		"   2026-06-01 12:05   -:--  2418                                              a":                {MessageID: "a", ReceivedAt: at, From: &tpcp.Party{Number: "2418"}},
		"*  2026-06-01 12:05   0:03  unknown                                           b":                {MessageID: "b", ReceivedAt: at, New: true, DurationMs: 3000},
	} {
		if got := messageLine(m); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	heard, fresh := tpcp.VoiceMessage{MessageID: "heard"}, tpcp.VoiceMessage{MessageID: "fresh", New: true}
	if newest([]tpcp.VoiceMessage{heard, fresh}) != fresh || newest([]tpcp.VoiceMessage{heard}) != heard {
		t.Error("another message is played first")
	}
}
