// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// runR runs an R program that needs Debian's package surveillance, and returns
// what it prints. Without R it is installed, where that is allowed.
func (b *bench) runR(ctx context.Context, program string, args ...string) (string, error) {
	if err := needR(ctx); err != nil {
		return "", err
	}
	return rscript(ctx, b.work, program, args...)
}

// rscript runs an R program that it leaves in a folder.
func rscript(ctx context.Context, folder, program string, args ...string) (string, error) {
	file := filepath.Join(folder, "program.R")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "Rscript", append([]string{file}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("running Rscript: %w\n%s", err, errs.Bytes())
	}
	return out.String(), nil
}

// needR makes sure that R and the package are there.
func needR(ctx context.Context) error {
	if hasR(ctx) {
		return nil
	}
	say("installing r-cran-surveillance")
	cmd := exec.CommandContext(ctx, "apt-get", "install", "-y", "--no-install-recommends", "r-base-core", "r-cran-surveillance")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil || !hasR(ctx) {
		return fmt.Errorf("to compare with R, as root: apt-get install r-base-core r-cran-surveillance (%w)", err)
	}
	return nil
}

func hasR(ctx context.Context) bool {
	return exec.CommandContext(ctx, "Rscript", "-e", "library(surveillance)").Run() == nil
}
