// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"mach/access"
	"mach/issue"
	"mach/store"
)

// What commands return beside plain failures: wrong use (exit 2), and faults
// that the results already tell (exit 1).
var (
	ErrUsage  = errors.New("wrong use")
	ErrFaults = errors.New("faults found")
)

// Streams are what commands read and write. Media runs the media engine, which
// only the command links.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Media    func(ctx context.Context, in io.Reader, out io.Writer) error
}

// Commands are the subcommands of mach.
type Commands struct {
	Serve     serveCmd     `cmd:"" help:"Serve until stopped."`
	Demo      demoCmd      `cmd:"" help:"Fill an empty data folder with a generated province, then serve it."`
	Token     tokenCmd     `cmd:"" help:"Print a bearer token for the FHIR interface."`
	Import    importCmd    `cmd:"" help:"Take in FHIR bundles and NDJSON, household and immunisation lists."`
	Check     checkCmd     `cmd:"" help:"Check index, views, audit and attachments."`
	Backup    backupCmd    `cmd:"" help:"Copy a data folder, also while it is served."`
	Restore   restoreCmd   `cmd:"" help:"Make a data folder from a backup."`
	Validate  validateCmd  `cmd:"" help:"Validate FHIR resources."`
	FHIRPath  fhirpathCmd  `cmd:"" name:"fhirpath" help:"Evaluate a FHIRPath expression on a resource."`
	View      viewCmd      `cmd:"" help:"Make flat rows of FHIR resources (SQL on FHIR)."`
	Indicator indicatorCmd `cmd:"" help:"Compute one indicator."`
	Detect    detectCmd    `cmd:"" help:"Judge the counts of a golden file anew."`
	Rt        rtCmd        `cmd:"" help:"Estimate reproduction numbers anew in a golden file."`
	Nowcast   nowcastCmd   `cmd:"" help:"Estimate the cases not reported yet anew in a golden file."`
	Scan      scanCmd      `cmd:"" help:"Find clusters in space and time (scan statistics) in a file."`
	Account   accountCmd   `cmd:"" help:"Make the first account of an installation."`
	Crash     crashCmd     `cmd:"" help:"Kill a writing server again and again and count what is lost."`
	Media     mediaCmd     `cmd:"" hidden:"" help:"Run the media engine (started by serve)."`
	Routes    routesCmd    `cmd:"" hidden:"" help:"List the routes, for the page tests."`
}

type serveCmd struct{ Config }

func (c *serveCmd) Run(ctx context.Context, s Streams) error {
	c.reachable()
	return serve(ctx, c.Config, s.Out, s.Err)
}

type mediaCmd struct{}

func (mediaCmd) Run(ctx context.Context, s Streams) error { return s.Media(ctx, s.In, s.Out) }

type tokenCmd struct {
	Config
	Scope   string        `required:"" help:"SMART scope, such as system/*.cruds."`
	TTL     time.Duration `name:"ttl" default:"1h" help:"How long the token stands."`
	Login   string        `help:"Account to act as, for user/ scopes."`
	Patient string        `help:"Patient to act as, for patient/ scopes."`
}

func (c *tokenCmd) Run(ctx context.Context, s Streams) error {
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return err
	}
	token, err := a.Access.Tokens.Issue(ctx, system(), access.Grant{Scopes: c.Scope, TTL: c.TTL, Login: c.Login, Patient: c.Patient})
	if err == nil {
		_, err = fmt.Fprintln(s.Out, token)
	}
	return errors.Join(inWords(err), a.Close())
}

type checkCmd struct {
	Config
	Repair bool `help:"First bring the search index in line with the documents and build every view anew from the log."`
}

func (c *checkCmd) Run(ctx context.Context, s Streams) error {
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return err
	}
	if c.Repair {
		if err := a.Store.Repair(ctx); err != nil {
			return errors.Join(err, a.Close())
		}
	}
	lines, err := a.Store.Check(ctx)
	if err == nil {
		lines = append(lines, a.checkBlobs(ctx))
	}
	out := json.NewEncoder(s.Out)
	for _, l := range lines {
		if !l.OK && err == nil {
			err = ErrFaults
		}
		if encodeErr := out.Encode(l); encodeErr != nil {
			err = encodeErr
		}
	}
	return errors.Join(err, a.Close())
}

// checkBlobs reads every attachment and compares it with its name. Detail names
// the first that is not as it was.
func (a *App) checkBlobs(ctx context.Context) store.CheckLine {
	n, faults, first := 0, 0, ""
	for key, err := range a.blobs.Check(ctx) {
		n++
		if err == nil {
			continue
		}
		if faults++; faults == 1 {
			first = fmt.Sprintf("; %s: %v", key, err)
		}
	}
	return store.CheckLine{Check: "blobs", OK: faults == 0, Detail: fmt.Sprintf("%d attachments, %d faults%s", n, faults, first)}
}

type backupCmd struct {
	Config
	Out string `arg:"" help:"Folder to write, or - for a tar stream."`
}

func (c *backupCmd) Run(ctx context.Context, s Streams) error {
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return err
	}
	if c.Out != "-" {
		return errors.Join(a.Store.Backup(ctx, c.Out), a.Close())
	}
	dir, err := os.MkdirTemp(c.Data, "backup-")
	if err != nil {
		return errors.Join(err, a.Close())
	}
	defer os.RemoveAll(dir)
	err = a.Store.Backup(ctx, filepath.Join(dir, "copy"))
	if err == nil {
		err = tarFolder(s.Out, filepath.Join(dir, "copy"))
	}
	return errors.Join(err, a.Close())
}

// inWords gives a command's failure its key, for people who read English logs.
func inWords(err error) error {
	var e *issue.Error
	if errors.As(err, &e) {
		return fmt.Errorf("refused: %w", e)
	}
	return err
}
