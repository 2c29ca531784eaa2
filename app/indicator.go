// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mach/modules/indicators"
	"mach/vn"
)

type indicatorCmd struct {
	Config
	Code   string `required:"" help:"Id of the indicator."`
	Unit   string `required:"" help:"Code of the unit, on the map asked for; VN for the nation."`
	Period string `required:"" help:"2026-11-21, 2026-W47, 2026-11 or 2026."`
	AsOf   string `name:"as-of" help:"As the record stood then: 2026-11-21T15:00:00+07:00, or 2026-11-21 for the end of that day. Folds the log anew."`
	Map    string `default:"now" enum:"now,then" help:"Units of today, with all that became part of them, or those of the last day of the period."`
}

// figure is the result; null is what is not known or does not apply.
type figure struct {
	Code        string   `json:"code"`
	Unit        string   `json:"unit"`
	Period      string   `json:"period"`
	Numerator   int64    `json:"numerator"`
	Denominator *int64   `json:"denominator"`
	Value       *float64 `json:"value"`
	Complete    bool     `json:"complete"`
	Position    int64    `json:"position"`
}

func (c *indicatorCmd) Run(ctx context.Context, s Streams) error {
	r := indicators.Reading{Indicator: c.Code, Unit: vn.Nation, Map: vn.DateOf(now())}
	var err error
	if r.Period, err = indicators.ParsePeriod(c.Period); err != nil {
		return fmt.Errorf("%w: period %q", ErrUsage, c.Period)
	}
	if r.AsOf, err = asOf(c.AsOf); err != nil {
		return fmt.Errorf("%w: --as-of %q is no instant and no day", ErrUsage, c.AsOf)
	}
	if c.Map == "then" {
		r.Map = min(r.Map, r.Period.To)
	}
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return err
	}
	return errors.Join(c.print(ctx, a, r, s), a.Close())
}

func (c *indicatorCmd) print(ctx context.Context, a *App, r indicators.Reading, s Streams) error {
	if c.Unit != "VN" {
		u, ok := a.Units.ByCode(c.Unit, r.Map)
		if !ok {
			return fmt.Errorf("%w: no unit %s on %s", ErrUsage, c.Unit, r.Map)
		}
		r.Unit = u.ID
	}
	if err := a.followNow(ctx); err != nil {
		return err
	}
	v, err := a.indicators.Read(ctx, system(), r)
	if err != nil {
		return inWords(err)
	}
	out := figure{Code: c.Code, Unit: c.Unit, Period: r.Period.String(), Numerator: v.Numerator, Complete: v.Complete, Position: v.Position}
	if v.Denominator > 0 {
		out.Denominator = &v.Denominator
	}
	if v.HasRate {
		out.Value = &v.Rate
	}
	return json.NewEncoder(s.Out).Encode(out)
}

// asOf reads an instant, or a day as its end; the zero time for nothing.
func asOf(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := vn.ParseDate(s); err == nil {
		return d.AddDays(1).Time(), nil
	}
	return time.Parse(time.RFC3339, s)
}
