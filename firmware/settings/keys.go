package settings

import (
	"errors"
	"strings"

	"opendeskphone/firmware/phone"
)

// Keys are the keys of other people, and of places to park calls at. They come after those of the lines.
type Keys struct {
	People      []string `toml:"people" is:"key" eg:"202=Ben Hoffmann" doc:"People whose calls a key and its lamp show (RFC 4235), as number=name, at most 32 with the places. Pressed, the key calls; while it rings there, it picks the call up."`
	Places      []string `toml:"places" is:"key" eg:"701=Place 1" doc:"Places of the server to park calls at, as number=name. Pressed during a call, the key parks it there; while somebody waits there, it fetches the call."`
	Line        int      `toml:"line" range:"1 16" doc:"Line whose server is asked about them, and on which they are called."`
	Presence    bool     `toml:"presence" doc:"Show their presence too (RFC 3856)."`
	List        string   `toml:"list" is:"sip" eg:"sip:desk-list@pbx.example" doc:"A list that the server keeps of the same people (RFC 4662): one subscription then asks about all. Empty: they are asked about one by one."`
	Pickup      string   `toml:"pickup" is:"feature" eg:"**" doc:"Code of the server that picks up the call of the number dialled after it. Empty: the phone asks the caller's phone itself (Replaces, RFC 3891)."`
	GroupPickup string   `toml:"group_pickup" is:"feature" eg:"*8" doc:"Code of the server that picks up any call that rings in the phone's group; it gets a key. Empty: none."`
}

// Presence is what others are told of the phone's user.
type Presence struct {
	Publish bool `toml:"publish" doc:"Tell the servers of all lines how the user is (RFC 3903): in a call, away, or what the paired computer knows."`
	Away    int  `toml:"away" unit:"min" range:"0 1440" doc:"Be away when the phone has been locked for so long. 0: never."`
}

// Numbers are those of the people and of the places.
func (k *Keys) Numbers() (people, places []string) {
	for _, w := range k.watch() {
		if w.Place {
			places = append(places, w.Number)
		} else {
			people = append(people, w.Number)
		}
	}
	return people, places
}

// watch are the keys as the centre takes them.
func (k *Keys) watch() []phone.WatchConfig {
	var out []phone.WatchConfig
	for i, list := range [][]string{k.People, k.Places} {
		for _, entry := range list {
			number, name, _ := strings.Cut(entry, "=")
			out = append(out, phone.WatchConfig{Number: number, Name: name, Place: i == 1})
		}
	}
	return out
}

// checkKey wants a number or address, and perhaps a name after it.
func checkKey(s string) error {
	number, _, _ := strings.Cut(s, "=")
	c := phone.DefaultConfig()
	if _, err := c.Number(number); err != nil {
		return err
	}
	return nil
}

// checkFeature wants what can be dialled.
func checkFeature(s string) error {
	if len(s) > 8 || strings.Trim(s, "0123456789*#") != "" {
		return errors.New("at most 8 of 0 to 9, * and #")
	}
	return nil
}
