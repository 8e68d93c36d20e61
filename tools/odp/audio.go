package main

import (
	"errors"
	"fmt"
	"strings"

	"opendeskphone/audio/soundcard"
	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/soundtest"
)

type audioCmd struct {
	Test audioTestCmd `cmd:"" help:"Play and record through the phone, and measure."`
	List audioListCmd `cmd:"" help:"List this computer's sound cards."`
}

// open connects to the machine's sound.
func (audioCmd) open() (*soundcard.System, error) { return soundcard.New(soundcard.ALSA) }

type audioListCmd struct{}

// Run implements the command.
func (c *audioListCmd) Run(sh *shell) error {
	s, err := audioCmd{}.open()
	if err != nil {
		return err
	}
	defer s.Close()
	cards, err := s.List()
	if err != nil {
		return err
	}
	return sh.print(cards, func() {
		for _, k := range cards {
			fmt.Fprintf(sh.out, "%-7s  %-40s %s\n", map[bool]string{true: "record", false: "play"}[k.Capture], k.ID, strings.Join(strings.Fields(k.Name), " "))
		}
	})
}

type audioTestCmd struct {
	Card string `help:"Card to test, by what \"odp audio list\" shows of it; the phone's if left out." placeholder:"CARD"`
}

func (audioTestCmd) Help() string {
	return `Plays four sweeps through the phone as this computer's sound card and listens for them: level, noise and round trip. The phone must be on the cable, its loudspeaker on, and nothing else may use it as sound card meanwhile. It takes five seconds.`
}

// Run implements the command.
func (c *audioTestCmd) Run(sh *shell) error {
	s, err := audioCmd{}.open()
	if err != nil {
		return err
	}
	defer s.Close()
	cfg := soundcard.Default()
	if cfg.Playback, cfg.Capture, err = c.cards(sh, s); err != nil {
		return err
	}
	card, err := s.Open(cfg)
	if err != nil {
		return err
	}
	defer card.Close()
	show := func(done float64) {
		if isTerminal(sh.err) {
			fmt.Fprintf(sh.err, "\r%3.0f %% ", done*100)
		}
	}
	r, err := soundtest.Run(sh.ctx, card, show)
	if isTerminal(sh.err) {
		fmt.Fprint(sh.err, "\r\033[K")
	}
	if err != nil {
		return err
	}
	if err := sh.print(r, func() { fmt.Fprintln(sh.out, strings.Join(r.Words(), "\n")) }); err != nil {
		return err
	}
	if r.Heard == 0 {
		return errors.New("nothing of the sound came back")
	}
	return nil
}

// cards finds the card by name: its loudspeaker and its microphone.
func (c *audioTestCmd) cards(sh *shell, s *soundcard.System) (play, record string, err error) {
	name := c.Card
	if name == "" {
		_, p, err := sh.now()
		if err != nil {
			return "", "", err
		}
		name = p.Product
	}
	cards, err := s.List()
	if err != nil {
		return "", "", err
	}
	play, record = choose(cards, name)
	if play == "" || record == "" {
		return "", "", &pc.Refusal{Kind: pc.NoPhone, Words: fmt.Sprintf("No sound card is called %q.", name), Hint: "\"odp audio list\" lists them; the phone is one while it is on the cable."}
	}
	return play, record, nil
}

// choose takes, of the cards with a name, those that reach the hardware without another's conversions.
func choose(cards []soundcard.Card, name string) (play, record string) {
	for _, k := range cards {
		if name == "" || !strings.Contains(strings.ToLower(k.Name+" "+k.ID), strings.ToLower(name)) {
			continue
		}
		to := &play
		if k.Capture {
			to = &record
		}
		if *to == "" || strings.HasPrefix(k.ID, "hw:") && !strings.HasPrefix(*to, "hw:") {
			*to = k.ID
		}
	}
	return play, record
}
