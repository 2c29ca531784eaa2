// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"

	"mach/issue"
)

// Cori estimates the instantaneous reproduction number in each window (Cori et
// al. 2013): the cases of day t are Poisson with mean R·Λ(t), Λ(t) the earlier
// cases, imported ones too, weighted by the serial interval; the prior is
// gamma, so the posterior is. Several intervals are taken as equally likely
// (UncertainInterval); each must reach a window for the window to have numbers.
func Cori(c Incidence, prior Prior, windows []Window, intervals ...SerialInterval) ([]Rt, error) {
	if err := c.check(windows); err != nil {
		return nil, err
	}
	if !(prior.Mean > 0 && prior.SD > 0 && prior.Mean <= 1e6 && prior.SD <= 1e6) {
		return nil, issue.New(issue.Value, "outbreak.rt.prior").At("mean_prior")
	}
	if len(intervals) == 0 {
		return nil, issue.New(issue.Required, "outbreak.rt.interval").At("si_distr")
	}
	out := make([]Rt, len(windows))
	for i, w := range windows {
		out[i] = Rt{Window: w, Cases: sum(c.Local[w.From : w.To+1]), post: make([]gammaDist, 0, len(intervals))}
	}
	for _, si := range intervals {
		if err := si.check(); err != nil {
			return nil, err
		}
		c.update(out, prior, si)
	}
	for i := range out {
		out[i].summarise(len(intervals))
	}
	return out, nil
}

// update adds the posterior under one serial interval to each window.
func (c Incidence) update(out []Rt, prior Prior, si SerialInterval) {
	pressure, mean := c.pressure(si), si.Mean()
	a, rate := prior.Mean*prior.Mean/(prior.SD*prior.SD), prior.Mean/(prior.SD*prior.SD)
	for i := range out {
		r := &out[i]
		if float64(r.To+1) <= mean {
			r.Reason = ShortHistory
			continue
		}
		force := sum(pressure[r.From : r.To+1])
		if force == 0 && r.Reason == Judged {
			r.Reason = NoBaseline
		}
		r.post = append(r.post, gammaDist{shape: a + r.Cases, scale: 1 / (rate + force)})
	}
}

// pressure is Λ of every day: the cases of earlier days weighted by how likely
// they infect on this one.
func (c Incidence) pressure(si SerialInterval) []float64 {
	out := make([]float64, len(c.Local))
	for t := range out {
		for s := 1; s <= t && s < len(si); s++ {
			out[t] += (c.Local[t-s] + c.Imported[t-s]) * si[s]
		}
	}
	return out
}

// summarise takes the moments of the posteriors and says whether they count.
func (r *Rt) summarise(want int) {
	if len(r.post) < want {
		r.post = nil
		return
	}
	var mean, square float64
	for _, g := range r.post {
		m := g.mean()
		mean += m
		square += g.variance() + m*m
	}
	n := float64(len(r.post))
	r.Mean = mean / n
	if r.SD = r.post[0].scale * math.Sqrt(r.post[0].shape); len(r.post) > 1 {
		r.SD = math.Sqrt(max(0, square/n-r.Mean*r.Mean))
	}
	if r.Reason == Judged && r.Cases < FewCases {
		r.Reason = TooFewCases
	}
}

// CaseR is the mean number of others that a case with onset in the window
// infected (Wallinga–Teunis).
type CaseR struct {
	Window
	Cases  float64
	Reason Reason // Judged, TooFewCases (see FewCases), or NoBaseline without a case and so without numbers
	// SD is that of who infected whom; the onsets themselves are taken as known.
	Mean, SD float64
}

// WallingaTeunis looks back on who infected whom (Wallinga and Teunis 2004, Am
// J Epidemiol 160:509): each case was infected by an earlier one, with
// probability in proportion to the serial interval between them. Cases still
// to come are not counted, so the last windows are too low. Imported cases may
// be infected here in this model, as in EpiEstim's.
func WallingaTeunis(c Incidence, windows []Window, si SerialInterval) ([]CaseR, error) {
	if err := c.check(windows); err != nil {
		return nil, err
	}
	if err := si.check(); err != nil {
		return nil, err
	}
	n := len(c.Local)
	all := make([]float64, n)
	for t := range all {
		all[t] = c.Local[t] + c.Imported[t]
	}
	pressure := c.pressure(si)
	out := make([]CaseR, len(windows))
	for i, w := range windows {
		r := CaseR{Window: w, Cases: sum(all[w.From : w.To+1])}
		if r.Cases == 0 {
			r.Reason = NoBaseline
			out[i] = r
			continue
		}
		if r.Cases < FewCases {
			r.Reason = TooFewCases
		}
		variance := 0.0
		for t := w.From + 1; t < min(n, w.To+len(si)); t++ {
			if all[t] == 0 || pressure[t] == 0 {
				continue
			}
			q := 0.0 // probability that a case of day t was infected by one of the window
			for s := max(1, t-w.To); s <= t-w.From && s < len(si); s++ {
				q += all[t-s] * si[s]
			}
			q = min(1, q/pressure[t])
			r.Mean += all[t] * q
			variance += all[t] * q * (1 - q)
		}
		r.Mean, r.SD = r.Mean/r.Cases, math.Sqrt(variance)/r.Cases
		out[i] = r
	}
	return out, nil
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}
