package pc

import (
	"strings"
	"testing"

	"opendeskphone/firmware/tpcp"
)

// TestAConferenceHasAChat: of an address that a chat program can use, and of none that could be more than an address.
func TestAConferenceHasAChat(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:conf-1@pbx.example":                                "im:conf-1@pbx.example",
		"sips:room.7@10.0.0.9":                                  "im:room.7@10.0.0.9",
		"sip:conf-1@pbx.example;gr":                             "im:conf-1@pbx.example",
		"sip:conf-1@pbx.example:5061;transport=tls":             "im:conf-1@pbx.example",
		"sip:conf-1@pbx.example:5061;maddr=10.0.0.1":            "",
		"sip:202@pbx.example;gr=urn:uuid:1;conf-id=7":           "", // a person's phone
		"sip:anna@x.example;gruu;opaque=app:conf:focus:id:AB12": "",
		"sip:a?subject=x@pbx.example":                           "",
		"sip:a%0a@pbx.example":                                  "",
		"sip:" + strings.Repeat("a", 70) + "@pbx.example":       "",
		"tel:+4930":                       "",
		"javascript:alert(1)":             "",
		"":                                "",
		"sip:conf-1@pbx.example\nsip:x@y": "",
		"sip:--help@pbx.example":          "",
		"sip:conf@" + strings.Repeat("long.", 60) + "pbx.example": "",
	} {
		if got := Chat(tpcp.Call{Conf: &tpcp.Conf{URI: uri}}); got != want {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
	v := View{Phones: []Phone{{Calls: []tpcp.Call{{}, {Conf: &tpcp.Conf{URI: "sip:conf-1@pbx.example"}}, {Conf: &tpcp.Conf{}}}}}}
	if got := v.chats(); len(got) != 1 || got["sip:conf-1@pbx.example"] != "im:conf-1@pbx.example" {
		t.Error(got)
	}
}

// TestWhoCallsIsNotHiddenByAConference: who calls us may say that he is one.
func TestWhoCallsIsNotHiddenByAConference(t *testing.T) {
	c := tpcp.Call{Dir: "out", Conf: &tpcp.Conf{URI: "sip:conf-1@pbx.example"}}
	c.LegB.Number = "+49900555000"
	var v View
	if name, number := v.Party(c); name != "Conference" || number != "conf-1@pbx.example" {
		t.Error(name, number)
	}
	c.Dir, c.Conf.Subject = "in", "Your bank"
	if name, number := v.Party(c); name != "+49900555000" || number != "" {
		t.Error(name, number)
	}
}

func FuzzChat(f *testing.F) {
	f.Add("sip:conf-1@pbx.example")
	f.Fuzz(func(t *testing.T, uri string) {
		chat := Chat(tpcp.Call{Conf: &tpcp.Conf{URI: uri}})
		if chat != "" && (!strings.HasPrefix(chat, "im:") || strings.ContainsAny(chat, "?&;%\"' \n\r\t<>`$\\")) {
			t.Errorf("%q: %q", uri, chat)
		}
	})
}
