package main

import "opendeskphone/audio/ns"

// nsCommand suppresses noise.
type nsCommand struct {
	In  string `required:"" type:"existingfile" placeholder:"NOISY.wav" help:"What the microphone heard."`
	Out string `required:"" type:"path" placeholder:"OUT.wav" help:"Where the cleaned sound goes."`
}

func (nsCommand) Help() string {
	return `Takes noise out of a recording: steady noise, hum, babble, keys. The phone does so in calls, where its microphone is not clean already.

A small recurrent network decides every 10 ms for 36 bands up to 8 kHz; what lies above follows. Of steady noise 25 dB are
taken, of the rest as much as brings it down to what is left of that. The sound comes out 5.8 ms late.

  dspbench ns -in noisy.wav -out clean.wav`
}

// Run cleans frame by frame.
func (c nsCommand) Run() error {
	f, clip, err := load(c.In)
	if err != nil {
		return err
	}
	s := ns.NewSuppressor()
	for i := range f {
		s.Process(&f[i])
	}
	return save(c.Out, f, clip)
}
