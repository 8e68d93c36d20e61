package lines

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/sip/offer"
)

var (
	group1 = netip.MustParseAddrPort("224.0.1.75:5004")
	group2 = netip.MustParseAddrPort("239.1.1.1:5006")
)

func inPaging(t *testing.T, f func(w *world)) {
	inWorld(t, offer.Off, func(w *world) {
		w.SetPages(Pages{Groups: []netip.AddrPort{group1, group2}, Codec: "G722"})
		synctest.Wait()
		f(w)
	})
}

func TestGroupsAreListenedToAndAnew(t *testing.T) {
	inPaging(t, func(w *world) {
		w.wantSaid("add sip:anna@example.com", "listen 224.0.1.75:5004", "listen 239.1.1.1:5006")
		w.rendered(group2, offer.RecvOnly)
		w.Silenced(group2) // a moment after joining: nobody has spoken yet
		w.hear(0, group2)
		w.wantDone(phone.PageHeard{Group: 2})
		w.ask(phone.HearPage{Call: 7, Group: 2})
		if !slices.Equal(w.bound, []phone.CallID{7}) {
			t.Errorf("bound %v", w.bound)
		}
		w.ask(phone.EndPage{Call: 7})
		if !slices.Equal(w.freed, []phone.CallID{7}) || w.open != 2 {
			t.Errorf("freed %v, %d voices open", w.freed, w.open)
		}
		w.Silenced(group2)
		synctest.Wait()
		w.wantDone(phone.PageSilent{Group: 2})
		w.wantSaid("listen 239.1.1.1:5006") // whoever speaks next may have another address
		w.SetPages(Pages{})
		synctest.Wait()
		if w.open != 0 {
			t.Errorf("%d voices listen to no group", w.open)
		}
		w.hear(0, group2)
		w.wantDone()
	})
}

// deafen makes that no group can be joined, or that it can.
func (w *world) deafen(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = on
}

func TestAGroupThatCannotBeJoinedIsTriedAgain(t *testing.T) {
	inWorld(t, offer.Off, func(w *world) {
		w.said = nil
		w.deafen(true)
		w.SetPages(Pages{Groups: []netip.AddrPort{group1}})
		synctest.Wait()
		w.deafen(false)
		<-time.After(joinAgain)
		synctest.Wait()
		w.wantSaid("listen 224.0.1.75:5004")
		<-time.After(joinAgain)
		synctest.Wait()
		w.wantSaid()
	})
}

func TestAPageIsSpokenToItsGroup(t *testing.T) {
	inPaging(t, func(w *world) {
		w.ask(phone.SendPage{Call: 3, Group: 1})
		w.wantDone(phone.Accepted{Call: 3})
		w.rendered(group1, offer.SendOnly)
		if w.got[len(w.got)-1].Send.Name != "G722" || w.open != 3 || !slices.Equal(w.bound, []phone.CallID{3}) {
			t.Errorf("%+v, %d open, bound %v", w.got[len(w.got)-1], w.open, w.bound)
		}
		w.ask(phone.EndPage{Call: 3})
		if w.open != 2 {
			t.Errorf("%d voices open", w.open)
		}
	})
}
