package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/audio/jitter"
	"opendeskphone/tools/lab"
)

// jbCommand plays through the jitter buffer.
type jbCommand struct {
	Trace string        `required:"" type:"existingfile" placeholder:"FILE" help:"Packets, a line each: number, time sent, time of arrival, in ms, by commas. No time of arrival: lost."`
	Ptime int           `name:"ptime" default:"20" enum:"10,20,40,60" help:"Length of a packet in ms: 10, 20, 40 or 60."`
	Phase float64       `default:"-1" placeholder:"MS" help:"Time from the first arrival to the first frame played. Without it, ten runs of 0.5 to 9.5 ms are averaged."`
	Max   time.Duration `default:"400ms" help:"Greatest delay of the buffer, as in the phone's settings."`
	In    string        `type:"existingfile" placeholder:"WAV" help:"What is spoken, again and again. Without it, a buzzing voice: 1.2 s of talk and 0.4 s of pause."`
	Out   string        `placeholder:"WAV" help:"Where to write what is heard, in the first run."`
	CSV   string        `name:"csv" placeholder:"FILE" help:"Where to write what happened every 10 ms, in the first run."`
}

// Help is the part of the manual below the summary.
func (jbCommand) Help() string {
	return `Plays a stream of G.711 packets that come as the trace says, and prints how it was heard, in one line:

  net-loss   packets of the trace that never come, in percent of all
  concealed  frames of 10 ms made up for want of a packet, lost or late, in percent of all that were played. Time scaling, which only
             ever uses sound that came, does not count
  stretched  time put in and
  shrunk     time left out by time scaling, in percent of what was played
  delay      mean and 95th percentile, in ms, of what the buffer adds: when a sample is played, less when it was sent, less the least
             time that any packet of the trace took. Every frame counts once, by its first sample, those made up too

The phone's sound card takes a frame every 10 ms, wherever the packets fall between; a packet that comes just after a frame was taken
waits for the next. That alone is a delay of 0 to 10 ms, by chance, 5 ms on the average. So the trace is played ten times, the first frame
0.5, 1.5, ... 9.5 ms after the first packet, and all figures but the file's are means of the ten. A --phase of 0 puts the frames just behind the
first packet, which is as most programs do that play traces; the packets that take longer than the first then just miss their frame.

The file of --csv has a line for each frame: time in ms, time within the stream of the sample played then, delay as above, delay aimed at
above the fastest packets, and since the start frames made up, samples put in, samples left out. Frames made up are counted when the next
packet has come: only then is it known that the sender did not pause.`
}

// packet is one line of a trace; times in ms.
type packet struct {
	seq          int
	sent, arrive float64
}

// trace is what a network did to a stream.
type trace struct {
	sent    int
	came    []packet // by arrival
	fastest float64  // ms
}

func (c *jbCommand) Run(stdout io.Writer) error {
	t, err := readTrace(c.Trace)
	if err != nil {
		return err
	}
	say, err := c.voice()
	if err != nil {
		return err
	}
	var sum heard
	phases := []float64{c.Phase}
	if c.Phase < 0 {
		phases = []float64{0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5}
	}
	for i, phase := range phases {
		h, err := c.play(t, say, phase)
		if err != nil {
			return err
		}
		if i == 0 {
			if err := c.write(h); err != nil {
				return err
			}
		}
		sum.add(h, 1/float64(len(phases)))
	}
	_, err = fmt.Fprintf(stdout, "jitter packets %d net-loss %.2f%% concealed %.2f%% stretched %.2f%% shrunk %.2f%% delay mean %.1f p95 %.1f ms\n",
		t.sent, 100*(1-float64(len(t.came))/float64(t.sent)), sum.concealed, sum.stretched, sum.shrunk, sum.mean, sum.p95)
	return err
}

func readTrace(path string) (trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return trace{}, err
	}
	defer f.Close()
	t := trace{fastest: math.Inf(1)}
	r := csv.NewReader(bufio.NewReader(f))
	r.FieldsPerRecord = 3
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = t.take(row)
		}
		if err != nil {
			line, _ := r.FieldPos(0)
			return t, fmt.Errorf("%s: line %d: %w", path, line, err)
		}
	}
	if len(t.came) == 0 {
		return t, fmt.Errorf("%s: no packet arrives", path)
	}
	slices.SortStableFunc(t.came, func(a, b packet) int { return cmp.Compare(a.arrive, b.arrive) })
	return t, nil
}

// take takes in one line.
func (t *trace) take(row []string) (err error) {
	var p packet
	if p.seq, err = strconv.Atoi(row[0]); err != nil || p.seq < 0 {
		return errors.New("no packet number: " + row[0])
	}
	if p.sent, err = strconv.ParseFloat(row[1], 64); err != nil {
		return err
	}
	t.sent++
	if row[2] == "" {
		return nil
	}
	if p.arrive, err = strconv.ParseFloat(row[2], 64); err != nil {
		return err
	}
	t.came = append(t.came, p)
	t.fastest = min(t.fastest, p.arrive-p.sent)
	return nil
}

// voice gives the payloads of the packets by their number.
func (c *jbCommand) voice() (func(seq int) []byte, error) {
	f := buzz()
	if c.In != "" {
		var err error
		if f, _, err = load(c.In); err != nil {
			return nil, err
		}
	}
	e, _, err := codec.PCMU.New()
	if err != nil {
		return nil, err
	}
	n := c.Ptime / 10
	var packets [][]byte
	for ; len(f) >= n; f = f[n:] {
		packets = append(packets, e.Encode(nil, f[:n]))
	}
	if len(packets) == 0 {
		return nil, fmt.Errorf("%s: shorter than a packet", c.In)
	}
	return func(seq int) []byte { return packets[seq%len(packets)] }, nil
}

// buzz is 19.2 s of a voice: vowels at a pitch that moves about 120 Hz, and pauses.
func buzz() []audio.Frame {
	f := make([]audio.Frame, 1920)
	phase := 0.0
	for i := range len(f) * audio.FrameLen {
		at := float64(i) / audio.Rate
		phase += 2 * math.Pi * (120 + 30*math.Sin(2*math.Pi*0.7*at)) / audio.Rate
		if math.Mod(at, 1.6) > 1.2 {
			continue
		}
		v := 0.0
		for k := 1.0; k < 12; k++ {
			v += math.Sin(k*phase+k*at) / k
		}
		f[i/audio.FrameLen][i%audio.FrameLen] = float32(0.15 * v * (1.2 + math.Sin(2*math.Pi*3*at)))
	}
	return f
}

// heard is how a trace was heard.
type heard struct {
	concealed, stretched, shrunk float64 // percent
	mean, p95                    float64 // ms
	rows                         [][]string
	sound                        []audio.Frame
}

func (h *heard) add(o heard, weight float64) {
	h.concealed += o.concealed * weight
	h.stretched += o.stretched * weight
	h.shrunk += o.shrunk * weight
	h.mean += o.mean * weight
	h.p95 += o.p95 * weight
}

// play takes a frame every 10 ms while packets come.
func (c *jbCommand) play(t trace, say func(int) []byte, phase float64) (h heard, err error) {
	_, d, err := codec.PCMU.New()
	if err != nil {
		return h, err
	}
	b := jitter.New(jitter.Config{Clock: codec.PCMU.Clock, Max: c.Max}, d)
	var delays []float64
	var f audio.Frame
	coming := t.came
	for tick := 0; len(coming) > 0; tick++ {
		now := t.came[0].arrive + 0.001 + phase + float64(tick)*10
		for ; len(coming) > 0 && coming[0].arrive <= now; coming = coming[1:] {
			p := coming[0]
			b.Put(jitter.Packet{Seq: uint16(p.seq), TS: uint32(math.Round(p.sent * float64(codec.PCMU.Clock) / 1000)), Payload: say(p.seq),
				Arrival: time.UnixMicro(int64(p.arrive * 1000))})
		}
		at := float64(b.Position()) * 1000 / audio.Rate
		b.Get(&f)
		delays = append(delays, now-at-t.fastest)
		h.note(c, now, at, now-at-t.fastest, b.Stats())
		if c.Out != "" {
			h.sound = append(h.sound, f)
		}
	}
	h.sum(delays, b.Stats())
	return h, nil
}

// note keeps the line of one frame.
func (h *heard) note(c *jbCommand, now, at, delay float64, s jitter.Stats) {
	if c.CSV == "" {
		return
	}
	ms := func(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }
	n := func(v uint64) string { return strconv.FormatUint(v, 10) }
	h.rows = append(h.rows, []string{ms(now), ms(at), ms(delay), ms(s.Target.Seconds() * 1000), n(s.Concealed), n(s.Stretched), n(s.Shrunk)})
}

func (h *heard) sum(delays []float64, s jitter.Stats) {
	for _, d := range delays {
		h.mean += d / float64(len(delays))
	}
	slices.Sort(delays)
	h.p95 = delays[len(delays)*95/100]
	frames := float64(s.Frames)
	h.concealed = 100 * float64(s.Concealed) / frames
	h.stretched = 100 * float64(s.Stretched) / audio.FrameLen / frames
	h.shrunk = 100 * float64(s.Shrunk) / audio.FrameLen / frames
}

// write writes the files that were asked for.
func (c *jbCommand) write(h heard) error {
	if c.Out != "" {
		like := lab.Clip{Rate: audio.Rate, Samples: make([]float32, len(h.sound)*audio.FrameLen)}
		if err := save(c.Out, h.sound, like); err != nil {
			return err
		}
	}
	if c.CSV == "" {
		return nil
	}
	f, err := os.Create(c.CSV)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	err = w.WriteAll(append([][]string{{"time_ms", "stream_ms", "delay_ms", "target_ms", "concealed", "stretched", "shrunk"}}, h.rows...))
	return errors.Join(err, f.Close())
}
