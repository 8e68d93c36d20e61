package eventbody

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// PresenceType is the media type of PIDF.
const PresenceType = "application/pidf+xml"

// Presence is a person's, of all their devices together.
type Presence struct {
	Entity     string
	Open       bool     // can be reached
	Activities []string // of RFC 4480 §3.2, "on-the-phone"
	Note       string   // as written, not cleaned
}

// Doing tells whether an activity is among them.
func (p *Presence) Doing(activity string) bool { return slices.Contains(p.Activities, activity) }

const maxActivities = 16

// ParsePresence reads a document.
func ParsePresence(body []byte) (Presence, error) {
	top, err := parse(body, xml.Name{Space: "urn:ietf:params:xml:ns:pidf", Local: "presence"})
	if err != nil {
		return Presence{}, err
	}
	p := Presence{Entity: top.attr["entity"]}
	notes := top.all("note")
	for _, t := range top.all("tuple") {
		p.Open = p.Open || strings.EqualFold(t.at("status", "basic").words(), "open")
		p.doing(t.at("status"))
		p.doing(t)
		notes = append(notes, t.all("note")...)
	}
	for _, person := range top.all("person") {
		p.doing(person)
		notes = append(person.all("note"), notes...) // what a person says of themselves goes before what a device says
	}
	for _, n := range notes {
		if p.Note = n.words(); p.Note != "" {
			break
		}
	}
	return p, nil
}

// doing takes the activities of an element.
func (p *Presence) doing(n *node) {
	for _, a := range n.at("activities").kids {
		if name := a.name.Local; len(p.Activities) < maxActivities && !p.Doing(name) {
			p.Activities = append(p.Activities, name)
		}
	}
}

// Write writes the document of one device.
func (p *Presence) Write() []byte {
	basic := "closed"
	if p.Open {
		basic = "open"
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	fmt.Fprintf(&b, `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="%s">`, escaped(p.Entity))
	fmt.Fprintf(&b, `<tuple id="phone"><status><basic>%s</basic></status><contact>%s</contact></tuple>`, basic, escaped(p.Entity))
	b.WriteString(`<dm:person id="user">`)
	if len(p.Activities) > 0 {
		b.WriteString("<rpid:activities>")
		for _, a := range p.Activities {
			fmt.Fprintf(&b, "<rpid:%s/>", a)
		}
		b.WriteString("</rpid:activities>")
	}
	if p.Note != "" {
		fmt.Fprintf(&b, "<dm:note>%s</dm:note>", escaped(p.Note))
	}
	b.WriteString("</dm:person></presence>\n")
	return []byte(b.String())
}
