// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// folder keeps blob abcd… in the file ab/cd…; uploads wait in tmp.
type folder struct{ dir string }

func openFolder(dir string) (folder, error) {
	f := folder{dir}
	if dir == "" {
		return f, errors.New("no folder named")
	}
	if err := os.MkdirAll(f.temp(), 0o700); err != nil {
		return f, err
	}
	return f, f.sweep()
}

func (f folder) temp() string { return filepath.Join(f.dir, "tmp") }

// abandoned is the age at which an upload is surely nobody's any more.
const abandoned = 24 * time.Hour

// sweep removes what uploads cut short by a crash left behind. Younger files
// may belong to another process that works on this folder now.
func (f folder) sweep() error {
	left, err := os.ReadDir(f.temp())
	if err != nil {
		return err
	}
	for _, e := range left {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < abandoned {
			continue
		}
		if err := os.Remove(filepath.Join(f.temp(), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f folder) path(key Key) string {
	return filepath.Join(f.dir, string(key[:2]), string(key[2:]))
}

// put moves the upload under its name. The bytes are on disk before the name,
// and the name before put returns.
func (f folder) put(_ context.Context, key Key, from *os.File, _ int64) error {
	if err := from.Sync(); err != nil {
		return err
	}
	if err := from.Chmod(0o400); err != nil {
		return err
	}
	path := f.path(key)
	parent := filepath.Dir(path)
	switch err := os.Mkdir(parent, 0o700); {
	case err == nil:
		if err := syncDir(f.dir); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	if err := os.Rename(from.Name(), path); err != nil {
		return err
	}
	return syncDir(parent)
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (f folder) open(_ context.Context, key Key) (io.ReadCloser, error) {
	return os.Open(f.path(key))
}

func (f folder) stat(_ context.Context, key Key) (int64, error) {
	info, err := os.Stat(f.path(key))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f folder) delete(_ context.Context, key Key) error {
	return os.Remove(f.path(key))
}

func (f folder) keys(ctx context.Context) iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		err := filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case d.IsDir() && path == f.temp():
				return fs.SkipDir
			case d.IsDir():
				return nil
			}
			name := filepath.Base(filepath.Dir(path)) + d.Name()
			key, err := ParseKey(name)
			if err != nil {
				err = fmt.Errorf("%s lies among the blobs and is none", path)
			}
			if !yield(key, err) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield("", fmt.Errorf("listing blobs: %w", err))
		}
	}
}
