package screen

import (
	"opendeskphone/firmware/phone"
	"opendeskphone/hal"
	"opendeskphone/ui/draw"
	"opendeskphone/ui/text"
	"opendeskphone/ui/widget"
)

// soundTest tries loudspeaker and microphone, and says which of them is at fault and what to do.
type soundTest struct{}

// newSoundTest begins at once: who opens the page wants to know.
func newSoundTest(v *view) page {
	v.do(phone.TestSound{})
	return soundTest{}
}

func (soundTest) draw(v *view) {
	w, test := &v.Words.SoundTest, v.st.Test
	words, icon, role := w.Verdicts[test.Verdict], draw.IconWarning, widget.Stop
	switch {
	case test.Running:
		words, icon, role = w.Running, draw.IconSound, widget.Link
	case test.Verdict == phone.SoundWorks:
		icon, role = draw.IconCheck, widget.Talk
	case test.Verdict == phone.SoundUntried:
		icon, role = draw.IconInfo, widget.Link
	}
	v.StatusBar(&widget.Status{Title: w.Title, Ink: v.Ink(role), Clock: text.Clock(v.now), Items: v.networkItems(true)})
	foot := v.headCard(icon, role, words.Head, words.Why)
	var steps []string
	for _, s := range words.Steps {
		if s != "" {
			steps = append(steps, s)
		}
	}
	if len(steps) > 0 {
		v.whatToDo(foot, steps)
	}
}

func (soundTest) keys(v *view) []key {
	keys := []key{{}, {}, {}, {}, v.backKey()}
	if !v.st.Test.Running {
		keys[0] = key{v.Words.SoundTest.Again, widget.Go, func() { v.do(phone.TestSound{}) }}
	}
	return keys
}

func (s soundTest) press(v *view, k hal.Key) bool {
	if k != hal.OK {
		return false
	}
	if again := s.keys(v)[0]; again.do != nil {
		again.do()
	}
	return true
}

func (soundTest) touch(*view, int) {}
