package lines

import (
	"testing"
	"testing/synctest"

	"opendeskphone/sip/offer"
	"opendeskphone/sip/ua"
)

// TestWhatIsHandedDown comes by a subscription of each line that wants it, and says whose it is; an empty one says that nothing is.
func TestWhatIsHandedDown(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.said = nil
		var came []string
		w.OnHanded(func(aor string, doc []byte) { came = append(came, aor+" "+string(doc)) })
		line := w.lines[0]
		line.Handed = true
		reconfigure := func(l ...Line) { w.Configure(l); synctest.Wait() }
		reconfigure(line)
		w.wantSaid("subscribe 1 ua-profile  false")
		w.ask(ua.Watching{Sub: 1, Up: true})
		w.ask(ua.Notified{Sub: 1, Type: "application/json", Body: []byte("{}")})
		w.ask(ua.Notified{Sub: 7, Type: "application/json", Body: []byte("{}")}) // of another kind
		w.ask(ua.Neutral{Sub: 1})
		w.ask(ua.Neutral{Sub: 7})
		if len(came) != 2 || came[0] != line.Account.AOR+" {}" || came[1] != line.Account.AOR+" " {
			t.Errorf("handed down: %q", came)
		}
		w.AskHanded(line.Account.AOR)
		w.AskHanded("sip:nobody@example.com")
		synctest.Wait()
		w.wantSaid("refetch 1")
		line.Handed = false
		reconfigure(line)
		w.wantSaid("unsubscribe 1")
	})
}
