// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pelletier/go-toml/v2"

	"mach/vn"
)

//go:embed telehealth
var telehealthFiles embed.FS

// ConsultationTime is how soon a consultation of one urgency is answered. Each
// is counted from the moment it was asked.
type ConsultationTime struct {
	Code     string // FHIR request-priority: stat, urgent, routine
	Accept   time.Duration
	Answer   time.Duration
	Conclude time.Duration
}

type consultationPeriod struct {
	from vn.Date
	list []ConsultationTime
}

var consultationTimes = sync.OnceValue(func() []consultationPeriod { return must(loadConsultationTimes()) })

// ConsultationTimes returns the times in force on the day, the most urgent
// first: those of the latest period that had begun, the first period's for
// earlier days.
func ConsultationTimes(on vn.Date) []ConsultationTime {
	all := consultationTimes()
	for i := len(all) - 1; i > 0; i-- {
		if all[i].from <= on {
			return all[i].list
		}
	}
	return all[0].list
}

func loadConsultationTimes() ([]consultationPeriod, error) {
	b, err := telehealthFiles.ReadFile("telehealth/times.toml")
	if err != nil {
		return nil, err
	}
	var file struct {
		Period []struct {
			From    string `toml:"valid_from"`
			Basis   string `toml:"basis"`
			Urgency []struct {
				Code     string `toml:"code"`
				Accept   int    `toml:"accept_minutes"`
				Answer   int    `toml:"answer_minutes"`
				Conclude int    `toml:"conclude_minutes"`
			} `toml:"urgency"`
		} `toml:"period"`
	}
	if err := toml.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("consultation times: %w", err)
	}
	var all []consultationPeriod
	for _, p := range file.Period {
		from, err := vn.ParseDate(p.From)
		if err != nil {
			return nil, fmt.Errorf("consultation times: %w", err)
		}
		period := consultationPeriod{from: from}
		for _, u := range p.Urgency {
			if u.Code == "" || u.Accept <= 0 || u.Answer < u.Accept || u.Conclude < u.Answer {
				return nil, fmt.Errorf("consultation times of %s: %q must have 0 < accept ≤ answer ≤ conclude", p.From, u.Code)
			}
			period.list = append(period.list, ConsultationTime{
				Code: u.Code, Accept: time.Duration(u.Accept) * time.Minute,
				Answer: time.Duration(u.Answer) * time.Minute, Conclude: time.Duration(u.Conclude) * time.Minute,
			})
		}
		if len(period.list) == 0 || p.Basis == "" {
			return nil, fmt.Errorf("consultation times of %s: no urgency or no basis", p.From)
		}
		all = append(all, period)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("consultation times: no period")
	}
	slices.SortFunc(all, func(a, b consultationPeriod) int { return int(a.from - b.from) })
	return all, nil
}
