// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"path/filepath"
	"testing"
)

// A folder remembers its database for the commands that are asked without it.
func TestDatabaseOfFolder(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []struct{ given, want string }{{"", ""}, {"postgres://u:p@a/one", "postgres://u:p@a/one"}, {"", "postgres://u:p@a/one"}, {"postgres://b/two", "postgres://b/two"}, {"", "postgres://b/two"}} {
		c := Config{Data: dir, Database: step.given}
		got, err := c.database()
		if err != nil || got != step.want {
			t.Errorf("given %q: %q, %v; want %q", step.given, got, err, step.want)
		}
		if err := c.keepDatabase(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, databaseNote))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the note is %v, %v", info, err)
	}
}
