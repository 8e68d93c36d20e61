package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
)

type params = map[string]any

// request gives the phone a TPCP request.
func (sh *shell) request(method string, p params, out any) error {
	phone := sh.cli.Phone
	if phone == "" {
		phone = "-"
	}
	if p == nil {
		p = params{}
	}
	return sh.do("POST", "phones/"+url.PathEscape(phone)+"/"+method, p, out)
}

// act makes a request about a call and prints how the call then is.
func (sh *shell) act(method string, p params) error {
	var r tpcp.CallResult
	if err := sh.request(method, p, &r); err != nil {
		return err
	}
	return sh.print(r.Call, func() { sh.printCall(r.Call) })
}

func (sh *shell) printCall(c tpcp.Call) {
	v, err := sh.view()
	if err != nil {
		v = &pc.View{}
	}
	fmt.Fprintln(sh.out, callLine(v, c))
}

// calls gives the calls of the phone that is worked with, as they are now: the agent hears of changes a little later than
// they happen, but before the answer to whatever is asked afterwards.
func (sh *shell) calls() ([]tpcp.Call, error) {
	if _, err := sh.ready(); err != nil {
		return nil, err
	}
	if err := sh.request("call.list", nil, nil); err != nil {
		return nil, err
	}
	_, p, err := sh.now()
	if err != nil {
		return nil, err
	}
	return p.Calls, nil
}

// pick finds the call that is meant: the named one, or the only one that fits.
func (sh *shell) pick(id string, what string, fits func(tpcp.Call) bool) (tpcp.Call, error) {
	all, err := sh.calls()
	if err != nil {
		return tpcp.Call{}, err
	}
	var found []tpcp.Call
	for _, c := range all {
		if c.CallID == id || id == "" && fits(c) {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case id != "":
		return tpcp.Call{}, &pc.Refusal{Kind: pc.Usage, Words: "There is no call " + id + ".", Hint: "\"odp status\" lists them."}
	case len(found) == 0:
		return tpcp.Call{}, &pc.Refusal{Kind: pc.Usage, Words: "There is no call " + what + "."}
	}
	var ids []string
	for _, c := range found {
		ids = append(ids, c.CallID)
	}
	return tpcp.Call{}, &pc.Refusal{Kind: pc.Usage, Words: "Several calls are meant: " + strings.Join(ids, ", ") + ". Say which."}
}

func can(action string) func(tpcp.Call) bool {
	return func(c tpcp.Call) bool {
		for _, a := range c.Actions {
			if a == action {
				return true
			}
		}
		return false
	}
}

func active(c tpcp.Call) bool { return pc.Talking(c) && !c.Hold.Local }

// on makes a request about one call.
func (sh *shell) on(id, what string, fits func(tpcp.Call) bool, method string, more params) error {
	c, err := sh.pick(id, what, fits)
	if err != nil {
		return err
	}
	p := params{"callId": c.CallID}
	for k, v := range more {
		p[k] = v
	}
	return sh.act(method, p)
}

type callCmd struct {
	To []string `arg:"" help:"Number, SIP address, link or name of a contact."`
}

func (callCmd) Help() string {
	return `Examples:
  odp call 030 5550 142
  odp call mira@example.com
  odp call Jonas Keller

A number is dialled as if it were typed on the phone. A name is looked up in the address book and must be the only one of its kind.`
}

// Run implements the command.
func (c *callCmd) Run(sh *shell) error {
	if _, err := sh.ready(); err != nil {
		return err
	}
	var r tpcp.CallResult
	if err := sh.do("POST", "call", params{"to": strings.Join(c.To, " "), "phone": sh.cli.Phone}, &r); err != nil {
		return err
	}
	return sh.print(r.Call, func() { sh.printCall(r.Call) })
}

type answerCmd struct {
	Call     string `arg:"" optional:"" help:"Call, if several ring."`
	Terminal string `help:"Answer on this: ${enum}. Empty: as the phone would." enum:",handset,headset,speaker,usb" default:"" placeholder:"TERMINAL"`
}

// Run implements the command.
func (c *answerCmd) Run(sh *shell) error {
	var more params
	if c.Terminal != "" {
		more = params{"legA": params{"terminal": c.Terminal}}
	}
	return sh.on(c.Call, "that rings", pc.Ringing, "call.answer", more)
}

type rejectCmd struct {
	Call string `arg:"" optional:"" help:"Call, if several ring."`
	How  string `help:"What the caller gets: ${enum}; silent only stops the ringing." enum:"busy,decline,silent" default:"busy"`
}

// Run implements the command.
func (c *rejectCmd) Run(sh *shell) error {
	return sh.on(c.Call, "that rings", pc.Ringing, "call.reject", params{"how": c.How})
}

type hangupCmd struct {
	Call string `arg:"" optional:"" help:"Call; the one you speak in if left out, or the only one."`
	All  bool   `help:"End all calls."`
}

// Run implements the command.
func (c *hangupCmd) Run(sh *shell) error {
	all, err := sh.calls()
	if err != nil {
		return err
	}
	if c.All {
		for _, call := range all {
			if err := sh.act("call.hangup", params{"callId": call.CallID}); err != nil {
				return err
			}
		}
		return nil
	}
	fits := func(o tpcp.Call) bool { return !o.Hold.Local }
	if len(all) == 1 {
		fits = func(tpcp.Call) bool { return true }
	}
	return sh.on(c.Call, "to end", fits, "call.hangup", nil)
}

type holdCmd struct {
	Call    string `arg:"" optional:"" help:"Call; the one you speak in if left out."`
	Private bool   `help:"Of a shared line: so that no other phone of the line may take it."`
}

// Run implements the command.
func (c *holdCmd) Run(sh *shell) error {
	if c.Private {
		fits := func(o tpcp.Call) bool { return active(o) && o.Appearance > 0 }
		return sh.on(c.Call, "of a shared line to hold", fits, "call.hold", params{"private": true})
	}
	return sh.on(c.Call, "to hold", active, "call.hold", nil)
}

type resumeCmd struct {
	Call string `arg:"" optional:"" help:"Call, if several are held."`
}

// Run implements the command.
func (c *resumeCmd) Run(sh *shell) error {
	return sh.on(c.Call, "on hold", can("resume"), "call.resume", nil)
}

type transferCmd struct {
	To       []string `arg:"" optional:"" help:"Number, SIP address or name of a contact."`
	Call     string   `help:"Call to transfer; the one you speak in if left out." placeholder:"CALL"`
	Ask      bool     `help:"Call them first; \"odp transfer --complete\" then connects the two."`
	Complete bool     `help:"Connect the held call and the one you speak in, and leave."`
}

func (transferCmd) Help() string {
	return `Examples:
  odp transfer 7042              at once
  odp transfer --ask Mira        hold, call Mira first
  odp transfer --complete        then connect both`
}

// Run implements the command.
func (c *transferCmd) Run(sh *shell) error {
	if c.Complete {
		return c.complete(sh)
	}
	if len(c.To) == 0 {
		return &pc.Refusal{Kind: pc.Usage, Words: "Transfer to whom?", Hint: "Say a number, or --complete to connect two calls."}
	}
	method := "call.transfer"
	if c.Ask {
		method = "call.consult"
	}
	to, err := sh.target(strings.Join(c.To, " "))
	if err != nil {
		return err
	}
	return sh.on(c.Call, "to transfer", active, method, params{"to": to})
}

func (c *transferCmd) complete(sh *shell) error {
	front, err := sh.pick(c.Call, "to transfer to", active)
	if err != nil {
		return err
	}
	held, err := sh.pick(front.ConsultOf, "on hold", func(o tpcp.Call) bool { return o.Hold.Local })
	if err != nil {
		return err
	}
	return sh.act("call.completeTransfer", params{"callId": held.CallID, "consultCallId": front.CallID})
}

type dtmfCmd struct {
	Digits string `arg:"" help:"Keys: 0 to 9, *, #, A to D."`
	Call   string `help:"Call; the one you speak in if left out." placeholder:"CALL"`
}

// Run implements the command.
func (c *dtmfCmd) Run(sh *shell) error {
	return sh.on(c.Call, "to send keys into", can("dtmf"), "call.dtmf", params{"digits": strings.ToUpper(c.Digits)})
}

type noteCmd struct {
	Text []string `arg:"" help:"What to write."`
	Call string   `help:"Call; the one you speak in if left out." placeholder:"CALL"`
}

// Run implements the command.
func (c *noteCmd) Run(sh *shell) error {
	call, err := sh.pick(c.Call, "to write to", active)
	if err != nil {
		return err
	}
	return sh.request("call.note", params{"callId": call.CallID, "text": strings.Join(c.Text, " ")}, nil)
}

type muteCmd struct {
	What string `arg:"" optional:"" help:"on, off or toggle." enum:"on,off,toggle" default:"on"`
}

// Run implements the command.
func (c *muteCmd) Run(sh *shell) error {
	p, err := sh.ready()
	if err != nil {
		return err
	}
	on := c.What == "on" || c.What == "toggle" && !p.Device.Mute
	var r tpcp.DeviceResult
	if err := sh.request("call.mute", params{"on": on}, &r); err != nil {
		return err
	}
	return sh.print(r.Device, func() { fmt.Fprintln(sh.out, map[bool]string{true: "muted", false: "not muted"}[r.Device.Mute]) })
}

type volumeCmd struct {
	Level    string `arg:"" optional:"" help:"0 to 15, or +N or -N for so much more or less. Left out: show it."`
	Terminal string `help:"Of this: ${enum}; the one in use if left out." enum:",handset,headset,speaker,ringer" default:"" placeholder:"TERMINAL"`
}

func (volumeCmd) Help() string {
	return `Examples:
  odp volume                     show all
  odp volume +2
  odp volume 0 --terminal ringer switch the ringer off`
}

// Run implements the command.
func (c *volumeCmd) Run(sh *shell) error {
	p, err := sh.ready()
	if err != nil {
		return err
	}
	r := tpcp.DeviceResult{Device: *p.Device}
	if c.Level != "" {
		if r, err = c.set(sh, p.Device); err != nil {
			return err
		}
	}
	return sh.print(r.Device.Volumes, func() {
		for _, t := range []string{"handset", "headset", "speaker", "usb", "ringer"} {
			if l, ok := r.Device.Volumes[t]; ok {
				fmt.Fprintf(sh.out, "%-8s %2d  %s%s\n", t, l, strings.Repeat("▮", int(l)), strings.Repeat("▯", max(0, tpcp.MaxVolume-int(l))))
			}
		}
	})
}

func (c *volumeCmd) set(sh *shell, d *tpcp.Device) (r tpcp.DeviceResult, err error) {
	terminal := c.Terminal
	if terminal == "" {
		terminal = d.Terminal
	}
	level, err := strconv.Atoi(c.Level)
	if err != nil {
		return r, &pc.Refusal{Kind: pc.Usage, Words: fmt.Sprintf("%q is no volume; say 0 to %d, +N or -N.", c.Level, tpcp.MaxVolume)}
	}
	if c.Level[0] == '+' || c.Level[0] == '-' {
		level += int(d.Volumes[terminal])
	}
	level = max(0, min(tpcp.MaxVolume, level))
	if terminal == "ringer" {
		return r, sh.request("device.ringer.set", params{"level": level}, &r)
	}
	err = sh.request("device.volume.set", params{"terminal": terminal, "level": level}, &r)
	return r, err
}

// print writes v as JSON if asked for, else lets text write.
func (sh *shell) print(v any, text func()) error {
	if !sh.cli.JSON {
		text()
		return nil
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(sh.out, string(out))
	return err
}
