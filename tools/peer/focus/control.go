package focus

import (
	"encoding/xml"
	"fmt"

	"opendeskphone/sip/stack"
)

// What is said of muting ([MS-CONFAV]).
const (
	cccp       = "application/cccp+xml"
	extensions = "http://schemas.microsoft.com/rtc/2005/08/confinfoextensions"
)

func filter(muted bool) string {
	if muted {
		return "block"
	}
	return "unblock"
}

// control takes an order about a member's audio, and says what has become of it in a request of its own.
func (m *member) control(tx *stack.ServerTx, req *stack.Request) {
	if h := req.ContentType(); h == nil || h.Value() != cccp {
		tx.Respond(stack.Reply(req, 200, ""))
		return
	}
	var order struct {
		XMLName xml.Name `xml:"urn:ietf:params:xml:ns:cccp request"`
		ID      string   `xml:"requestId,attr"`
		Keys    struct {
			Conference string `xml:"confEntity,attr"`
			User       string `xml:"userEntity,attr"`
			Media      string `xml:"mediaId,attr"`
		} `xml:"modifyEndpointMedia>mediaKeys"`
		Media struct {
			Filter string `xml:"http://schemas.microsoft.com/rtc/2005/08/confinfoextensions media-ingress-filter"`
		} `xml:"modifyEndpointMedia>media"`
	}
	uri := m.room.uri()
	if err := xml.Unmarshal(req.Body(), &order); err != nil || m.room.f.cfg.NoMute || order.Keys.Conference != uri.String() || order.Keys.Media != "1" {
		tx.Respond(stack.Reply(req, 400, ""))
		return
	}
	tx.Respond(stack.Reply(req, 200, ""))
	code := "failure"
	for _, o := range m.room.members {
		of := stack.Uri{Scheme: "sip", User: o.uri.User, Host: m.room.f.cfg.Domain}
		if of.String() == order.Keys.User && o.leg != nil {
			code, o.muted = "success", order.Media.Filter == "block"
			m.room.mix.mute(o.leg, o.muted)
			m.room.tell(o)
		}
	}
	answer := m.d.Request(stack.INFO)
	attach(answer, cccp, fmt.Appendf(nil, `<?xml version="1.0"?><response xmlns="urn:ietf:params:xml:ns:cccp" requestId="%s" C3PVersion="1" from="%s" to="%s" code="%s"><modifyEndpointMedia/></response>`,
		escape(order.ID), escape(uri.String()), escape(m.uri.String()), code))
	m.send(answer)
}
