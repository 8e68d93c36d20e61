package main

import (
	"testing"

	"opendeskphone/firmware/tpcp"
)

// Who acts on the rules is said before they are.
func TestRulesSayWhoActsOnThem(t *testing.T) {
	for _, c := range []struct {
		r    tpcp.RulesView
		want string
	}{
		{tpcp.RulesView{}, "Calls ring here.\n"},
		{tpcp.RulesView{By: "server"}, "The server applies the rules; the phone rings for what it lets through.\n"},
		{tpcp.RulesView{Server: "taken"}, "The server acts on these rules; the phone on do not disturb, calls when busy and blocked callers.\nCalls ring here.\n"},
		{tpcp.RulesView{Server: "pending"}, "The server has not taken these rules; until it does, the phone acts on them.\nCalls ring here.\n"},
		{tpcp.RulesView{Server: "pending", ServerSays: "405 no"}, "The server has not taken these rules (405 no); until it does, the phone acts on them.\nCalls ring here.\n"},
	} {
		if got := ruleWords(c.r); got != c.want {
			t.Errorf("%+v: %q", c.r, got)
		}
	}
}
