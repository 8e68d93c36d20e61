package desktop

import (
	"context"
	"fmt"
	"os/exec"
	"slices"

	"opendeskphone/firmware/tpcp"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/dial"
)

// Urgency levels of the specification.
const (
	normal   byte = 1
	critical byte = 2 // stays on the screen, above full-screen windows
)

// note is one notification.
type note struct {
	title, body string
	category    string
	urgency     byte
	stays       bool // the user closes it, not we
	actions     []action
}

type action struct {
	key, label string
	do         func(context.Context, *pc.Agent) error
}

// equal tells whether two look the same.
func (n note) equal(o note) bool {
	return n.title == o.title && n.body == o.body && slices.EqualFunc(n.actions, o.actions, func(a, b action) bool { return a.key == b.key })
}

// wanted gives the notifications that a view calls for, by a name of their own.
func wanted(v pc.View) map[string]note {
	out := map[string]note{}
	for _, a := range v.Asks {
		out["ask "+a.ID] = askNote(v, a)
	}
	if !v.Prefs.Notify {
		return out
	}
	for _, p := range v.Phones {
		for _, c := range p.Calls {
			if pc.Ringing(c) {
				out[p.ID+" "+c.CallID] = ringNote(v, p, c)
			}
		}
	}
	return out
}

func ringNote(v pc.View, p pc.Phone, c tpcp.Call) note {
	name, number := v.Party(c)
	request := func(method string, params map[string]any) func(context.Context, *pc.Agent) error {
		return func(ctx context.Context, a *pc.Agent) error {
			_, err := a.Request(ctx, p.ID, method, params)
			return err
		}
	}
	answer := request("call.answer", map[string]any{"callId": c.CallID})
	return note{
		title: name, body: join(join("Incoming call", number), pc.Worth(c.LegB)), category: "call.incoming", urgency: critical,
		actions: []action{
			{"answer", "Answer", answer},
			{"reject", "Reject", request("call.reject", map[string]any{"callId": c.CallID, "how": "decline"})},
		},
	}
}

func askNote(v pc.View, a pc.Ask) note {
	who := a.Shown
	if n := v.Names[a.To]; n != "" {
		who = n + ", " + a.Shown
	}
	decide := func(ok bool) func(context.Context, *pc.Agent) error {
		return func(ctx context.Context, agent *pc.Agent) error { return agent.Decide(ctx, a.ID, ok) }
	}
	return note{title: "Call " + who + "?", body: "A link asks the desk phone to call.", category: "call", urgency: critical,
		actions: []action{{"call", "Call", decide(true)}, {"cancel", "Cancel", decide(false)}}}
}

// missed gives a notification for each call that rang and has ended unanswered by its caller.
func missed(before, now pc.View) map[string]note {
	out := map[string]note{}
	for _, m := range now.Missed {
		if !now.Prefs.Notify || slices.ContainsFunc(before.Missed, func(o pc.Missed) bool { return o.Phone == m.Phone && o.CallID == m.CallID }) {
			continue
		}
		name, number := now.Party(m.Call)
		n := note{title: "Missed call from " + name, body: number, category: "call.unanswered", urgency: normal, stays: true}
		if uri := m.LegB.URI; uri != "" {
			n.actions = []action{{"back", "Call back", func(ctx context.Context, a *pc.Agent) error {
				_, err := a.Call(ctx, m.Phone, uri)
				return err
			}}}
		}
		out["missed "+m.Phone+" "+m.CallID] = n
	}
	return out
}

// met gives a notification for each call that has become one to a conference at a server: what else the conversation is made
// of, as messages, goes on there, too.
func met(before, now pc.View) map[string]note {
	out, was := map[string]note{}, map[string]bool{}
	each := func(v pc.View, do func(key string, c tpcp.Call)) {
		for _, p := range v.Phones {
			for _, c := range p.Calls {
				if c.Conf != nil && c.Conf.URI != "" {
					do("met "+p.ID+" "+c.CallID+" "+c.Conf.URI, c)
				}
			}
		}
	}
	each(before, func(key string, _ tpcp.Call) { was[key] = true })
	each(now, func(key string, c tpcp.Call) {
		if was[key] || !now.Prefs.Notify {
			return
		}
		n := note{title: "The call is a conference now", body: "Held at " + dial.Readable(c.Conf.URI), category: "call", urgency: normal, stays: true}
		if chat := pc.Chat(c); chat != "" {
			n.actions = []action{{"chat", "Open its chat", func(context.Context, *pc.Agent) error { return open(chat) }}}
		}
		out[key] = n
	})
	return out
}

// open has the desktop open a link with the program that is for it.
func open(link string) error {
	cmd := exec.Command("xdg-open", link)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	go cmd.Wait() // whether it found one, it tells the user itself
	return nil
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + ", " + b
}
