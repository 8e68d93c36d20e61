package pc_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/desk"
	"opendeskphone/usbhid/pairing"
)

func link(l pc.Link) func(pc.View) bool {
	return func(v pc.View) bool { p := v.Phone(""); return p != nil && p.Link == l }
}

func step(s pc.Step) func(pc.View) bool {
	return func(v pc.View) bool { return v.Pairing != nil && v.Pairing.Step == s }
}

// pair pairs as two people do who compare digits.
func (p *pcOf) pair(c *desk.Cable) {
	p.t.Helper()
	p.until("greeted", link(pc.Unpaired))
	if err := p.Pair(""); err != nil {
		p.t.Fatal(err)
	}
	v := p.until("digits", step(pc.Compare))
	if there := <-c.Digits; v.Pairing.Digits != there || len(there) != 6 {
		p.t.Fatalf("the PC shows %q, the phone %q", v.Pairing.Digits, there)
	}
	if err := p.ConfirmPairing(true); err != nil {
		p.t.Fatal(err)
	}
	p.until("the phone's key", step(pc.Key))
	c.Press(pairing.Comparing, true)
	p.until("paired", step(pc.Done))
}

func attached(via string) func(pc.View) bool {
	return func(v pc.View) bool { p := v.Phone(""); return online(v) && p.Attached && p.Via == via }
}

func TestPairAndCallOverTheNetwork(t *testing.T) {
	d := desk.New(t)
	c := d.Cable(true)
	p := newPCAt(t, c)
	c.Plug(true)
	p.pair(c)
	p.until("attached", attached("ip"))
	p.request("device.volume.set", map[string]any{"terminal": "speaker", "level": 3}) // takes the cable
	if _, err := p.Call(t.Context(), "", "101"); err != nil {
		t.Fatal(err)
	}
	desk.Until(t, d.Other.Control(), "rings", desk.In(phone.Ringing))

	// The cable is pulled in the call: the leg goes on over the network, with fewer rights.
	c.Plug(false)
	v := p.until("detached", func(v pc.View) bool {
		return online(v) && !v.Phone("").Attached && !v.Phone("").Plugged && call(v) != nil
	})
	if v.Phone("").Rights&tpcp.DeviceRight != 0 {
		t.Errorf("without the cable: %+v", v.Phone(""))
	}
	c.Plug(true)
	v = p.until("attached again", attached("ip"))
	if call(v) == nil {
		t.Error("the call is gone")
	}
}

func TestEverythingThroughTheCable(t *testing.T) {
	d := desk.New(t)
	c := d.Cable(false)
	p := newPCAt(t, c)
	c.Plug(true)
	p.pair(c)
	p.until("attached", attached("cable"))
	desk.Do(t, d.Other.Control(), phone.Dial{Number: "100"})
	id := call(p.until("rings", in(tpcp.StateRinging))).CallID
	p.request("call.answer", map[string]any{"callId": id})
	p.until("connected", in(tpcp.StateConnected))

	// A new agent, as after kill -9, attaches by itself and finds the same call.
	p.stop()
	p.start()
	if v := p.until("the same call", in(tpcp.StateConnected)); call(v).CallID != id {
		t.Errorf("call %s became %s", id, call(v).CallID)
	}
	c.Plug(false)
	p.until("pulled", link(pc.Absent))
	desk.Until(t, d.Phone.Control(), "the call goes on", desk.In(phone.Talking))
	c.Plug(true)
	if v := p.until("plugged in again", in(tpcp.StateConnected)); call(v).CallID != id || v.Phone("").Via != "cable" {
		t.Errorf("after the cable: %+v", v.Phone(""))
	}
}

func TestReplugged(t *testing.T) {
	d := desk.New(t)
	c := d.Cable(true)
	p := newPCAt(t, c)
	c.Plug(true)
	p.pair(c)
	for i := range 30 {
		p.until("attached", attached("ip"))
		if i%3 != 0 {
			c.Plug(false)
			p.until("pulled", func(v pc.View) bool { q := v.Phone(""); return !q.Plugged && !q.Attached })
			c.Plug(true)
			continue
		}
		began := time.Now()
		c.Plug(false)
		c.Plug(true) // so short that the PC may see no difference but its device gone
		p.until("attached again", func(v pc.View) bool { return attached("ip")(v) && time.Since(began) > 0 })
	}
}

func TestDigitsThatDiffer(t *testing.T) {
	d := desk.New(t)
	c := d.Cable(true)
	p := newPCAt(t, c)
	c.Plug(true)
	p.until("greeted", link(pc.Unpaired))
	if err := p.Pair(""); err != nil {
		t.Fatal(err)
	}
	p.until("digits", step(pc.Compare))
	refuses(t, p.Pair(""), pc.Usage, "under way")
	if err := p.ConfirmPairing(false); err != nil {
		t.Fatal(err)
	}
	v := p.until("failed", step(pc.Failed))
	if !strings.Contains(v.Pairing.Problem, "not the same") || d.Count() != 0 {
		t.Errorf("%+v, the phone knows %d", v.Pairing, d.Count())
	}
	if _, err := os.Stat(p.state.Path("pairings.json")); err == nil {
		t.Error("something was kept")
	}
}

func TestDeclinedAndCancelled(t *testing.T) {
	d := desk.New(t)
	c := d.Cable(true)
	p := newPCAt(t, c)
	c.Plug(true)
	p.until("greeted", link(pc.Unpaired))
	if err := p.Pair(""); err != nil {
		t.Fatal(err)
	}
	p.until("digits", step(pc.Compare))
	<-c.Digits
	c.Press(pairing.Comparing, false)
	p.until("declined", step(pc.Failed))
	if err := p.Pair(d.ID); err != nil {
		t.Fatal(err)
	}
	p.until("digits again", step(pc.Compare))
	<-c.Digits
	p.CancelPairing()
	if v := p.until("cancelled", step(pc.Failed)); !strings.Contains(v.Pairing.Problem, "cancelled") {
		t.Errorf("%+v", v.Pairing)
	}
	if err := p.Pair(d.ID); err != nil {
		t.Fatal(err)
	}
	p.until("digits once more", step(pc.Compare))
	<-c.Digits
	c.Plug(false)
	p.until("pulled", step(pc.Failed))
}

func TestForgottenByEitherSide(t *testing.T) {
	d := desk.New(t)
	c := d.Cable(true)
	p := newPCAt(t, c)
	c.Plug(true)
	p.pair(c)
	p.until("attached", attached("ip"))
	c.Forget()
	v := p.until("the phone has forgotten us", link(pc.Unpaired))
	if !strings.Contains(v.Phone("").Problem, "forgotten") {
		t.Errorf("%+v", v.Phone(""))
	}
	p.pair(c)
	p.until("attached again", attached("ip"))
	if err := p.Unpair(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	p.until("we have forgotten it", func(v pc.View) bool { q := v.Phone(""); return q.Link == pc.Unpaired && !q.Paired })
	for late := time.After(desk.Patience); d.Count() != 0; {
		select {
		case <-late:
			t.Fatal("the phone still knows us")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
