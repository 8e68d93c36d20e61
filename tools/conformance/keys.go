package conformance

import "slices"

// keys lists what the phone's keys show. None is pressed: somebody may sit at the phone.
func (l *leg) keys() error {
	var out struct {
		Appearances []struct {
			LineID     string
			Appearance int
			State      string
		}
		Watched []struct{ Number, Lamp, Presence string }
		Total   int
		More    *bool
	}
	err := l.ask("appearance.list", params{"limit": 3}, &out)
	err = first(err, need("appearances and more", out.Appearances != nil && out.More != nil), need("total", out.Total >= len(out.Appearances) && len(out.Appearances) <= 3))
	states := []string{"unknown", "free", "ringing", "busy", "held"}
	for _, a := range out.Appearances {
		err = first(err, need("lineId", slices.ContainsFunc(l.hello.Lines, func(o line) bool { return o.LineID == a.LineID })), need("appearance", a.Appearance > 0), need("a state that there is", slices.Contains(states, a.State)))
	}
	if err != nil {
		return err
	}
	err = l.ask("presence.list", params{"limit": 3}, &out)
	err = first(err, need("watched", out.Watched != nil), need("total", out.Total >= len(out.Watched) && len(out.Watched) <= 3))
	presences := []string{"unknown", "available", "inCall", "busy", "doNotDisturb", "away", "offline"}
	for _, w := range out.Watched {
		err = first(err, need("number", w.Number != ""), need("a lamp that there is", slices.Contains(states[:4], w.Lamp)), need("a presence that there is", slices.Contains(presences, w.Presence)))
	}
	for _, m := range []string{"appearance.take", "appearance.join"} {
		err = first(err, l.refused(m, params{"lineId": "no-such-line", "appearance": 1}, 1005))
	}
	return first(err, l.refused("call.pickUp", params{"number": "no-such-number"}, -32602))
}
