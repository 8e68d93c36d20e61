package voicebench

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"opendeskphone/tools/voicebench/corpus"
	"opendeskphone/tools/voicebench/score"
)

// scene is a scene of the corpus on disk.
type scene struct {
	corpus.Scene
	dir  string
	near []float64 // in the band that is measured
}

func (s *scene) file(name string) string { return filepath.Join(s.dir, name+".wav") }

// cut is the part of x from one time to another, in seconds.
func cut(x []float64, from, to float64) []float64 {
	return x[int(from*corpus.Rate):min(int(to*corpus.Rate), len(x))]
}

func (b *Bench) scene(c corpus.Condition, seed int, dir string) (*scene, error) {
	s := &scene{Scene: b.Talkers.Scene(c, seed), dir: dir}
	s.near = score.NearBand(s.Near, corpus.Rate)
	return s, errors.Join(write(s.file("far"), s.Far, corpus.Rate), write(s.file("mic"), s.Mic, corpus.Rate))
}

// cancel has all systems take the echo out, each into the file of its name, and ours once more by its filters alone, as speexdsp.
func (b *Bench) cancel(ctx context.Context, s *scene) error {
	_, err := call(ctx, b.DSPBench, "aec", "-far", s.file("far"), "-mic", s.file("mic"), "-out", s.file(Ours), "-linear", s.file(Ours+" linear"))
	for _, args := range [][]string{{"speex", "aec", "speexdsp"}, {"speex", "linear", "speexdsp linear"}, {"webrtc", "aec", "webrtc"}} {
		if err == nil {
			_, err = b.anchor(ctx, args[0], args[1], s.file("far"), s.file("mic"), s.file(args[2]))
		}
	}
	return err
}

// Echo measures echo cancellation.
func (b *Bench) Echo(ctx context.Context) (Values, error) {
	var t tally
	err := b.each(ctx, "echo", len(corpus.Conditions)*len(b.Seeds), func(i int, dir string) error {
		s, err := b.scene(corpus.Conditions[i%len(corpus.Conditions)], b.Seeds[i/len(corpus.Conditions)], dir)
		if err == nil {
			err = b.cancel(ctx, s)
		}
		for _, system := range []string{Ours, "speexdsp", "webrtc"} {
			if err == nil {
				err = s.judge(&t, system)
			}
		}
		return err
	})
	return t.values("aec_dt_near_loss_db", "aec_dt_change_near_loss_db"), err
}

// judge measures what a system made of the scene.
func (s *scene) judge(t *tally, system string) error {
	out, err := read(s.file(system), len(s.Mic))
	if err != nil {
		return err
	}
	add := func(id string, v float64) { t.add("aec_"+id, system, v) }
	if strings.HasPrefix(s.Name, "st_") {
		s.judgeSingle(add, out)
	}
	if s.Double > 0 {
		s.judgeDouble(add, out)
	}
	if system == "webrtc" || !strings.HasPrefix(s.Name, "st_drift_") || !strings.HasSuffix(s.Name, "100") {
		return nil
	}
	linear, err := read(s.file(system+" linear"), len(s.Mic))
	r := s.returns(linear)
	add("drift100_linear_erle_db", r.Over(r.Length()-6, r.Length()+1))
	return err
}

func (s *scene) returns(out []float64) score.Return {
	return score.NewReturn(cut(s.Echo, 0, s.Single), cut(s.Mic, 0, s.Single), cut(out, 0, s.Single), corpus.Rate)
}

// judgeSingle measures the echo's return while the far side alone talks: over the first second and a half, over the last 6 s, and the time
// until 20 dB hold again after a change.
func (s *scene) judgeSingle(add func(string, float64), out []float64) {
	r := s.returns(out)
	late := r.Over(r.Length()-6, r.Length()+1)
	if strings.HasPrefix(s.Name, "st_drift_") && strings.HasSuffix(s.Name, "300") {
		add("drift300_erle_db", late)
	}
	if s.Extra {
		return
	}
	add("erle_converged_db", late)
	add("erle_1s_db", r.Over(0.5, 1.5))
	if at := max(s.ChangeAt, s.JumpAt); at > 0 {
		add("recovery_s", min(r.Regained(at), s.Single-at))
	}
}

// aligned takes a system's delay out, by the near end's last words, and what is not measured.
func (s *scene) aligned(out []float64) []float64 {
	end := float64(len(out)) / corpus.Rate
	alone := end - s.Alone + 0.5 // the last word of the far side has died away
	late := score.Latency(cut(out, alone, end), cut(s.Near, alone, end), corpus.Rate)
	return score.NearBand(score.Advance(out, late), corpus.Rate)
}

// judgeDouble measures what became of the near end while both talked.
func (s *scene) judgeDouble(add func(string, float64), out []float64) {
	out = s.aligned(out)
	from, to := s.Single, s.Single+s.Double
	if from == 0 && !s.Turns {
		from = 2 // what begins with double talk may learn for so long
	}
	x, y := cut(s.near, from, to), cut(out, from, to)
	if s.Turns {
		add("conversation_sdr_db", score.SDR(y, x))
		return
	}
	for _, at := range []float64{s.ChangeAt, s.JumpAt} {
		if at > 0 {
			e := score.After(y, x, corpus.Rate, at-from)
			add("dt_change_sdr_db", e.SDR)
			add("dt_change_near_loss_db", e.Loss)
			add("dt_change_recovery_s", min(e.Recovery, to-at))
		}
	}
	if s.Extra {
		return
	}
	q := score.Compare(x, y, corpus.Rate)
	add("dt_sdr_db", score.SDR(y, x))
	add("dt_near_loss_db", score.Median(score.NearLoss(y, x, corpus.Rate)))
	add("dt_ld", q.LD)
	add("dt_estoi", q.ESTOI)
}
