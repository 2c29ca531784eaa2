// SPDX-License-Identifier: Apache-2.0

package app

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mach/store"
)

type restoreCmd struct {
	Config
	In string `arg:"" help:"Folder of a backup, or - for a tar stream."`
}

// Run makes a data folder from a backup. The folder must be empty: nothing is
// ever restored over something else.
func (c *restoreCmd) Run(ctx context.Context, s Streams) error {
	from := c.In
	if from == "-" {
		dir, err := os.MkdirTemp("", "mach-restore-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := untarFolder(s.In, dir); err != nil {
			return err
		}
		from = dir
	}
	return store.Restore(ctx, store.Config{Dir: c.Data, Database: c.Database, Partitions: c.Partitions, Now: now, Site: c.Site}, from)
}

// tarFolder writes the files below dir as a tar stream.
func tarFolder(w io.Writer, dir string) error {
	out := tar.NewWriter(w)
	if err := out.AddFS(os.DirFS(dir)); err != nil {
		return err
	}
	return out.Close()
}

// untarFolder writes the files of a tar stream below dir. Names that lead out
// of it are refused.
func untarFolder(r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	in := tar.NewReader(r)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return root.Close()
		}
		if err != nil {
			return errors.Join(err, root.Close())
		}
		if err := untarOne(root, h, in); err != nil {
			return errors.Join(fmt.Errorf("restoring %s: %w", h.Name, err), root.Close())
		}
	}
}

func untarOne(root *os.Root, h *tar.Header, in io.Reader) error {
	name := filepath.FromSlash(h.Name)
	switch h.Typeflag {
	case tar.TypeDir:
		if err := root.MkdirAll(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	case tar.TypeReg:
		if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, in)
		return errors.Join(err, f.Close())
	}
	return nil
}
