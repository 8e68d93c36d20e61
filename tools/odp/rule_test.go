package main

import (
	"fmt"
	"strings"
	"testing"

	"opendeskphone/boards"
)

// TestRuleKnowsEveryBoard: a phone whose numbers the rule lacks can only be opened by root.
func TestRuleKnowsEveryBoard(t *testing.T) {
	for _, b := range boards.All {
		if b.USB.Vendor == 0 {
			continue
		}
		want := fmt.Sprintf("ATTRS{idVendor}==\"%04x\", ATTRS{idProduct}==\"%04x\"", b.USB.Vendor, b.USB.Product)
		if !strings.Contains(rule, want) {
			t.Errorf("%s: the udev rule lacks %s", b.Name, want)
		}
	}
}
