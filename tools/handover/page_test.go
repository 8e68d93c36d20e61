package handover

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"opendeskphone/firmware/phone"
	"opendeskphone/tools/lab"
)

// TestPaging: a mediastreamer speaks to a group and is heard, in G.711 and G.722, on the loudspeaker; one that speaks to a
// more important group cuts it; and the phone speaks to a group itself.
func TestPaging(t *testing.T) {
	must(t, lab.Require("mediastream"))
	twin, host := newTwin(t, "[paging]\ngroups = [\"700=224.0.1.75:5004\", \"701=224.0.1.76:5004\"]\ncodec = \"PCMA\"\n")
	says, err := Voice("201")
	must(t, err)
	wav := filepath.Join(host.Dir(), "page.wav")
	must(t, says.At(16000).WriteWAV(wav, 1)) // mediastream resamples for G.711 alone
	speak := func(port, group, payload string) *lab.Process {
		p, err := host.Start(lab.Command{Name: "mediastream-" + port, Dir: host.Dir(),
			Argv: []string{"mediastream", "--local", port, "--remote", group, "--payload", payload, "--infile", wav, "--outfile", "/dev/null"}})
		must(t, err)
		return p
	}
	hears := func(number string) {
		t.Helper()
		_, err := twin.WaitState(soon(t), "page of "+number, func(s *phone.State) bool {
			return len(s.Calls) == 1 && s.Calls[0].Page != 0 && s.Calls[0].Dir == phone.Incoming && s.Calls[0].Remote.Number == number
		})
		must(t, err)
	}
	over := func() {
		t.Helper()
		_, err := twin.WaitState(soon(t), "silence", func(s *phone.State) bool { return len(s.Calls) == 0 && s.Air == 0 })
		must(t, err)
	}
	tape, err := lab.OpenTape(soon(t), func() (string, error) { return twin.Speaker(), nil })
	must(t, err)
	defer tape.Close()
	first := speak("7000", "224.0.1.76:5004", "9")
	hears("701")
	began := tape.Length()
	must(t, tape.WaitLength(soon(t), began+2*time.Second))
	heard, err := tape.Cut(began, tape.Length())
	must(t, err)
	if score, err := lab.Find(says, heard); err != nil || score.Correlation < 0.8 {
		t.Errorf("of what is said is heard %+v, %v", score, err)
	}
	second := speak("7002", "224.0.1.75:5004", "8")
	hears("700")
	second.Kill()
	hears("701") // it goes on
	first.Kill()
	over()

	wire, err := lab.NewCapture(host, "eth0")
	must(t, err)
	defer wire.Close()
	must(t, twin.Do(soon(t), phone.Dial{Number: "701"}))
	st, err := twin.WaitState(soon(t), "paging", func(s *phone.State) bool { return len(s.Calls) == 1 && s.Calls[0].State == phone.Talking })
	must(t, err)
	group := netip.MustParseAddr("224.0.1.76")
	must(t, lab.Poll(soon(t), "half a second of our voice", func() (bool, error) { return lab.Flow(wire.Since(0), twin.Addr(), group) > 25, nil }))
	must(t, twin.Do(soon(t), phone.Hangup{Call: st.Calls[0].ID}))
	over()
}
