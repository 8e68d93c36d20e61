// Command bench measures the phone's figures and writes docs/FIGURES.md: one row a figure, with
// baresip 1.0.0 measured beside it in the same run wherever it has that figure too.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"opendeskphone/tools/lab"
	"opendeskphone/tools/lab/desk"
)

var cli struct {
	Image  string   `help:"Directory of the system image to boot in QEMU." type:"path" default:"build/image/qemu-arm" placeholder:"DIR"`
	Only   []string `help:"Measure the groups of these figures only, or these groups. Where a file is written, its other rows stay." placeholder:"ID" xor:"only"`
	Write  string   `help:"File of the figures. Empty: print them only." type:"path" placeholder:"FILE" xor:"write"`
	Listen string   `help:"Measure nothing, but write sounds before and after into this folder, for a person to hear." type:"path" placeholder:"DIR" xor:"only,write"`
	Curves string   `help:"Measure nothing else, but write to this file what the goals of the voice that are missed would take." type:"path" placeholder:"FILE" xor:"only,write"`
	Calls  int      `help:"Calls per call figure." default:"30"`

	E2E      string `name:"e2e" help:"Program of the end-to-end tests." type:"path" default:"build/e2e.test" placeholder:"FILE"`
	DSPBench string `name:"dspbench" help:"Program that runs the phone's audio code." type:"path" default:"build/dspbench" placeholder:"FILE"`
	Anchors  string `help:"Folder of the programs that run others' audio code." type:"path" default:"build/anchors" placeholder:"DIR"`
	Ticks    string `help:"Program that does the phone's audio work, for ARM." type:"path" default:"build/arm/ticks" placeholder:"FILE"`
	Sysroot  string `help:"Folder with the libraries of ARM programs." type:"path" default:"build/sysroot-anchors" placeholder:"DIR"`
	Speech   string `help:"Folder of WAV or G.722 files to measure the voice with, a folder a talker. Without it, espeak-ng speaks." type:"existingdir" placeholder:"DIR"`
	Seeds    []int  `help:"Seeds of the corpus: the voice's figures are means over them." default:"1,2,3" placeholder:"N"`
}

// row is one figure. A group of figures is measured in one go.
type row struct {
	id, unit string
	aim      string  // the least it shall be, or the most, for the reader
	format   string  // of its values, where those are numbers
	limit    float64 // more than this is a failure, 0 for none: what is reached, so that it is not lost again
	ours     string
	anchor   string
}

// group measures some figures together, since they share their set-up.
type group struct {
	name string
	ids  []string
	run  func(ctx context.Context, b *bench) error
}

// bench collects what the groups measure.
type bench struct {
	dir   string
	calls int
	image string
	got   map[string]row
	below string // what stands below the figures
}

func (b *bench) ours(id, format string, v any) {
	r := b.got[id]
	r.ours = fmt.Sprintf(format, v)
	b.got[id] = r
}

func (b *bench) anchor(id, format string, v any) {
	r := b.got[id]
	r.anchor = fmt.Sprintf(format, v)
	b.got[id] = r
}

func main() {
	desk.TwinMain()
	kong.Parse(&cli, kong.Name("bench"), kong.Description("Measures the figures of docs/FIGURES.md."))
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := lab.Require("espeak-ng"); err != nil {
		return err
	}
	if cli.Listen == "" && cli.Curves == "" && slices.ContainsFunc(callGroups, wanted) {
		if err := lab.Require("ip", "baresip", "kamailio"); err != nil {
			return err
		}
	}
	defer lab.Hurry()()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	b := &bench{dir: dir, calls: cli.Calls, image: cli.Image, got: map[string]row{}}
	if cli.Listen != "" {
		return errors.Join(listen(ctx, b, cli.Listen), os.RemoveAll(dir))
	}
	if cli.Curves != "" {
		return errors.Join(curves(ctx, b, cli.Curves), os.RemoveAll(dir))
	}
	var failed []error
	for _, g := range slices.Concat(voiceGroups, callGroups) {
		if !wanted(g) {
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: %s\n", g.name)
		if err := g.run(ctx, b); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", g.name, err))
		}
	}
	if err := b.tell(); err != nil {
		return err
	}
	if len(failed) > 0 {
		fmt.Fprintln(os.Stderr, "bench: logs are in", dir)
		return errors.Join(failed...)
	}
	return os.RemoveAll(dir)
}

func wanted(g group) bool {
	return len(cli.Only) == 0 || slices.ContainsFunc(append(g.ids, g.name), func(id string) bool { return slices.Contains(cli.Only, id) })
}

const preamble = `# Figures

Measured by ` + "`make figures`" + ` on the machine that built this tree; the anchor is baresip 1.0.0 of Debian 12 in the same run, doing
the same on the same network, where it has the figure at all. Figures that are measured together are of one run with their anchors; ` + "`make figures ONLY=calls`" + `
measures one group and leaves the others as they were. Times are medians: of calls, of three boots,
and of RTP spacing over three spells of talk. Ours in QEMU is the ARM image under emulation
(TCG); everything else is the same program natively. "Invite to 200" and "first RTP" leave out the time a person takes to answer:
they are INVITE to 180 plus Answer key to 200 (to the first RTP packet); baresip is measured in the same two steps.
The tpcp rows are 300 requests each that change the phone, natively; the cable there is the simulated one, held to a report a millisecond each way.
The attachment is of the image in QEMU to a USB host in user space, from the configuration set to both ends proven: the median of 100 plugs.
The escalation gap is the longest silence at the far side while its call moves to linphonec on a computer: the median of eleven calls.
The flood and blast rows are of 20 s each, in a call with baresip: strangers send 5,000 or 20,000 messages a second, or 2,000 packets of media, of which half
are a loud tone; the gap is the longest between two packets of our voice, and the registrar asks OPTIONS 20 times a second. The soak is of sipp's calls,
one after the other, after 6,000 that fill the call log; its memory is what stays once all that nobody needs was given back.
The aec, ns, plc and jb rows are of the voice bench (tools/voicebench), means over its seeds; their anchors are named. In them a goal is the least
a value shall be unless it says otherwise; [VOICE.md](VOICE.md) has what those that are missed would take. Loss is one packet of 20 ms in ten; Opus is at 48 kbit/s at the most, G.722's anchor is the last packet again.
The delay of jb rows is what the buffer adds to the fastest packet, wherever the packets fall between the sound card's frames.
Instructions are of ARMv7, counted by QEMU: mean of a tick of 10 ms for echo and noise together (aec_ns; speexdsp at 16 kHz) and for a whole
hands-free call in Opus, and the costliest tick that makes up sound. A near loss is of the worst scene; a recovery that never comes counts until the end of the scene.
Fail-over is from the wish to call, with the first of two servers gone without a word, to the answer through the second; fail-back is until the
phone is registered with the first again, a call through the second going on. Link losses are of 5 s and 60 s (600 s in virtual time, by
sip/ua TestLinkLoss). All five are the worst of those over UDP and TCP; all but link losses three times each. baresip calls by the same DNS names.
The usb rows are ten minutes of virtual time with the PC's clock 300 ppm off, natively. Mouth to ear is from the microphone of one phone
to the loudspeaker of another in virtual time, over a network of 1 ms, without the sound cards' own buffers (10 ms at the least). In QEMU it is from the microphone to what baresip records,
with the buffers of the emulated sound card, which are nearly all of it. The handsfree rows are ten minutes of the image with two processors in
a call in Opus, echo and noise taken out, its screen drawn 30 times a second, and odp on a computer asking for the calls five times a second; a try with gaps is repeated, three times at the most, and the last one counts.

| id | ours | goal | anchor | unit | command |
|---|---|---|---|---|---|
`

// tell prints what was measured, and writes it to the file if there is one.
func (b *bench) tell() error {
	fmt.Print(b.table(page{}))
	if cli.Write == "" {
		return nil
	}
	before, err := readPage(cli.Write)
	if err != nil {
		return err
	}
	return os.WriteFile(cli.Write, []byte(b.table(before)), 0o644)
}

// table gives the file: what was measured now, and what was before of all else.
func (b *bench) table(before page) string {
	var out bytes.Buffer
	out.WriteString(preamble)
	for _, f := range figures {
		if r, ok := b.got[f.id]; ok {
			fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | `build/bench --only %s` |\n",
				f.id, dash(r.ours), dash(f.aim), dash(r.anchor), f.unit, f.id)
		} else {
			out.WriteString(before.rows[f.id])
		}
	}
	out.WriteString(cmp.Or(b.below, before.below))
	return out.String()
}

// page is a file of figures.
type page struct {
	rows  map[string]string // whole lines by id
	below string            // what stands below them
}

// readPage reads a file that was written before; one that is not there has nothing.
func readPage(path string) (page, error) {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return page{}, err
	}
	_, table, _ := strings.Cut(string(b), "|---|---|---|---|---|---|\n")
	p := page{rows: map[string]string{}}
	for table != "" {
		line, rest, _ := strings.Cut(table, "\n")
		id, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if !ok || !strings.HasPrefix(line, "| ") {
			break
		}
		p.rows[id], table = line+"\n", rest
	}
	p.below = table
	return p, nil
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
