package eventbody

import (
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

// Party is an end of a dialog.
type Party struct {
	Display string // as written, not cleaned
	URI     string
	Target  string // its Contact
}

// Dialog is a dialog of whom is watched; local is their side.
type Dialog struct {
	ID                          string // unique within the document
	CallID, LocalTag, RemoteTag string
	Called                      bool // they were called (recipient)
	State                       DialogState
	Local, Remote               Party
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
			Called: n.attr["direction"] == "recipient", State: s, Local: party(n.at("local")), Remote: party(n.at("remote"))})
	}
	return d, nil
}

func party(n *node) Party {
	id := n.at("identity")
	return Party{Display: id.attr["display"], URI: id.words(), Target: n.at("target").attr["uri"]}
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
	for _, n := range in.Dialogs {
		d.list = slices.DeleteFunc(d.list, func(o Dialog) bool { return o.ID == n.ID })
		if n.State != Terminated && len(d.list) < maxDialogs {
			d.list = append(d.list, n)
		}
	}
	return true
}

// List are the dialogs that live.
func (d *Dialogs) List() []Dialog { return d.list }
