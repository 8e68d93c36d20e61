package eventbody

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// The documents are made after the examples of the RFCs.
const (
	ringing = `<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:bob@example.com">
 <dialog id="as7d900as8" call-id="a84b4c76e66710" local-tag="1928301774" remote-tag="hh76a" direction="recipient">
  <state>Early</state>
  <local><identity display="Bob">sip:bob@example.com</identity><target uri="sip:bob@10.0.0.2"/></local>
  <remote><identity display="Carol &amp; Co">
     sip:carol@example.com </identity></remote>
 </dialog>
</dialog-info>`
	away = `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:r="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:bob@example.com">
<tuple id="a"><status><basic>closed</basic></status><note>desk</note></tuple>
<tuple id="b"><status><basic> Open</basic></status></tuple>
<dm:person id="p"><r:activities><r:on-the-phone/><r:busy/></r:activities><dm:note>In a talk</dm:note></dm:person></presence>`
	listKind = `multipart/related;type="application/rlmi+xml";start="<top@x>";boundary="cut"`
)

func part(kind, id, body string) string {
	return "--cut\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <" + id + ">\r\nContent-Type: " + kind + "\r\n\r\n" + body + "\r\n"
}

func list(rlmi string, parts ...string) string {
	return part(`application/rlmi+xml;charset="UTF-8"`, "top@x", rlmi) + strings.Join(parts, "") + "--cut--\r\n"
}

const rlmi = `<list xmlns="urn:ietf:params:xml:ns:rlmi" uri="sip:desk@example.com" version="7" fullState="true">
<name xml:lang="en">Desk</name>
<resource uri="sip:bob@example.com"><name>Bob</name><instance id="1" state="active" cid="b@x"/></resource>
<resource uri="sip:dave@example.com"><instance id="1" state="pending"/></resource></list>`

func TestDialogInfo(t *testing.T) {
	got, err := ParseDialogInfo([]byte(ringing))
	want := DialogInfo{Full: true, Entity: "sip:bob@example.com", Dialogs: []Dialog{{ID: "as7d900as8", CallID: "a84b4c76e66710", LocalTag: "1928301774", RemoteTag: "hh76a",
		Called: true, State: Early, Local: Party{Display: "Bob", URI: "sip:bob@example.com", Target: "sip:bob@10.0.0.2"}, Remote: Party{Display: "Carol & Co", URI: "sip:carol@example.com"}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
}

// TestDialogInfoComesBack: what is written reads the same, with hostile names in it.
func TestDialogInfoComesBack(t *testing.T) {
	for _, d := range []DialogInfo{
		{Full: true, Entity: "sip:a&b@x"},
		{Version: 7, Entity: "sip:a@x", Dialogs: []Dialog{
			{ID: "1", State: Trying, Appearance: 2},
			{ID: `"<`, CallID: "c", LocalTag: "l", RemoteTag: "r", Called: true, State: Confirmed, Appearance: 255, Exclusive: true,
				Local: Party{URI: "sip:a@x", Target: "sip:a@x", Holds: true}, Remote: Party{Display: `<"&'>`, URI: "sip:b@x", Target: "sip:b@1.2.3.4"}},
		}},
	} {
		if back, err := ParseDialogInfo(d.Write()); err != nil || !reflect.DeepEqual(back, d) {
			t.Errorf("%+v came back as %+v %v", d, back, err)
		}
	}
	odd := strings.Replace(ringing, "<state>", "<appearance>256</appearance><exclusive>TRUE</exclusive><state>", 1)
	if d, err := ParseDialogInfo([]byte(odd)); err != nil || d.Dialogs[0].Appearance != 0 || d.Dialogs[0].Exclusive {
		t.Errorf("%+v %v", d, err)
	}
}

// TestVersions: old news changes nothing, a gap is told, a full state mends it (RFC 4235 §4.3).
func TestVersions(t *testing.T) {
	doc := func(version uint32, full bool, dialogs ...string) DialogInfo {
		in := DialogInfo{Version: version, Full: full}
		for _, d := range dialogs {
			id, gone := strings.CutSuffix(d, "-")
			s := Confirmed
			if gone {
				s = Terminated
			}
			in.Dialogs = append(in.Dialogs, Dialog{ID: id, State: s})
		}
		return in
	}
	var d Dialogs
	for i, r := range []struct {
		in    DialogInfo
		right bool
		want  string
	}{
		{doc(3, false, "a"), false, ""},
		{doc(3, true, "a"), true, "a"},
		{doc(4, false, "b"), true, "ab"},
		{doc(4, false, "c"), true, "ab"},
		{doc(2, true), true, "ab"},
		{doc(5, false, "a-"), true, "b"},
		{doc(7, false, "e"), false, "b"},
		{doc(7, true, "e", "f-"), true, "e"},
		{doc(7, true, "g"), true, "g"},
		{doc(8, true, "a", "b-", "b"), true, "a"},
		{doc(9, true), true, ""},
	} {
		right := d.Take(r.in)
		got := ""
		for _, x := range d.List() {
			got += x.ID
		}
		if right != r.right || got != r.want {
			t.Errorf("%d: %v %q, want %v %q", i, right, got, r.right, r.want)
		}
	}
}

func TestPresence(t *testing.T) {
	got, err := ParsePresence([]byte(away))
	want := Presence{Entity: "pres:bob@example.com", Open: true, Activities: []string{"on-the-phone", "busy"}, Note: "In a talk"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	for _, p := range []Presence{want, {Entity: "sip:a&b@x"}, {Entity: "sip:a@x", Open: true, Note: `<"&'>`}} {
		if back, err := ParsePresence(p.Write()); err != nil || !reflect.DeepEqual(back, p) {
			t.Errorf("%+v came back as %+v %v", p, back, err)
		}
	}
}

func TestList(t *testing.T) {
	got, err := ParseList(listKind, []byte(list(rlmi, part(DialogType, "b@x", ringing), part(PresenceType, "other@x", away))))
	want := List{URI: "sip:desk@example.com", Version: 7, Full: true, Resources: []Resource{
		{URI: "sip:bob@example.com", Name: "Bob", Instances: []Instance{{ID: "1", State: "active", Type: DialogType, Body: []byte(ringing)}}},
		{URI: "sip:dave@example.com", Instances: []Instance{{ID: "1", State: "pending"}}},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
}

// TestRefused: what is no such document is refused, and what is too much of one.
func TestRefused(t *testing.T) {
	open, shut := `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="x">`, "</dialog-info>"
	for _, doc := range []string{
		"", "<", "hello", open, away, strings.Replace(ringing, "Early", "lunch", 1), strings.Replace(ringing, `version="0"`, "", 1),
		strings.Replace(ringing, `version="0"`, `version="-1"`, 1), strings.Replace(ringing, `"full"`, `"half"`, 1), strings.Replace(ringing, `id="as7d900as8"`, "", 1),
		strings.Replace(ringing, "urn:ietf:params:xml:ns:dialog-info", "urn:x", 1), open + "&bomb;" + shut,
		`<!DOCTYPE x [<!ENTITY a "aaaa">]>` + ringing, open + strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1) + shut,
		open + strings.Repeat("<a/>", maxElements) + shut, open + strings.Repeat(" ", maxSize) + shut,
		open + strings.Repeat(`<dialog id="1"><state>early</state></dialog>`, maxDialogs+1) + shut,
	} {
		if got, err := ParseDialogInfo([]byte(doc)); err == nil {
			t.Errorf("taken: %.80s: %+v", doc, got)
		}
	}
	if _, err := ParseDialogInfo([]byte(`<!DOCTYPE x>` + ringing)); !errors.Is(err, ErrDTD) {
		t.Error(err)
	}
	many := strings.Repeat(`<resource uri="x"/>`, maxResources+1)
	for kind, doc := range map[string]string{
		"text/plain": list(rlmi), "multipart/related": list(rlmi), listKind + "x": list(rlmi), listKind: "--cut--",
		listKind + ";a=1": list(strings.Replace(rlmi, `"7"`, `"x"`, 1)), listKind + ";a=2": list(strings.Replace(rlmi, "</list>", many+"</list>", 1)),
		listKind + ";a=3": list(rlmi)[:80],
	} {
		if got, err := ParseList(kind, []byte(doc)); err == nil {
			t.Errorf("%s: taken: %+v", kind, got)
		}
	}
}

// FuzzBodies: whatever comes is read within bounds or refused, and what is kept is bounded.
func FuzzBodies(f *testing.F) {
	f.Add(ringing)
	f.Add(away)
	f.Add(list(rlmi, part(DialogType, "b@x", ringing)))
	f.Fuzz(func(t *testing.T, doc string) {
		if d, err := ParseDialogInfo([]byte(doc)); err == nil {
			var all Dialogs
			all.Take(d)
			if len(all.List()) > maxDialogs {
				t.Errorf("%d dialogs", len(all.List()))
			}
			for _, x := range all.List() {
				if len(x.CallID) > maxText || len(x.Remote.Display) > maxText {
					t.Error("a text is too long")
				}
			}
		}
		if p, err := ParsePresence([]byte(doc)); err == nil {
			if len(p.Activities) > maxActivities {
				t.Errorf("%d activities", len(p.Activities))
			}
			p.Activities = nil // their names come from us where we write
			if _, err := ParsePresence(p.Write()); err != nil {
				t.Errorf("what was written cannot be read: %v\n%s", err, p.Write())
			}
		}
		if l, err := ParseList(listKind, []byte(doc)); err == nil && len(l.Resources) > maxResources {
			t.Error(fmt.Sprint(len(l.Resources), " resources"))
		}
	})
}
