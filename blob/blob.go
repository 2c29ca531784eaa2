// SPDX-License-Identifier: Apache-2.0

// Package blob keeps attachments: pictures, documents, key images. A folder or
// any S3 holds them; users see no difference.
//
// A blob is named by the SHA-256 of its bytes. So the same bytes are kept
// once, a name never changes its meaning, and every byte that comes back can
// be checked. What a blob means, and who may see it, stands in the record that
// names it: this package knows no people and no rights.
//
// A blob exists wholly or not at all, also after a power cut. All methods are
// safe for concurrent use, also by several processes on one folder.
//
//	s, err := blob.Open(ctx, "/var/lib/mach/blobs", 50<<20)
//	key, size, err := s.Put(ctx, upload)
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"mach/issue"
)

// Key names a blob: the SHA-256 of its bytes in 64 lower-case hex digits.
type Key string

// ParseKey returns s as a key, or issue.Invalid ("blob.key").
func ParseKey(s string) (Key, error) {
	if len(s) != 2*sha256.Size || strings.ContainsFunc(s, notHex) {
		return "", issue.New(issue.Invalid, "blob.key")
	}
	return Key(s), nil
}

func notHex(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }

// driver is what differs between a folder and S3. Keys are well-formed here.
// A missing blob is os.ErrNotExist.
type driver interface {
	put(ctx context.Context, key Key, from *os.File, size int64) error
	open(ctx context.Context, key Key) (io.ReadCloser, error)
	stat(ctx context.Context, key Key) (size int64, err error)
	delete(ctx context.Context, key Key) error
	keys(ctx context.Context) iter.Seq2[Key, error]
}

// Store is a place for blobs.
type Store struct {
	driver driver
	temp   string // where uploads wait until their name is known
	limit  int64
}

// Open opens the place at url: a folder path, made when missing, or
// "s3://host[:port]/bucket[/prefix][?region=R&tls=off]" with the credentials in
// the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). An S3 bucket must
// exist. A blob may have at most limit bytes.
func Open(ctx context.Context, url string, limit int64) (*Store, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("opening blobs: the limit of %d bytes lets nothing in", limit)
	}
	if strings.HasPrefix(url, "s3://") {
		d, err := openBucket(ctx, url)
		if err != nil {
			return nil, fmt.Errorf("opening blobs in S3: %w", err)
		}
		return &Store{driver: d, temp: os.TempDir(), limit: limit}, nil
	}
	d, err := openFolder(url)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of blobs: %w", err)
	}
	return &Store{driver: d, temp: d.temp(), limit: limit}, nil
}

// Put keeps what r yields and returns its name and size. Bytes already there
// are kept once. It returns issue.TooLong ("blob.too_long", limit in MiB) when
// r yields more than the limit, and r's own error when reading fails; then
// nothing is kept.
func (s *Store) Put(ctx context.Context, r io.Reader) (Key, int64, error) {
	f, err := os.CreateTemp(s.temp, "put-*")
	if err != nil {
		return "", 0, fmt.Errorf("keeping a blob: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, hash), io.LimitReader(stoppable{ctx, r}, s.limit+1))
	if err != nil {
		return "", 0, fmt.Errorf("receiving a blob: %w", err)
	}
	if size > s.limit {
		return "", 0, issue.New(issue.TooLong, "blob.too_long", (s.limit+1<<20-1)>>20)
	}
	key := Key(hex.EncodeToString(hash.Sum(nil)))
	if had, err := s.driver.stat(ctx, key); err == nil && had == size {
		return key, size, nil
	}
	if err := s.driver.put(ctx, key, f, size); err != nil {
		return "", 0, fmt.Errorf("keeping blob %s: %w", key, err)
	}
	return key, size, nil
}

// stoppable ends a slow upload when its request ends.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// Open returns the bytes of key; the caller closes. It returns issue.NotFound
// ("blob.missing") when there are none. The last Read fails instead of
// returning io.EOF when the bytes are not those that key names.
func (s *Store) Open(ctx context.Context, key Key) (io.ReadCloser, error) {
	if _, err := ParseKey(string(key)); err != nil {
		return nil, err
	}
	rc, err := s.driver.open(ctx, key)
	if err != nil {
		return nil, failed("opening", key, err)
	}
	return &checked{ReadCloser: rc, key: key, hash: sha256.New()}, nil
}

// Stat returns the number of bytes of key, or issue.NotFound ("blob.missing").
func (s *Store) Stat(ctx context.Context, key Key) (int64, error) {
	if _, err := ParseKey(string(key)); err != nil {
		return 0, err
	}
	size, err := s.driver.stat(ctx, key)
	if err != nil {
		return 0, failed("measuring", key, err)
	}
	return size, nil
}

// Delete removes key; a missing blob is no error. The caller knows that no
// record names it any more.
func (s *Store) Delete(ctx context.Context, key Key) error {
	if _, err := ParseKey(string(key)); err != nil {
		return err
	}
	if err := s.driver.delete(ctx, key); err != nil && !errors.Is(err, os.ErrNotExist) {
		return failed("deleting", key, err)
	}
	return nil
}

// Check reads every blob and yields each key with nil or what is wrong with
// it. It ends early, with an empty key, when the place cannot be listed.
func (s *Store) Check(ctx context.Context) iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		for key, err := range s.driver.keys(ctx) {
			if err == nil {
				err = s.verify(ctx, key)
			}
			if !yield(key, err) {
				return
			}
		}
	}
}

func (s *Store) verify(ctx context.Context, key Key) error {
	rc, err := s.Open(ctx, key)
	if err != nil {
		return err
	}
	defer rc.Close()
	_, err = io.Copy(io.Discard, rc)
	return err
}

func failed(doing string, key Key, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return issue.New(issue.NotFound, "blob.missing")
	}
	return fmt.Errorf("%s blob %s: %w", doing, key, err)
}
