package lines

import (
	"slices"
	"strings"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/eventbody"
	"opendeskphone/sip/ua"
)

// Watch is whom the phone has keys for.
type Watch struct {
	Line     phone.LineID
	People   []string // numbers or addresses
	Places   []string
	Presence bool   // theirs is shown too
	List     string // URI of the server's list of the people; empty: they are asked about one by one
}

// SetWatch takes those from now on.
func (a *Adapter) SetWatch(w Watch) { a.put(w) }

// SetPresence publishes how the user is.
func (a *Adapter) SetPresence(p phone.Published) { a.put(phone.SendPresence{Published: p}) }

// watching is one subscription.
type watching struct {
	event   string
	numbers []string // whom it tells of
	dialogs map[string]*eventbody.Dialogs
	version uint32 // of the list
	known   bool   // it has told of all
}

// The event packages of people.
const (
	dialogPackage   = "dialog"
	presencePackage = "presence"
)

func (a *Adapter) setWatch(w Watch) {
	for ref := range a.watches {
		a.agent.Unsubscribe(ref)
	}
	a.watched, a.watches = w, map[ua.SubRef]*watching{}
	for _, number := range slices.Concat(w.People, w.Places) { // what a former user agent has told is not known any more
		a.post(phone.LampChanged{Number: number})
		a.post(phone.PresenceChanged{Number: number})
	}
	if int(w.Line) >= len(a.lines) {
		return
	}
	watchAll := func(event string) {
		if w.List != "" && len(w.People) > 0 {
			a.subscribe(event, w.List, w.People...)
			return
		}
		for _, n := range w.People {
			a.subscribe(event, a.sipURI(w.Line, n), n)
		}
	}
	watchAll(dialogPackage)
	for _, n := range w.Places {
		a.subscribe(dialogPackage, a.sipURI(w.Line, n), n)
	}
	if w.Presence {
		watchAll(presencePackage)
	}
}

func (a *Adapter) subscribe(event, target string, numbers ...string) {
	s := ua.Subscription{Event: event, Target: target, Accept: []string{eventbody.DialogType}}
	if event == presencePackage {
		s.Accept = []string{eventbody.PresenceType}
	}
	if target == a.watched.List {
		s.Lists, s.Accept = true, append(s.Accept, eventbody.ListType, eventbody.RLMIType)
	}
	n := &watching{event: event, numbers: numbers}
	n.forget()
	a.watches[a.agent.Subscribe(ua.AccountID(a.watched.Line), s)] = n
}

func (n *watching) forget() {
	n.known, n.dialogs = false, map[string]*eventbody.Dialogs{}
	for _, number := range n.numbers {
		n.dialogs[number] = &eventbody.Dialogs{}
	}
}

// watchingMoved: a subscription came or went. What it has told is not known any more either way.
func (a *Adapter) watchingMoved(n *watching, e ua.Watching) {
	n.forget()
	if !e.Up {
		for _, number := range n.numbers {
			a.unknown(n, number)
		}
	}
}

// unknown tells that the state of somebody is not known.
func (a *Adapter) unknown(n *watching, number string) {
	if n.event == presencePackage {
		a.post(phone.PresenceChanged{Number: number})
	} else {
		a.post(phone.LampChanged{Number: number})
	}
}

// notified takes what a subscription tells. It gives whether all is known then.
func (a *Adapter) notified(n *watching, e ua.Notified) bool {
	kind, _, _ := strings.Cut(e.Type, ";")
	if strings.EqualFold(strings.TrimSpace(kind), eventbody.ListType) {
		return a.listTold(n, e)
	}
	if len(n.numbers) == 1 {
		return a.told(n, n.numbers[0], e.Body)
	}
	return true
}

// neutral: the server knows of no state, as one does that is told of calls only when there are some. Then there are none.
func (a *Adapter) neutral(n *watching) {
	if len(n.numbers) == 1 && n.event == dialogPackage && a.watched.List == "" {
		n.forget()
		a.post(a.lampOf(n.numbers[0], nil))
	}
}

// told takes a document about somebody.
func (a *Adapter) told(n *watching, number string, body []byte) bool {
	if n.event == presencePackage {
		p, err := eventbody.ParsePresence(body)
		if err != nil {
			a.log.Info("presence cannot be read", "err", err)
			a.unknown(n, number)
			return true
		}
		a.post(phone.PresenceChanged{Number: number, Presence: presenceOf(&p), Note: ua.Clean(p.Note)})
		return true
	}
	d, err := eventbody.ParseDialogInfo(body)
	if err != nil {
		a.log.Info("dialogs cannot be read", "err", err)
		a.unknown(n, number)
		return true
	}
	if !n.dialogs[number].Take(d) {
		a.unknown(n, number)
		return false
	}
	a.post(a.lampOf(number, n.dialogs[number].List()))
	return true
}

// listTold takes a document about a list (RFC 4662 §5).
func (a *Adapter) listTold(n *watching, e ua.Notified) bool {
	l, err := eventbody.ParseList(e.Type, e.Body)
	if err != nil {
		a.log.Info("list cannot be read", "err", err)
		return true
	}
	if !l.Full && (!n.known || l.Version > n.version+1) {
		return false
	}
	n.known, n.version = true, l.Version
	whole, heard := true, map[string]bool{}
	for _, r := range l.Resources {
		i := slices.IndexFunc(n.numbers, func(number string) bool { return a.names(r.URI, number) })
		if i < 0 || len(r.Instances) == 0 {
			continue
		}
		number := n.numbers[i]
		heard[number] = true
		switch in := r.Instances[0]; {
		case in.State != "active":
			a.unknown(n, number)
		case len(in.Body) > 0:
			whole = a.told(n, number, in.Body) && whole
		}
	}
	for _, number := range n.numbers {
		if l.Full && !heard[number] {
			a.unknown(n, number)
		}
	}
	return whole
}

// names tells whether a URI is that of a number of the settings.
func (a *Adapter) names(uri, number string) bool {
	uri, _, _ = strings.Cut(uri, ";")
	return strings.EqualFold(uri, phone.PlainURI.URI(number, a.lines[a.watched.Line].Account.AOR))
}

// lampOf is what the calls of somebody come to: who is called may be picked up, which goes before what they do already.
func (a *Adapter) lampOf(number string, dialogs []eventbody.Dialog) phone.LampChanged {
	out := phone.LampChanged{Number: number, Lamp: phone.LampFree}
	for _, d := range dialogs {
		rings := d.Called && d.State != eventbody.Confirmed
		if out.Lamp != phone.LampFree && !rings {
			continue
		}
		if out.Lamp = phone.LampBusy; rings {
			out.Lamp = phone.LampRinging
		}
		if rings || slices.Contains(a.watched.Places, number) { // with whom people talk is nobody's business
			out.Caller = a.peer(ua.PeerOf(d.Remote.Display, d.Remote.URI))
			out.Dialog = phone.Dialog{CallID: d.CallID, ToTag: d.RemoteTag, FromTag: d.LocalTag} // as the caller has it
		}
		if !rings || out.Dialog.CallID == "" || out.Dialog.ToTag == "" || out.Dialog.FromTag == "" {
			out.Dialog = phone.Dialog{}
		}
	}
	return out
}

// doings are the activities of RFC 4480 §3.2 that tell whether somebody can be spoken to.
var doings = map[string]phone.Presence{
	"on-the-phone": phone.InCall, "busy": phone.Occupied, "meeting": phone.Occupied, "appointment": phone.Occupied, "presentation": phone.Occupied,
	"performance": phone.Occupied, "away": phone.Away, "breakfast": phone.Away, "lunch": phone.Away, "dinner": phone.Away, "meal": phone.Away,
	"holiday": phone.Away, "vacation": phone.Away, "in-transit": phone.Away, "travel": phone.Away, "sleeping": phone.Away, "permanent-absence": phone.Away,
}

// presenceOf reads a document as people do. Who is busy and takes no calls wants not to be disturbed.
func presenceOf(p *eventbody.Presence) phone.Presence {
	out := phone.Available
	if !p.Open {
		out = phone.Offline
	}
	for _, d := range p.Activities {
		switch is := doings[d]; {
		case is == phone.Occupied && !p.Open:
			return phone.DoNotDisturb
		case is == phone.InCall:
			return is
		case is != phone.PresenceUnknown && out != phone.Occupied:
			out = is
		}
	}
	return out
}

// activities are how we write our own.
var activities = map[phone.Presence]string{
	phone.InCall: "on-the-phone", phone.Occupied: "busy", phone.DoNotDisturb: "busy", phone.Away: "away",
}

// tellOwn tells the servers of all lines how the user is.
func (a *Adapter) tellOwn() {
	for i := range a.lines {
		var body []byte
		if own := a.own.Presence; own != phone.PresenceUnknown {
			p := eventbody.Presence{Entity: a.lines[i].Account.AOR, Open: own != phone.DoNotDisturb}
			if doing := activities[own]; doing != "" {
				p.Activities = []string{doing}
			}
			switch { // RFC 4480 has no words for these
			case own == phone.DoNotDisturb:
				p.Note = "Do not disturb"
			case a.own.SendsOn:
				p.Note = "Calls are forwarded"
			}
			body = p.Write()
		}
		a.agent.Publish(ua.AccountID(i), presencePackage, eventbody.PresenceType, body)
	}
}
