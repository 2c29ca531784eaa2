// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mach/content"
	"mach/e2e/harness"
	"mach/i18n"
)

// shared is the demonstration that the stories use one after another: filling
// it takes most of a minute, and no story rests on what another left.
var shared struct {
	once   sync.Once
	server *harness.Server
	dir    string
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// server returns the shared demonstration.
func server(t *testing.T) *harness.Server {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a server and a browser")
	}
	shared.once.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "mach-e2e-"); shared.err != nil {
			return
		}
		log := filepath.Join(filepath.Dir(harness.Evidence(t)), "server.log")
		shared.server, shared.err = harness.Launch(shared.dir, harness.Binary(t), log, harness.Options{})
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// says returns the words of the catalogue: stories press and read what the
// pages say, in their language.
func says(t *testing.T, lang i18n.Lang) func(key string, args ...any) string {
	t.Helper()
	c, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return func(key string, args ...any) string {
		t.Helper()
		if !c.Has(lang, key) {
			t.Fatalf("the catalogue has no %s in %s", key, lang)
		}
		return c.T(lang, key, args...)
	}
}
