// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"mach/app/definitions"
	"mach/app/intake"
	"mach/content"
	"mach/i18n"
	"mach/store"
	"mach/vn"
)

type importCmd struct {
	Config
	Lang    string   `default:"en" enum:"vi,en" help:"Language of the reasons."`
	Trusted bool     `help:"Do not validate resources: for files that were validated where they come from."`
	Files   []string `arg:"" name:"file" help:"Bundles and resources in JSON, NDJSON (also .gz), lists in .xlsx or .csv; - for standard input; or one of the words units, boundaries, terminology, endemic, epidemic-years, law, flat and one file of it."`
}

func (c *importCmd) Run(ctx context.Context, s Streams) error {
	if slices.Contains(definitions.Kinds, c.Files[0]) {
		if c.Files[0] != "terminology" || len(c.Files) < 2 {
			return c.define(s)
		}
		resources, in, err := holdsResources(c.Files[1], s.In)
		if s.In = in; err != nil {
			return err
		}
		if !resources {
			return c.define(s)
		}
		c.Files = c.Files[1:] // CodeSystem, ValueSet, ConceptMap: resources of the store, used at once
	}
	for _, name := range c.Files {
		if _, err := os.Stat(name); name != "-" && err != nil {
			return fmt.Errorf("%w: %w", ErrUsage, err)
		}
	}
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return err
	}
	m := &intake.Importer{Store: a.Store, Actor: system(), Words: a.catalogue, Lang: i18n.Lang(c.Lang), Units: a.Units, Today: vn.DateOf(time.Now()), In: s.In}
	if c.Trusted {
		m.Checks = store.Trust
	}
	totals, err := m.Import(ctx, c.Files, s.Out)
	if err == nil && totals.Refused > 0 {
		err = ErrFaults
	}
	return errors.Join(err, a.Close())
}

// define takes in what a ministry publishes; used from the next start on.
func (c *importCmd) define(s Streams) error {
	if len(c.Files) != 2 {
		return fmt.Errorf("%w: mach import %s FILE", ErrUsage, c.Files[0])
	}
	site := c.Config.site()
	units, err := site.Units()
	if err != nil {
		return err
	}
	words, err := content.Catalogue()
	if err != nil {
		return err
	}
	m := &definitions.Importer{Data: c.Data, Site: site, Units: units, Today: vn.DateOf(now()), Words: words, Lang: i18n.Lang(c.Lang), In: s.In}
	totals, err := m.Import(c.Files[0], c.Files[1], s.Out)
	if err == nil && totals.Refused > 0 {
		err = ErrFaults
	}
	return err
}

// holdsResources reports whether a file holds JSON rather than a table, by its
// first sign. in is standard input, of which nothing is lost.
func holdsResources(name string, in io.Reader) (bool, io.Reader, error) {
	if name != "-" {
		if strings.HasSuffix(name, ".gz") {
			return true, in, nil // tables come as they are
		}
		f, err := os.Open(name)
		if err != nil {
			return false, in, err
		}
		defer f.Close()
		first := bufio.NewReader(f)
		return opensJSON(first), in, nil
	}
	first := bufio.NewReader(in)
	return opensJSON(first), first, nil
}

func opensJSON(r *bufio.Reader) bool {
	text, _ := r.Peek(512) // a shorter file is one
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	return len(text) > 0 && text[0] == '{'
}
