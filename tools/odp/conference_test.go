package main

import (
	"strings"
	"testing"

	"opendeskphone/firmware/tpcp"
)

// TestWhoInAConferenceIsMeant: by number, by address, and by a part of a name that fits nobody else.
func TestWhoInAConferenceIsMeant(t *testing.T) {
	member := func(name, number string) tpcp.Member {
		uri := "sip:" + number + "@pbx.example"
		return tpcp.Member{ParticipantID: "id-" + number, Party: tpcp.Party{URI: uri, Display: name, Number: number}}
	}
	me := member("Anna Weber", "100")
	me.Self = true
	c := tpcp.Call{Conf: &tpcp.Conf{URI: "sip:room1@pbx.example", Roster: []tpcp.Member{member("Jonas Keller", "2417"), member("Jonas Berg", "2418"), member("", "+49305550142"), me}}}
	sh := &shell{}
	for who, want := range map[string]string{"keller": "id-2417", "2418": "id-2418", "+49 30 5550142": "id-+49305550142", "sip:2417@pbx.example": "id-2417", "id-2418": "id-2418"} {
		if m, err := sh.find(c, who); err != nil || m.id != want {
			t.Errorf("%s is %q, %v", who, m.id, err)
		}
	}
	for who, want := range map[string]string{"jonas": "2 in the conference are called jonas", "Anna": "Nobody in the conference is Anna", "100": "Nobody in the conference is 100", "": "Nobody"} {
		if _, err := sh.find(c, who); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", who, err)
		}
	}
	held := tpcp.Call{Hold: tpcp.Hold{Local: true}, Conf: c.Conf}
	local := tpcp.Call{Conf: &tpcp.Conf{}}
	if rank(c) >= rank(local) || rank(local) >= rank(held) {
		t.Error("another conference than the one you are in is meant")
	}
}
