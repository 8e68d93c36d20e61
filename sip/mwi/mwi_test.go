package mwi

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for body, want := range map[string]Summary{
		"Messages-Waiting: yes\r\nMessage-Account: sip:vm@d\r\nVoice-Message: 2/8 (0/2)\r\n": {true, "sip:vm@d", true, Counts{2, 8, 0, 2}},
		"messages-waiting : NO\nvoice-message: 0 / 4294967295\n":                             {false, "", true, Counts{Old: 4294967295}},
		"Messages-Waiting: yes\r\n": {Waiting: true},
		"Messages-Waiting: yes\r\nFax-Message: 3/1\r\nX-Of-Tomorrow: what\r\n":            {Waiting: true},
		"Messages-Waiting: yes\r\nVoice-Message:1/0(1/0)\r\n\r\nTo: <anna@d>\r\nnonsense": {true, "", true, Counts{New: 1, UrgentNew: 1}},
	} {
		if got, err := Parse([]byte(body)); err != nil || got != want {
			t.Errorf("%q: %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{
		"", "\r\nMessages-Waiting: yes", "Messages-Waiting: perhaps", "Messages-Waiting", "Voice-Message: 1/2",
		"Messages-Waiting: yes\r\nVoice-Message: 4294967296/0", "Messages-Waiting: yes\r\nVoice-Message: -1/0", "Messages-Waiting: yes\r\nVoice-Message: 1",
		"Messages-Waiting: yes\r\nVoice-Message: 1/0 (1/0", "Messages-Waiting: yes\r\nMessage-Account: sip:vm@d and more",
		"Messages-Waiting: yes\r\nMessage-Account: sip:" + strings.Repeat("x", maxAccount),
		"Messages-Waiting: yes\r\n" + strings.Repeat("a:b\r\n", maxLines), strings.Repeat("a:b\r\n", maxBody),
	} {
		if got, err := Parse([]byte(body)); err == nil {
			t.Errorf("%.40q: %+v", body, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("Messages-Waiting: yes\r\nMessage-Account: sip:vm@d\r\nVoice-Message: 2/8 (0/2)\r\n"))
	f.Add([]byte("Messages-Waiting: no\n\nx"))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := Parse(body)
		if err == nil && (len(s.Account) > maxAccount || !s.Counted && s.Voice != (Counts{})) {
			t.Errorf("%+v", s)
		}
	})
}
