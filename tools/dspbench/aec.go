package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"opendeskphone/audio"
	"opendeskphone/audio/aec"
	"opendeskphone/audio/kernel"
	"opendeskphone/audio/send"
	"opendeskphone/tools/lab"
)

// aecCommand takes the echo out of a recording.
type aecCommand struct {
	Far    string `required:"" type:"existingfile" help:"What the loudspeaker was given."`
	Mic    string `required:"" type:"existingfile" help:"What the microphone heard meanwhile."`
	Out    string `required:"" type:"path" help:"Where the clean sound goes."`
	NS     bool   `name:"ns" help:"Take noise out as well."`
	Linear string `type:"path" help:"Where the sound goes as the filters alone leave it, up to 8 kHz, before anything is suppressed." placeholder:"FILE"`
	Vector bool   `help:"Compute on the vector unit of the processor, which the phone does where it is faster: under emulation it is not. The output is the same."`
	JSON   string `name:"json" type:"path" help:"Where the delay and the clock drift that were found go." placeholder:"FILE"`
}

func (c aecCommand) Help() string {
	return `Takes the loudspeaker's echo out of what the microphone heard: 5.8 ms of delay, at 48 kHz in two bands. The phone does so in calls, where its microphone is not clean already.
Where the echo begins in the files, up to half a second late, and how the clocks of the two run apart is found on the way.`
}

// Run cleans frame by frame.
func (c aecCommand) Run() error {
	far, _, err := load(c.Far)
	if err != nil {
		return err
	}
	mic, clip, err := load(c.Mic)
	if err != nil {
		return err
	}
	if c.Vector && !kernel.UseVector() {
		return errors.New("this program has no code for a vector unit: it needs to be built for ARM with cgo")
	}
	s := send.NewCleaner(c.NS)
	var silence audio.Frame
	linear := lab.Clip{Rate: aec.Rate}
	for i := range mic {
		f := &silence
		if i < len(far) {
			f = &far[i]
		}
		s.Process(&mic[i], f)
		linear.Samples = append(linear.Samples, s.Linear()...)
	}
	if c.Linear != "" {
		if err := linear.WriteWAV(c.Linear, 1); err != nil {
			return err
		}
	}
	if c.JSON != "" {
		stats, err := json.Marshal(map[string]float64{"delay_ms": float64(s.Delay()) / audio.Rate * 1000, "drift_ppm": s.Drift()})
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.JSON, append(stats, '\n'), 0o644); err != nil {
			return fmt.Errorf("cannot write what was found: %w", err)
		}
	}
	return save(c.Out, mic, clip)
}
