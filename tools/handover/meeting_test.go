package handover

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/peer/focus"
)

// meeting is a phone whose server holds conferences, with peers of two other makes and a subscriber behind an old exchange.
type meeting struct {
	*Stage
	baresip, linphone, third Cast
	host                     *lab.Linphonec // linphone
}

// TestConferenceAtAServer: calls are joined and moved to a focus, in every way there is; where there is none they stay joined
// at the phone.
func TestConferenceAtAServer(t *testing.T) {
	s := newStageBy(t, func(ctx context.Context, dir string) (*Stage, error) { return NewMeetingStage(ctx, dir, nil) })
	m := &meeting{Stage: s, baresip: Cast{Make: "baresip", User: "201", Host: 11}, linphone: Cast{Make: "linphonec", User: "202", Host: 12},
		third: Cast{Make: "baresip", User: "203", Host: 13}}
	for _, c := range []Cast{m.baresip, m.linphone, m.third, FarAway} {
		if p, ok := s.enter(t, c).(*lab.Linphonec); ok {
			m.host = p
		}
	}
	for _, flow := range []struct {
		name string
		run  func(*meeting, *testing.T)
	}{
		{"linphonec holds it", (*meeting).hostedByLinphone}, // the first: it numbers its calls
		{"the focus takes our place in each call", func(m *meeting, t *testing.T) { m.movedAndAsked(t, focus.Config{}) }},
		{"the parties are sent to it, and Kamailio tells who is there", func(m *meeting, t *testing.T) {
			m.movedAndAsked(t, focus.Config{NoReplaces: true, NoMute: true, Published: true})
		}},
		{"two become many, and one is behind a gateway", (*meeting).twoAndAGateway},
		{"the factory refuses", func(m *meeting, t *testing.T) { m.staysHere(t, "testdata/factory-refuses.xml") }},
		{"the factory makes no conference", func(m *meeting, t *testing.T) { m.staysHere(t, "uas") }},
	} {
		t.Run(flow.name, func(t *testing.T) {
			mark := s.Wire.Mark()
			flow.run(m, t)
			if t.Failed() {
				t.Log(lab.Transcript(s.Wire.Since(mark)))
			}
		})
	}
}

// open starts the conference server for the time of a flow.
func (m *meeting) open(t *testing.T, c focus.Config) {
	t.Helper()
	stop := m.OpenFocus(c)
	t.Cleanup(func() { must(t, stop()) })
}

// joined makes calls to these and joins them; the last call is the newest.
func (m *meeting) joined(t *testing.T, numbers ...string) {
	t.Helper()
	in := phone.Join{Server: true}
	for i, n := range numbers {
		m.do(t, phone.Dial{Number: n})
		st := m.waitCalls(t, strings.Repeat("Held ", i)+"Talking")
		in.Calls[i] = st.Calls[i].ID
	}
	m.do(t, in)
}

// leave ends all calls of the phone.
func (m *meeting) leave(t *testing.T) {
	t.Helper()
	st, err := m.Phone.State()
	must(t, err)
	for _, c := range st.Calls {
		_ = m.Phone.Do(soon(t), phone.Hangup{Call: c.ID}) // refused: it went with another
	}
	m.waitCalls(t, "")
}

// present names who is in the conference, as the phone's roster says, by number.
func present(st *phone.State) string {
	var out []string
	for _, r := range st.Rosters {
		for _, m := range r.Members {
			word := m.Number
			switch {
			case m.State == phone.MemberHolding:
				word += " holds"
			case m.State != phone.MemberJoined:
				word += " comes"
			}
			out = append(out, word)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// waitPresent waits until these are in the conference, and nothing else is under way.
func (m *meeting) waitPresent(t *testing.T, states, want string) *phone.Call {
	t.Helper()
	st, err := m.Phone.WaitState(soon(t), "in the conference: "+want, func(st *phone.State) bool {
		at := slices.IndexFunc(st.Calls, func(c phone.Call) bool { return c.Focus != "" })
		return at >= 0 && present(st) == want && calls(st) == states && !st.Busy(&st.Calls[at])
	})
	if err != nil {
		now, _ := m.Phone.State()
		t.Fatalf("%v\ncalls %+v\nrosters %+v", err, now.Calls, now.Rosters)
	}
	return &st.Calls[slices.IndexFunc(st.Calls, func(c phone.Call) bool { return c.Focus != "" })]
}

// hearFocus waits until the voice of each passes between him and the focus.
func (m *meeting) hearFocus(t *testing.T, who ...Cast) {
	t.Helper()
	wire := m.Wire.Mark()
	must(t, m.WaitFlow(soon(t), wire, m.Phone.Addr(), focusAt.Addr()))
	for _, c := range who {
		must(t, m.WaitFlow(soon(t), wire, c.Addr(), focusAt.Addr()))
	}
}

// movedAndAsked: two calls become one to the focus, which then calls a third and puts one out; those who are left go on
// without us.
func (m *meeting) movedAndAsked(t *testing.T, c focus.Config) {
	m.open(t, c)
	// Kamailio sends news by UDP however long they are: what comes in fragments is wanted whole.
	shark, err := lab.StartShark(soon(t), m.LAN.Core, lab.LANDevice, "port 5060 or ip[6:2] & 0x1fff != 0", filepath.Join(m.Dir, "meeting.pcapng"))
	must(t, err)
	mark := m.Wire.Mark()
	m.joined(t, m.baresip.User, m.linphone.User)
	m.waitPresent(t, "Talking", "100, 201, 202")
	m.hearFocus(t, m.baresip, m.linphone)
	if n := m.Flow(m.Wire.Mark(), m.baresip.Addr(), m.Phone.Addr()); n > 0 {
		t.Errorf("%d packets still come straight to the phone", n)
	}
	f := m.waitPresent(t, "Talking", "100, 201, 202")
	m.do(t, phone.AddMember{Call: f.ID, Number: m.third.User})
	m.waitPresent(t, "Talking", "100, 201, 202, 203")
	m.mutes(t, f, c)
	m.do(t, phone.DropMember{Call: f.ID, Member: fmt.Sprintf("sip:%s@%s", m.baresip.User, Domain)})
	m.waitPresent(t, "Talking", "100, 202, 203")
	m.leave(t)
	must(t, m.WaitFlow(soon(t), m.Wire.Mark(), m.linphone.Addr(), focusAt.Addr()))
	if !c.NoReplaces { // of its own accord; where it was sent there by REFER it may do without
		must(t, lab.Poll(soon(t), "linphonec is told who is in the conference", func() (bool, error) {
			return strings.Contains(lab.Transcript(m.Wire.Since(mark)), "NOTIFY sip:"+m.linphone.User+"@"), nil
		}))
	}
	must(t, shark.Close(soon(t)))
	m.judged(t, shark.File)
}

// mutes: the focus lets nobody hear linphonec, and lets all hear it again, as its roster then tells; one that takes no such
// order is not asked.
func (m *meeting) mutes(t *testing.T, f *phone.Call, c focus.Config) {
	t.Helper()
	order := phone.MuteMember{Call: f.ID, Member: fmt.Sprintf("sip:%s@%s", m.linphone.User, Domain), On: true}
	if c.NoMute {
		if err := m.Phone.Do(soon(t), order); err == nil || !strings.Contains(err.Error(), phone.Forbidden.Error()) {
			t.Errorf("a focus that cannot mute: %v", err)
		}
		return
	}
	for _, order.On = range []bool{true, false} {
		m.do(t, order)
		_, err := m.Phone.WaitState(soon(t), fmt.Sprint("linphonec is muted: ", order.On), func(st *phone.State) bool {
			who := st.Roster(f.ID).Member(order.Member)
			return who != nil && who.Muted == order.On && !st.Call(f.ID).Referred
		})
		must(t, err)
	}
}

// judged has tshark look at what was said: nothing that it cannot read, and every news of the conference believed, also
// by linphonec, which subscribes by itself. 481 is the answer to one that crosses our leaving.
func (m *meeting) judged(t *testing.T, file string) {
	t.Helper()
	for what, filter := range map[string]string{
		"malformed messages": "_ws.malformed",
		"news refused":       `sip.CSeq.method == "NOTIFY" and sip.Status-Code >= 300 and sip.Status-Code != 481`,
	} {
		rows, err := lab.SharkFields(t.Context(), file, filter, "frame.number", "sip.Request-Line", "sip.Status-Line")
		must(t, err)
		if len(rows) > 0 {
			t.Errorf("%s: %v", what, rows)
		}
	}
	rows, err := lab.SharkFields(t.Context(), file, fmt.Sprintf(`sip.Method == "NOTIFY" and sip.Event contains "conference" and ip.dst == %v`, m.Phone.Addr()), "frame.number")
	must(t, err)
	if len(rows) == 0 {
		t.Error("tshark sees no news of the conference")
	}
}

// twoAndAGateway: a call of two becomes a conference; one who can do nothing but be held is taken in, connected past the phone.
func (m *meeting) twoAndAGateway(t *testing.T) {
	m.open(t, focus.Config{})
	m.joined(t, m.baresip.User)
	f := m.waitPresent(t, "Talking", "100, 201")
	m.do(t, phone.Dial{Number: Subscriber})
	st := m.waitCalls(t, "Held Talking")
	m.do(t, phone.Join{Calls: [phone.MaxConf]phone.CallID{f.ID, st.Calls[1].ID}, Server: true})
	_, err := m.Phone.WaitState(soon(t), "the gateway is bridged", func(st *phone.State) bool {
		return calls(st) == "Talking Held Talking" && st.Calls[1].Move == phone.Bridged
	})
	must(t, err)
	m.hearFocus(t, m.baresip, FarAway)
	if n := m.Flow(m.Wire.Mark(), FarAway.Addr(), m.Phone.Addr()); n > 0 {
		t.Errorf("%d packets of the subscriber come to the phone", n)
	}
	m.leave(t)
	must(t, m.WaitIdle(soon(t)))
}

// hostedByLinphone: linphonec makes a call of two a conference, and ends it again. What it tells of who is in it, tshark and the
// phone read.
func (m *meeting) hostedByLinphone(t *testing.T) {
	shark, err := lab.StartShark(soon(t), m.LAN.Core, lab.LANDevice, "udp port 5060 or ip[6:2] & 0x1fff != 0", filepath.Join(m.Dir, "linphone.pcapng"))
	must(t, err)
	host := m.host
	m.do(t, phone.Dial{Number: m.linphone.User})
	m.waitCalls(t, "Talking")
	must(t, host.Do(soon(t), "pause", "now paused"))
	mark := host.Mark()
	must(t, host.Dial(soon(t), "sip:"+m.baresip.User+"@"+Domain))
	must(t, host.WaitTalking(soon(t), mark))
	must(t, host.Do(soon(t), "conference add 1", "Media streams established with .* for call 1"))
	must(t, host.Do(soon(t), "conference add 2", "Media streams established with .* for call 2"))
	m.waitPresent(t, "Talking", "100, 201, 202")
	wire := m.Wire.Mark()
	must(t, m.WaitFlow(soon(t), wire, m.Phone.Addr(), m.linphone.Addr()))
	must(t, host.Do(soon(t), "conference rm 2", "linphonec>"))
	_, err = m.Phone.WaitState(soon(t), "a call of two again", func(st *phone.State) bool {
		return calls(st) == "Talking" && st.Calls[0].Focus == "" && len(st.Rosters) == 0
	})
	must(t, err)
	m.leave(t)
	must(t, host.Do(soon(t), "terminate all", "linphonec>"))
	must(t, shark.Close(soon(t)))
	m.judged(t, shark.File)
}

// staysHere: what plays the server has no conference for us. The two are joined at the phone, and nobody is lost.
func (m *meeting) staysHere(t *testing.T, scenario string) {
	if filepath.Ext(scenario) != "" {
		var err error
		scenario, err = filepath.Abs(scenario)
		must(t, err)
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		done <- lab.RunSIPp(ctx, m.hall, lab.SIPp{Name: "factory", Scenario: scenario, Local: focusAt.Addr(), Remote: registrarAt, User: "conf"})
	}()
	m.joined(t, m.baresip.User, m.linphone.User)
	_, err := m.Phone.WaitState(soon(t), "a conference at the phone", func(st *phone.State) bool {
		return calls(st) == "Talking Talking" && st.Calls[0].MoveFailed != phone.NoCause && st.Calls[0].Conf != 0 && st.Calls[0].Conf == st.Calls[1].Conf
	})
	must(t, err)
	wire := m.Wire.Mark()
	for _, c := range []Cast{m.baresip, m.linphone} {
		must(t, m.WaitFlow(soon(t), wire, c.Addr(), m.Phone.Addr()))
	}
	must(t, <-done)
	m.leave(t)
}
