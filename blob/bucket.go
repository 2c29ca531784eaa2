// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket keeps blob abcd… as the object prefix/ab/cd….
type bucket struct {
	client *minio.Client
	name   string
	prefix string // "" or ending in /
}

// parseBucket takes "s3://host/bucket/prefix?region=R&tls=off" apart.
func parseBucket(raw string) (host string, b bucket, region string, secure bool, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", b, "", false, errors.New("the URL is malformed")
	}
	if u.User != nil {
		return "", b, "", false, errors.New("credentials belong in the environment, not in the URL")
	}
	name, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if u.Host == "" || name == "" {
		return "", b, "", false, errors.New("the URL names no host and bucket")
	}
	if prefix != "" {
		prefix += "/"
	}
	for k := range u.Query() {
		if k != "region" && k != "tls" {
			return "", b, "", false, fmt.Errorf("the URL has an unknown setting %q", k)
		}
	}
	q := u.Query()
	return u.Host, bucket{name: name, prefix: prefix}, q.Get("region"), q.Get("tls") != "off", nil
}

func openBucket(ctx context.Context, raw string) (bucket, error) {
	host, b, region, secure, err := parseBucket(raw)
	if err != nil {
		return b, err
	}
	b.client, err = minio.New(host, &minio.Options{
		Creds: credentials.NewEnvAWS(), Secure: secure, Region: region,
		BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		return b, err
	}
	found, err := b.client.BucketExists(ctx, b.name)
	if err == nil && !found {
		err = fmt.Errorf("there is no bucket %q", b.name)
	}
	return b, err
}

func (b bucket) object(key Key) string {
	return path.Join(b.prefix, string(key[:2]), string(key[2:]))
}

func (b bucket) put(ctx context.Context, key Key, from *os.File, size int64) error {
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := b.client.PutObject(ctx, b.name, b.object(key), from, size, minio.PutObjectOptions{})
	return err
}

func (b bucket) open(ctx context.Context, key Key) (io.ReadCloser, error) {
	o, err := b.client.GetObject(ctx, b.name, b.object(key), minio.GetObjectOptions{})
	if err != nil {
		return nil, missing(err)
	}
	// GetObject asks nothing until the first read; a missing object must show now.
	if _, err := o.Stat(); err != nil {
		o.Close()
		return nil, missing(err)
	}
	return o, nil
}

func (b bucket) stat(ctx context.Context, key Key) (int64, error) {
	info, err := b.client.StatObject(ctx, b.name, b.object(key), minio.StatObjectOptions{})
	return info.Size, missing(err)
}

func (b bucket) delete(ctx context.Context, key Key) error {
	return missing(b.client.RemoveObject(ctx, b.name, b.object(key), minio.RemoveObjectOptions{}))
}

func (b bucket) keys(ctx context.Context) iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends the lister when yield wants no more
		opts := minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}
		for o := range b.client.ListObjects(ctx, b.name, opts) {
			if o.Err != nil {
				yield("", fmt.Errorf("listing blobs: %w", o.Err))
				return
			}
			name := strings.TrimPrefix(o.Key, b.prefix)
			key, err := ParseKey(strings.Replace(name, "/", "", 1))
			if err != nil {
				err = fmt.Errorf("%s lies among the blobs and is none", o.Key)
			}
			if !yield(key, err) {
				return
			}
		}
	}
}

// missing turns S3's answer for an absent object into os.ErrNotExist.
func missing(err error) error {
	if err != nil && minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return os.ErrNotExist
	}
	return err
}
