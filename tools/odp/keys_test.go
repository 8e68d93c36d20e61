package main

import (
	"slices"
	"strings"
	"testing"

	"opendeskphone/firmware/tpcp"
)

var (
	jonas = tpcp.Watched{Number: "201", Name: "Jonas Keller", Lamp: "ringing", Caller: &tpcp.Party{Display: "Mira Patel", Number: "202"}, Presence: "available"}
	ruth  = tpcp.Watched{Number: "204", Name: "Ruth Adler", Lamp: "busy", Presence: "inCall"}
	chidi = tpcp.Watched{Number: "205", Name: "Chidi Okafor", Lamp: "free", Presence: "away", Note: "at lunch"}
	stair = tpcp.Watched{Number: "701", Name: "Place 1", Place: true, Lamp: "free", Presence: "unknown"}
	door  = tpcp.Watched{Number: "702", Name: "Place 2", Place: true, Lamp: "busy", Caller: &tpcp.Party{Number: "+493055501420"}, Presence: "unknown"}
	board = keys{Watched: []tpcp.Watched{jonas, ruth, chidi, stair, door}}
)

// TestKeysInWords: who rings, who waits, and who may take what.
func TestKeysInWords(t *testing.T) {
	k := board
	k.Appearances = []tpcp.Appearance{
		{LineID: "l-2", Appearance: 1, State: "free"}, {LineID: "l-2", Appearance: 2, State: "held", With: &tpcp.Party{Number: "2431"}},
		{LineID: "l-2", Appearance: 3, State: "held", Private: true}, {LineID: "l-3", Appearance: 1, State: "free", CallID: "c-4"}, {LineID: "l-3", Appearance: 2, State: "unknown"},
		{LineID: "l-3", Appearance: 3, State: "busy", Joinable: true, With: &tpcp.Party{Number: "2432"}},
	}
	want := strings.Split(strings.TrimSpace(`
line l-2 place 1  free
line l-2 place 2  on hold  2431
line l-2 place 3  on hold, privately
line l-3 place 1  call c-4 of this phone
line l-3 place 2  not known
line l-3 place 3  in use, may be joined  2432
201          Jonas Keller             rings: Mira Patel (202); available
204          Ruth Adler               in a call
205          Chidi Okafor             free; away, "at lunch"
701          Place 1                  free
702          Place 2                  somebody waits: +493055501420`), "\n")
	if got := k.lines(); !slices.Equal(got, want) {
		t.Errorf("\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for at, want := range map[numbered]string{{0, ""}: "l-2/2", {1, ""}: "Several", {1, "l-3"}: "l-3/1", {7, ""}: "no such place", {0, "l-3"}: "No other phone"} {
		a, err := place(k.Appearances, at.number, at.line, "No other phone", func(a tpcp.Appearance) bool { return a.State == "held" && !a.Private })
		got := a.LineID + "/" + string('0'+rune(a.Appearance))
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%+v: %s, want %s", at, got, want)
		}
	}
}

type numbered struct {
	number uint8
	line   string
}

// TestWhoIsMeant: by number, by a part of the name, or the only one who fits.
func TestWhoIsMeant(t *testing.T) {
	waits := func(w tpcp.Watched) bool { return w.Place && w.Lamp == "busy" }
	for who, want := range map[string]string{"": "702", "2 01": "201", "adler": "204", "place": "Several are meant: 701, 702", "Mira": "No key of the phone is about Mira"} {
		w, err := board.about(who, "nobody", waits)
		got := w.Number
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", who, got, want)
		}
	}
	if _, err := (keys{}).about("", "nobody waits", waits); err == nil || err.Error() != "nobody waits" {
		t.Error(err)
	}
}
