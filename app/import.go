// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mach/app/intake"
	"mach/i18n"
	"mach/vn"
)

type importCmd struct {
	Config
	Lang  string   `default:"en" enum:"vi,en" help:"Language of the reasons."`
	Files []string `arg:"" name:"file" help:"Bundles and resources in JSON, NDJSON (also .gz), lists in .xlsx or .csv; - for standard input."`
}

// replaced is what mach import replaces beside records.
var replaced = []string{"units", "boundaries", "terminology"}

func (c *importCmd) Run(ctx context.Context, s Streams) error {
	if slices.Contains(replaced, c.Files[0]) {
		return fmt.Errorf("%w: importing %s is not built yet", ErrUsage, c.Files[0])
	}
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return err
	}
	m := &intake.Importer{Store: a.Store, Actor: system(), Words: a.catalogue, Lang: i18n.Lang(c.Lang), Units: a.Units, Today: vn.DateOf(time.Now()), In: s.In}
	totals, err := m.Import(ctx, c.Files, s.Out)
	if err == nil && totals.Refused > 0 {
		err = ErrFaults
	}
	return errors.Join(err, a.Close())
}
