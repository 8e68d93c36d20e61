// Package uplink is what the phone has learnt of the network it is plugged into: where it stands and who told.
// The init process, which alone may ask, writes it down; the phone reads it.
package uplink

import (
	"encoding/json"
	"os"
)

// File is where it stands on the phone.
const File = "/run/uplink.json"

// Source is who named the VLAN.
type Source string

// Sources, the strongest first.
const (
	Settings Source = "settings"
	LLDP     Source = "lldp"
	DHCP     Source = "dhcp"
)

// State is all of it.
type State struct {
	VLAN          int    `json:"vlan,omitempty"` // 0: none
	Source        Source `json:"source,omitempty"`
	Priority      int    `json:"priority,omitempty"` // 802.1p of voice on the VLAN
	Switch        string `json:"switch,omitempty"`
	Port          string `json:"port,omitempty"` // of the switch
	DSCP          *int   `json:"dscp,omitempty"` // by which the switch wants voice to be marked; nil: it says nothing
	SignalingDSCP *int   `json:"signaling_dscp,omitempty"`
}

// Read reads the file; nothing has been learnt where there is none.
func Read(file string) State {
	var s State
	data, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(data, &s) != nil {
		return State{}
	}
	return s
}

// Encode is the file's text.
func (s State) Encode() []byte {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // texts and numbers alone
	}
	return data
}
