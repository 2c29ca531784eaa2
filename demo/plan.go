// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"mach/vn"
)

// Plan says what to make. Two equal plans make equal content.
type Plan struct {
	Province string  `json:"province"` // code of today
	People   int     `json:"people"`   // with full records
	Years    int     `json:"years"`    // of notifiable cases
	Seed     uint64  `json:"seed"`
	Date     vn.Date `json:"date"` // the demonstration's today
	// Early is how many seconds of its day had passed when it began, 0 for the
	// whole morning: nothing is entered before it happens.
	Early int `json:"early,omitempty"`
}

// morning is by when all that a demonstration enters on its own day has happened.
const morning = 7 * time.Hour

// Begun is the plan as begun at a moment.
func (p Plan) Begun(now time.Time) Plan {
	p.Early = 0
	if gone := now.Sub(at(p.Date, 0, 0)); gone >= 0 && gone < morning {
		p.Early = max(1, int(gone/time.Second))
	}
	return p
}

// rng is the stream of choices for one thing: what it gives depends on the
// plan and the key alone.
func (p Plan) rng(key string) *rand.Rand {
	h := p.digest(key)
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(h[:8]), binary.BigEndian.Uint64(h[8:16])))
}

// id is the id of a generated resource, in the form of a UUID (version 8, RFC
// 9562: our own).
func (p Plan) id(key string) string {
	h := p.digest("id " + key)
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func (p Plan) digest(key string) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s %d %d %s", p.Province, p.Seed, p.Date, key))
}

// at is a time of day in Viet Nam.
func at(d vn.Date, hour, minute int) time.Time {
	return time.Unix(int64(d)*24*60*60, 0).UTC().Add(time.Duration(hour-7)*time.Hour + time.Duration(minute)*time.Minute)
}

// passed is at, but a moment that has passed on the day of the plan: what happens
// there until the morning's end comes sooner when it began sooner.
func (p Plan) passed(d vn.Date, hour, minute int) time.Time {
	t := at(d, hour, minute)
	if d != p.Date || p.Early == 0 {
		return t
	}
	midnight := at(d, 0, 0)
	return midnight.Add(time.Duration(p.Early) * t.Sub(midnight) / (morning / time.Second))
}

// weighted picks an index with the given weights.
func weighted(r *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := r.Float64() * sum
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
