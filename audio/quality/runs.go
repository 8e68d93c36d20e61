package quality

const (
	fewPackets = 50      // packets below which a report says nothing of the pattern
	manyGone   = 0.5     // share lost above which neither does
	enough     = 8       // reports until there is a verdict: 40 s at the usual pace
	aging      = 1. / 12 // weight of a report at most
	scattered  = 1.9     // spread up to which losses are single; runs of three packets give 4.4
)

// Runs tells from receiver reports whether packets are lost singly or in runs, which the reports do not say. Of single,
// independent losses the number in a report is binomially distributed; runs spread it wider, by (1+ρ)/(1-ρ) where ρ
// is the correlation of neighbours in Gilbert's model of a channel with two states.
type Runs struct {
	reports       int
	share, spread float64
}

// Report takes in one report: the number of packets it is about, and the share of them lost, 0..1.
func (r *Runs) Report(packets int, lost float64) {
	if packets < fewPackets || lost > manyGone {
		return
	}
	r.reports++
	weight := max(aging, 1/float64(r.reports))
	if r.reports > 1 && r.share > 0 {
		d := lost - r.share
		expected := r.share * (1 - r.share) / float64(packets) * (1 + weight) // the mean errs as well
		r.spread += (d*d/expected - r.spread) * max(aging, 1/float64(r.reports-1))
	}
	r.share += (lost - r.share) * weight
}

// Single tells that losses are known to be single ones. Until enough reports are in, they may be anything.
func (r *Runs) Single() bool { return r.reports >= enough && r.spread < scattered }
