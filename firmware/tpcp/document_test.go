package tpcp

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"opendeskphone/audio/quality"
	"opendeskphone/firmware/phone"
)

// TestDocumentTellsAll: what is served must be described, or a stranger cannot use it.
func TestDocumentTellsAll(t *testing.T) {
	text, err := os.ReadFile("../../docs/TPCP.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(text)
	headings := ""
	for line := range strings.Lines(doc) {
		if strings.HasPrefix(line, "#### ") {
			headings += line
		}
	}
	for name, m := range methods {
		if !strings.Contains(headings, "`"+name+"`") {
			t.Errorf("method %s has no heading", name)
		}
		_, after, _ := strings.Cut(headings, "`"+name+"`")
		line, _, _ := strings.Cut(after, "\n")
		if want := " R " + m.right.String(); m.right != 0 && m.do != nil && !strings.Contains(line, want) {
			t.Errorf("%s needs %q, the document says %q", name, m.right, line)
		}
		if m.do != nil && m.flags&act != 0 && !strings.Contains(line, "act") {
			t.Errorf("%s takes idem, the document says %q", name, line)
		}
	}
	for c, name := range codeNames {
		if !strings.Contains(doc, fmt.Sprintf("| %d | %s |", int(c), name)) {
			t.Errorf("error %d %s is missing", int(c), name)
		}
	}
	for _, name := range []string{NotifyPing, NotifyBye, NotifyResync, NotifySessionRights, NotifyCallOffered, NotifyCallChanged, NotifyCallEnded,
		NotifyCallDTMF, NotifyLineChanged, NotifyDeviceChanged, NotifyLockChanged, NotifyLogChanged, NotifyCredChanged, NotifyContacts, NotifyAppearance, NotifyPresence} {
		if !strings.Contains(doc, "| `"+name+"` |") {
			t.Errorf("notification %s is missing", name)
		}
	}
	for _, list := range [][]string{causes[:], Topics, rightNames, keyWords()} {
		for _, word := range list {
			if !strings.Contains(doc, "`"+word+"`") {
				t.Errorf("%q is missing", word)
			}
		}
	}
	for f := quality.NoFault; f < quality.FaultCount; f++ {
		if !strings.Contains(doc, "`"+f.Name()+"`") {
			t.Errorf("%q is missing", f.Name())
		}
	}
	for k := range phone.StepKindCount {
		if !strings.Contains(doc, "`"+k.String()+"`") {
			t.Errorf("step %q is missing", k)
		}
	}
	for _, word := range lineFaults {
		if !strings.Contains(doc, "`"+word+"`") {
			t.Errorf("%q is missing", word)
		}
	}
}

// keyWords are what keys show.
func keyWords() (out []string) {
	for a := phone.AppearanceUnknown; a <= phone.AppearanceHeld; a++ {
		out = append(out, a.String())
	}
	for l := phone.LampUnknown; l <= phone.LampBusy; l++ {
		out = append(out, l.String())
	}
	for p := phone.PresenceUnknown; p <= phone.Offline; p++ {
		out = append(out, p.String())
	}
	return out
}
