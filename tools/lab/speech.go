package lab

import (
	"bytes"
	"fmt"
	"os/exec"
	"time"
)

// SpeechLevel is the level of the lab's speech in dB below full scale, over its spoken parts: the
// level at which codecs are tested (ITU-T P.830), with room for the peaks.
const SpeechLevel = -26

// Sentences that sound different from each other everywhere, so that a recording can be placed.
var sentences = map[string][]string{
	"en-us": {
		"The boy was there when the sun rose over the quiet harbour.", "A large size in stockings is hard to sell on Fridays.",
		"Four hours of steady work faced us before the evening train.", "The birch canoe slid on the smooth planks near the shore.",
		"Rice is often served in round bowls with green tea.", "The juice of lemons makes fine punch for seven guests.",
		"Glue the sheet to the dark blue background, then wait.", "These days a chicken leg is a rare dish in town.",
		"The box was thrown beside the parked truck at noon.", "The hogs were fed chopped corn and garbage yesterday.",
		"Kick the ball straight and follow through without fear.", "Help the woman get back to her feet, please.",
		"A pot of tea helps to pass the long evening.", "Smoky fires lack flame and heat in wet weather.",
		"The soft cushion broke the man's fall from the ladder.", "The salt breeze came across from the open sea.",
	},
	"en-gb": {
		"Seventeen grey ships were leaving the bay before dawn.", "Please post the parcel by the first of October.",
		"Nobody noticed how quickly the weather had changed.", "The old clock in the tower strikes nine and stops.",
		"Our neighbours keep bees behind the garden wall.", "Turn left at the bridge and count three lamps.",
		"She wrote the number down on a yellow envelope.", "Twelve musicians rehearsed in the cellar all winter.",
		"The kettle boiled while the telephone rang and rang.", "Fresh bread and butter cost little in those days.",
		"He mended the fence with wire and a great deal of patience.", "Every second window of the factory was broken.",
		"Wet leaves made the platform slippery that morning.", "A narrow path climbs from the village to the quarry.",
		"The letter arrived two weeks after the wedding.", "Clouds of starlings wheel above the empty pier.",
	},
}

// Speech speaks different sentences for at least the given time, with short pauses between them:
// the same samples on every run, at SpeechLevel. The voices are espeak-ng's "en-us" and "en-gb",
// which say different things.
func Speech(voice string, rate int, length time.Duration) (Clip, error) {
	lines, ok := sentences[voice]
	if !ok {
		return Clip{}, fmt.Errorf("lab: no sentences for the voice %q", voice)
	}
	if err := Require("espeak-ng"); err != nil {
		return Clip{}, err
	}
	out := Clip{Rate: rate}
	for i := 0; out.Duration() < length; i++ {
		// Each round through the list speaks at another speed, so that no two places sound alike.
		round := i / len(lines)
		c, err := speak(voice, lines[(i+round)%len(lines)], 150+10*(round%6), 40+7*(round%5))
		if err != nil {
			return Clip{}, err
		}
		c = c.Gain(SpeechLevel - c.RMS())
		out.Samples = append(out.Samples, c.At(rate).Samples...)
		out.Samples = append(out.Samples, make([]float32, rate/5)...)
	}
	return out, nil
}

// speak gives one sentence without the silence around it.
func speak(voice, text string, speed, pitch int) (Clip, error) {
	var out, complaint bytes.Buffer
	cmd := exec.Command("espeak-ng", "-v", voice, "-s", fmt.Sprint(speed), "-p", fmt.Sprint(pitch), "--stdout", text)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return Clip{}, fmt.Errorf("lab: espeak-ng: %w: %s", err, complaint.String())
	}
	c, err := ParseWAV(out.Bytes())
	if err != nil {
		return Clip{}, err
	}
	return c.trim(0.003), nil
}

// trim cuts what is quieter than floor off both ends.
func (c Clip) trim(floor float32) Clip {
	s := c.Samples
	for len(s) > 0 && max(s[0], -s[0]) < floor {
		s = s[1:]
	}
	for len(s) > 0 && max(s[len(s)-1], -s[len(s)-1]) < floor {
		s = s[:len(s)-1]
	}
	return Clip{c.Rate, s}
}
