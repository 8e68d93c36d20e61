package eventbody

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DialogType is the media type of dialog-info.
const DialogType = "application/dialog-info+xml"

// DialogState is how far a dialog has come (RFC 4235 §3.7.1).
type DialogState uint8

// The states.
const (
	Trying DialogState = iota
	Proceeding
	Early
	Confirmed
	Terminated
)

var dialogStates = map[string]DialogState{"trying": Trying, "proceeding": Proceeding, "early": Early, "confirmed": Confirmed, "terminated": Terminated}

// String is the state as a document writes it.
func (s DialogState) String() string {
	return [...]string{Trying: "trying", Proceeding: "proceeding", Early: "early", Confirmed: "confirmed", Terminated: "terminated"}[s]
}

// Party is an end of a dialog.
type Party struct {
	Display string // as written, not cleaned
	URI     string
	Target  string // its Contact
	Holds   bool   // it gives out no sound ("+sip.rendering" is "no", RFC 4235 §3.7.3)
}

// Dialog is a dialog of whom is watched; local is their side.
type Dialog struct {
	ID                          string // unique within the document
	CallID, LocalTag, RemoteTag string
	Called                      bool // they were called (recipient)
	State                       DialogState
	Local, Remote               Party
	Appearance                  uint8 // of a line that phones share, from 1 (RFC 7463 §6); 0: it is none
	Exclusive                   bool  // nobody else of that line may take it or join it
}

// DialogInfo is a document about the dialogs of an entity.
type DialogInfo struct {
	Version uint32
	Full    bool // all dialogs there are; else those that have changed
	Entity  string
	Dialogs []Dialog
}

// maxDialogs bounds the dialogs of one entity that are kept.
const maxDialogs = 64

// ParseDialogInfo reads a document.
func ParseDialogInfo(body []byte) (DialogInfo, error) {
	top, err := parse(body, xml.Name{Space: "urn:ietf:params:xml:ns:dialog-info", Local: "dialog-info"})
	if err != nil {
		return DialogInfo{}, err
	}
	version, err := strconv.ParseUint(top.attr["version"], 10, 32)
	state := top.attr["state"]
	if err != nil || state != "full" && state != "partial" {
		return DialogInfo{}, fmt.Errorf("eventbody: dialog-info of version %q, state %q", top.attr["version"], state)
	}
	d := DialogInfo{Version: uint32(version), Full: state == "full", Entity: top.attr["entity"]}
	for _, n := range top.all("dialog") {
		s, known := dialogStates[strings.ToLower(n.at("state").words())] // Kamailio writes Trying
		if n.attr["id"] == "" || !known {
			return DialogInfo{}, fmt.Errorf("eventbody: dialog %q in state %q", n.attr["id"], n.at("state").words())
		}
		if len(d.Dialogs) == maxDialogs {
			return DialogInfo{}, ErrSize
		}
		d.Dialogs = append(d.Dialogs, Dialog{ID: n.attr["id"], CallID: n.attr["call-id"], LocalTag: n.attr["local-tag"], RemoteTag: n.attr["remote-tag"],
			Called: n.attr["direction"] == "recipient", State: s, Local: party(n.at("local")), Remote: party(n.at("remote")),
			Appearance: appearance(n), Exclusive: n.at("exclusive").words() == "true"})
	}
	return d, nil
}

func party(n *node) Party {
	id, target := n.at("identity"), n.at("target")
	p := Party{Display: id.attr["display"], URI: id.words(), Target: target.attr["uri"]}
	for _, param := range target.all("param") {
		p.Holds = p.Holds || param.attr["pname"] == "+sip.rendering" && param.attr["pval"] == "no"
	}
	return p
}

// appearance is the number of a dialog's place on a line; one that is none is none.
func appearance(n *node) uint8 {
	number, err := strconv.ParseUint(n.at("appearance").words(), 10, 8)
	if err != nil {
		return 0
	}
	return uint8(number)
}

// Write writes the document. Each dialog names its own namespaces, for servers take them out and put them into others.
func (d *DialogInfo) Write() []byte {
	state := "partial"
	if d.Full {
		state = "full"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="%d" state="%s" entity="%s">`, d.Version, state, escaped(d.Entity))
	for i := range d.Dialogs {
		d.Dialogs[i].write(&b)
	}
	b.WriteString("</dialog-info>\n")
	return []byte(b.String())
}

func (d *Dialog) write(b *strings.Builder) {
	direction := "initiator"
	if d.Called {
		direction = "recipient"
	}
	fmt.Fprintf(b, `<dialog id="%s" direction="%s"`, escaped(d.ID), direction)
	for _, a := range [][2]string{{"call-id", d.CallID}, {"local-tag", d.LocalTag}, {"remote-tag", d.RemoteTag}} {
		if a[1] != "" {
			fmt.Fprintf(b, ` %s="%s"`, a[0], escaped(a[1]))
		}
	}
	b.WriteString(">")
	if d.Appearance > 0 {
		fmt.Fprintf(b, `<sa:appearance xmlns:sa="urn:ietf:params:xml:ns:sa-dialog-info">%d</sa:appearance>`, d.Appearance)
	}
	if d.Exclusive {
		b.WriteString(`<sa:exclusive xmlns:sa="urn:ietf:params:xml:ns:sa-dialog-info">true</sa:exclusive>`)
	}
	fmt.Fprintf(b, "<state>%v</state>", d.State)
	d.Local.write(b, "local")
	d.Remote.write(b, "remote")
	b.WriteString("</dialog>")
}

func (p *Party) write(b *strings.Builder, name string) {
	if *p == (Party{}) {
		return
	}
	display := ""
	if p.Display != "" {
		display = ` display="` + escaped(p.Display) + `"`
	}
	fmt.Fprintf(b, "<%s><identity%s>%s</identity>", name, display, escaped(p.URI))
	if p.Target != "" || p.Holds {
		fmt.Fprintf(b, `<target uri="%s">`, escaped(cmp.Or(p.Target, p.URI)))
		if p.Holds {
			b.WriteString(`<param pname="+sip.rendering" pval="no"/>`)
		}
		b.WriteString("</target>")
	}
	fmt.Fprintf(b, "</%s>", name)
}

// Dialogs are those of an entity, as told document by document.
type Dialogs struct {
	known   bool
	version uint32
	list    []Dialog
}

// Take takes the next document of a subscription. It tells whether the list is right then: false is a gap, to be mended
// by asking for the whole (RFC 4235 §4.3).
func (d *Dialogs) Take(in DialogInfo) bool {
	if d.known && in.Version <= d.version && !(in.Full && in.Version == d.version) {
		return true // old news
	}
	if !in.Full && (!d.known || in.Version != d.version+1) {
		return false
	}
	if in.Full {
		d.list = nil
	}
	d.known, d.version = true, in.Version
	over := map[string]bool{} // a server that puts documents together may tell of one dialog twice, old news and new
	for _, n := range in.Dialogs {
		d.list = slices.DeleteFunc(d.list, func(o Dialog) bool { return o.ID == n.ID })
		over[n.ID] = over[n.ID] || n.State == Terminated
		if !over[n.ID] && len(d.list) < maxDialogs {
			d.list = append(d.list, n)
		}
	}
	return true
}

// List are the dialogs that live.
func (d *Dialogs) List() []Dialog { return d.list }
