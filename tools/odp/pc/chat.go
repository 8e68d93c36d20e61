package pc

import (
	"regexp"

	"opendeskphone/firmware/tpcp"
)

// room is the address of a conference that stands for nothing else: neither for one device of a user nor for a part of a server.
// How SIP gets there, by port, transport and as a GRUU that needs no value, is of no use to messages, which find their own way.
var room = regexp.MustCompile(`^sips?:([A-Za-z0-9][A-Za-z0-9._~+-]{0,63})@([A-Za-z0-9][A-Za-z0-9.-]{0,252})(?::[0-9]{1,5})?(?:;gr|;transport=[a-z]{1,10})*$`)

// Chat is the address of the messages of a conference that a server holds (RFC 3860), for the user's chat program; empty if
// the call is in none, or in one whose address is of no use there.
func Chat(c tpcp.Call) string {
	if c.Conf == nil {
		return ""
	}
	m := room.FindStringSubmatch(c.Conf.URI)
	if m == nil {
		return ""
	}
	return "im:" + m[1] + "@" + m[2]
}

// chats gives them by the addresses of the conferences.
func (v *View) chats() map[string]string {
	out := map[string]string{}
	for _, p := range v.Phones {
		for _, c := range p.Calls {
			if chat := Chat(c); chat != "" {
				out[c.Conf.URI] = chat
			}
		}
	}
	return out
}
