package screen

import (
	"fmt"

	"opendeskphone/hal"
	"opendeskphone/ui/text"
)

// networkPage tells where the phone stands in the network, and who says so.
type networkPage struct{ list list }

// networkRow leads there.
func (v *view) networkRow() settingRow {
	w, n := v.Words.Setup, v.src.Settings.About().Network
	value := text.Clean(n.Switch)
	if n.VLAN != 0 {
		value = fmt.Sprintf("%s %d", w.VLAN, n.VLAN)
	}
	return settingRow{name: w.Network, value: value, open: func() { v.open(v, &networkPage{}) }}
}

func (p *networkPage) rows(v *view) []settingRow {
	w, a := v.Words.Setup, v.src.Settings.About()
	n := a.Network
	var out []settingRow
	for _, addr := range a.Addresses {
		out = append(out, settingRow{name: w.Address, value: text.Clean(addr)})
	}
	if n.VLAN == 0 {
		out = append(out, settingRow{name: w.VLAN, value: w.NoVLAN})
	} else {
		out = append(out, settingRow{name: w.VLAN, value: fmt.Sprintf(w.VLANBy[n.By], fmt.Sprint(n.VLAN))},
			settingRow{name: w.Priority, value: fmt.Sprint(n.Priority)})
	}
	if n.Switch != "" {
		out = append(out, settingRow{name: w.Switch, value: text.Clean(n.Switch)}, settingRow{name: w.Port, value: text.Clean(n.Port)})
	}
	for _, r := range n.Relays {
		state := w.RelayFails
		if r.Works {
			state = w.RelayWorks
		}
		out = append(out, settingRow{name: w.Relay, value: fmt.Sprintf(state, text.Clean(r.Host))})
	}
	return out
}

func (p *networkPage) draw(v *view) {
	v.menuStatus(v.Words.Setup.Network, "")
	pane, rows := v.Stage(), p.rows(v)
	p.list.keep(len(rows), v.paneRoom(pane))
	v.settingRows(pane, rows, p.list.focus, p.list.top)
}

func (p *networkPage) keys(v *view) []key { return []key{{}, {}, {}, {}, v.backKey()} }

func (p *networkPage) press(v *view, k hal.Key) bool {
	rows := p.rows(v)
	if p.list.move(k, len(rows), v.paneRoom(v.Stage())) {
		return true
	}
	return pressRow(rows, p.list.focus, k, v.back)
}

func (p *networkPage) touch(_ *view, what int) { p.list.focus = what }
