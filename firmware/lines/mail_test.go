package lines

import (
	"testing"
	"testing/synctest"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/mwi"
	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

const summary = "Messages-Waiting: yes\r\nMessage-Account: sip:vm@EXAMPLE.com\r\nVoice-Message: 2/8 (1/0)\r\n"

func TestNewsOfTheMailbox(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.said = nil
		line := w.lines[0]
		line.MWI = true
		reconfigure := func(l ...Line) { w.Configure(l); synctest.Wait() }
		reconfigure(line)
		w.wantSaid("subscribe 1 message-summary  false")
		told := phone.MailTold{Mail: phone.Mail{Known: true, Waiting: true, Counted: true, New: 2, Old: 8, UrgentNew: 1, Account: "sip:vm@EXAMPLE.com"}}
		w.ask(ua.Watching{Sub: 1, Up: true})
		w.ask(ua.Notified{Sub: 1, Type: mwi.Type, Body: []byte(summary)})
		w.ask(ua.Notified{Sub: 7, Type: mwi.Type, Body: []byte(summary)}) // of another kind
		w.ask(ua.Notified{Sub: 1, Type: mwi.Type, Body: []byte("nonsense")})
		w.wantDone(told)
		w.ask(ua.Watching{Sub: 1})
		w.ask(ua.Watching{Sub: 1})
		w.wantDone(phone.MailUnsure{})

		told.Mail = phone.Mail{Known: true, Waiting: true}
		for _, account := range []string{"", "sip:vm@elsewhere.example", "tel:+4930555", "sip:example.com", "http://vm@example.com/"} {
			body := "Messages-Waiting: yes\r\n"
			if account != "" {
				body += "Message-Account: " + account + "\r\n"
			}
			w.ask(ua.Unasked{Event: mwi.Event, Type: mwi.Type + ";charset=utf-8", Body: []byte(body)})
			w.wantDone(told)
		}
		w.ask(ua.Unasked{Event: mwi.Event, Type: "text/plain", Body: []byte(summary)})
		w.ask(ua.Unasked{Account: 5, Event: mwi.Event, Type: mwi.Type, Body: []byte(summary)})
		w.wantDone()
		w.ask(ua.LineState{State: ua.Failing})
		w.wantDone(phone.MailUnsure{}, phone.LineChanged{State: phone.LineFailing})

		other := line
		other.Account.AOR = "sip:bert@example.com"
		reconfigure(other)
		w.wantSaid("unsubscribe 1", "subscribe 2 message-summary  false", "remove 0", "add sip:bert@example.com")
		other.MWI = false
		reconfigure(other)
		w.wantSaid("unsubscribe 2")
		reconfigure()
		w.wantSaid("remove 0")
	})
}
