// Command dspbench runs the audio code of the phone over files, frame by frame as in a call. What it
// writes is the same on every machine, so that scorers can compare versions and other makers' systems.
package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"opendeskphone/audio"
	"opendeskphone/audio/resample"
	"opendeskphone/tools/command"
	"opendeskphone/tools/lab"
)

// arguments are the commands, one a file of this package.
type arguments struct {
	AEC aecCommand `cmd:"" name:"aec" help:"Take the echo out of a recording."`
	NS  nsCommand  `cmd:"" name:"ns" help:"Suppress noise."`
	JB  jbCommand  `cmd:"" name:"jb" help:"Play a stream of packets through the jitter buffer."`
	PLC plcCommand `cmd:"" name:"plc" help:"Send speech over a network that loses packets."`
}

const description = `Runs the phone's audio code over files.

Sound files are WAV, 16 bits, one channel, of 8, 16 or 48 kHz. Every command works frame by frame as the phone does, with no look-ahead but
the delay it reports, and sets no levels over the whole file. An output is as long as its input: what the delay pushes out of the end is lost.
The phone works at 48 kHz; files of other rates are converted at both ends, and what the conversion itself delays is taken out again.

A long option may be written with one dash or two.

EXIT STATUS

  0  done
  1  a file cannot be read or written, or holds what cannot be used
  2  the command line is wrong`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	var a arguments
	ctx, status := command.Parse(&a, "dspbench", description, dashed(args), stdout, stderr,
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 120, Compact: true}))
	if ctx == nil {
		return status
	}
	ctx.BindTo(stdout, (*io.Writer)(nil))
	if err := ctx.Run(); err != nil {
		fmt.Fprintf(stderr, "dspbench: %v\n", err)
		return 1
	}
	return 0
}

// dashed gives long options written with one dash their second.
func dashed(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if len(a) > 2 && a[0] == '-' && a[1] != '-' && strings.ContainsAny(a[1:2], "abcdefghijklmnopqrstuvwxyz") {
			a = "-" + a
		}
		out[i] = a
	}
	return out
}

// load reads a file as the phone's frames; the last is filled up with silence.
func load(path string) ([]audio.Frame, lab.Clip, error) {
	c, err := lab.ReadWAV(path)
	if err != nil {
		return nil, c, err
	}
	if c.Rate != 8000 && c.Rate != 16000 && c.Rate != audio.Rate {
		return nil, c, fmt.Errorf("%s: %d Hz; 8000, 16000 and 48000 are taken", path, c.Rate)
	}
	return frames(c), c, nil
}

// frames is a clip at the phone's rate.
func frames(c lab.Clip) []audio.Frame {
	x := convert(c.Samples, c.Rate, audio.Rate)
	f := make([]audio.Frame, (len(x)+audio.FrameLen-1)/audio.FrameLen)
	for i := range f {
		copy(f[i][:], x[i*audio.FrameLen:])
	}
	return f
}

// convert changes the rate of a whole file, without delay.
func convert(x []float32, from, to int) []float32 {
	if from == to {
		return x
	}
	r := resample.New(from, to)
	late := int(math.Round(r.Delay() * float64(to)))
	x = append(slices.Clone(x), make([]float32, int(math.Ceil(r.Delay()*float64(from)))+1)...)
	return r.Process(make([]float32, 0, r.Max(len(x))), x)[late:]
}

// save writes frames at the rate and length of the clip they came from.
func save(path string, f []audio.Frame, like lab.Clip) error {
	x := make([]float32, 0, len(f)*audio.FrameLen)
	for i := range f {
		x = append(x, f[i][:]...)
	}
	x = convert(x, audio.Rate, like.Rate)
	return lab.Clip{Rate: like.Rate, Samples: x[:len(like.Samples)]}.WriteWAV(path, 1)
}
