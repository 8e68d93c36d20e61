package mailbox

import (
	"mime"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/names"
)

// headerFields are what the mailboxes there are say of a message: VPIM (RFC 3801, RFC 3803), Asterisk and Exchange.
var headerFields = []string{
	"From", "Importance", "X-Priority", "Content-Duration",
	"X-Asterisk-CallerID", "X-Asterisk-CallerIDName", "X-Asterisk-VM-Duration", "X-Asterisk-VM-Flag",
	"X-CallingTelephoneNumber", "X-VoiceMessageSenderName", "X-VoiceMessageDuration",
}

const (
	maxNumber = 64        // bytes of a caller's number
	maxLasts  = time.Hour // that is believed of a message before it is here
)

// read takes what the headers say of a message.
func (m *Message) read(header string) {
	h, err := mail.ReadMessage(strings.NewReader(header + "\r\n\r\n"))
	if err != nil {
		return
	}
	get := func(names ...string) string {
		for _, n := range names {
			if v := strings.TrimSpace(h.Header.Get(n)); v != "" {
				return v
			}
		}
		return ""
	}
	m.From = sender(get("From"))
	if n := number(get("X-Asterisk-CallerID", "X-CallingTelephoneNumber")); n != "" {
		m.From = phone.Peer{Number: n, URI: n}
	}
	if n := words(get("X-Asterisk-CallerIDName", "X-VoiceMessageSenderName")); n != "" && !strings.EqualFold(n, "unknown") {
		m.From.Name = n
	}
	if s, err := strconv.ParseUint(get("X-Asterisk-VM-Duration", "X-VoiceMessageDuration", "Content-Duration"), 10, 16); err == nil {
		m.Lasts = min(time.Duration(s)*time.Second, maxLasts)
	}
	priority := get("X-Priority")
	m.Urgent = m.Urgent || strings.EqualFold(get("Importance"), "high") || strings.EqualFold(get("X-Asterisk-VM-Flag"), "urgent") ||
		strings.HasPrefix(priority, "1") || strings.HasPrefix(priority, "2")
}

// sender reads who a message is from: "Anna Berg <+493055501420@vm.example>". A user part that is no number is an address of
// mail, which cannot be called.
func sender(from string) phone.Peer {
	a, err := (&mail.AddressParser{WordDecoder: &mime.WordDecoder{}}).Parse(from)
	if err != nil {
		return phone.Peer{}
	}
	user, _, _ := strings.Cut(a.Address, "@")
	p := phone.Peer{Name: words(a.Name), Number: number(user)}
	p.URI = p.Number
	return p
}

// number takes what can be dialled.
func number(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxNumber || s == "" || strings.Trim(s, "+0123456789*#-. ()") != "" {
		return ""
	}
	return strings.ReplaceAll(s, " ", "")
}

// words cleans a name that a stranger wrote.
func words(s string) string {
	if d, err := (&mime.WordDecoder{}).DecodeHeader(s); err == nil {
		s = d
	}
	return names.Name(s)
}
