// Package corpus makes the sounds and networks on which the voice is measured: rooms with a loudspeaker and a talker, noise, packets that
// are lost or late. All of it is drawn from a seed, so that the same seed gives the same corpus, and another one other talkers, sentences,
// rooms, noise and times under the same conditions.
package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"opendeskphone/audio"
	"opendeskphone/audio/codec"
	"opendeskphone/tools/lab"
	"opendeskphone/tools/voicebench/dsp"
)

// Rate is the sample rate of the corpus in Hz.
const Rate = 16000

// Talkers are voices, each with some sentences, without silence at their ends.
type Talkers [][][]float64

// voices of espeak-ng; what they say is in their language.
var voices = []string{"en-us+m3", "en-gb+f2", "de+m1", "fr+f3", "es+m5", "it+f4", "en-us+f1", "de+f5", "fr+m2", "es+f2"}

var sentences = map[string][]string{
	"en": {"Leave the parcel with the neighbour if nobody opens.", "The last bus crosses the bridge at twenty past nine.",
		"Her brother repairs old radios in a shed by the canal.", "Can you spell the name of the street for me, please?",
		"Snow lay on the roofs until the middle of March.", "We moved the long table closer to the window."},
	"de": {"Der Schlüssel liegt unter dem dritten Blumentopf.", "Am Samstag fahren wir mit dem Rad an den See.",
		"Können Sie die Nummer bitte noch einmal wiederholen?", "Die Werkstatt schließt heute schon um halb fünf."},
	"fr": {"Le facteur passe toujours vers dix heures du matin.", "Il pleut depuis lundi sur toute la côte.",
		"Est-ce que tu peux fermer la fenêtre de la cuisine?", "Ma sœur apprend à jouer du violon."},
	"es": {"La biblioteca cierra a las ocho de la tarde.", "Hemos comprado pan y queso para el viaje.",
		"¿Puede repetir el número de la calle, por favor?", "Los niños juegan en la plaza del pueblo."},
	"it": {"Il negozio di fronte vende scarpe e cappelli.", "Ci vediamo davanti alla stazione alle sei.",
		"Può ripetere il numero di telefono, per favore?", "La nonna prepara il pranzo della domenica."},
}

// Synthetic lets espeak-ng speak.
func Synthetic() (Talkers, error) {
	var out Talkers
	for _, voice := range voices {
		var said [][]float64
		for _, text := range sentences[voice[:2]] {
			x, err := speak(voice, text)
			if err != nil {
				return nil, err
			}
			said = append(said, x)
		}
		out = append(out, said)
	}
	return out, nil
}

func speak(voice, text string) ([]float64, error) {
	var sound, complaint bytes.Buffer
	cmd := exec.Command("espeak-ng", "-v", voice, "-s", "150", "--stdout", text)
	cmd.Stdout, cmd.Stderr = &sound, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("corpus: espeak-ng: %w: %s", err, complaint.String())
	}
	c, err := lab.ParseWAV(sound.Bytes())
	if err != nil {
		return nil, err
	}
	return trimmed(doubles(c.At(Rate))), nil
}

// The bounds of a folder of recordings.
const (
	maxTalkers   = 64
	maxSentences = 40 // of a talker
	shortest     = Rate * 8 / 10
	longest      = 9 * Rate
)

// Recorded takes the WAV files of 16 bits and the files of G.722 below a folder: each folder is a talker. Files are used if they hold at least 0.8 s of sound at
// 14.4 kHz or more and are not overdriven; of each the first 9 s, of a talker the first 40 files, and of the folder the first 64 talkers,
// by name.
func Recorded(dir string) (Talkers, error) {
	var out Talkers
	said := map[string]int{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if ext := strings.ToLower(filepath.Ext(path)); err != nil || d.IsDir() || ext != ".wav" && ext != ".g722" {
			return err
		}
		who, known := said[filepath.Dir(path)]
		if !known && len(out) == maxTalkers || known && len(out[who]) == maxSentences {
			return nil
		}
		x := recording(path)
		if x == nil {
			return nil
		}
		if !known {
			who = len(out)
			said[filepath.Dir(path)] = who
			out = append(out, nil)
		}
		out[who] = append(out[who], x)
		return nil
	})
	if err == nil && len(out) == 0 {
		err = errors.New("corpus: no usable recording below " + dir)
	}
	return out, err
}

// recording gives the sound of a file, nil if it is of no use.
func recording(path string) []float64 {
	c, err := clipOf(path)
	if err != nil || c.Rate < Rate*9/10 {
		return nil
	}
	clipped := 0
	for _, v := range c.Samples {
		if v > 0.999 || v < -0.999 {
			clipped++
		}
	}
	x := trimmed(doubles(c.At(Rate)))
	if len(x) < shortest || clipped > len(c.Samples)/1000 {
		return nil
	}
	return trimmed(x[:min(len(x), longest)])
}

// clipOf reads a WAV file, or one that is nothing but the codes of G.722, as exchanges keep their prompts.
func clipOf(path string) (lab.Clip, error) {
	if strings.EqualFold(filepath.Ext(path), ".wav") {
		return lab.ReadWAV(path)
	}
	codes, err := os.ReadFile(path)
	if err != nil {
		return lab.Clip{}, err
	}
	_, dec, err := codec.G722.New()
	if err != nil {
		return lab.Clip{}, err
	}
	const packet = 160 // of 20 ms
	c := lab.Clip{Rate: audio.Rate}
	var block [2 * audio.FrameLen]float32
	for ; len(codes) >= packet; codes = codes[packet:] {
		if _, err := dec.Decode(block[:], codes[:packet]); err != nil {
			return c, err
		}
		c.Samples = append(c.Samples, block[:]...)
	}
	return c, nil
}

func doubles(c lab.Clip) []float64 {
	out := make([]float64, len(c.Samples))
	for i, v := range c.Samples {
		out[i] = float64(v)
	}
	return out
}

// trimmed cuts off both ends what lies more than 40 dB under the loudest 20 ms.
func trimmed(x []float64) []float64 {
	const n = Rate / 50
	loud := active(x, 40)
	from, to := 0, len(loud)
	for from < to && !loud[from] {
		from++
	}
	for to > from && !loud[to-1] {
		to--
	}
	return x[from*n : to*n]
}

// active says which pieces of 20 ms lie within so many dB of the loudest.
func active(x []float64, db float64) []bool {
	p := dsp.Powers(x, Rate/50)
	most := 0.0
	for _, v := range p {
		most = max(most, v)
	}
	out := make([]bool, len(p))
	for i, v := range p {
		out[i] = v > most*math.Pow(10, -db/10)
	}
	return out
}

// dBm0 is the level in dBov of 0 dBm0 (ITU-T G.100.1), with the RMS of full-scale DC as 0 dBov.
const dBm0 = -6.15

// leveled gives x with an active speech level in dBm0: over the 20 ms within 35 dB of the loudest, which is close to ITU-T P.56.
func leveled(x []float64, level float64) []float64 {
	p, n := 0.0, 0.0
	powers := dsp.Powers(x, Rate/50)
	for i, speaks := range active(x, 35) {
		if speaks {
			p, n = p+powers[i], n+1
		}
	}
	if p == 0 {
		return x
	}
	return scaled(x, math.Pow(10, (level+dBm0)/20)/math.Sqrt(p/n))
}

func scaled(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v * by
	}
	return out
}

// some are n of them, different ones as far as there are so many: one sentence at both ends at once, sample by sample, is not to be met
// with in life, and no canceller can tell it from echo.
func (t Talkers) some(r *rand.Rand, n int) [][][]float64 {
	order, out := r.Perm(len(t)), make([][][]float64, n)
	for i := range out {
		out[i] = t[order[i%len(t)]]
	}
	return out
}

// speech has talkers say one sentence after another, of slightly different level, with pauses of some seconds.
func speech(r *rand.Rand, seconds float64, shortestPause, longestPause float64, talkers ...[][]float64) []float64 {
	out := make([]float64, int(seconds*Rate))
	for at, i := 0, 0; at < len(out); i++ {
		who := talkers[i%len(talkers)]
		said := leveled(who[r.IntN(len(who))], -20+between(r, -2, 2))
		at += copy(out[at:], faded(said)) + int(between(r, shortestPause, longestPause)*Rate)
	}
	return out
}

func between(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }

// faded softens 5 ms at both ends.
func faded(x []float64) []float64 {
	n := min(Rate/200, len(x)/4)
	out := append([]float64(nil), x...)
	for i := range n {
		out[i] *= float64(i) / float64(n)
		out[len(x)-1-i] *= float64(i) / float64(n)
	}
	return out
}
