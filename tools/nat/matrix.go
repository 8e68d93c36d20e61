// Package nat proves that calls get through NATs: a phone behind a NAT of each kind, reached in each way, talks with baresip
// in the open or behind a NAT of the same kind, by way of Kamailio and coturn. Each cell of the matrix is a call in which both
// must hear the other's tone.
package nat

import (
	"fmt"
	"strings"
	"time"

	"opendeskphone/tools/lab"
)

// kinds are the NATs, by what RFC 4787 calls them where it has a name.
var kinds = []struct {
	name string
	nat  lab.NATConfig
}{
	{"full cone", lab.NATConfig{Open: true}},
	{"symmetric", lab.NATConfig{Symmetric: true}},
	{"short timeout", lab.NATConfig{Forgets: 20 * time.Second}},
	{"SIP-rewriting", lab.NATConfig{ALG: true}},
}

// ways are what the phone does to be reached, and the peer with it.
var ways = []struct{ name, nat, turn, peer string }{
	{"plain", "off", "", ""},
	{"STUN", "stun", "", "stun"},
	{"ICE", "ice", "", "ice"},
	{"TURN udp", "ice", "udp", "ice"},
	{"TURN tcp", "ice", "tcp", "ice"},
	{"TURN tls", "ice", "tls", "ice"},
}

// Cell is one call.
type Cell struct {
	NAT, Way int
	Hidden   bool // the peer is behind a NAT too

	Heard, Said bool  // the phone hears the peer, and the peer the phone
	Relayed     bool  // the voice goes by the TURN server
	Err         error // the call did not come about
}

// Cells are all of them.
func Cells() (all []Cell) {
	for _, hidden := range []bool{false, true} {
		for k := range kinds {
			for w := range ways {
				all = append(all, Cell{NAT: k, Way: w, Hidden: hidden})
			}
		}
	}
	return all
}

// Possible tells whether there is any way for voice in both directions. Who says nothing but his private address is
// reached by nobody, unless the NAT puts another in its place; a symmetric NAT has another port for the peer than the one the
// STUN server saw; two of them need a relay, for neither can guess the other's port.
func (c Cell) Possible() bool {
	symmetric, rewriting := kinds[c.NAT].nat.Symmetric, kinds[c.NAT].nat.ALG
	switch way := ways[c.Way]; {
	case way.turn != "":
		return true
	case way.nat == "ice":
		return !(symmetric && c.Hidden)
	case way.nat == "stun":
		return !symmetric
	}
	return rewriting
}

// ours tells that the far side is a second phone of ours, where without a relay no call with baresip 1.0 is possible: it
// checks no address that it learns from a check (RFC 8445 §7.3.1.3), by which alone a symmetric NAT can be crossed; and it
// lets its own NAT forget it while it rings.
func (c Cell) ours() bool {
	way, nat := ways[c.Way], kinds[c.NAT].nat
	if way.turn != "" || way.nat == "off" {
		return false
	}
	return nat.Symmetric && way.nat == "ice" && !c.Hidden || nat.Forgets > 0 && c.Hidden
}

// TwoWay tells whether both hear each other.
func (c Cell) TwoWay() bool { return c.Heard && c.Said }

// Name is the cell in words.
func (c Cell) Name() string {
	peer := "peer in the open"
	if c.Hidden {
		peer = "peer behind one too"
	}
	return fmt.Sprintf("%s, %s, %s", kinds[c.NAT].name, ways[c.Way].name, peer)
}

// String is the cell with what came of it.
func (c Cell) String() string {
	if c.Err != nil {
		return fmt.Sprintf("%s: %s: %v", c.Name(), c.mark(), c.Err)
	}
	return c.Name() + ": " + c.mark()
}

// mark is the cell in the table.
func (c Cell) mark() string {
	text := map[[2]bool]string{{true, true}: "both ways", {true, false}: "phone hears", {false, true}: "peer hears", {false, false}: "no voice"}[[2]bool{c.Heard, c.Said}]
	switch {
	case c.Err != nil:
		text = "no call"
	case c.Relayed:
		text += ", relayed"
	}
	if c.ours() {
		text += " (ours)"
	}
	if !c.Possible() {
		text += " (impossible)"
	}
	return text
}

// Count is how many cells have voice both ways, of those where that is possible.
func Count(cells []Cell) (n, of int) {
	for _, c := range cells {
		if c.Possible() {
			of++
			if c.TwoWay() {
				n++
			}
		}
	}
	return n, of
}

// Table is the matrix as text.
func Table(cells []Cell) string {
	var b strings.Builder
	b.WriteString("| NAT of the phone | peer |")
	for _, w := range ways {
		b.WriteString(" " + w.name + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(ways)) + "\n")
	for i := 0; i < len(cells); i += len(ways) {
		row := cells[i : i+len(ways)]
		peer := "in the open"
		if row[0].Hidden {
			peer = "behind one too"
		}
		fmt.Fprintf(&b, "| %s | %s |", kinds[row[0].NAT].name, peer)
		for _, c := range row {
			b.WriteString(" " + c.mark() + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}
