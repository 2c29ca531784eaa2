// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// outside runs a program of tools/outside against a fresh server on each
// database, and prints what it says. npm ci brings the programs it needs.
func outside(t *testing.T, script string, args ...string) {
	dir := filepath.Join("..", "..", "tools", "outside")
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Skip("skipped: no npm programs; run npm ci in tools/outside")
	}
	if _, err := os.ReadFile(filepath.Join(dir, script)); err != nil { // so that a changed script is run again
		t.Fatal(err)
	}
	each(t, func(t *testing.T, c client) {
		server := httptest.NewServer(c.h)
		defer server.Close()
		ctx, done := context.WithTimeout(t.Context(), 2*time.Minute)
		defer done()
		cmd := exec.CommandContext(ctx, "node", append([]string{script, server.URL + Base, "app"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%.4000s", script, err, out)
		}
		name, said, _ := strings.Cut(string(out), ": ")
		fmt.Printf("%s on %s: %s", name, path.Base(t.Name()), said)
	})
}

// TestKit drives the service with fhir-kit-client.
func TestKit(t *testing.T) { outside(t, "kit.mjs") }

// TestMedplum does the same random things here and to Medplum's in-memory
// router; the script lists what is known to differ, and why. MACH_SEED draws others.
func TestMedplum(t *testing.T) {
	outside(t, "medplum.mjs", cmp.Or(os.Getenv("MACH_SEED"), "7"), "400")
}
