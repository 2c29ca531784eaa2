// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// databaseNote is the file of the data folder that says which PostgreSQL database
// belongs to it, so that no command asked without --database writes into one of
// SQLite that nobody serves. Only the owner reads it: it may hold a password.
const databaseNote = "database"

// database is the DSN that was given, else the one of the folder; "" is SQLite.
func (c Config) database() (string, error) {
	if c.Database != "" {
		return c.Database, nil
	}
	b, err := os.ReadFile(filepath.Join(c.Data, databaseNote))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("database of the folder: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// keepDatabase notes the DSN that was given, once it could be opened.
func (c Config) keepDatabase() error {
	known, err := Config{Data: c.Data}.database()
	if err != nil || c.Database == "" || c.Database == known {
		return err
	}
	name := filepath.Join(c.Data, databaseNote)
	if err := os.WriteFile(name+".new", []byte(c.Database+"\n"), 0o600); err != nil {
		return fmt.Errorf("noting the database of the folder: %w", err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("noting the database of the folder: %w", err)
	}
	return nil
}
