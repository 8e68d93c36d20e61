package main

import "opendeskphone/audio/ns"

// nsCommand suppresses noise.
type nsCommand struct {
	In  string `required:"" type:"existingfile" help:"What the microphone heard."`
	Out string `required:"" type:"path" help:"Where the cleaned sound goes."`
}

func (c nsCommand) Help() string {
	return `Takes noise out of a recording as the phone does it for its microphone: 5.8 ms of delay, at 48 kHz in two bands.`
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
